r"""Frequencies among the parameters of a formula: where they start, and what the rows can show of them.

The sum of squares has a minimum for every wave of a periodogram, and on evenly spaced rows one for every alias of it:
a sine of a frequency beyond half a period for each value has the same values at the rows as a slower one. Starts are
therefore taken from the periodogram, and a frequency beyond that limit is not a solution.

Axes: G starts, K parameters, N rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.primitives.functions import function_of
from eqdarts.primitives.table import PERIODIC
from eqdarts.solver.periodogram import OVERSAMPLING, Periodogram, periods_shown, waves_on

__all__ = ["Frequency", "frequencies_of"]

DEGREES = (2, 1, 0)  # of the polynomials whose residuals are looked at
MOST_WAVES = 3  # on each of them
MOST_NUMBERS = 2**21  # of cosines


@dataclass(frozen=True, eq=False)
class Frequency:
    """A parameter that sets how fast a sine or cosine turns along a column, as factor * p or factor / p.

    Parameters
    ----------
    place : int
        Which of the K parameters.
    column : str
    factor : float
    is_period : bool
        Whether the sine turns by factor / p.
    highest : float
        Largest angular frequency that the values of the column show; infinite where they are too few to say.
    found : ndarray
        Angular frequencies of the peaks of the periodogram, the best first.
    """

    place: int
    column: str
    factor: float
    is_period: bool
    highest: float
    found: Array

    def values_at(self, frequencies: Array) -> Array:
        """Return the values of the parameter at angular frequencies."""
        return np.asarray(self.factor / frequencies if self.is_period else frequencies / self.factor)

    def is_shown(self, values: Array) -> Array:
        """Return for values of the parameter whether the rows can show so fast a wave."""
        with np.errstate(all="ignore"):
            frequencies = np.abs(self.factor / values if self.is_period else self.factor * values)
        return np.asarray(frequencies <= self.highest)


def frequencies_of(
    expr: Expr, parameters: Sequence[Expr], columns: Mapping[str, Array], y: Array, root: Array | None
) -> list[Frequency]:
    """Return the parameters of a formula that are frequencies or periods of a sine or cosine along one column.

    Parameters
    ----------
    expr : sympy.Expr
    parameters : sequence of sympy.Symbol
    columns : mapping of str to ndarray of shape (N,)
    y : ndarray of shape (N,)
    root : ndarray of shape (N,) or None
        Square roots of the weights.
    """
    import sympy

    found: dict[int, Frequency] = {}
    waves = [call for call in expr.atoms(sympy.Function) if function_of(call) in PERIODIC]
    for wave in sorted(waves, key=str):
        for variable in sorted(wave.args[0].free_symbols, key=str):
            slope = wave.args[0].diff(variable)
            own = [k for k, parameter in enumerate(parameters) if slope.free_symbols == {parameter}]
            if variable.name not in columns or not own or own[0] in found:
                continue
            for is_period, factor in ((False, slope / parameters[own[0]]), (True, slope * parameters[own[0]])):
                if not sympy.simplify(factor).free_symbols:
                    rows = columns[variable.name], y, np.ones(len(y)) if root is None else root
                    found[own[0]] = Frequency(own[0], variable.name, abs(float(factor)), is_period, *_looked(*rows))
    return list(found.values())


def _looked(x: Array, y: Array, root: Array) -> tuple[float, Array]:
    """Return the highest angular frequency that a column shows, and those of the peaks of y along it."""
    shown, span = periods_shown(x), float(np.ptp(x))
    if not shown or not span:
        return math.inf, np.zeros(0)
    affordable = MOST_NUMBERS / (OVERSAMPLING * len(x))
    along = Periodogram(x, root, min(shown, affordable))
    centred = (x - x.mean()) / span
    found: list[float] = []
    for degree in DEGREES:
        trend = np.vander(centred, degree + 1)
        for peaks, _ in waves_on(trend, x, y, along, MOST_WAVES):
            found.append(peaks[-1].frequency)
    return 2 * math.pi * shown / span, np.array(list(dict.fromkeys(found)))
