"""How far a new observation may lie from the law, by the kind of scatter, the loss and the groups of the fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from eqdarts._typing import Array
from eqdarts.fitting.run import Run
from eqdarts.inference.by_group import group_inference
from eqdarts.inference.by_loss import errors_of_new
from eqdarts.inference.uncertainty import Inference
from eqdarts.losses import loss_of

__all__ = ["Bands", "inference_of", "interval_of_new", "std_of_new"]


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
    return _interval(run, found, X, coverage, observation, weight, sigma)


@dataclass(frozen=True)
class Bands:
    """The intervals of one law of a run without groups, over a grid.

    Parameters
    ----------
    run : Run
    found : Inference
        On the law, by the loss and the scatter of the run.
    """

    run: Run
    found: Inference

    @property
    def sigma_known(self) -> bool:
        """Whether a new observation has no scatter to draw: only the user knows it, or it is yes or no."""
        sigma = self.run.rows.sigma
        return loss_of(self.run.loss).logistic or (sigma is not None and bool(np.ptp(sigma) > 0))

    def predict_interval(self, X: Mapping[str, Array], coverage: float, observation: bool) -> Array:
        """Return intervals (n, 2) of new observations, or of the law, at columns that hold all inputs of the law."""
        n_rows = len(next(iter(X.values())))
        rest = np.zeros(n_rows)
        columns = np.column_stack([X.get(name, rest) for name in self.found.equation.variables])
        return _interval(self.run, self.found, columns, coverage, observation)


def _interval(
    run: Run, found: Inference, X: Array, coverage: float, observation: bool, weight: Any = None, sigma: Any = None
) -> Array:
    if loss_of(run.loss).of_logs:
        return _interval_of_logs(found, X, coverage, observation, weight, sigma)
    if not observation:
        return found.predict_interval(X, coverage, observation, weight, None)
    sigma = errors_of_new(found.equation, run.rows, run.loss, X, sigma, weight, run.noise)
    return found.predict_interval(X, coverage, observation, weight if sigma is None else None, sigma)


def _interval_of_logs(found: Inference, X: Array, coverage: float, observation: bool, weight: Any, sigma: Any) -> Array:
    """Return intervals (n, 2) whose logarithms are symmetric about that of the law."""
    f = np.asarray(found.equation.predict(X))
    own = found.sigma * f if weight is None else found.sigma * f / np.sqrt(weight)
    ends = found.predict_interval(X, coverage, observation, None, own if sigma is None else sigma)
    share = (ends[:, 1] - f) / f
    return np.column_stack([f * np.exp(-share), f * np.exp(share)])
