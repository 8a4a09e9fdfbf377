r"""Limits: a function that is hardly bent on the rows becomes what it is the limit of.

A fit writes a logarithm as a power with a tiny exponent, :math:`w x^e \to w + w e \log x` for small e, with huge
weights that cancel; an exponential as a high power, :math:`(c + v)^p \to c^p e^{p v / c}` for large p; a straight line
as a sine or an exponential of a small argument. The limit has no coefficient more, and often one less. A refit shows
whether it fits as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives.table import LINEAR, POWER, PRIMITIVES

__all__ = ["limits"]

SMALL = 0.3  # exponent below which a power may be a logarithm, and argument below which a function may be a line
FLAT = 1e-3  # slope below which a function has no line as its limit
MOST_EXPONENT = 300.0  # of a factor that is a number still
LARGE = 4.0  # exponent above which a power may be an exponential
LOG, EXP = PRIMITIVES["log"], PRIMITIVES["exp"]

_Replace = Callable[[Draft, int, int], bool]


def limits(draft: Draft, sources: Array) -> Iterator[Draft]:
    """Yield the draft with each function that may be at its limit replaced, and with all of them replaced.

    Parameters
    ----------
    draft : Draft
    sources : ndarray of shape (D + nodes, N)
        Values of the inputs and of the draft's nodes on the rows.
    """
    sizes = np.abs(sources).max(axis=1)
    positive = sources.min(axis=1) > 0
    places = [(j, k) for j, node in enumerate(draft.nodes) for k in range(len(node.edges))]
    found = 0
    everything = draft.copy()
    for j, k in reversed(places):  # from the end: what is replaced takes no place away that is still to come
        replace = _replacement(draft, j, k, sizes, positive)
        if replace is None:
            continue
        edited = draft.copy()
        if replace(edited, j, k):
            found += 1
            replace(everything, j, k)
            yield edited.prune()
    if found > 1:
        yield everything.prune()


def _replacement(draft: Draft, j: int, k: int, sizes: Array, positive: Array) -> _Replace | None:
    """Return what replaces edge k of node j, None where it is far from a limit."""
    node = draft.nodes[j]
    edge = node.edges[k]
    inside = draft.node(edge.source)
    if edge.primitive is POWER and abs(edge.coefficients[0]) >= LARGE and inside is not None and inside.is_sum:
        return _to_exponential if inside.constant else None
    if not node.is_sum:
        return None
    if edge.primitive is POWER and abs(edge.coefficients[0]) <= SMALL and positive[edge.source]:
        return _to_logarithm
    if edge.primitive is LINEAR and inside is not None and _is_flat_product(inside, positive):
        return _to_logarithms
    if edge.primitive.inner[:1] == ("scale",) and abs(edge.coefficients[0]) * sizes[edge.source] <= SMALL:
        return _to_line
    return None


def _is_flat_product(node: DraftNode, positive: Array) -> bool:
    """Whether a node is a product of powers with tiny exponents alone."""
    if node.is_sum or not node.edges:
        return False
    return all(e.primitive is POWER and abs(e.coefficients[0]) <= SMALL and positive[e.source] for e in node.edges)


def _to_logarithm(draft: Draft, j: int, k: int) -> bool:
    """w u**e -> w + w e log u."""
    node = draft.nodes[j]
    edge = node.edges[k]
    node.shift(edge.weight)
    node.edges[k] = DraftEdge(edge.source, LOG, edge.weight * edge.coefficients[0])
    return True


def _to_logarithms(draft: Draft, j: int, k: int) -> bool:
    """w c u**d v**e -> w c + w c d log u + w c e log v."""
    node = draft.nodes[j]
    edge = node.edges[k]
    inside = draft.node(edge.source)
    if inside is None or inside.is_sum:
        return False
    weight = edge.weight * (1.0 if inside.constant is None else inside.constant)
    node.shift(weight)
    node.edges[k : k + 1] = [DraftEdge(e.source, LOG, weight * e.coefficients[0]) for e in inside.edges]
    return True


def _to_line(draft: Draft, j: int, k: int) -> bool:
    """w f(a u + b) -> w f(b) + w f'(b) a u."""
    import torch

    node = draft.nodes[j]
    edge = node.edges[k]
    scale, *rest = edge.coefficients
    shift = rest[0] if edge.primitive.inner[1:] == ("shift",) else 0.0
    shape = rest[len(edge.primitive.inner) - 1 :]
    value, slope, _ = edge.primitive.partials(torch.tensor(shift, dtype=torch.float64), *shape)
    if not math.isfinite(value) or not abs(slope) > FLAT:
        return False
    node.shift(edge.weight * float(value))
    node.edges[k] = DraftEdge(edge.source, LINEAR, edge.weight * float(slope) * scale)
    return True


def _to_exponential(draft: Draft, j: int, k: int) -> bool:
    """w (c + v)**p -> w c**p exp(p v / c)."""
    node = draft.nodes[j]
    edge = node.edges[k]
    inside = draft.node(edge.source)
    if inside is None or inside.constant is None or not inside.constant > 0 or not inside.edges:
        return False
    power, constant = edge.coefficients[0], inside.constant
    exponent = power * math.log(constant)
    if abs(exponent) > MOST_EXPONENT:
        return False
    others = [e for _, e in draft.users(edge.source) if e is not edge]
    if others:
        return False
    inside.constant = None
    node.edges[k] = DraftEdge(edge.source, EXP, edge.weight, [power / constant])
    if node.is_sum:
        node.edges[k].weight *= math.exp(exponent)
    else:
        node.scale(math.exp(exponent))
    return True
