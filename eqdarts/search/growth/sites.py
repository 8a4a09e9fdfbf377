r"""Sites: the places of a fitted graph where a new part may enter, with value and adjoint at each.

A site is a scalar inside the graph, one number a row: a node's value, one term of a sum, or the argument of a function
that reads an input. With :math:`\delta_v` the adjoint of the value v (the derivative of the prediction in it), a small
change :math:`\epsilon` of v changes the prediction by :math:`\delta_v \epsilon`, row by row.

Axes: N rows, K coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR

__all__ = ["Array", "Linearised", "Site", "linearise"]


@dataclass(frozen=True, eq=False)
class Site:
    """A place where a part may be added to the value, multiplied with it, or both.

    Parameters
    ----------
    kind : {"node", "term", "argument"}
    node : int
        Position of the node itself, or of the node that the edge enters. What is inserted may read earlier nodes.
    edge : int
        Number of the edge within the node; -1 for the node's own value.
    adds, multiplies : bool
        Which ways of changing the value are not the same as at another site.
    value, adjoint : ndarray of shape (N,)
    """

    kind: Literal["node", "term", "argument"]
    node: int
    edge: int
    adds: bool
    multiplies: bool
    value: Array
    adjoint: Array


@dataclass(frozen=True, eq=False)
class Linearised:
    """A draft at its coefficients: node values (nodes, N), prediction (N,), Jacobian (N, K), gradient (D, N), sites.

    `terms` has what each edge of each node brings in, (N,) each: weighted terms of a sum, factors of a product.
    """

    values: Array
    terms: tuple[tuple[Array, ...], ...]
    prediction: Array
    jacobian: Array
    gradient: Array
    sites: tuple[Site, ...]


@dataclass(frozen=True, eq=False)
class _Applied:
    """An edge's function at its source: value, derivative in the source, derivatives in its coefficients, (N,) each."""

    value: Array
    slope: Array
    by_coefficient: tuple[Array, ...]


def _apply(edge: DraftEdge, x: Array) -> _Applied:
    primitive, theta = edge.primitive, edge.coefficients
    if primitive is LINEAR:
        return _Applied(x, np.ones_like(x), ())
    inner = len(primitive.inner)
    u = torch.from_numpy(np.asarray(primitive.inner_value(x, theta), dtype=np.float64))
    value, slope, by_shape = primitive.partials(u, *(torch.tensor(c, dtype=torch.float64) for c in theta[inner:]))
    rate = slope.numpy()
    scale = theta[0] if "scale" in primitive.inner else 1.0
    by_inner = tuple(rate * x if name == "scale" else rate for name in primitive.inner)
    return _Applied(value.numpy(), rate * scale, by_inner + tuple(d.numpy() for d in by_shape))


def _others(factors: list[Array], constant: float) -> list[Array]:
    """Return for each factor the product of the constant and all other factors; zeros are safe."""
    n = len(factors[0])
    before = [np.full(n, constant)]
    for factor in factors[:-1]:
        before.append(before[-1] * factor)
    after = np.ones(n)
    for k in range(len(factors) - 1, -1, -1):
        before[k] = before[k] * after
        after = after * factors[k]
    return before


def linearise(draft: Draft, X: Array) -> Linearised:
    """Evaluate `draft` on the rows `X` (N, D) with its Jacobian, and list its sites.

    The draft must be pruned. Values outside a function's domain are NaN or infinite, as in `Batch`.
    """
    with np.errstate(all="ignore"):
        sources = list(X.T)
        applied: list[list[_Applied]] = []
        for node in draft.nodes:
            edges = [_apply(edge, sources[edge.source]) for edge in node.edges]
            applied.append(edges)
            sources.append(_aggregate(node, edges, len(X)))
        return _backward(draft, sources, applied)


def _aggregate(node: DraftNode, edges: list[_Applied], n: int) -> Array:
    if node.is_sum:
        z = np.full(n, node.constant or 0.0)
        for edge, own in zip(node.edges, edges, strict=True):
            z = z + edge.weight * own.value
        return z
    z = np.full(n, 1.0 if node.constant is None else node.constant)
    for own in edges:
        z = z * own.value
    return z


