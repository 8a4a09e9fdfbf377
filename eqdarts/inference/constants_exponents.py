"""Exponents that the search has already made exact: their fitted values, and the cost of the exact ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from eqdarts._typing import Expr
from eqdarts.equation.equation import Equation
from eqdarts.expression.build import rebuild, symbol, with_values
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write
from eqdarts.inference.constants import Snap, snap_constants
from eqdarts.inference.linearised import Rows, rows_of
from eqdarts.solver.formula import fit_formula

__all__ = ["exponent_snaps"]


MOST = 3  # largest number of exponents that are freed at once
MOST_STEPS = 100
LEAD = "exponent of "


def exponent_snaps(
    equation: Equation,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    sigma: Any = None,
    usual: Collection[Fraction] = (),
    go_on: Callable[[], bool] = lambda: True,
) -> tuple[Snap, ...]:
    """Free the exact exponents of an equation, fit them, and return the cost of making them exact again.

    Parameters
    ----------
    equation : Equation
        Without named constants.
    X, y, sample_weight, sigma
        As in `snap_constants`.
    usual : collection of Fraction
        Exponents that the search may use as primitives, such as the square; they were never free.
    go_on : callable, optional
        Returns whether there is time; if not, the result is empty.

    Returns
    -------
    tuple of Snap
        One for each coefficient called "exponent of" and its base. Left out are exponents whose description is shorter
        if they are free, and those without a base that is positive at every row.
    """
    rows = rows_of(equation, X, y, sample_weight, sigma)
    free = _with_free_exponents(equation, {*usual, Fraction(1), Fraction(-1)}, rows)
    if free is None or not go_on():
        return ()
    snaps = snap_constants(_fitted(free, rows), X, y, sample_weight, sigma, go_on=go_on).snaps
    return tuple(snap for snap in snaps if snap.coefficient.startswith(LEAD))


def _fitted(free: Equation, rows: Rows) -> Equation:
    """Fit from the present coefficients, which are near their optimum."""
    names, start = zip(*free.parameters, strict=True)
    symbols = [symbol(name) for name in names]
    given = free.formula, symbols, rows.columns, rows.y, np.array(start), rows.root**2
    found, _ = fit_formula(*given, max_iterations=MOST_STEPS)
    values = dict(zip(names, found, strict=True))
    return replace(free, expr=with_values(free.formula, values), parameters=tuple(values.items()))


def _with_free_exponents(equation: Equation, usual: set[Fraction], rows: Rows) -> Equation | None:
    import sympy

    formula, values = equation.template, equation.coefficients

    def is_positive(base: Expr) -> bool:
        columns = {**rows.columns, **{name: np.asarray(value) for name, value in values.items()}}
        return bool((evaluate(base, columns, len(rows.y)) > 0).all())

    powers = [
        p for p in sympy.preorder_traversal(formula)
        if p.is_Pow and p.exp.is_Rational and p.base.free_symbols and Fraction(int(p.exp.p), int(p.exp.q)) not in usual
    ]  # fmt: skip
    bases = {LEAD + text(write(p.base), digits=4): p for p in powers}  # of one base, one exponent
    named = {name: p for name, p in bases.items() if is_positive(p.base)}
    if not named or len(named) > MOST:
        return None
    freed = rebuild(formula, {p: p.base ** symbol(name) for name, p in named.items()})
    values = {**values, **{name: float(p.exp) for name, p in named.items()}}
    return replace(
        equation, expr=with_values(freed, values), formula=freed, parameters=tuple(values.items()),
        names=(*equation.variables, *values),
    )  # fmt: skip
