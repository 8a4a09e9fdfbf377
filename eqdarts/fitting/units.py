"""A target in a unit in which no square overflows: y, its known errors and the weights, divided by powers of two.

A power of two changes no digit. Only tables far from one are touched, so that every other fit is the same to the last
bit. Inputs need no other unit: each is divided by its typical magnitude for the search, and its own values stay in the
equation.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import FormulaError
from eqdarts.expression.readable import readable
from eqdarts.fitting.front import Entry, Front
from eqdarts.fitting.table import Table

__all__ = ["in_given_unit", "in_safe_unit"]

LARGEST = 1e100  # magnitude up to which, and down to whose reciprocal, units stay as they are
LARGEST_LOSS = float(np.finfo(np.float64).max)
SMALLEST_LOSS = float(np.finfo(np.float64).tiny)


def in_safe_unit(table: Table) -> Table:
    """Return the table with y, its errors and the weights near one if they are far from it; otherwise itself."""
    y_unit = _power_of_two(table.y if table.y.any() or table.sigma is None else table.sigma)
    weight_unit = 1.0 if table.weight is None else _power_of_two(table.weight)
    if y_unit == weight_unit == 1.0:
        return table
    weight = None if table.weight is None else table.weight / weight_unit
    sigma = None if table.sigma is None else table.sigma / y_unit
    given = table if table.given is None else table.given
    return replace(table, y=table.y / y_unit, weight=weight, sigma=sigma, y_unit=y_unit, given=given)


def _power_of_two(values: Array) -> float:
    """Return the power of two at the largest magnitude of the values if that is far from one, otherwise 1."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0 or 1 / LARGEST <= largest <= LARGEST:
        return 1.0
    return math.ldexp(1.0, math.frexp(largest)[1])


def in_given_unit(front: Front, table: Table, power: float) -> Front:
    """Return a front for the y of `in_safe_unit` as one for the y that was given, without what no float can hold.

    Parameters
    ----------
    front : Front
    table : Table
    power : float
        The power of y in the loss.
    """
    if table.y_unit == 1.0:
        return front
    converted = [_converted(entry, table.y_unit, power) for entry in front.entries]
    kept = [k for k, entry in enumerate(converted) if entry is not None]
    lengths = tuple(front.lengths[k] for k in kept)
    chosen = min(range(len(kept)), key=lambda k: lengths[k])
    return Front(tuple(entry for entry in converted if entry is not None), lengths, chosen)


def _converted(entry: Entry, unit: float, power: float) -> Entry | None:
    import sympy

    terms = sympy.Add.make_args(entry.equation.expr)
    expr = sympy.Add(*[sympy.Float(unit) * term for term in terms])
    try:
        expr = readable(expr) if expr.free_symbols else sympy.Float(float(expr))
    except FormulaError:
        return None
    exponent = math.frexp(unit)[1] - 1
    # A loss of 1e400 has no float; the largest one says that it is large, and the smallest that it is not zero.
    with np.errstate(all="ignore"):
        loss = min(float(np.ldexp(entry.candidate.loss, round(power * exponent))), LARGEST_LOSS)
    loss = max(loss, SMALLEST_LOSS) if entry.candidate.loss > 0 else loss
    equation = replace(entry.equation, expr=expr, fit_result_=None)
    return replace(entry, equation=equation, candidate=replace(entry.candidate, loss=loss))
