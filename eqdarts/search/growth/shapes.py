r"""Shapes: other curves of one argument in the place of the curve that a graph has.

A saturation may be v / (k + v), 1 - exp(-v), an arc tangent, a hyperbolic tangent, or v over the root of a sum of
squares, and within noise each of them looks like the others. A climb takes the one that a single function makes, and
the right one is then several edits away, none of which is better by itself. So wherever a part of a graph depends on
the rows through one source alone, whatever it is made of, the curves of that source are regressed on its values, and
those that are close take its place. A constant that the source adds is left out first: the curves have their own.

Axes: N rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.growth.sites import Linearised

__all__ = ["SHAPES", "Shape", "reshaped"]

EXP, LOG, TANH, ARCTAN = (PRIMITIVES[name] for name in ("exp", "log", "tanh", "arctan"))
RECIPROCAL, ROOT, SQUARE, INVERSE_ROOT = (fixed_power(Fraction(p)) for p in ("-1", "1/2", "2", "-1/2"))
SIZES = (0.1, 0.3, 1.0, 3.0, 10.0)  # of the argument's scale, as multiples of one over its median
MOST_MISSED = 0.15  # share of the part's weighted variance
CLOSEST = 6  # curves that take the place of each part
LEAST_SPREAD = 0.05  # least spread of a part, as a share of its size: what hardly changes is no curve


Build = Callable[[int, float, int], list[DraftNode]]


class Shape(NamedTuple):
    """A curve of u = g s: its values, and the nodes that make it of a source s, the last of them its value.

    ``build(s, g, first)`` -> list of DraftNode, the first of which gets the source number `first`.
    """

    values: Callable[[Array], Array]
    build: Build
    uses: tuple[Primitive, ...]


def _of(primitive: Primitive, sign: float = 1.0) -> Build:
    """Return what builds f(sign u)."""
    rest = [0.0] * (primitive.n_coefficients - 1)
    return lambda s, g, first: [DraftNode("product", [DraftEdge(s, primitive, 1.0, [sign * g, *rest])])]


def _of_one_and(primitive: Primitive, power: int = 1, above: Primitive | None = None) -> Build:
    """Return what builds f(1 + u**power), and the product of a power of s with that."""
    inside = fixed_power(Fraction(power))
    factors = [] if above is None else [above]

    def build(s: int, g: float, first: int) -> list[DraftNode]:
        moved = DraftNode("sum", [DraftEdge(s, inside, g**power)], 1.0)
        return [moved, DraftNode("product", [DraftEdge(first, primitive), *(DraftEdge(s, row) for row in factors)])]

    return build


def _power(p: float) -> Shape:
    return Shape(
        lambda u: np.asarray(u**p),
        lambda s, g, first: [DraftNode("product", [DraftEdge(s, POWER, 1.0, [p])])],
        (POWER,),
    )


def _charge(s: int, g: float, first: int) -> list[DraftNode]:
    return [DraftNode("sum", [DraftEdge(s, EXP, -1.0, [-g])], 1.0)]


def _bell(s: int, g: float, first: int) -> list[DraftNode]:
    return [DraftNode("product", [DraftEdge(s, SQUARE)]), DraftNode("product", [DraftEdge(first, EXP, 1.0, [-g * g])])]


SHAPES: tuple[Shape, ...] = (
    Shape(lambda u: u / (1 + u), _of_one_and(RECIPROCAL, 1, LINEAR), ()),
    Shape(lambda u: u**2 / (1 + u**2), _of_one_and(RECIPROCAL, 2, SQUARE), (SQUARE,)),
    Shape(lambda u: u / np.sqrt(1 + u**2), _of_one_and(INVERSE_ROOT, 2, LINEAR), (SQUARE, ROOT)),
    Shape(lambda u: 1 / (1 + u), _of_one_and(RECIPROCAL), ()),
    Shape(lambda u: 1 / (1 + u**2), _of_one_and(RECIPROCAL, 2), (SQUARE,)),
    Shape(lambda u: np.sqrt(1 + u**2), _of_one_and(ROOT, 2), (SQUARE, ROOT)),
    Shape(lambda u: 1 / np.sqrt(1 + u**2), _of_one_and(INVERSE_ROOT, 2), (SQUARE, ROOT)),
    Shape(lambda u: np.sqrt(1 + u), _of_one_and(ROOT), (ROOT,)),
    Shape(lambda u: np.log(1 + u), _of_one_and(LOG), (LOG,)),
    Shape(lambda u: 1 - np.exp(-u), _charge, (EXP,)),
    Shape(lambda u: np.exp(-u), _of(EXP, -1.0), (EXP,)),
    Shape(np.exp, _of(EXP), (EXP,)),
    Shape(lambda u: np.exp(-(u**2)), _bell, (EXP, SQUARE)),
    Shape(np.tanh, _of(TANH), (TANH,)),
    Shape(np.arctan, _of(ARCTAN), (ARCTAN,)),
    Shape(np.log, lambda s, g, first: [DraftNode("product", [DraftEdge(s, LOG)])], (LOG,)),
    *map(_power, (0.5, 1.5, -0.5, -1.5)),
)


@dataclass(frozen=True, eq=False)
class _Part:
    """Edges `places` of node `node`, whose terms together are a curve of one source."""

    node: int
    places: tuple[int, ...]
    source: int
    values: Array
    weight: Array


def reshaped(draft: Draft, lin: Linearised, X: Array, primitives: Sequence[Primitive]) -> Iterator[Start]:
    """Yield the draft with each part that is a curve of one source replaced by the curves that are closest to it.

    Parameters
    ----------
    draft : Draft
    lin : Linearised
        The same at the rows X (N, D).
    X : ndarray of shape (N, D)
    primitives : sequence of Primitive
        What the search may use.
    """
    known = set(primitives)
    usable = [shape for shape in SHAPES if {RECIPROCAL, *shape.uses} <= known | {INVERSE_ROOT}]
    sources = np.concatenate([X.T, lin.values])
    for part in _parts(draft, lin):
        argument = sources[part.source] - _constant(draft, part.source)
        found: list[tuple[float, int, float, float, float]] = []
        for number, shape in enumerate(usable):
            near = [(_regressed(part, shape, g * argument), g) for g in _scales(argument)]
            (missed, slope, intercept), g = min(near, key=lambda row: row[0][0], default=((np.inf, 0.0, 0.0), 0.0))
            if missed < MOST_MISSED:
                found.append((missed, number, g, slope, intercept))
        for _, number, g, slope, intercept in sorted(found)[:CLOSEST]:
            yield _put(draft, part, usable[number], g, slope, intercept)


def _scales(argument: Array) -> list[float]:
    size = float(np.median(np.abs(argument)))
    return [share / size for share in SIZES] if size > 0 and np.isfinite(size) else []


def _constant(draft: Draft, source: int) -> float:
    node = draft.node(source)
    return 0.0 if node is None or not node.is_sum or node.constant is None else node.constant


def _roots(draft: Draft) -> list[int]:
    """Return for each source the one that its values are a function of: itself, unless it is a curve of another."""
    found = list(range(draft.n_inputs))
    for source, node in enumerate(draft.nodes, draft.n_inputs):
        own = {found[edge.source] for edge in node.edges}
        found.append(own.pop() if len(own) == 1 else source)
    return found


def _parts(draft: Draft, lin: Linearised) -> Iterator[_Part]:
    """Yield the edges of each node that share a root and are no line in it."""
    roots = _roots(draft)
    adjoints = {site.node: (site.adjoint, site.value) for site in lin.sites if site.kind == "node"}
    for j, node in enumerate(draft.nodes):
        own = roots[draft.n_inputs + j]
        if own != draft.n_inputs + j and j < len(draft.nodes) - 1:
            continue  # it is part of a curve, which its readers hold as a whole
        groups: dict[int, list[int]] = {}
        for k, edge in enumerate(node.edges):
            groups.setdefault(roots[edge.source], []).append(k)
        adjoint, value = adjoints[j]
        for source, places in groups.items():
            first = node.edges[places[0]]
            if len(places) == 1 and first.primitive is LINEAR and first.source == source:
                continue
            terms = [lin.terms[j][k] for k in places]
            values = np.sum(terms, axis=0) if node.is_sum else np.prod(terms, axis=0)
            with np.errstate(all="ignore"):
                weight = (adjoint if node.is_sum else adjoint * value / values) ** 2
            sound = bool(np.isfinite(values).all() and np.isfinite(weight).all() and weight.any())
            if sound and np.std(values) > LEAST_SPREAD * np.abs(values).max():
                yield _Part(j, tuple(places), source, values, weight / weight.mean())


def _regressed(part: _Part, shape: Shape, u: Array) -> tuple[float, float, float]:
    """Return the share of a part's variance that a curve misses, and its factor and constant; none if zero does."""
    with np.errstate(all="ignore"):
        curve = shape.values(u)
    if not np.isfinite(curve).all():
        return np.inf, 0.0, 0.0
    w, z = part.weight, part.values
    total = float(w @ (z - np.average(z, weights=w)) ** 2)
    alone = float(w @ (curve * z)) / max(float(w @ curve**2), 1e-300)
    missed = float(w @ (z - alone * curve) ** 2) / max(total, 1e-300)
    mean = np.average(curve, weights=w)
    spread = float(w @ (curve - mean) ** 2)
    if not spread > 0:
        return np.inf, 0.0, 0.0
    slope = float(w @ ((curve - mean) * z)) / spread
    intercept = float(np.average(z, weights=w) - slope * mean)
    beside = float(w @ (z - slope * curve - intercept) ** 2) / max(total, 1e-300)
    # a constant beside the curve is a coefficient more
    return (missed, alone, 0.0) if missed < max(2 * beside, 1e-3) else (beside, slope, intercept)


def _put(draft: Draft, part: _Part, shape: Shape, g: float, slope: float, intercept: float) -> Start:
    edited = draft.copy()
    node = edited.nodes[part.node]
    source, position = part.source, part.node
    node.edges = [edge for k, edge in enumerate(node.edges) if k not in part.places]
    if _constant(draft, source):
        inner = edited.nodes[source - draft.n_inputs]
        bare = DraftNode("sum", [edge.copy() for edge in inner.edges])
        source = edited.insert(position, bare)
        position += 1
    for new in shape.build(source, g, draft.n_inputs + position):
        edited.insert(position, new)
        position += 1
    last = edited.n_inputs + position - 1
    if node.is_sum:
        node.edges.append(DraftEdge(last, LINEAR, slope))
        if intercept:
            node.shift(intercept)
    elif intercept:
        inside = edited.insert(position, DraftNode("sum", [DraftEdge(last, LINEAR, slope)], intercept))
        node.edges.append(DraftEdge(inside, LINEAR))
    else:
        node.edges.append(DraftEdge(last, LINEAR))
        node.scale(slope)
    return edited.prune().build()
