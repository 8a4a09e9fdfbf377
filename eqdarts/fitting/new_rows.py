"""How far a new observation may lie from the law, by the kind of scatter, the loss and the groups of the fit."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from eqdarts._typing import Array
from eqdarts.fitting.run import Run
from eqdarts.inference.by_group import group_inference
from eqdarts.inference.by_loss import errors_of_new
from eqdarts.inference.uncertainty import Inference
from eqdarts.losses import loss_of

__all__ = ["inference_of", "interval_of_new", "std_of_new"]


def inference_of(run: Run, index: int | None) -> Any:
    """Return the inference on the chosen equation or on row `index` of the front: by group after a fit with groups."""
    if run.groups is None:
        return run.inference(index)
    return group_inference(run.equation_at(index), run.rows, run.groups)


def std_of_new(run: Run, index: int | None, X: Array, labels: list[Any] | None) -> Array:
    """Return the standard deviation (n,) of a new observation at each row of X."""
    found = inference_of(run, index)
    if run.groups is not None:
        return cast(Array, found.predict_std(X, labels, observation=True))
    equation = run.equation_at(index)
    if loss_of(run.loss).of_logs:
        return cast(Array, found.predict_std(X, observation=True, sigma=found.sigma * equation.predict(X)))
    sigma = errors_of_new(equation, run.rows, run.loss, X, noise=run.noise)
    return cast(Array, found.predict_std(X, observation=True, sigma=sigma))


def interval_of_new(
    run: Run,
    index: int | None,
    X: Array,
    labels: list[Any] | None,
    coverage: float,
    observation: bool,
    weight: Any,
    sigma: Any,
) -> Array:
    """Return intervals (n, 2) that contain a new observation, or the law's value, at each row of X.

    Parameters
    ----------
    run : Run
    index : int or None
        A row of the front; the chosen equation if None.
    X : ndarray of shape (n, d)
    labels : list or None
        The group of each row, after a fit with groups; weights and errors are then not used.
    coverage : float
    observation : bool
        Whether the scatter of an observation is part of it.
    weight, sigma : arrays of shape (n,) or None
        Weights or known errors of the new observations.
    """
    found = inference_of(run, index)
    if run.groups is not None:
        return cast(Array, found.predict_interval(X, labels, coverage, observation))
    if loss_of(run.loss).of_logs:
        return _interval_of_logs(found, X, coverage, observation, weight, sigma)
    if not observation:
        return cast(Array, found.predict_interval(X, coverage, observation, weight, None))
    equation = run.equation_at(index)
    sigma = errors_of_new(equation, run.rows, run.loss, X, sigma, weight, run.noise)
    return cast(Array, found.predict_interval(X, coverage, observation, weight if sigma is None else None, sigma))


def _interval_of_logs(found: Inference, X: Array, coverage: float, observation: bool, weight: Any, sigma: Any) -> Array:
    """Return intervals (n, 2) whose logarithms are symmetric about that of the law."""
    f = np.asarray(found.equation.predict(X))
    own = found.sigma * f if weight is None else found.sigma * f / np.sqrt(weight)
    ends = found.predict_interval(X, coverage, observation, None, own if sigma is None else sigma)
    share = (ends[:, 1] - f) / f
    return np.column_stack([f * np.exp(-share), f * np.exp(share)])