def _backward(draft: Draft, sources: list[Array], applied: list[list[_Applied]]) -> Linearised:
    d, n = draft.n_inputs, len(sources[0])
    adjoints = [np.zeros(n) for _ in sources]  # of inputs and nodes
    adjoints[-1] = np.ones(n)
    columns: list[Array] = []
    sites: list[Site] = []
    readers = _readers(draft)
    # from the output down: when a node's turn comes, all its readers have told how it matters
    for j in reversed(range(len(draft.nodes))):
        node, delta = draft.nodes[j], adjoints[d + j]
        sites.append(_node_site(j, node, readers[j], sources[d + j], delta))
        if node.constant is not None:
            columns.append(delta if node.is_sum else delta * sources[d + j] / node.constant)
        if not node.edges:
            continue
        if node.is_sum:
            flows = [delta * edge.weight for edge in node.edges]
        else:
            rest = _others([own.value for own in applied[j]], 1.0 if node.constant is None else node.constant)
            flows = [delta * other for other in rest]
        for k, (edge, own, flow) in enumerate(zip(node.edges, applied[j], flows, strict=True)):
            if node.is_sum:
                columns.append(delta * own.value)
            # a scale and a shift in front of a sum node are the sum's own coefficients
            k0 = edge.source - d
            idle = len(edge.primitive.inner) if k0 >= 0 and draft.nodes[k0].is_sum and len(readers[k0]) == 1 else 0
            columns.extend(flow * column for column in own.by_coefficient[idle:])
            adjoints[edge.source] = adjoints[edge.source] + flow * own.slope
            sites.extend(_edge_sites(j, k, draft, readers, own, delta, flow, sources[edge.source]))
    jacobian = np.stack(columns, axis=1) if columns else np.zeros((n, 0))
    terms = tuple(
        tuple(edge.weight * own.value for edge, own in zip(node.edges, edges, strict=True))
        for node, edges in zip(draft.nodes, applied, strict=True)
    )
    gradient = np.stack(adjoints[:d])
    return Linearised(np.stack(sources[d:]), terms, sources[-1], jacobian, gradient, tuple(sites))


def _readers(draft: Draft) -> list[list[tuple[DraftNode, DraftEdge]]]:
    readers: list[list[tuple[DraftNode, DraftEdge]]] = [[] for _ in draft.nodes]
    for node in draft.nodes:
        for edge in node.edges:
            if edge.source >= draft.n_inputs:
                readers[edge.source - draft.n_inputs].append((node, edge))
    return readers


def _node_site(
    j: int, node: DraftNode, readers: list[tuple[DraftNode, DraftEdge]], value: Array, adjoint: Array
) -> Site:
    """Make the site of a node's value; what its only, linear reader can do in its stead is left to the reader."""
    only = readers[0] if len(readers) == 1 and readers[0][1].primitive is LINEAR else None
    adds = node.is_sum or only is None or not only[0].is_sum
    multiplies = not node.is_sum or only is None or only[0].is_sum
    return Site("node", j, -1, adds, multiplies, value, adjoint)


def _edge_sites(
    j: int,
    k: int,
    draft: Draft,
    readers: list[list[tuple[DraftNode, DraftEdge]]],
    own: _Applied,
    delta: Array,
    flow: Array,
    x: Array,
) -> list[Site]:
    """Make the sites of an edge: its term in a sum of several, and its argument unless that is a node's own site."""
    node, edge = draft.nodes[j], draft.nodes[j].edges[k]
    linear = edge.primitive is LINEAR
    shared = edge.source < draft.n_inputs or len(readers[edge.source - draft.n_inputs]) > 1
    found = []
    alone = len(node.edges) == 1 and node.constant is None
    if node.is_sum and not alone and (shared or not linear):
        found.append(Site("term", j, k, False, True, edge.weight * own.value, delta))
    if shared and not (linear and node.is_sum):
        found.append(Site("argument", j, k, True, not linear, x, flow * own.slope))
    return found
