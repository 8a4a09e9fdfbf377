r"""Waves and arcs that the rows cannot show.

A sine of a third of a period bends like a polynomial, an exponential or a saturation, and a sine with fewer than two
rows a period passes near any rows at all. Neither is evidence of anything periodic. So does an arcsine of an argument
that covers a small part of the numbers from -1 to 1, and it ends soon after the last row. `find_wave` says where an
equation has one, so that selection can charge for it and the words of the choice can say it.

For a wave :math:`\sin u` the number of periods is :math:`(\max u - \min u) / 2\pi` over the rows. It turns faster than
the rows sample it if there are fewer than two different values of u for each period (Nyquist's limit, on average);
fewer than four if there are only a dozen values, such as ordinal codes, where a wave that turns between two neighbours
passes near anything. On so few values it must also turn twice: a wave of three numbers through six values repeats
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write
from eqdarts.primitives.domain import UNIT
from eqdarts.primitives.functions import FUNCTIONS, function_of
from eqdarts.primitives.table import PERIODIC

__all__ = ["doubt_of", "find_wave", "waves_in_vain", "waves_of"]

FEWEST_PERIODS = 1.0  # with fewer the wave never comes back to where it was
QUARTERS = 4  # of one period: rows in fewer of them, far from each other, show no wave
VALUES_A_PERIOD = 2.0
FEW, FEW_A_PERIOD = 12, 4.0  # an argument of so few values that turns between two of them has no evidence for it
REPEATS_OF_FEW = 2.0  # periods that these must show
ARCS = frozenset(function for function in FUNCTIONS.values() if function.domain == UNIT)
LEAST_OF_ARC = 0.5  # length of the part of -1 to 1 below which an arc is one of many curves
LONGEST = 60  # characters of an argument in a sentence


def find_wave(equation: Equation, columns: Mapping[str, Array]) -> str:
    """Return the words for the first wave or arc of an equation that the rows cannot show.

    Parameters
    ----------
    equation : Equation
    columns : mapping of str to ndarray of shape (n,)
        The rows, by the names of the inputs.

    Returns
    -------
    str
        "" if the equation has no sine, cosine, arcsine or arccosine, or the rows show every one of them.

    Examples
    --------
    >>> law = Equation.parse("3*cos(0.1*t)", ["t"])
    >>> find_wave(law, {"t": np.linspace(0, 20, 50)})
    'cos(0.1*t) turns 0.32 of a period over the rows'
    >>> find_wave(law, {"t": np.linspace(0, 200, 50)})
    ''
    """
    for wave in waves_of(equation.expr):
        words = doubt_of(wave, columns)
        if words:
            return words
    return ""


def waves_in_vain(equation: Equation, columns: Mapping[str, Array]) -> list[str]:
    """Return the words for each wave, and each arc that the rows cannot show, of the law of a curve without repeats.

    Examples
    --------
    >>> waves_in_vain(Equation.parse("exp(-t)*cos(2*t)", ["t"]), {"t": np.linspace(0, 20, 50)})
    ['cos(2*t) repeats, but the rows do not']
    """
    found = []
    for wave in waves_of(equation.expr):
        words = doubt_of(wave, columns)
        if not words and function_of(wave) in PERIODIC:
            words = f"{_shown(wave)} repeats, but the rows do not"
        found += [words] if words else []
    return found


def waves_of(expr: Expr) -> Iterator[Expr]:
    """Yield the waves and arcs of an expression whose arguments depend on an input, in the order of their texts."""
    import sympy

    found = {e for e in expr.atoms(sympy.Function) if function_of(e) in PERIODIC | ARCS and e.free_symbols}
    yield from sorted(found, key=str)


def doubt_of(wave: Expr, columns: Mapping[str, Array]) -> str:
    """Return the words for why the rows cannot show a wave or an arc, "" if they show it."""
    n_rows = len(next(iter(columns.values())))
    with np.errstate(all="ignore"):
        u = np.broadcast_to(evaluate(wave.args[0], columns, n_rows), n_rows)
    u = np.unique(u[np.isfinite(u)])
    if len(u) < 2:
        return ""
    if function_of(wave) in ARCS:
        part = float(u[-1] - u[0])
        return "" if part >= LEAST_OF_ARC else f"{_shown(wave)} bends like many curves over the rows"
    n_periods = float(u[-1] - u[0]) / (2 * math.pi)
    if n_periods < FEWEST_PERIODS:
        return f"{_shown(wave)} turns {n_periods:.2g} of a period over the rows"
    quarters = len(np.unique(np.floor((u - u[0]) / (math.pi / 2))))
    if quarters < QUARTERS * FEWEST_PERIODS:
        return f"{_shown(wave)} turns {n_periods:.0f} times over the rows, which lie in {quarters} quarters of a turn"
    if len(u) <= FEW and n_periods < REPEATS_OF_FEW:
        return f"{_shown(wave)} turns {n_periods:.2g} times over {len(u)} different values"
    if len(u) < (FEW_A_PERIOD if len(u) <= FEW else VALUES_A_PERIOD) * n_periods:
        return f"{_shown(wave)} turns {n_periods:.0f} times over the rows, which have {len(u)} different values of it"
    return ""


def _shown(wave: Expr) -> str:
    shown = text(write(wave), 4)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
