"""Polynomials of low degree as further candidates: terms leave one after the other, by fits of integrated trajectories.

Slopes are least certain where a state changes fast, and there a search can miss a simple law. Here the slopes only give
the start. Which term leaves next is decided by standard errors from the measured values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.shooting import Fitted
from eqdarts.dynamics.variants import collected, law_of
from eqdarts.expression.build import symbol
from eqdarts.expression.program import evaluate
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import Primitive

__all__ = ["polynomial_laws"]

MOST_TERMS = 15  # a degree that needs more terms is not tried
DEGREES = (2, 3)
STEPS = 8  # of a fit while terms leave


def polynomial_laws(
    problem: Problem, k: int, table: Table, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> list[Law]:
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
    names = problem.data.variables
    found: list[Law] = []
    for degree in DEGREES:
        law = _full(table, degree, names, primitives)
        while law is not None and go_on():
            fit = problem.fit_one(law, k, most_iterations=STEPS)
            if fit is None:
                break
            found.append(collected(fit[0], primitives))
            law = _without_least(fit[0], fit[1], primitives)
    return found


def _full(table: Table, degree: int, names: Sequence[str], primitives: Sequence[Primitive]) -> Law | None:
    """Return the polynomial with all terms, from the slopes; None if it has too many."""
    import sympy

    columns = dict(zip(table.names, table.X.T, strict=True))
    terms: list[Expr] = [
        sympy.Mul(*(symbol(name) for name in chosen))
        for size in range(degree + 1)
        for chosen in combinations_with_replacement(table.names, size)
    ]
    if len(terms) > min(MOST_TERMS, len(table.y) // 3):
        return None
    design = np.column_stack([evaluate(term, columns, len(table.y)) for term in terms])
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    found = np.linalg.lstsq(design / size * root[:, None], table.y * root, rcond=1e-12)[0] / size
    parts = [sympy.Float(value) * term for value, term in zip(found.tolist(), terms, strict=True) if value]
    return law_of(sympy.Add(*parts), names, primitives)


def _without_least(law: Law, fitted: Fitted, primitives: Sequence[Primitive]) -> Law | None:
    """Return the polynomial without the term that the trajectories need least; None if it has only one."""
    import sympy

    terms = sympy.Add.make_args(law.equation.template)
    values = law.equation.coefficients
    if len(terms) < 2 or len(terms) != len(values):
        return None
    needs = dict(zip(values, np.abs(fitted.theta) / _errors(fitted.information), strict=True))

    def need(term: Expr) -> float:
        own = [needs[str(s)] for s in term.free_symbols if str(s) in needs]
        return min(own, default=math.inf)

    least = min(terms, key=need)
    numbers = {symbol(name): sympy.Float(value) for name, value in values.items()}
    rest = sympy.Add(*(term.xreplace(numbers) for term in terms if term is not least))
    return law_of(rest, law.equation.variables, primitives)


def _errors(information: Array) -> Array:
    """Return standard errors; those of terms that cannot be told apart are large."""
    size = np.sqrt(np.square(information).sum(axis=0)) + 1e-300
    inverse = np.linalg.pinv(information / size, rcond=1e-9)
    return np.asarray(np.sqrt(np.square(inverse).sum(axis=1)) / size) + 1e-300
