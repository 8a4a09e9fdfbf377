"""Poles along measured runs: a right-hand side that has one there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.expression.build import symbol
from eqdarts.expression.program import evaluate

__all__ = ["meets_pole"]

BESIDE = (1e-5, 1e-8, 1e-11)  # how far from a zero of a denominator the formula is read, as shares of the way to it
ZERO = 1e-14  # error of the zero
GROWS = 3.0  # how many times as much the formula changes from the second to the third, where there is a pole
ROUNDED = 1e-10  # change that is none, as a share of the largest value at the rows

Columns = Mapping[str, Array]


def meets_pole(expr: Expr, columns: Columns, runs: Sequence[slice], errors: Mapping[str, float]) -> bool:
    """Whether a formula has a pole between the rows of a run, or as near to a row as its states have errors.

    The steps of an integration can jump over a pole, so that the states alone do not show it. A zero of a denominator
    where the formula stays small, as in 1/(1 + 1/x**2), is no pole.

    Parameters
    ----------
    expr : sympy.Expr
    columns : mapping of str to ndarray of shape (n,)
        The fitted states, and what else is in the formula.
    runs : sequence of slice
        The rows of each run.
    errors : mapping of str to float
        Those of the fitted states.
    """
    denominators = _denominators(expr)
    if not denominators:
        return False
    n_rows = len(next(iter(columns.values())))
    with np.errstate(all="ignore"):
        largest = float(np.nan_to_num(np.abs(evaluate(expr, columns, n_rows))).max())
        for base in denominators:
            for beside in (*_between_rows(base, columns, runs), *_within_errors(base, columns, errors)):
                far, near, nearest = (evaluate(expr, at, len(next(iter(at.values())))) for at in beside)
                limit = np.maximum(GROWS * np.abs(near - far), ROUNDED * largest)
                if not bool((np.abs(nearest - near) <= limit).all()):
                    return True
    return False


def _denominators(expr: Expr) -> list[Expr]:
    """Return what is raised to a negative power."""
    import sympy

    powers = expr.atoms(sympy.Pow)
    return [power.base for power in powers if power.exp.is_negative and power.base.free_symbols]


def _between_rows(base: Expr, columns: Columns, runs: Sequence[slice]) -> Iterator[list[dict[str, Array]]]:
    """Yield points nearer and nearer to the zeros of a denominator between two rows of a run."""
    values = evaluate(base, columns, len(next(iter(columns.values()))))
    firsts = np.concatenate([np.arange(run.start, run.stop - 1) for run in runs])
    firsts = firsts[values[firsts] * values[firsts + 1] < 0]
    if not len(firsts):
        return
    low, high = np.zeros(len(firsts)), np.ones(len(firsts))

    def at(share: Array) -> dict[str, Array]:
        return {name: x[firsts] + share * (x[firsts + 1] - x[firsts]) for name, x in columns.items()}

    while float(np.max(high - low)) > ZERO:
        middle = (low + high) / 2
        is_before = evaluate(base, at(middle), len(firsts)) * values[firsts] > 0
        low, high = np.where(is_before, middle, low), np.where(is_before, high, middle)
    yield [at(low - share) for share in BESIDE]


def _within_errors(base: Expr, columns: Columns, errors: Mapping[str, float]) -> Iterator[list[dict[str, Array]]]:
    """Yield points nearer and nearer to the zeros of a denominator that lie within the error of a state at a row."""
    n_rows = len(next(iter(columns.values())))
    values = evaluate(base, columns, n_rows)
    for name, error in errors.items():
        if symbol(name) not in base.free_symbols:
            continue
        for shift in (error, -error):
            moved = {**columns, name: columns[name] + shift}
            slope = evaluate(base, moved, n_rows) - values
            rows = np.flatnonzero((np.abs(values) <= np.abs(slope)) & (values * slope < 0))
            if len(rows):
                here = {other: x[rows] for other, x in columns.items()}
                way = -values[rows] / slope[rows] * shift
                yield [{**here, name: here[name] + (1 - share) * way} for share in BESIDE]
