"""Statements checked by values alone: points of the box, and what the values of a law must be at them.

The values of many laws at the same points are checked at once, so that a search can refuse graphs as soon as they are
fitted. A point at which a law is undefined says nothing here.

Axes: G laws, M points, B places, L points of a line, D columns.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.expression.program import evaluate
from eqdarts.knowledge.box import Box
from eqdarts.knowledge.statements import Statement

__all__ = ["ROUNDING", "Screen", "make_screen"]

ROUNDING = 1e-9  # of the size of y, by which a statement may be missed
LINES, ON_A_LINE = 10, 17  # places of the other columns, and points of a line
ON_THE_ONLY_LINE = 65
INSIDE, MOST_CORNERS = 64, 5  # points, and largest number of columns at which all corners are looked at
PAIRS, PLACES = 24, 6
DECADES = 8  # tenfold steps of a column that goes to a limit
FALLING = 0.9  # ratio of the distances from a limit after two steps, at most
ARRIVED = 1e-6
NEAR, BESIDE = 1e-7, 1e4  # share of the way from a place, and how many times the tolerance the value may be off

Check = Callable[[Array], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Screen:
    """Points (M, D), and the checks of the values at them; and the columns that must and must not be used.

    Parameters
    ----------
    points : ndarray of shape (M, D)
    checks : tuple of (Statement, slice, callable)
        ``check(values)`` -> (G,) for values (G, m) at a slice of the points.
    needed, banned : frozenset of int
        Places of columns.
    """

    points: Array
    checks: tuple[tuple[Statement, slice, Check], ...]
    needed: frozenset[int] = frozenset()
    banned: frozenset[int] = frozenset()

    def obeyed(self, values: Array) -> NDArray[np.bool_]:
        """Return whether laws with values (G, M) at the points obey all statements (G,)."""
        found = np.ones(len(values), dtype=bool)
        with np.errstate(all="ignore"):
            for _, part, check in self.checks:
                found &= check(values[:, part])
        return found


def make_screen(
    statements: Sequence[Statement], names: Sequence[str], box: Box, size: float, density: int = 1, unit: float = 1.0
) -> Screen:
    """Return the points and checks of statements.

    Parameters
    ----------
    statements : sequence of Statement
    names : sequence of str
        The D columns.
    box : Box
        Where the statements must hold.
    size : float
        Of y, in its own unit.
    density : int, default=1
        How many times as many points.
    unit : float, default=1
        By which the bounds and limits of the statements are divided.
    """
    maker = _Maker(tuple(names), box, size, density, unit)
    parts: list[Array] = []
    checks: list[tuple[Statement, slice, Check]] = []
    first = 0
    for statement in statements:
        if statement.kind not in _PROBES:
            continue
        points, check = _PROBES[statement.kind](maker, statement)
        checks.append((statement, slice(first, first + len(points)), check))
        parts.append(points)
        first += len(points)
    points = np.concatenate(parts) if parts else np.zeros((0, len(names)))

    def of(kind: str) -> frozenset[int]:
        return frozenset(names.index(s.columns[0]) for s in statements if s.kind == kind)

    return Screen(points, tuple(checks), of("uses"), of("without"))


@dataclass(frozen=True, eq=False)
class _Maker:
    """Draws the points; the same ones for the same box."""

    names: tuple[str, ...]
    box: Box
    size: float
    density: int
    unit: float

    @property
    def tolerance(self) -> float:
        return ROUNDING * self.size

    def inside(self, n: int, box: Mapping[str, tuple[float, float]] | None = None) -> Array:
        """Return n points (n, D) of the box; the first is its middle."""
        low, high = np.array([(box or self.box)[name] for name in self.names]).T
        points = low + np.random.default_rng(0).random((n, len(low))) * (high - low)
        points[0] = (low + high) / 2
        return np.asarray(points)

    def lines(self, x: str) -> tuple[Array, tuple[int, int]]:
        """Return points on lines along a column, and the numbers of lines and of points of each."""
        alone = len(self.names) == 1
        n_lines = 1 if alone else LINES * self.density
        n = (ON_THE_ONLY_LINE if alone else ON_A_LINE) * self.density
        points = np.repeat(self.inside(n_lines), n, axis=0)
        points[:, self.names.index(x)] = np.tile(np.linspace(*self.box[x], n), n_lines)
        return points, (n_lines, n)

    def values(self, expr: object, points: Array) -> Array:
        """Return the values (M,) of a formula of the columns, in the unit of y."""
        columns = dict(zip(self.names, points.T, strict=True))
        return np.asarray(evaluate(expr, columns, len(points)) / self.unit)


def _fine(missed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each law misses at no point (G,); what is not known is no miss."""
    return np.asarray(~missed.reshape(len(missed), -1).any(axis=1), dtype=bool)


