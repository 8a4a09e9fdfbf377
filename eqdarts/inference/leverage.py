r"""The row that decides the law: what the coefficients are without it.

Without row i the coefficients move by about :math:`(J^T J)^{-1} J_i r_i / (1 - h_i)`, where :math:`h_i` is the leverage
of the row (Belsley, Kuh and Welsch 1980). The row that moves a coefficient most is left out, and the law is fitted to
the others.

Axes: N rows, K coefficients.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.errors import EqdartsWarning
from eqdarts.expression.build import rebuild, symbol
from eqdarts.inference.uncertainty import Inference
from eqdarts.solver.formula import fit_formula

__all__ = ["deciding_row"]

ALONE = 0.95  # leverage from which on a row fits a coefficient by itself
MOVED = 3.0  # standard errors by which a row without such a leverage must move a coefficient
CHANGED = 0.01  # relative change of a coefficient that is worth a sentence
SPARE_ROWS = 3  # rows besides those that determine the coefficients
MOST_STEPS = 200
EXACT = 1e-9


def deciding_row(found: Inference, given: FitRows) -> str | None:
    """Return a sentence about the row that decides the law, with the coefficient without it; None without such a row.

    Parameters
    ----------
    found : Inference
    given : FitRows
        The rows of the fit. If they are only some of the rows of a table, no row decides.
    """
    form, rows = found._form, found._rows
    n, k = len(rows.y), len(form.names)
    if len(given.y) < given.n_all or not 0 < k == found.rank or n < k + SPARE_ROWS:
        return None
    with np.errstate(all="ignore"):
        values, jacobian = form.at(form.estimate, rows.columns, n)
        r, weighted = (rows.y - values) * rows.root, jacobian * rows.root[:, None]
        moves = weighted @ found._parts.factor @ found._parts.factor.T  # (N, K)
        leverage = np.einsum("nk,nk->n", weighted, moves)
        moves = moves * (r / np.maximum(1 - leverage, 1e-9))[:, None]
        # The scatter of the others, so that an outlying row does not hide behind its own residual.
        left = np.maximum(found.squares - r**2 / np.maximum(1 - leverage, 1e-9), 0.0) / max(n - k - 1, 1)
        scale = np.sqrt(np.diag(found._parts.factor @ found._parts.factor.T))
        shifts = np.abs(moves) / (scale * np.sqrt(left)[:, None])
    shifts = np.where(np.isfinite(shifts), shifts, 0.0)
    decides = np.where(leverage > ALONE, math.inf, shifts.max(axis=1))
    i = int(np.argmax(decides))
    exact = math.sqrt(found.squares) <= EXACT * float(np.linalg.norm(rows.y * rows.root))
    if exact or decides[i] < MOVED:
        return None
    j = int(np.argmax(shifts[i]))
    without = _without(found, i, form.estimate - moves[i])
    if without is None or abs(without[j] - form.estimate[j]) < CHANGED * abs(form.estimate[j]):
        return None
    number = i if given.weight is None else int(np.flatnonzero(given.weight > 0)[i])
    which = f"Row {number + 1} (counted from 1)"
    name, before = form.names[j], float(form.estimate[j])
    return f"{which} decides the law: without it, {name} is {without[j]:.4g} instead of {before:.4g}."


def _without(found: Inference, i: int, start: Array) -> Array | None:
    """Return the coefficients (K,) without row i, None where the law has none."""
    form, rows = found._form, found._rows
    kept = np.delete(np.arange(len(rows.y)), i)
    columns = {name: column[kept] for name, column in rows.columns.items()}
    formula = rebuild(form.formula, {symbol(name): _number(value) for name, value in form.known.items()})
    parameters = [symbol(name) for name in form.names]
    for theta in (start, form.estimate):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EqdartsWarning)
                given = formula, parameters, columns, rows.y[kept], theta, rows.root[kept] ** 2
                fitted = np.array(fit_formula(*given, max_iterations=MOST_STEPS)[0])
        except (ValueError, ArithmeticError):
            continue
        if np.isfinite(fitted).all():
            return fitted
    return None


def _number(value: float) -> object:
    import sympy

    return sympy.Float(float(value))
