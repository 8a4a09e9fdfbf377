"""Graphs drawn at random, with starting coefficients for inputs whose typical magnitude is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import Primitive

__all__ = ["random_graph"]


_MORE_NODES = 0.55  # probability of one more node: small graphs are more likely
_MOST_NODES = 6
_EDGES = (1, 1, 1, 2, 2, 2, 3, 3)  # numbers of edges of a node, in proportion to their frequency
_ATTEMPTS = 20
_NESTING = 3  # largest number of functions inside each other, not counting powers


def random_graph(
    rng: np.random.Generator,
    n_inputs: int,
    primitives: Sequence[Primitive],
    max_complexity: int = 30,
    n_nodes: int | None = None,
) -> Start:
    """Draw a pruned graph at random, with starting coefficients.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_inputs : int
        D, at least 1.
    primitives : sequence of Primitive
        The primitives that an edge may apply.
    max_complexity : int, default=30
        Graphs above it are drawn again.
    n_nodes : int, optional
        Number of nodes before pruning. By default random, with small numbers more likely.

    Returns
    -------
    graph : Graph
    coefficients : tuple of float
        Weights and constants are normal; a primitive's own coefficients are a row of its `initial`, changed at random
        by about a fifth.
    """
    for _ in range(_ATTEMPTS):
        nodes = n_nodes if n_nodes is not None else _draw_size(rng, max_complexity)
        graph, coefficients = _draw(rng, n_inputs, primitives, nodes).prune().build()
        if graph.complexity <= max_complexity and graph.inputs:
            return graph, coefficients
    source = int(rng.random() * n_inputs)
    return Draft(n_inputs, [DraftNode("sum", [DraftEdge(source, LINEAR, rng.standard_normal())])]).build()


def _draw_size(rng: np.random.Generator, max_complexity: int) -> int:
    size, most = 1, min(_MOST_NODES, max_complexity // 4)
    while size < most and rng.random() < _MORE_NODES:
        size += 1
    return size


def _draw(rng: np.random.Generator, n_inputs: int, primitives: Sequence[Primitive], n_nodes: int) -> Draft:
    """Draw a draft in which every hidden node is read by a later one."""
    nodes: list[DraftNode] = []
    unread: list[int] = []
    nested: list[tuple[str, ...]] = [()] * n_inputs  # families of functions inside each source
    for j in range(n_nodes):
        is_output = j == n_nodes - 1
        sources = _draw_sources(rng, n_inputs, j, unread, is_output)
        is_sum = rng.random() < 0.5
        edges = []
        inside: tuple[str, ...] = ()
        for source in sources:
            primitive = _draw_primitive(rng, primitives, nested[source])
            weight = rng.standard_normal() if is_sum else 1.0
            edges.append(DraftEdge(source, primitive, weight, _draw_coefficients(rng, primitive)))
            inside += nested[source]
            if not primitive.homogeneous:
                inside += (primitive.kin,)
        # a product needs a free scale only at the output, because elsewhere its reader has one
        has_constant = rng.random() < (0.8 if is_output else 0.5) if is_sum else is_output
        nodes.append(DraftNode("sum" if is_sum else "product", edges, rng.standard_normal() if has_constant else None))
        nested.append(inside)
        unread.append(n_inputs + j)
    return Draft(n_inputs, nodes)


def _draw_sources(rng: np.random.Generator, n_inputs: int, j: int, unread: list[int], is_output: bool) -> list[int]:
    """Draw one to three sources of node `j` (all of `unread` for the output) and take them out of `unread`."""
    count = _EDGES[int(rng.random() * len(_EDGES))]
    sources: list[int] = []
    while unread and (is_output or (len(sources) < count and rng.random() < 0.6)):
        sources.append(unread.pop(int(rng.random() * len(unread))))
    while len(sources) < count:
        if j and rng.random() < 0.15:
            source = n_inputs + int(rng.random() * j)
            if source in unread:
                unread.remove(source)
        else:
            source = int(rng.random() * n_inputs)
        sources.append(source)
    return sources


def _draw_primitive(rng: np.random.Generator, primitives: Sequence[Primitive], inside: tuple[str, ...]) -> Primitive:
    """Draw a primitive that may be applied to a source with the families `inside` it; linear is twice as likely."""
    k = int(rng.random() * (len(primitives) + 1))
    primitive = primitives[k] if k < len(primitives) else LINEAR
    if primitive.homogeneous or not inside:
        return primitive
    too_deep = len(inside) >= _NESTING or primitive.kin in inside
    return LINEAR if too_deep else primitive


def _draw_coefficients(rng: np.random.Generator, primitive: Primitive) -> list[float]:
    """Draw a row of `primitive.initial` and change it by about a fifth of its size, or by about 0.1 if it is zero."""
    if not primitive.n_coefficients:
        return []
    row = primitive.initial[int(rng.random() * len(primitive.initial))]
    return [c * (1.0 + 0.2 * rng.standard_normal()) if c else 0.1 * rng.standard_normal() for c in row]
