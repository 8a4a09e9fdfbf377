r"""Sets of usual terms for a rate, with half points, powers and slopes that fit the slopes of the states best.

- polynomials;
- ratios to one column;
- linear terms with waves of angles, also times or over another column, and with waves of differences of angles;
- polynomials with saturations, :math:`x^n / (K + x^n)`, as of Michaelis and Menten or Hill, what is left of them,
  :math:`1 / (K + x^n)`, and for powers beyond one :math:`x / (K + x^n)`, which falls again; each also times others;
- terms of states that change their sign: :math:`|v|`, and :math:`v |v|` as of drag;
- linear terms with a logistic function of one or two columns, as of rates at which cells fire.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np
from scipy.optimize import leastsq
from scipy.special import expit

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.sums import beyond, columns_of, length_of_slopes, products, solved
from eqdarts.expression.build import symbol
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import PRIMITIVES, Primitive

__all__ = ["DEGREES", "TermSet", "polynomials", "usual_terms"]

WAVES = {PRIMITIVES["sin"], PRIMITIVES["cos"]}
DEGREES = (2, 3)
LEAST_ANGLE = 0.5  # radians
POWERS = (1, 2)  # of a saturation
STEEPEST = 2.5  # natural logarithm of a power
MOST_HALF = 15.0  # as a share of the largest input
NEAREST, FARTHEST = -7.0, 3.0  # natural logarithm of a half point as a share of the largest input
MOST_STARTS = 5  # of the fit of a half point and a power to the slopes
MOST_EVALUATIONS = 60
STEEP = (3.0, 4.5, 6.0)  # powers from which a fit of the power begins
HALVES = np.geomspace(0.02, 4.0, 14)  # where it may be half of its largest value, as a share of the largest input
APART = np.geomspace(0.02, 1.5, 5)  # the same of two saturations
MOST_FOR_PRODUCTS = 3  # columns of a table with which products join two saturations
SATURATED = (1, 2)  # degrees of polynomials with saturations
STEEPNESS = 0.5, 2.0  # of a logistic function, per standard deviation, from which a fit begins
MIDDLES = -1.0, 0.0, 1.0  # its place, in standard deviations
MOST_STEEPNESS = 8.0  # beyond it is a step
MOST_MIDDLE = 50.0  # constant in its exponent
MOST_LOGISTIC = 6  # columns of a table with which pairs are tried in a logistic function
FEWEST_ROWS = 3  # for each term
MOST_TERMS = 26


@dataclass(frozen=True, eq=False)
class TermSet:
    """Terms, and their values (n, K) at the rows."""

    terms: tuple[Expr, ...]
    design: Array
    square: float

    def length(self, n_rows: int) -> float:
        """Return the nats that describe the slopes of n rows, with as many coefficients as the terms need."""
        n_terms = int(np.linalg.matrix_rank(self.design / (np.abs(self.design).max(axis=0) + 1e-300), tol=1e-9))
        return length_of_slopes(self.square, n_terms, n_rows)

    @classmethod
    def of(cls, table: Table, terms: Sequence[Expr], design: Array | None = None) -> TermSet | None:
        """Return the set; None if it has too many terms for the rows, or one is not finite there."""
        terms = list(dict.fromkeys(terms))
        if len(terms) > min(MOST_TERMS, len(table.y) // FEWEST_ROWS):
            return None
        design = columns_of(table, terms) if design is None else design
        if not np.isfinite(design).all():
            return None
        return cls(tuple(terms), design, float(np.mean(np.square(solved(table, design)[1]))))


def polynomials(table: Table) -> list[TermSet]:
    """Return the polynomials of degree two and three in all columns, without those of too many terms."""
    found = (TermSet.of(table, products(table.names, degree)) for degree in DEGREES)
    return [one for one in found if one is not None]


def usual_terms(table: Table, primitives: Sequence[Primitive]) -> Iterator[TermSet]:
    """Yield all other sets, those that cost little time first.

    Parameters
    ----------
    table : Table
        The rows of a search: its columns and slopes.
    primitives : sequence of Primitive
        Those of the search.
    """
    known = set(primitives)
    sets: list[Iterator[list[Expr]]] = [_signed(table)] if PRIMITIVES["square"] in known else []
    sets += [_ratios(table)] if PRIMITIVES["reciprocal"] in known else []
    sets += [_waves(table)] if known >= WAVES else []
    for terms in (one for some in sets for one in some):
        if found := TermSet.of(table, terms):
            yield found
    yield from _saturated(table)
    yield from _twice_saturated(table)
    if PRIMITIVES["exp"] in known:
        yield from _logistic(table)


def _signed(table: Table) -> Iterator[list[Expr]]:
    """Yield polynomials, and sums with waves of an angle, with the sizes of columns that change their sign."""
    import sympy

    changing = [symbol(name) for name, x in zip(table.names, table.X.T, strict=True) if x.min() < 0 < x.max()]
    own = [term for v in changing for term in (sympy.Abs(v), v * sympy.Abs(v))]
    if own:
        yield [*products(table.names, 2), *own]
    for name in _angles(table) if own else ():
        yield [*products(table.names, 1), *_waves_of(symbol(name)), *own]


def _angles(table: Table) -> list[str]:
    """Return the columns that may be angles in radians: of those of a short span a cubic tells as much."""
    return [name for name, x in zip(table.names, table.X.T, strict=True) if np.ptp(x) >= LEAST_ANGLE]


def _waves_of(x: Expr) -> list[Expr]:
    import sympy

    return [sympy.sin(x), sympy.cos(x)]


def _waves(table: Table) -> Iterator[list[Expr]]:
    """Yield sums with the waves of one angle, of two, and of differences where one is wide enough."""
    import sympy

    angles = _angles(table)
    waves = {name: _waves_of(symbol(name)) for name in table.names}
    for name in angles:
        double = _waves_of(2 * symbol(name))
        others = [symbol(other) for other in table.names if other != name]
        below = [1 / symbol(other) for other in _of_one_sign(table) if other != name]
        mixed = [factor * wave for factor in (*others, *below) for wave in waves[name]]
        yield [*products(table.names, 1), *waves[name], *mixed, *double]
    for a, b in combinations(table.names, 2):
        if {a, b} & set(angles):
            between = _waves_of(symbol(a) - symbol(b))
            yield [*products(table.names, 1), *waves[a], *waves[b], *between]
            yield [sympy.S.One, *waves[a], *waves[b], *(one * other for one in waves[a] for other in waves[b])]
    for a, b in permutations(angles, 2):
        yield [*products(table.names, 1), *_turned(symbol(a), symbol(b))]
    if angles and len(table.names) > 2:
        pairs = combinations(table.names, 2)
        yield [*products(table.names, 1), *(wave for a, b in pairs for wave in _waves_of(symbol(a) - symbol(b)))]


def _of_one_sign(table: Table) -> list[str]:
    """Return the columns that may stand in a denominator."""
    return [name for name, x in zip(table.names, table.X.T, strict=True) if x.min() * x.max() > 0]


def _ratios(table: Table) -> Iterator[list[Expr]]:
    """Yield polynomials with ratios to one column, as of a predator that needs its share of prey."""
    for name in _of_one_sign(table):
        others = [symbol(other) for other in table.names if other != name]
        tops = [one * other for k, one in enumerate(others) for other in others[k:]]
        yield [*products(table.names, 2), *(top / symbol(name) for top in (1, *others, *tops))]


def _turned(a: Expr, b: Expr) -> list[Expr]:
    """Return waves of one angle, alone and times waves of another one, as of bodies that turn about two axes."""
    import sympy

    own, other = _waves_of(a), _waves_of(b)
    factors = [sympy.S.One, *other, *_waves_of(2 * b), other[1] / other[0], other[0] / other[1]]
    return [wave * factor for wave in own for factor in factors]


def _saturated(table: Table) -> Iterator[TermSet]:
    """Yield a polynomial with each saturation, whose half point and power fit the slopes best."""
    for degree in SATURATED:
        base = products(table.names, degree)
        rest = beyond(table, columns_of(table, base))
        for k in range(len(table.names)):
            for powers in (*((one,) for one in POWERS), STEEP):
                if powers != (2,) and table.X[:, k].min() <= 0:  # a pole could lie among negative values
                    continue
                power, half = _best_saturation(table, rest, k, powers)
                if half > MOST_HALF * np.abs(table.X[:, k]).max():  # the rows do not show that it bends
                    continue
                if found := TermSet.of(table, [*base, *_of_saturation(table.names, k, power, half)]):
                    yield found


def _twice_saturated(table: Table) -> Iterator[TermSet]:
    """Yield a polynomial with two saturations of power one, in one column or in two."""
    base = products(table.names, 2 if len(table.names) <= MOST_FOR_PRODUCTS else 1)
    rest = beyond(table, columns_of(table, base))
    positive = [k for k in range(len(table.names)) if table.X[:, k].min() > 0]
    for pair in combinations_with_replacement(positive, 2):
        sizes = table.X[:, pair].max(axis=0)

        def halves(point: Array, sizes: Array = sizes) -> Array:
            return sizes * np.exp(np.clip(point, NEAREST, FARTHEST))

        def residual(point: Array, pair: tuple[int, int] = pair, halves: Callable[[Array], Array] = halves) -> Array:
            both = zip(pair, halves(point), strict=True)
            return rest(np.column_stack([_saturations(table, k, 1.0, half) for k, half in both]))

        grid = combinations(np.log(APART), 2) if pair[0] == pair[1] else product(np.log(APART), repeat=2)
        best = halves(_least(residual, [np.array(point) for point in grid]))
        if (best > MOST_HALF * sizes).any():
            continue
        own = [
            term
            for k, half in zip(pair, best.tolist(), strict=True)
            for term in _of_saturation(table.names, k, 1, half)
        ]
        if found := TermSet.of(table, [*base, *own]):
            yield found


def _of_saturation(names: Sequence[str], k: int, power: float, half: float) -> list[Expr]:
    """Return a saturation in column k, what is left of it, and both times each other column.

    A power that is no whole number stands in it once, so that it is one coefficient.
    """
    import sympy

    x = symbol(names[k])
    others = [symbol(name) for j, name in enumerate(names) if j != k]
    if power not in POWERS:
        rising = 1 / (1 + sympy.Float(half**power) * x ** sympy.Float(-power))
        return [rising, *(other * rising for other in others)]
    left = 1 / (sympy.Float(half**power) + x**power)
    own = [x * left, left] if power == 1 else [x**power * left, left, x * left]
    return [factor * one for one in own for factor in (sympy.S.One, *others)]


def _best_saturation(
    table: Table, rest: Callable[[Array], Array], k: int, powers: tuple[float, ...]
) -> tuple[float, float]:
    """Return the power and the half point of the saturation in column k that fits the slopes best.

    ``rest(columns)`` -> what they leave of the slopes beside the other terms.
    """
    size = float(np.abs(table.X[:, k]).max()) or 1.0

    def read(point: Array) -> tuple[float, float]:
        power, log_half = (powers[0], point[0]) if len(powers) == 1 else (math.exp(min(point[1], STEEPEST)), point[0])
        return power, size * math.exp(min(max(log_half, NEAREST), FARTHEST))

    grid = [np.log([half, power]) for half, power in product(HALVES, powers)]
    starts = [point[: min(len(powers), 2)] for point in grid]
    return read(_least(lambda point: rest(_saturations(table, k, *read(point))), starts))


def _least(residual: Callable[[Array], Array], starts: Sequence[Array]) -> Array:
    """Return where a residual is least, from some of the starts."""

    def square(point: Array) -> float:
        return float(np.mean(np.square(residual(point))))

    ordered = sorted(starts, key=square)
    some = ordered[:: max(len(ordered) // MOST_STARTS, 1)]
    ends = [leastsq(residual, start, maxfev=MOST_EVALUATIONS, full_output=True)[0] for start in some]
    return np.asarray(min([*ends, ordered[0]], key=square))


def _saturations(table: Table, k: int, power: float, half: float) -> Array:
    """Return the columns of a saturation in column k, alone and times each other column."""
    x = table.X[:, k]
    others = np.delete(table.X, k, axis=1)
    own = expit(power * np.log(np.maximum(np.abs(x) / half, 1e-300)))
    parts = [own, others * own[:, None]]
    if power == 2:
        falling = x / (half**2 + x**2)
        parts += [falling, others * falling[:, None]]
    return np.column_stack(parts)


def _logistic(table: Table) -> Iterator[TermSet]:
    """Yield linear terms with a logistic function of one column, also times another one, and of two columns."""
    import sympy

    base = products(table.names, 1)
    rest = beyond(table, columns_of(table, base))
    pairs = list(combinations(range(len(table.names)), 2)) if len(table.names) <= MOST_LOGISTIC else []
    for own in [*((k,) for k in range(len(table.names))), *pairs]:
        middle, slopes = _best_logistic(table, rest, own)
        if not np.isfinite([middle, *slopes]).all() or not abs(middle) < MOST_MIDDLE:
            continue
        rate = sympy.Add(*(sympy.Float(w) * symbol(table.names[k]) for w, k in zip(slopes, own, strict=True)))
        both = [1 / (1 + sympy.Float(math.exp(-sign * middle)) * sympy.exp(-sign * rate)) for sign in (1, -1)]
        factors = [symbol(name) for name in table.names] if len(own) == 1 else []
        if found := TermSet.of(table, [*base, *(one * factor for factor in (sympy.S.One, *factors) for one in both)]):
            yield found


def _best_logistic(table: Table, rest: Callable[[Array], Array], own: tuple[int, ...]) -> tuple[float, list[float]]:
    """Return the constant and the slopes of the logistic function of columns that fits the slopes best."""
    x = table.X[:, own]
    center, spread = x.mean(axis=0), x.std(axis=0) + 1e-300
    scaled = (x - center) / spread

    def read(point: Array) -> Array:
        return np.clip(point, -MOST_STEEPNESS, MOST_STEEPNESS)

    def residual(point: Array) -> Array:
        middle, *slopes = read(point)
        return rest(expit(middle + scaled @ slopes)[:, None])

    signs = product((1.0,), *((1.0, -1.0) for _ in own[1:]))  # a logistic function and one that falls are one term
    directions = [np.array(sign) * steep for sign in signs for steep in STEEPNESS]
    best = read(_least(residual, [np.array([m, *w]) for m in MIDDLES for w in directions]))
    slopes = best[1:] / spread
    return float(best[0] - slopes @ center), slopes.tolist()
