"""Graphs: discrete DAGs of latent scalar nodes, which are the structures of equations.

A `Graph` holds only the structure. It is immutable and hashable; its coefficients are a separate flat vector in the
order of `Graph.layout`. A `Draft` (module `draft`) holds structure and coefficients together for editing.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from eqdarts.errors import explain
from eqdarts.primitives.table import Primitive

__all__ = ["Aggregator", "Edge", "EdgeSlots", "Graph", "Node", "NodeSlots"]

Aggregator = Literal["sum", "product"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A primitive applied to a source: input 0..D-1, or hidden node D + j."""

    source: int
    primitive: Primitive


@dataclass(frozen=True, slots=True)
class Node:
    """A latent scalar: c + sum of w_e f_e(source_e), or c times the product of f_e(source_e).

    Parameters
    ----------
    aggregator : {"sum", "product"}
    edges : tuple of Edge
    constant : bool
        Whether c is a free coefficient. If not it is 0 in a sum and 1 in a product.
    """

    aggregator: Aggregator
    edges: tuple[Edge, ...]
    constant: bool = False


class EdgeSlots(NamedTuple):
    """The coefficients of an edge in the flat vector: index of the weight or -1, index and number of its own ones.

    `neutral` means that the inner map is the identity, because the source, a sum node without another reader, is
    already affine.
    """

    weight: int
    first: int
    count: int  # type: ignore[assignment]  # `count` of a tuple is never used on slots
    neutral: bool


class NodeSlots(NamedTuple):
    """The coefficients of a node in the flat vector: index of the constant or -1, then those of the edges."""

    constant: int
    edges: tuple[EdgeSlots, ...]


