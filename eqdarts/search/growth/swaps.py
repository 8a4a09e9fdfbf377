"""Swaps: another function in an edge's place, where a + b g(source) is close to what the edge gives now.

A function at the end of its range is a simpler one in disguise: exp(u) of a small u is linear, and fits the better the
smaller u is, without ever being it. Growth cannot leave such a place; a swap can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import Primitive
from eqdarts.search.growth.features import Feature, Features, combinations, features
from eqdarts.search.growth.sites import Linearised

__all__ = ["Swap", "swaps"]

_LEAST_ALIKE = 0.8  # share of the variance that the new function must have in common with the old one
_PER_EDGE = 3


class Swap(NamedTuple):
    """A start with another function in one place, and the share of the edge's variance that the new one misses."""

    start: Start
    missed: float


def swaps(
    draft: Draft, lin: Linearised, X: Array, functions: Sequence[tuple[Primitive, tuple[float, ...]]]
) -> Iterator[Swap]:
    """Yield for each edge with a function the swaps that change it least."""
    sources = np.concatenate([X.T, lin.values])
    wanted = sorted({e.source for node in draft.nodes for e in node.edges if e.primitive is not LINEAR})
    if not wanted:
        return
    parts = features(combinations([], wanted, np.ones(len(sources)).tolist()), sources, functions)
    adjoints = {site.node: site.adjoint for site in lin.sites if site.kind == "node"}
    values = {site.node: site.value for site in lin.sites if site.kind == "node"}
    for j, node in enumerate(draft.nodes):
        for k, edge in enumerate(node.edges):
            if edge.primitive is LINEAR:
                continue
            # rows count by what the edge's value there does to the prediction
            own = lin.terms[j][k]
            with np.errstate(all="ignore"):
                weight = adjoints[j] ** 2 if node.is_sum else (adjoints[j] * values[j] / own) ** 2
            rows = np.flatnonzero(parts.newest == edge.source)  # each reads one source
            if len(rows) and np.isfinite(weight).all() and weight.any():
                yield from _most_alike(draft, j, k, own, parts.select(rows), weight / weight.mean())


def _most_alike(draft: Draft, j: int, k: int, own: Array, parts: Features, weight: Array) -> Iterator[Swap]:
    """Yield the swaps of edge `k` of node `j` for the functions that are closest to its value, each function once."""
    intercept, slope, missed = _regress(own, parts.values, weight)
    seen = {draft.nodes[j].edges[k].primitive}
    for m in np.argsort(missed):
        if missed[m] > 1 - _LEAST_ALIKE or len(seen) > _PER_EDGE:
            break
        feature = parts.recipe(int(m))
        if feature.primitive not in seen:
            seen.add(feature.primitive)
            yield Swap(_put(draft, j, k, feature, float(intercept[m]), float(slope[m])), float(missed[m]))


def _regress(target: Array, candidates: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Regress `target` (N,) on each of `candidates` (M, N): intercept, slope and unexplained share (M,)."""
    mean = np.average(candidates, axis=1, weights=weight)
    centre = float(np.average(target, weights=weight))
    x, t = candidates - mean[:, None], target - centre
    with np.errstate(all="ignore"):
        xx = (x * x) @ weight
        xt = x @ (weight * t)
        tt = float(t @ (weight * t))
    slope = xt / np.where(xx > 0, xx, 1.0)
    return centre - slope * mean, slope, 1 - slope * xt / max(tt, 1e-300)


def _put(draft: Draft, j: int, k: int, feature: Feature, intercept: float, slope: float) -> Start:
    edited = draft.copy()
    node = edited.nodes[j]
    edge = DraftEdge(node.edges[k].source, feature.primitive, slope, list(feature.coefficients))
    if node.is_sum:  # the weight is in the regressed term already
        node.edges[k] = edge
        node.shift(intercept)
    else:
        source = edited.insert(j, DraftNode("sum", [edge], intercept))
        node.edges[k] = DraftEdge(source, LINEAR)
    return edited.prune().build()