def _tolerance(values: Array, least: float) -> Array:
    """Return what rounding may change in values (G, ...), as (G, 1)."""
    flat = np.where(np.isfinite(values), np.abs(values), 0.0).reshape(len(values), -1)
    return np.asarray(np.maximum(least, 1e-12 * flat.max(axis=1, initial=0.0))[:, None])


# --- one function for each kind of statement: its points, and the check of the values ---


def _slope(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points, shape = maker.lines(statement.columns[0])
    return points, partial(_rises, shape=shape, sign=statement.sign, order=1, least=maker.tolerance)


def _bend(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points, shape = maker.lines(statement.columns[0])
    return points, partial(_rises, shape=shape, sign=statement.sign, order=2, least=maker.tolerance)


def _rises(values: Array, shape: tuple[int, int], sign: float, order: int, least: float) -> NDArray[np.bool_]:
    steps = sign * np.diff(values.reshape(len(values), *shape), order, axis=2)
    return _fine(steps < -_tolerance(values, least)[..., None])


def _bounds(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points = maker.inside(INSIDE * maker.density)
    if len(maker.names) <= MOST_CORNERS:
        corners = itertools.product(*(maker.box[name] for name in maker.names))
        points = np.concatenate([points, list(corners)])
    for name in maker.names if len(maker.names) <= MOST_CORNERS else ():
        points = np.concatenate([points, maker.lines(name)[0]])
    low, high = (None if e is None else maker.values(e, points) for e in (statement.low, statement.high))
    check = partial(_within, low=low, high=high, least=maker.tolerance, strict=statement.kind == "sign")
    return points, check


def _within(values: Array, low: Array | None, high: Array | None, least: float, strict: bool) -> NDArray[np.bool_]:
    tolerance = _tolerance(values, least)
    fine = np.ones(len(values), dtype=bool)
    for gap in (None if low is None else values - low, None if high is None else high - values):
        if gap is not None:
            # Zero everywhere is not positive.
            fine &= _fine(gap < -tolerance) & ((gap > tolerance).any(axis=1) | (not strict))
    return fine


def _mirror(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points = maker.inside(PAIRS * maker.density)
    other = points.copy()
    other[:, maker.names.index(statement.columns[0])] *= -1
    return np.concatenate([points, other]), partial(_equal, sign=statement.sign, least=maker.tolerance)


def _period(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points = maker.inside(PAIRS * maker.density)
    other = points.copy()
    other[:, maker.names.index(statement.columns[0])] += float(statement.value)  # type: ignore[arg-type]
    return np.concatenate([points, other]), partial(_equal, sign=1.0, least=maker.tolerance)


def _symmetry(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    columns = statement.columns
    ends = np.array([maker.box[name] for name in columns])
    common = dict.fromkeys(columns, (float(ends[:, 0].min()), float(ends[:, 1].max())))
    points = maker.inside(PAIRS * maker.density, {**maker.box, **common})
    places = [maker.names.index(name) for name in columns]
    # All orders of the columns are made of the exchange of two, and of a turn of all.
    swapped = [*places[1::-1], *places[2:]]
    swaps = [swapped] if len(places) == 2 else [swapped, [*places[1:], places[0]]]
    others = []
    for order in swaps:
        other = points.copy()
        other[:, places] = points[:, order]
        others.append(other)
    first = np.tile(points, (len(swaps), 1))
    return np.concatenate([first, *others]), partial(_equal, sign=1.0, least=maker.tolerance)


def _equal(values: Array, sign: float, least: float) -> NDArray[np.bool_]:
    first, other = np.split(values, 2, axis=1)
    defined = np.isfinite(first) != np.isfinite(other)
    return _fine(defined | (np.abs(first - sign * other) > 10 * _tolerance(values, least)))


def _value(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    points = maker.inside(PLACES * maker.density)
    near = points.copy()
    for name, place in statement.at:
        low, high = maker.box[name]
        d = maker.names.index(name)
        points[:, d] = place
        near[:, d] = place + NEAR * ((low + high) / 2 - place or high - low)
    wanted = maker.values(statement.value, points)
    return np.concatenate([points, near]), partial(_is, wanted=wanted, least=maker.tolerance)


def _is(values: Array, wanted: Array, least: float) -> NDArray[np.bool_]:
    at, near = np.split(values, 2, axis=1)
    wrong = np.abs(at - wanted) > 10 * _tolerance(values, least)
    # A law such as sin(x)/x is undefined at the place, and has the value close to it.
    beside = ~(np.abs(near - wanted) <= BESIDE * _tolerance(values, least))
    return _fine(wrong | np.isinf(at) | (np.isnan(at) & beside))


def _limit(maker: _Maker, statement: Statement) -> tuple[Array, Check]:
    ((x, place),) = statement.at
    low, high = maker.box[x]
    width = (high - low) or 1.0
    steps = 10.0 ** np.arange(1, DECADES + 1)
    if math.isinf(place):
        start = high if place > 0 else low
        far = start + math.copysign(1.0, place) * width * steps
    else:
        far = place + (1.0 if (low + high) / 2 >= place else -1.0) * width / steps
    n = 1 if len(maker.names) == 1 else PLACES * maker.density
    points = np.repeat(maker.inside(n), DECADES, axis=0)
    points[:, maker.names.index(x)] = np.tile(far, n)
    value = statement.value
    if value is None or not value.is_finite:
        infinite = 0.0 if value is None else 1.0 if value.is_extended_positive else -1.0
        return points, partial(_tends, wanted=None, infinite=infinite, places=n, size=maker.size)
    return points, partial(_tends, wanted=maker.values(value, points), infinite=0.0, places=n, size=maker.size)


def _tends(values: Array, wanted: Array | None, infinite: float, places: int, size: float) -> NDArray[np.bool_]:
    """Return whether values (G, B * L) go to what is wanted, to some number, or to infinity with a sign (G,)."""
    v = values.reshape(len(values), places, DECADES)
    if infinite:
        # Further and further, by steps that do not shrink.
        steps = infinite * np.diff(v, axis=2)
        late = steps[..., -3:]
        shrinking = late[..., 1:] < 0.99 * late[..., :-1]
        return _fine(np.asarray((late <= 0).any(axis=2) | (shrinking.all(axis=2) & np.isfinite(late).all(axis=2))))
    if wanted is None:
        apart, tail = np.abs(np.diff(v, axis=2)), v[..., 1:]
    else:
        apart, tail = np.abs(v - wanted.reshape(places, DECADES)), v
    known = np.isfinite(apart).sum(axis=2) >= 3
    last, before = apart[..., -1], apart[..., -3]
    grows = ~((last <= ARRIVED * size) | (last <= FALLING * before))
    return _fine(np.asarray(np.isinf(tail).any(axis=2) | (grows & known & ~np.isnan(last))))


_PROBES: dict[str, Callable[[_Maker, Statement], tuple[Array, Check]]] = {
    "slope": _slope,
    "bend": _bend,
    "sign": _bounds,
    "bounds": _bounds,
    "mirror": _mirror,
    "period": _period,
    "symmetry": _symmetry,
    "value": _value,
    "limit": _limit,
}
