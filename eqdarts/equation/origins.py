"""What an equation pays for the origins of its columns: those it has, and those that it lacks.

An origin that changes the form of a law is a coefficient. A law without origins may need numbers with many more digits
than its rows: 0.3*year**2 - 1204.2*year + 1208419.7 is the difference of numbers that are a thousand times larger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.arrays import spread
from eqdarts.expression.origins import origins_in, with_free_origins
from eqdarts.expression.program import evaluate

if TYPE_CHECKING:
    from eqdarts.equation.equation import Equation

__all__ = ["length_of_cancelling", "n_free_origins"]


STEP = 1e-5  # of a coefficient, or of the spread of a column, in numerical derivatives
LEAST_FREE = 1e-3  # share of the derivative by an origin that the coefficients do not have
MOST_ROWS = 200
LEAD = "\0"  # no column has a name that begins with it


def n_free_origins(equation: Equation, origins: Mapping[str, int], X: Array) -> int:
    """Return how many origins in the equation count as a coefficient each.

    Parameters
    ----------
    equation : Equation
    origins : mapping of str to int
        The origin of each column that has one.
    X : ndarray of shape (n, d)
        Rows of the columns, of which 200 are used.

    Notes
    -----
    An origin is free if its derivative is not a linear combination of the derivatives by the coefficients. That of
    3*exp(0.4*(T - 300)) is such a combination: another origin only changes the factor.
    """
    names = origins_in(equation.expr, origins)
    if not names:
        return 0
    columns, n_rows = _columns(equation, X)
    formula = with_free_origins(equation.template, origins, {name: LEAD + name for name in names})
    at = {**equation.coefficients, **{LEAD + name: float(origins[name]) for name in names}}
    steps = {name: STEP * (abs(value) or 1.0) for name, value in equation.coefficients.items()}
    steps |= {LEAD + name: STEP * (float(np.ptp(columns[name])) or 1.0) for name in names}
    slopes = {name: _slope(formula, at, name, step, columns, n_rows) for name, step in steps.items()}
    defined = np.all([np.isfinite(values) for values in slopes.values()], axis=0)
    units = {
        name: values[defined] / max(float(np.linalg.norm(values[defined])), 1e-300) for name, values in slopes.items()
    }
    known = [units[name] for name in equation.coefficients]
    n_free = 0
    for name in names:
        rest = own = units[LEAD + name]
        if known:
            basis = np.column_stack(known)
            rest = own - basis @ np.linalg.lstsq(basis, own, rcond=1e-9)[0]
        if np.linalg.norm(rest) > LEAST_FREE * np.linalg.norm(own):
            n_free += 1
            known.append(own)
    return n_free


def length_of_cancelling(equation: Equation, X: Array) -> float:
    """Return the nats by which the coefficients need more digits than those of a law whose terms are as large as it is.

    Notes
    -----
    A relative change of a coefficient c changes the law f by c df/dc. For the same change of f, c needs as many more
    nats of precision as the logarithm of the root mean square of this over that of f.
    """
    columns, n_rows = _columns(equation, X)
    at = equation.coefficients
    values = evaluate(equation.expr, columns, n_rows)
    size = float(np.sqrt(np.nanmean(values**2))) if np.isfinite(values).any() else 0.0
    more = 0.0
    for name, value in at.items():
        slope = _slope(equation.template, at, name, STEP * STEP * (abs(value) or 1.0), columns, n_rows)
        change = slope[np.isfinite(slope)] * value
        if len(change) and size > 0:
            more += max(math.log(max(float(np.sqrt(np.mean(change**2))), 1e-300) / size), 0.0)
    return more


def _columns(equation: Equation, X: Array) -> tuple[dict[str, Array], int]:
    """Return 200 rows by name, with the named constants, and their number."""
    rows = X[spread(len(X), MOST_ROWS)]
    known = {name: np.asarray(value) for name, value in equation.constants}
    return {**dict(zip(equation.variables, rows.T, strict=True)), **known}, len(rows)


def _slope(
    formula: Expr, at: Mapping[str, float], name: str, step: float, columns: Mapping[str, Array], n_rows: int
) -> Array:
    """Return the derivative (n,) of the formula by one of its numbers."""

    def values(shift: float) -> Array:
        numbers = {each: np.asarray(value + shift * (each == name)) for each, value in at.items()}
        return np.asarray(evaluate(formula, {**columns, **numbers}, n_rows))

    with np.errstate(all="ignore"):
        return (values(step) - values(-step)) / (2 * step)
