"""A graph at inputs that are one: what is left of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR, Primitive

__all__ = ["with_ones"]


class _Place(NamedTuple):
    """Where an old source is in the new graph: a source, read through a primitive."""

    source: int
    primitive: Primitive = LINEAR


def with_ones(graph: Graph, ones: Collection[int]) -> Graph:
    """Return the graph of the other inputs, with numbers where it has functions of `ones` alone.

    A product with one factor left is that factor. Coefficients are free, so that weights are not followed.
    """
    left = [i for i in range(graph.n_inputs) if i not in ones]
    place: list[_Place | None] = [_Place(left.index(i)) if i in left else None for i in range(graph.n_inputs)]
    nodes: list[Node] = []
    for node in graph.nodes:
        read = [_read(place[edge.source], edge.primitive, nodes, len(left)) for edge in node.edges]
        edges = tuple(edge for edge in read if edge is not None)
        is_sum = node.aggregator == "sum"
        constant = node.constant or (is_sum and len(edges) < len(node.edges))
        if not edges:
            place.append(None)
        elif len(edges) == 1 and not is_sum:
            place.append(_Place(*_parts(edges[0])))
        else:
            nodes.append(Node(node.aggregator, edges, constant))
            place.append(_Place(len(left) + len(nodes) - 1))
    last = place[-1]
    if last is None:
        nodes = [Node("sum", (), True)]
    elif not nodes or last.source != len(left) + len(nodes) - 1 or last.primitive is not LINEAR:
        nodes.append(Node("product", (Edge(*last),), graph.nodes[-1].constant))
    return Graph(len(left), tuple(nodes))


def _read(place: _Place | None, primitive: Primitive, nodes: list[Node], n_inputs: int) -> Edge | None:
    """Return the edge that applies a primitive to an old source; None if that is a number."""
    if place is None:
        return None
    if place.primitive is LINEAR or primitive is LINEAR:
        return Edge(place.source, place.primitive if primitive is LINEAR else primitive)
    nodes.append(Node("product", (Edge(*place),)))
    return Edge(n_inputs + len(nodes) - 1, primitive)


def _parts(edge: Edge) -> tuple[int, Primitive]:
    return edge.source, edge.primitive
