"""Inference on an equation that was fitted by a loss: by squares, likelihoods and Huber's loss, not by others."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.equation.rows import positive_weights
from eqdarts.errors import EqdartsWarning, explain
from eqdarts.expression.build import symbol
from eqdarts.inference.all_rows import AllRows
from eqdarts.inference.diagnosis import Diagnosis, diagnosis
from eqdarts.inference.noise import Noise, noise_of
from eqdarts.inference.uncertainty import Inference, inference, inference_of_all
from eqdarts.losses import HUBER, LOSSES, Loss, loss_of

__all__ = ["comparable_residuals", "diagnosis_by_loss", "errors_of_new", "inference_by_loss"]

CONSTANT = Noise()


def inference_by_loss(
    equation: Equation,
    rows: FitRows,
    loss: Any,
    noise: Noise = CONSTANT,
    chosen: Equation | None = None,
    all_rows: AllRows | None = None,
) -> Inference:
    """Return the inference on an equation that was fitted to rows by a loss.

    Parameters
    ----------
    equation : Equation
    rows : FitRows
    loss : str or callable
    noise : Noise, optional
        If the scatter depends on the law's value, the weights are those of the equation's own values.
    chosen : Equation, optional
        The law that has given `rows` their weights then.
    all_rows : AllRows, optional
        What is known of all rows at the equation, if `rows` are only some of them.

    Raises
    ------
    ValueError
        If the loss is neither squared, nor a likelihood, nor Huber's.
    """
    is_least_squares = loss_of(loss).is_least_squares
    if all_rows is not None and is_least_squares:
        return inference_of_all(equation, rows.X, rows.y, rows.weight, rows.sigma, all_rows)
    if noise.kind != CONSTANT.kind and is_least_squares:
        with warnings.catch_warnings():
            # A bad law need not have coefficients at which its own weights stay; its notes say so.
            if equation is not chosen:
                warnings.simplefilter("ignore", EqdartsWarning)
            return inference(equation, rows.X, rows.y, _own_weights(equation, rows, noise, chosen))
    if is_least_squares:
        return inference(equation, rows.X, rows.y, rows.weight, rows.sigma)
    if loss_of(loss).of_logs:
        return _of_logs(equation, rows)
    if loss_of(loss).has_scale:
        return _of_huber(equation, rows, loss_of(loss).relative() if noise.kind == "relative" else loss_of(loss))
    sigma = _likelihood_error(loss, equation, rows.X, rows.weight)
    if all_rows is None:
        found = inference(equation, rows.X, rows.y, sigma=sigma)
    else:
        found = inference_of_all(equation, rows.X, rows.y, None, sigma, all_rows)
    return replace(found, lack_of_fit=None, misfit=None)  # tests for residuals that are nearly normal


def _of_logs(equation: Equation, rows: FitRows) -> Inference:
    """Return the inference by least squares of the logarithms: sigma and R2 are those of log(y)."""
    f, y = np.asarray(equation.predict(rows.X)), np.log(rows.y)
    if not (f > 0).all():
        raise ValueError(
            explain("A law of logarithms is positive at all rows.", f"least value {f.min():g}", "Use another row.")
        )
    counts = np.ones(len(y)) if rows.weight is None else rows.weight
    target, weight = LOSSES["squared_log"].least_squares(rows.y, f)
    found = inference(equation, rows.X, target, counts * weight)
    total = float(counts @ np.square(y - np.average(y, weights=counts)))
    share = 1 - found.squares / total if total > 0 else math.nan
    return replace(found, r_squared=share, lack_of_fit=None, misfit=None)


def _of_huber(equation: Equation, rows: FitRows, loss: Loss) -> Inference:
    r"""Return the inference by Huber's loss, as that of least squares on pseudovalues.

    With :math:`\psi` the residual r, held within 1.345 of its standard deviations, and m the share of the rows where
    it is not held, the pseudovalues are

    .. math:: f + \kappa\,\psi(r) / m, \qquad \kappa = 1 + \frac kn \frac{1 - m}m

    for n rows and k coefficients. The fit by Huber's loss is their fit by squares, and the covariance is that of Huber
    (1981, "Robust Statistics", section 7.6). For relative errors r is that of the logarithms.
    """
    f = np.asarray(equation.predict(rows.X))
    counts = np.ones(len(f)) if rows.weight is None else rows.weight
    unit = f if loss.is_relative else np.ones(len(f))
    if not (unit > 0).all():
        raise ValueError(
            explain(
                "A law with relative errors is positive at all rows.", f"least value {f.min():g}", "Use another row."
            )
        )
    residual, limit = loss.residual(rows.y, f), HUBER * loss.scale(rows.y, f)
    inside = float(np.average(np.abs(residual) <= limit, weights=counts))
    spare = 1 + len(equation.coefficients) / float(counts.sum()) * (1 - inside) / inside
    pseudovalues = f + unit * spare * np.clip(residual, -limit, limit) / inside
    found = inference(equation, rows.X, pseudovalues, counts / np.square(unit))
    total = float(counts @ np.square(rows.y - np.average(rows.y, weights=counts)))
    share = 1 - float(counts @ np.square(rows.y - f)) / total if total > 0 else math.nan
    return replace(found, r_squared=share, lack_of_fit=None, misfit=None)


def comparable_residuals(equation: Equation, rows: FitRows, loss: Any, noise: Noise = CONSTANT) -> tuple[Array, Array]:
    """Return residuals (n,) in units in which even scatter is expected, and the values (n,) of the equation.

    Known errors, weights, the variance of a likelihood, and the noise of a robust fit, whose rows have no weights for
    it, make the residuals comparable. Those of logarithms are differences of logarithms.
    """
    row = loss_of(loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        f = np.asarray(equation.predict(rows.X))
    scale = np.ones(len(f)) if rows.sigma is None else rows.sigma / np.median(rows.sigma)
    with np.errstate(all="ignore"):
        if row.variance is not None:
            scale = np.sqrt(row.variance(f))
        elif noise.kind != CONSTANT.kind and not row.is_least_squares:
            scale = noise.std(f)
        if rows.weight is not None:
            scale = scale / np.sqrt(np.where(rows.weight > 0, rows.weight / rows.weight.mean(), np.nan))
        return np.asarray((row.residual(rows.y, f) if row.of_logs else rows.y - f) / scale), f


def diagnosis_by_loss(equation: Equation, rows: FitRows, loss: Any, noise: Noise = CONSTANT) -> Diagnosis | None:
    """Return what the residuals of an equation say of the rows; None for yes or no, which have none to judge."""
    row = loss_of(loss)
    if row.logistic:
        return None
    residual, f = comparable_residuals(equation, rows, loss, noise)
    used = [name for name in equation.variables if symbol(name) in equation.expr.free_symbols]
    columns = {name: rows.X[:, equation.variables.index(name)] for name in used}
    dof = len(f) - len(equation.coefficients) if row.is_likelihood else None
    is_robust = row.is_robust and not row.is_least_squares
    return diagnosis(residual, f, columns, whole=len(f) == rows.n_all, dof=dof, is_robust=is_robust)


def _own_weights(equation: Equation, rows: FitRows, noise: Noise, chosen: Equation | None) -> Array | None:
    """Return the weights (n,) that an equation's own values give the rows, which have those of the chosen law."""
    if chosen is None or equation is chosen or rows.weight is None:
        return rows.weight
    f = np.asarray(equation.predict(rows.X))
    counts = rows.weight / noise.weights(np.asarray(chosen.predict(rows.X)))
    return np.asarray(counts * noise_of(noise.kind, rows.y, f, counts)[0].weights(f))


