"""Fitting the parameters of a formula by another loss than squares: least squares on repeatedly reweighted rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import explain
from eqdarts.expression.build import with_values
from eqdarts.expression.program import evaluate
from eqdarts.losses import Loss, resolve_loss
from eqdarts.solver.formula import FitResult, fit_formula

__all__ = ["fit_formula_by"]

MOST_STEPS, STEP_ITERATIONS = 100, 3
SAME = 1e-10  # relative change of all parameters at which reweighting ends
STATUS = "the loss was minimised by reweighted least squares"


def fit_formula_by(
    loss: Any,
    expr: Expr,
    parameters: Sequence[Expr],
    columns: Mapping[str, Array],
    y: Array,
    start: Array | None = None,
    sample_weight: Array | None = None,
) -> tuple[tuple[float, ...], FitResult]:
    """Fit the parameters of a formula by a loss, from their least squares estimates.

    Parameters
    ----------
    loss : str or callable
        As for `eqdarts.losses.resolve_loss`.
    expr, parameters, columns, y, start, sample_weight
        As for `eqdarts.solver.formula.fit_formula`.

    Returns
    -------
    tuple of float
        The K fitted values.
    FitResult
        Its loss is the weighted sum over the rows.

    Raises
    ------
    ValueError
        If the loss is unknown or does not fit y, or is infinite at the least squares estimate and near it.
    """

    def predicted(theta: tuple[float, ...]) -> Array:
        values = {p.name: float(value) for p, value in zip(parameters, theta, strict=True)}
        with np.errstate(all="ignore"):
            return np.broadcast_to(evaluate(with_values(expr, values), columns, len(y)), y.shape)

    def stepped(theta: tuple[float, ...], target: Array, weight: Array) -> tuple[float, ...]:
        given = expr, parameters, columns, target, np.array(theta), weight
        return fit_formula(*given, max_iterations=STEP_ITERATIONS)[0]

    theta, record = fit_formula(expr, parameters, columns, y, start, sample_weight)
    row = resolve_loss(loss, y, y - predicted(theta))
    row.check_target(y)
    if row.is_least_squares:
        return theta, record
    # A loss with a scale takes that scale from the first result, and is minimised again.
    for _ in range(2 if row.has_scale else 1):
        theta, mean = _descended(row, theta, y, sample_weight, predicted, stepped)
        row = resolve_loss(loss, y, y - predicted(theta))
    if not math.isfinite(mean):
        raise ValueError(
            explain(
                f"loss={row.name!r} is infinite for the fitted formula on some rows.",
                f"values from {predicted(theta).min():g}",
                "Give another start, or write the formula so that its values are possible.",
            )
        )
    total = float(len(y) if sample_weight is None else sample_weight.sum())
    return theta, replace(record, loss=mean * total, status=STATUS)


def _descended(
    row: Loss,
    theta: tuple[float, ...],
    y: Array,
    sample_weight: Array | None,
    predicted: Callable[[tuple[float, ...]], Array],
    stepped: Callable[[tuple[float, ...], Array, Array], tuple[float, ...]],
) -> tuple[tuple[float, ...], float]:
    """Return the parameters at the smallest mean loss, and that loss."""
    best = row.mean(y, predicted(theta), sample_weight)
    for _ in range(MOST_STEPS):
        target, weight = row.least_squares(y, predicted(theta))
        new = stepped(theta, target, weight if sample_weight is None else weight * sample_weight)
        mean = row.mean(y, predicted(new), sample_weight)
        # A step that makes the loss larger is the last one and is not taken.
        if math.isfinite(best) and not mean <= best + 1e-12 * abs(best):
            break
        change = np.abs(np.subtract(new, theta))
        theta, best = new, mean
        if (change <= SAME * np.abs(theta)).all():
            break
    return theta, best