@dataclass(frozen=True)
class Graph:
    """A discrete DAG of sum and product nodes over `n_inputs` inputs; the last node is the output.

    Parameters
    ----------
    n_inputs : int
        D, the number of input columns.
    nodes : tuple of Node
        In topological order: edges come only from inputs or from earlier nodes.

    Raises
    ------
    ValueError
        If there is no node, or an edge's source is not an input or an earlier node.
    """

    n_inputs: int
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.nodes:
            raise ValueError(explain("A graph needs an output node.", "no nodes", "Pass at least one node."))
        for j, node in enumerate(self.nodes):
            for edge in node.edges:
                if not 0 <= edge.source < self.n_inputs + j:
                    raise ValueError(
                        explain(
                            f"Node {j} must take its sources from inputs and earlier nodes.",
                            edge.source,
                            f"Use 0 to {self.n_inputs + j - 1}.",
                        )
                    )

    def __reduce__(self) -> Any:
        return Graph, (self.n_inputs, self.nodes)

    @cached_property
    def layout(self) -> tuple[NodeSlots, ...]:
        """Index of each coefficient in the flat vector: by node, constant first, then weight and own of each edge."""
        slots: list[NodeSlots] = []
        uses = self._uses
        k = 0
        for node in self.nodes:
            constant = k if node.constant else -1
            k += node.constant
            edges: list[EdgeSlots] = []
            for edge in node.edges:
                weight = k if node.aggregator == "sum" else -1
                k += node.aggregator == "sum"
                primitive = edge.primitive
                neutral = bool(primitive.inner) and uses[edge.source] == 1 and self._is_sum(edge.source)
                count = len(primitive.shape) if neutral else primitive.n_coefficients
                edges.append(EdgeSlots(weight, k, count, neutral))
                k += count
            slots.append(NodeSlots(constant, tuple(edges)))
        return tuple(slots)

    @cached_property
    def _uses(self) -> Counter[int]:
        """The number of edges that read each source."""
        return Counter(e.source for node in self.nodes for e in node.edges)

    def _is_sum(self, source: int) -> bool:
        return source >= self.n_inputs and self.nodes[source - self.n_inputs].aggregator == "sum"

    @cached_property
    def n_coefficients(self) -> int:
        """K, the length of the flat coefficient vector."""
        return sum(
            (node.constant >= 0) + sum((edge.weight >= 0) + edge.count for edge in node.edges) for node in self.layout
        )

    @cached_property
    def n_redundant(self) -> int:
        """Number of coefficients of which others can take the place: scales that a function hands on to another scale.

        a / (b + c x) has three coefficients, and any one of them can be 1. Scales that exp makes of shifts, and such as
        only the values of the inputs make redundant, are not counted.
        """
        found = 0
        has_scale: list[bool] = []
        for node in self.nodes:
            handed_on = sum(
                edge.primitive.homogeneous
                and edge.source >= self.n_inputs
                and self._uses[edge.source] == 1
                and has_scale[edge.source - self.n_inputs]
                for edge in node.edges
            )
            if node.aggregator == "sum":
                found += handed_on
                has_scale.append(bool(node.edges))
            else:
                found += max(handed_on + node.constant - 1, 0)
                has_scale.append(handed_on + node.constant > 0)
        return found

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Level of each node: 0 if all its sources are inputs, else one above its highest source."""
        levels: list[int] = []
        for node in self.nodes:
            below = [levels[e.source - self.n_inputs] for e in node.edges if e.source >= self.n_inputs]
            levels.append(1 + max(below) if below else 0)
        return tuple(levels)

    @cached_property
    def complexity(self) -> int:
        """Number of symbols of the equation as it would be printed: variables, numbers, operators and functions.

        A node that is used twice counts twice. Coefficients that happen to be 0 or 1 count; the equation made from the
        graph may be shorter.
        """
        sizes = [1] * self.n_inputs
        for node, slots in zip(self.nodes, self.layout, strict=True):
            terms = 0
            size = 0
            for edge, own in zip(node.edges, slots.edges, strict=True):
                size += sizes[edge.source] + edge.primitive.complexity
                size += 2 * (own.weight >= 0) + 2 * (0 if own.neutral else len(edge.primitive.inner))
                terms += 1
            size += slots.constant >= 0
            terms += slots.constant >= 0
            sizes.append(max(size + terms - 1, 1))
        return sizes[-1]

    @cached_property
    def inputs(self) -> frozenset[int]:
        """The inputs that at least one edge reads."""
        return frozenset(e.source for node in self.nodes for e in node.edges if e.source < self.n_inputs)

    @cached_property
    def key(self) -> str:
        """Canonical key: equal for graphs that differ only in the order of edges and the numbering of nodes."""
        colours = self._colours({})
        twins: dict[str, list[int]] = {}
        for source, count in self._uses.items():
            if count > 1 and source >= self.n_inputs:
                twins.setdefault(colours[source], []).append(source)
        ties = [sources for sources in twins.values() if len(sources) > 1]
        if not ties:
            return colours[-1]
        # different shared nodes can look alike: the key must show which reader reads which, whatever their names
        members = [source for sources in ties for source in sources]
        orders = itertools.product(*(itertools.permutations(range(len(sources))) for sources in ties))
        names = (itertools.chain.from_iterable(order) for order in orders)
        return min(self._colours(dict(zip(members, order, strict=True)))[-1] for order in names)

    def _colours(self, names: dict[int, int]) -> list[str]:
        """Write each source as a text; shared nodes show the number of their readers, and their number in `names`."""
        uses = self._uses
        colours = [f"x{i}" for i in range(self.n_inputs)]
        for source, node in enumerate(self.nodes, self.n_inputs):
            edges = sorted(f"{e.primitive.name}({colours[e.source]})" for e in node.edges)
            shared = f"#{uses[source]}.{names.get(source, '')}" if uses[source] > 1 else ""
            head = ("S" if node.aggregator == "sum" else "P") + ("c" if node.constant else "")
            colours.append(f"{head}{shared}[{','.join(edges)}]")
        return colours

    def slots(self) -> Iterator[tuple[Node, NodeSlots]]:
        """Yield each node with the slots of its coefficients."""
        return zip(self.nodes, self.layout, strict=True)