def errors_of_new(
    equation: Equation,
    rows: FitRows,
    loss: str,
    X: Array,
    sigma: Any = None,
    weight: Any = None,
    noise: Noise = CONSTANT,
) -> Any:
    """Return the known errors of new observations: as given, as the likelihood or the noise has them, or as in the fit.

    Parameters
    ----------
    equation : Equation
    rows : FitRows
        Those of the fit, whose known error counts if it was the same for all.
    loss : str
    X : ndarray of shape (n, d)
        Inputs of the new observations.
    sigma : float or array of shape (n,), optional
        Their known errors, which come before all else.
    weight : array of shape (n,), optional
        Their weights; a likelihood's variance is divided by them.
    noise : Noise, optional
        Of the fit.

    Returns
    -------
    float, array or None
        None where nothing is known.
    """
    if sigma is None and not loss_of(loss).is_least_squares:
        return _likelihood_error(loss, equation, X, weight)
    if sigma is None and weight is None and noise.kind != CONSTANT.kind:
        return noise.std(np.asarray(equation.predict(X)))
    if sigma is None and rows.sigma is not None and np.ptp(rows.sigma) == 0:
        return float(rows.sigma[0])
    return sigma


def _has_errors(loss: Loss) -> bool:
    return loss.is_least_squares or loss.has_scale or not loss.is_robust


def _likelihood_error(loss: Any, equation: Equation, X: Array, weight: Any) -> Array:
    """Return the standard deviations (n,) that the likelihood gives y."""
    row = loss_of(loss)
    if row.variance is None:
        able = [repr(name) for name, other in LOSSES.items() if _has_errors(other)]
        todo = f"Use {', '.join(able[:-1])} or {able[-1]}, or resample the rows."
        raise ValueError(
            explain("Standard errors need squared residuals, a likelihood, or Huber's loss.", f"{loss=}", todo)
        )
    variance = row.variance(equation.predict(X))
    if weight is None:
        return np.asarray(np.sqrt(variance))
    return np.asarray(np.sqrt(variance / positive_weights(weight, len(variance))))
