"""The kind of scatter for a robust loss: whether the errors of the rows are relative.

A robust fit compares residuals with the usual one. Where errors grow with the value, the small rows hardly count by
that, and the large rows alone decide. The best laws are therefore fitted by relative residuals too, and both fits are
coded as two-sided exponentials, which few outliers do not decide.

Axes: N rows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import FitRows, are_counts
from eqdarts.errors import FormulaError
from eqdarts.fitting.by_loss import Reweighting
from eqdarts.fitting.front import Front
from eqdarts.fitting.scatter import DECADES
from eqdarts.fitting.table import Table
from eqdarts.inference.noise import AUTO, EVIDENCE, FEWEST_ROWS, Noise, is_exact
from eqdarts.losses import NORMAL, Loss, loss_of, resolve_loss

__all__ = ["relative_loss"]

MOST_LAWS = 3  # that are fitted by relative residuals


def relative_loss(given: Any, wanted: str, front: Front, table: Table, rows: FitRows) -> tuple[Loss, Noise] | None:
    """Return the loss of relative residuals and the noise to tell; None where the rows do not show that errors are so.

    Parameters
    ----------
    given : str or callable
        The loss of the fit.
    wanted : str
        The parameter `noise`.
    front : Front
        The laws found by this loss.
    table : Table
    rows : FitRows
        The rows to which coefficients are fitted.
    """
    row, y = loss_of(given), table.y
    weighted = table.weight is not None and not are_counts(table.weight)
    if wanted != AUTO or not row.is_robust or not row.is_equivariant or row.is_relative or weighted:
        return None
    few = table.n_rows < FEWEST_ROWS and not y.max() > DECADES * y.min()
    if not y.min() > 0 or few or is_exact(y, table.predicted(front.best.equation)):
        return None
    relative = row.relative()
    codes: list[tuple[float, float, float]] = []
    for k in np.argsort(front.lengths, kind="stable")[:MOST_LAWS].tolist():
        entry, code = front.entries[k], front.entries[k].candidate.code
        f = table.predicted(entry.equation)
        try:
            fitted = Reweighting(resolve_loss(relative, y, y - f), table, rows).fit(entry.equation, rough=True)
        except FormulaError:
            continue
        sizes = np.abs(relative.residual(y, table.predicted(fitted)))
        if code is not None and np.isfinite(f).all() and np.isfinite(sizes).all():
            rest = front.lengths[k] - code
            own = _code(sizes, table) + float(table.counts_of_rows @ np.log(y))
            codes.append((rest + _code(np.abs(y - f), table), rest + own, NORMAL * float(np.median(sizes))))
    if not codes:
        return None
    _, least, size = min(codes, key=lambda code: code[1])
    nats = min(code[0] for code in codes) - least
    return (relative, replace(Noise("relative", size), nats=nats)) if nats > EVIDENCE else None


def _code(sizes: Array, table: Table) -> float:
    """Return the nats for residuals of these sizes (N,), up to a constant."""
    counts = table.counts_of_rows
    n = float(counts.sum())
    return n * math.log(max(float(counts @ sizes) / n, 1e-300))
