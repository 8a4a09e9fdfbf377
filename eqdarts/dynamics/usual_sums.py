"""Sums of usual terms as further candidates: terms leave one after the other, by fits of integrated trajectories.

Slopes are least certain where a state changes fast, and there a search can miss a simple law. Here the slopes only give
the start. Which term leaves next is decided by standard errors from the measured values. The sums are polynomials of
degree two and three, linear ones with waves of angles, and polynomials of degree one and two with a saturation,
:math:`x^n / (K + x^n)`, as of Michaelis and Menten or Hill, also times another state or input. A power beyond two is a
coefficient of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.shooting import Fitted
from eqdarts.dynamics.variants import collected, law_of
from eqdarts.expression.build import symbol
from eqdarts.expression.program import evaluate
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import PRIMITIVES, Primitive

__all__ = ["SHORT", "usual_laws"]

WAVES = {PRIMITIVES["sin"], PRIMITIVES["cos"]}

LEAST_ANGLE = 0.5  # radians
MOST_SUMS = 7
SHORT = {1: 3, 2: 5, 3: 6, 4: 5}  # number of terms of short sums, and how many of these are tried
BEHIND = 5.0  # nats by which other sums may describe the slopes worse than polynomials
MOST_TERMS = 15  # a sum that needs more terms is not tried
DEGREES = (2, 3)
STEPS = 8  # of a fit while terms leave
POWERS = (1, 2)  # of a saturation
STEEPEST = 2.5  # natural logarithm of a power
MOST_HALF = 15.0  # as a share of the largest input
NEAREST, FARTHEST = -7.0, 3.0  # natural logarithm of a half point as a share of the largest input
MOST_STARTS = 5  # of the fit of a half point and a power to the slopes
MOST_EVALUATIONS = 60
STEEP = (3.0, 4.5, 6.0)  # powers from which a fit of the power begins
HALVES = np.geomspace(0.02, 4.0, 14)  # where it may be half of its largest value, as a share of the largest input
BEST_SATURATED = {1: 1, 2: 1}  # saturations whose terms leave, by degree of the polynomial
FEWEST_ROWS = 3  # for each term


@dataclass(frozen=True, eq=False)
class _Sum:
    """Terms with coefficients from the slopes, and the mean squared residual there."""

    terms: tuple[Expr, ...]
    values: Array
    square: float

    def length(self, n_rows: int) -> float:
        """Return the nats that describe the slopes of n rows."""
        return 0.5 * n_rows * math.log(max(self.square, 1e-300)) + 0.5 * len(self.terms) * math.log(n_rows)

    def law(self, problem: Problem, primitives: Sequence[Primitive]) -> Law | None:
        """Return the sum as a law."""
        import sympy

        parts = [
            sympy.Float(value) * term for value, term in zip(self.values.tolist(), self.terms, strict=True) if value
        ]
        return law_of(sympy.Add(*parts), problem.data.variables, primitives)


def usual_laws(
    problem: Problem, k: int, table: Table, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> list[Screened]:
    """Return sums of usual terms for the rate of state k, one for each number of terms that are left of a sum.

    Sums of few terms come first, then the polynomials, then what describes the slopes hardly worse than these.

    Parameters
    ----------
    problem : Problem
    k : int
    table : Table
        The rows of the search: its columns and slopes.
    primitives : sequence of Primitive
        Those of the search, for the prices of the forms.
    go_on : callable
        When it returns False, no further fit is begun.
    """
    if not go_on():
        return []
    polynomials = [one for degree in DEGREES if (one := _fitted_sum(table, _products(table.names, degree)))]
    more = list(_waves(table)) if set(primitives) >= WAVES else []
    for degree, most in BEST_SATURATED.items():
        more += sorted(_saturated(table, degree), key=lambda one: one.square)[:most]
    lengths = {id(one): one.length(len(table.y)) for one in [*polynomials, *more]}
    least = min((lengths[id(one)] for one in polynomials), default=math.inf)
    near = sorted((one for one in more if lengths[id(one)] <= least + BEHIND), key=lambda one: lengths[id(one)])
    found: list[Screened] = []
    for one in _short_sums(table, polynomials):
        law = one.law(problem, primitives)
        if law is not None and go_on() and (fit := problem.fit_one(law, k, most_iterations=STEPS)):
            short = collected(fit[0], primitives)
            found.append(Screened(short, float(fit[1].square[0]), fit[2] + short.structure - fit[0].structure))
    for one in [*polynomials, *near][:MOST_SUMS]:
        found += _shorter(problem, k, one.law(problem, primitives), primitives, go_on)
    return found


def _short_sums(table: Table, sums: Sequence[_Sum]) -> Iterator[_Sum]:
    """Yield short sums of terms of the largest polynomial that describe the slopes best, some for each number of terms.

    Where a state moves fast, slopes do not tell which of them is true, and the way from all terms to a few is long.
    """
    if not sums:
        return
    terms = max((one.terms for one in sums), key=len)
    design = _columns(table, terms)
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design * root[:, None]).mean(axis=0)) + 1e-300
    columns, y = design * root[:, None] / size, table.y * root
    gram, right = columns.T @ columns + 1e-12 * len(y) * np.eye(len(terms)), columns.T @ y
    for n_terms, most in SHORT.items():
        if n_terms >= len(terms):
            continue
        chosen = np.array(list(combinations(range(len(terms)), n_terms)))
        values = np.linalg.solve(gram[chosen[:, :, None], chosen[:, None, :]], right[chosen][:, :, None])[:, :, 0]
        gains = (values * right[chosen]).sum(axis=1)
        for j in np.argsort(-gains, kind="stable")[:most].tolist():
            own = chosen[j].tolist()
            yield _sum_of(table, [terms[place] for place in own], design[:, own])


def _waves(table: Table) -> Iterator[_Sum]:
    """Yield sums with the waves of one angle, and with those of two.

    A column may be an angle in radians if it spans half a radian at least; of shorter ones a cubic tells as much.
    """
    import sympy

    angles = [name for name, x in zip(table.names, table.X.T, strict=True) if np.ptp(x) >= LEAST_ANGLE]
    waves = {name: [f(symbol(name)) for f in (sympy.sin, sympy.cos)] for name in angles}
    for name, own in waves.items():
        double = [f(2 * symbol(name)) for f in (sympy.sin, sympy.cos)]
        mixed = [symbol(other) * wave for other in table.names if other != name for wave in own]
        if fitted := _fitted_sum(table, [*_products(table.names, 1), *own, *mixed, *double]):
            yield fitted
    for a, b in combinations(angles, 2):
        beats = [one * other for one in waves[a] for other in waves[b]]
        if fitted := _fitted_sum(table, [sympy.S.One, *waves[a], *waves[b], *beats]):
            yield fitted


def _saturated(table: Table, degree: int) -> Iterator[_Sum]:
    """Yield the sum of a polynomial with each saturation, whose half point and power fit the slopes best."""
    base = _products(table.names, degree)
    design = _columns(table, base)
    for k, name in enumerate(table.names):
        x = table.X[:, k]
        others = [j for j in range(len(table.names)) if j != k]
        if len(base) + 1 + len(others) > _most_terms(table):
            continue
        for powers in (*((one,) for one in POWERS), STEEP):
            if powers != (2,) and x.min() <= 0:  # a pole could lie among negative values
                continue
            power, half = _best_saturation(table, design, k, powers)
            if half > MOST_HALF * np.abs(x).max():  # the rows do not show that it bends
                continue
            saturation = _saturation(symbol(name), power, half)
            terms = [*base, saturation, *(symbol(table.names[j]) * saturation for j in others)]
            yield _sum_of(table, terms, _with_saturation(table, design, k, power, half))


def _best_saturation(table: Table, design: Array, k: int, powers: tuple[float, ...]) -> tuple[float, float]:
    """Return the power and the half point of the saturation in column k that fits the slopes best."""
    size = float(np.abs(table.X[:, k]).max()) or 1.0

    def read(point: Array) -> tuple[float, float]:
        power, log_half = (powers[0], point[0]) if len(powers) == 1 else (math.exp(min(point[1], STEEPEST)), point[0])
        return power, size * math.exp(min(max(log_half, NEAREST), FARTHEST))

    def residual(point: Array) -> Array:
        return _solved(table, _with_saturation(table, design, k, *read(point)))[1]

    def square(point: Array) -> float:
        return float(np.mean(np.square(residual(point))))

    grid = [np.log([half, power]) for half, power in product(HALVES, powers)]
    starts = sorted((point[: min(len(powers), 2)] for point in grid), key=square)
    some = starts[:: max(len(starts) // MOST_STARTS, 1)]
    ends = [least_squares(residual, start, method="lm", max_nfev=MOST_EVALUATIONS).x for start in some]
    return read(min([*ends, starts[0]], key=square))


def _with_saturation(table: Table, design: Array, k: int, power: float, half: float) -> Array:
    """Return the design (n, K) with the columns of a saturation in column k, alone and times each other column."""
    own = expit(power * np.log(np.maximum(np.abs(table.X[:, k]) / half, 1e-300)))
    others = [j for j in range(table.X.shape[1]) if j != k]
    return np.column_stack([design, own, table.X[:, others] * own[:, None]])


def _saturation(x: Expr, power: float, half: float) -> Expr:
    """Return a saturation in x; a power that is no whole number stands in it once, so that it is one coefficient."""
    import sympy

    if power in POWERS:
        return x**power / (sympy.Float(half**power) + x**power)
    return 1 / (1 + sympy.Float(half**power) * x ** sympy.Float(-power))


def _products(names: Sequence[str], degree: int) -> list[Expr]:
    """Return the products of up to `degree` names, one first."""
    import sympy

    return [
        sympy.Mul(*(symbol(name) for name in chosen))
        for size in range(degree + 1)
        for chosen in combinations_with_replacement(names, size)
    ]


def _fitted_sum(table: Table, terms: Sequence[Expr]) -> _Sum | None:
    """Return the sum of all terms, with coefficients from the slopes; None if it has too many."""
    if len(terms) > _most_terms(table):
        return None
    return _sum_of(table, terms, _columns(table, terms))


def _most_terms(table: Table) -> int:
    return min(MOST_TERMS, len(table.y) // FEWEST_ROWS)


def _columns(table: Table, terms: Sequence[Expr]) -> Array:
    """Return the terms at the rows (n, K)."""
    columns = dict(zip(table.names, table.X.T, strict=True))
    return np.column_stack([evaluate(term, columns, len(table.y)) for term in terms])


def _solved(table: Table, design: Array) -> tuple[Array, Array]:
    """Return the coefficients (K,) of the columns of a design from the slopes, and the weighted residuals (n,)."""
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.lstsq(design / size * root[:, None], table.y * root, rcond=1e-12)[0] / size
    return values, (design @ values - table.y) * root


def _sum_of(table: Table, terms: Sequence[Expr], design: Array) -> _Sum:
    """Return the sum of terms, whose values at the rows are the columns of a design."""
    values, rest = _solved(table, design)
    return _Sum(tuple(terms), values, float(np.mean(np.square(rest))))


def _shorter(
    problem: Problem, k: int, law: Law | None, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> Iterator[Screened]:
    """Yield the sum fitted to the measured values, and what is left of it as terms leave."""
    laws = {} if law is None else {law.key: law}
    while laws and go_on():
        fits = [fit for law in laws.values() if (fit := problem.fit_one(law, k, most_iterations=STEPS))]
        for fit in fits:
            short = collected(fit[0], primitives)
            yield Screened(short, float(fit[1].square[0]), fit[2] + short.structure - fit[0].structure)
        # Which term is not needed is not certain, so that two ways are followed.
        fits = sorted(fits, key=lambda fit: float(fit[1].square[0]))[:2]
        shorter = [_without_least(fit[0], fit[1], primitives) for fit in fits]
        some = [one for found, most in zip(shorter, (2, 1), strict=False) for one in found[:most]]
        laws = {one.key: one for one in some}


def _without_least(law: Law, fitted: Fitted, primitives: Sequence[Primitive]) -> list[Law]:
    """Return the sum without the term that the trajectories need least: one or two guesses; none of a single term."""
    import sympy

    terms = sympy.Add.make_args(law.equation.template)
    values = law.coefficients
    own = [[name for name in values if symbol(name) in term.free_symbols] for term in terms]
    if len(terms) < 2 or sum(map(len, own)) != len(values):
        return []
    places = {name: k for k, name in enumerate(values)}
    of_terms = []
    for names, term in zip(own, terms, strict=True):
        # Without the coefficient in front of it, a saturation is none.
        front = [name for name in names if symbol(name) in sympy.Mul.make_args(term)]
        of_terms.append([places[name] for name in front or names])
    numbers = {symbol(name): sympy.Float(value) for name, value in values.items()}
    parts = [term.xreplace(numbers) for term in terms]
    rests = (sympy.Add(*parts[:j], *parts[j + 1 :]) for j in _least(fitted, of_terms))
    laws = (law_of(rest, law.equation.variables, primitives) for rest in rests)
    return [one for one in laws if one is not None]


def _least(fitted: Fitted, terms: Sequence[Sequence[int]]) -> list[int]:
    """Return the term that is needed least, and one of the two that are needed least together, if it is another one.

    Of terms that can stand in for each other, the one that is not needed alone may be the true one.

    Parameters
    ----------
    fitted : Fitted
    terms : sequence of sequence of int
        The places of the coefficients of each term.
    """
    size = np.sqrt(np.square(fitted.information).sum(axis=0)) + 1e-300
    inverse = np.linalg.pinv(fitted.information / size, rcond=1e-9)
    covariance = inverse @ inverse.T
    theta = fitted.theta * size

    def need(*chosen: int) -> float:
        own = [place for j in chosen for place in terms[j]]
        if not all(terms[j] for j in chosen):
            return math.inf
        return float(theta[own] @ np.linalg.pinv(covariance[np.ix_(own, own)], rcond=1e-12) @ theta[own])

    alone = sorted(range(len(terms)), key=need)
    together = min(combinations(range(len(terms)), 2), key=lambda pair: need(*pair))
    return [alone[0], *(j for j in sorted(together, key=alone.index)[:1] if j != alone[0] and len(terms) > 2)]
