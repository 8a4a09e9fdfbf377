"""How far a new observation may lie from the law, by the kind of scatter, the loss and the groups of the fit."""

from __future__ import annotations

from typing import Any, cast

from eqdarts._typing import Array
from eqdarts.fitting.run import Run
from eqdarts.inference.by_group import group_inference
from eqdarts.inference.by_loss import errors_of_new

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
    if not observation:
        return cast(Array, found.predict_interval(X, coverage, observation, weight, None))
    equation = run.equation_at(index)
    sigma = errors_of_new(equation, run.rows, run.loss, X, sigma, weight, run.noise)
    return cast(Array, found.predict_interval(X, coverage, observation, weight if sigma is None else None, sigma))
