"""Sums of usual terms as further candidates: terms leave one after the other, by fits of integrated trajectories.

Slopes are least certain where a state changes fast, and there a search can miss a simple law. Here the slopes only give
the start. Which term leaves next is decided by standard errors from the measured values. The sums are polynomials of
degree two and three, and polynomials of degree two with a saturation, :math:`x^n / (K + x^n)`, as of Michaelis and
Menten or Hill, also times another state or input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.shooting import Fitted
from eqdarts.dynamics.variants import collected, law_of
from eqdarts.expression.build import symbol
from eqdarts.expression.program import evaluate
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import Primitive

__all__ = ["polynomial_laws", "saturated_laws"]

MOST_TERMS = 15  # a sum that needs more terms is not tried
DEGREES = (2, 3)
STEPS = 8  # of a fit while terms leave
POWERS = (1, 2)  # of a saturation
HALVES = np.geomspace(0.02, 4.0, 14)  # where it may be half of its largest value, as a share of the largest input
BEST_SATURATED = 2  # saturations whose terms leave one after the other
FEWEST_ROWS = 3  # for each term


@dataclass(frozen=True, eq=False)
class _Sum:
    """Terms with coefficients from the slopes, and the mean squared residual there."""

    terms: tuple[Expr, ...]
    values: Array
    square: float

    def law(self, problem: Problem, primitives: Sequence[Primitive]) -> Law | None:
        """Return the sum as a law."""
        import sympy

        parts = [
            sympy.Float(value) * term for value, term in zip(self.values.tolist(), self.terms, strict=True) if value
        ]
        return law_of(sympy.Add(*parts), problem.data.variables, primitives)


def polynomial_laws(
    problem: Problem, k: int, table: Table, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> list[Screened]:
    """Return polynomials for the rate of state k, one for each number of terms and degree, in their shortest form.

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
    found: list[Screened] = []
    for degree in DEGREES:
        full = _fitted_sum(table, _products(table.names, degree))
        found += [] if full is None else _shorter(problem, k, full.law(problem, primitives), primitives, go_on)
    return found


def saturated_laws(
    problem: Problem, k: int, table: Table, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> list[Screened]:
    """Return polynomials with a saturation for the rate of state k; parameters as for `polynomial_laws`."""
    sums = sorted(_saturated(table), key=lambda one: one.square)
    found: list[Screened] = []
    for one in sums[:BEST_SATURATED]:
        found += _shorter(problem, k, one.law(problem, primitives), primitives, go_on)
    return found


def _saturated(table: Table) -> Iterator[_Sum]:
    """Yield the sum with the best half point of each saturation."""
    import sympy

    base = _products(table.names, 2)
    for name, column in zip(table.names, table.X.T, strict=True):
        for power in POWERS:
            if power == 1 and column.min() < 0:  # a pole could lie among negative values
                continue
            tried = []
            for half in (HALVES * (np.abs(column).max() or 1.0)).tolist():
                top = symbol(name) ** power
                saturation = top / (sympy.Float(half**power) + top)
                more = [saturation, *(symbol(other) * saturation for other in table.names if other != name)]
                tried.append(_fitted_sum(table, [*base, *more]))
            fitted = [one for one in tried if one is not None]
            if fitted:
                yield min(fitted, key=lambda one: one.square)


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
    if len(terms) > min(MOST_TERMS, len(table.y) // FEWEST_ROWS):
        return None
    columns = dict(zip(table.names, table.X.T, strict=True))
    design = np.column_stack([evaluate(term, columns, len(table.y)) for term in terms])
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.lstsq(design / size * root[:, None], table.y * root, rcond=1e-12)[0] / size
    square = float(np.mean(np.square((design @ values - table.y) * root)))
    return _Sum(tuple(terms), values, square)


def _shorter(
    problem: Problem, k: int, law: Law | None, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> Iterator[Screened]:
    """Yield the sum fitted to the measured values, and what is left of it as terms leave."""
    while law is not None and go_on():
        fit = problem.fit_one(law, k, most_iterations=STEPS)
        if fit is None:
            break
        short = collected(fit[0], primitives)
        yield Screened(short, float(fit[1].square[0]), fit[2] + short.structure - fit[0].structure)
        law = _without_least(fit[0], fit[1], primitives)


def _without_least(law: Law, fitted: Fitted, primitives: Sequence[Primitive]) -> Law | None:
    """Return the sum without the term that the trajectories need least; None if it has only one."""
    import sympy

    terms = sympy.Add.make_args(law.equation.template)
    values = law.coefficients
    own = [[str(s) for s in term.free_symbols if str(s) in values] for term in terms]
    if len(terms) < 2 or sum(map(len, own)) != len(values):
        return None
    needs = dict(zip(values, np.abs(fitted.theta) / _errors(fitted.information), strict=True))
    # A saturation is needed if one of its two coefficients is.
    need = [max((needs[name] for name in names), default=math.inf) for names in own]
    least = int(np.argmin(need))
    numbers = {symbol(name): sympy.Float(value) for name, value in values.items()}
    rest = sympy.Add(*(term.xreplace(numbers) for j, term in enumerate(terms) if j != least))
    return law_of(rest, law.equation.variables, primitives)


def _errors(information: Array) -> Array:
    """Return standard errors; those of terms that cannot be told apart are large."""
    size = np.sqrt(np.square(information).sum(axis=0)) + 1e-300
    inverse = np.linalg.pinv(information / size, rcond=1e-9)
    return np.asarray(np.sqrt(np.square(inverse).sum(axis=1)) / size) + 1e-300
