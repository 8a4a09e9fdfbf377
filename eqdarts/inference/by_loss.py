"""What a fitted estimator says about the uncertainty of its equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation, warn_outside
from eqdarts.equation.singularities import singularities_in_range
from eqdarts.errors import explain
from eqdarts.inference import uncertainty as inference_module
from eqdarts.inference.constants import Snap
from eqdarts.inference.summary import summary
from eqdarts.losses import LOSSES, loss_of

if TYPE_CHECKING:
    from eqdarts.inference.uncertainty import Inference

__all__ = ["InferenceMixin", "inference_by_loss"]


RIVAL_DIGITS = 5


class InferenceMixin:
    """Inference on the equations of the front, from the rows that their coefficients were fitted to."""

    front_: tuple[Equation, ...]
    equation_: Equation
    equations_: pd.DataFrame
    snaps_: Sequence[Snap]
    _rows: FitRows
    _loss: Any
    _stability: pd.DataFrame | None

    def inference(self, index: int | None = None) -> Inference:
        """Return standard errors, intervals and identifiability of the chosen equation or of row `index`.

        Parameters
        ----------
        index : int, optional
            A row of `equations_`. Default: the chosen one.

        Returns
        -------
        Inference

        Notes
        -----
        The rows are those that the coefficients were fitted to: all, or 10,000 of a longer table. For the losses
        "poisson" and "bernoulli" the covariance is the inverse of the Fisher information; for other losses than squares
        there is none.
        """
        check_is_fitted(self)
        return inference_by_loss(self._equation(index), self._rows, self._loss)

    def predict_interval(
        self,
        X: Any,
        coverage: float = 0.95,
        index: int | None = None,
        observation: bool = True,
        sample_weight: Any = None,
        sigma: Any = None,
    ) -> Array:
        """Return intervals (n, 2) that hold a new observation at each row of X with the given chance.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        coverage : float, default=0.95
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        observation : bool, default=True
            False: intervals of the law's value, without the scatter of an observation.
        sample_weight : array of shape (n,), optional
            Weights of the new observations. Default: 1.
        sigma : float or array of shape (n,), optional
            Known errors of the new observations, where the fit had them. Default: the one of the fit, if it was the
            same for all rows.
        """
        found = self.inference(index)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        warn_outside(self._equation(index), X, stacklevel=2)
        sigma = self._error(sigma, X, index, sample_weight) if observation else None
        return found.predict_interval(X, coverage, observation, sample_weight if sigma is None else None, sigma)

    def summary(self, index: int | None = None, coverage: float = 0.95, profile: bool = True) -> str:
        """Return a text table: the equation, its fit, coefficients with intervals, rivals, what to be careful about.

        Parameters
        ----------
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        coverage : float, default=0.95
            Of the intervals.
        profile : bool, default=True
            Whether profile likelihood intervals stand beside the others, at the price of some refits. Only for squared
            residuals.
        """
        found = self.inference(index)
        is_chosen = self._equation(index) is self.equation_
        table = self.equations_.assign(equation=[_right_side(equation) for equation in self.front_])
        if not is_chosen:
            shown = range(len(table))[index if index is not None else 0]
            table = table.assign(
                chosen=np.arange(len(table)) == shown, score=table["score"] - table["score"].iloc[shown]
            )
        used, given = len(self._rows.y), self._rows.n_all
        warnings = singularities_in_range(self._equation(index)).in_words()
        if used < given:
            warnings.append(f"Coefficients and intervals come from {used} of the {given} rows, drawn at random.")
        if self._stability is not None:
            warnings.append(_frequencies(self._stability))
        profile = profile and loss_of(self._loss).is_least_squares
        return summary(found, coverage, profile, table.to_dict("records"), self.snaps_ if is_chosen else (), warnings)

    def _equation(self, index: int | None) -> Equation:
        return self.equation_ if index is None else self.front_[index]

    def _std(self, X: Array, index: int | None) -> Array:
        """Return the standard deviation (n,) of a new observation at weight one."""
        return self.inference(index).predict_std(X, observation=True, sigma=self._error(None, X, index, None))

    def _error(self, sigma: Any, X: Array, index: int | None, weight: Any) -> Any:
        """Return the known errors of new observations: as given, as the likelihood has them, or as in the fit."""
        known = self._rows.sigma
        if sigma is None and not loss_of(self._loss).is_least_squares:
            return _likelihood_error(self._loss, self._equation(index), X, weight)
        return float(known[0]) if sigma is None and known is not None and np.ptp(known) == 0 else sigma


def inference_by_loss(equation: Equation, rows: FitRows, loss: Any) -> Inference:
    """Return the inference on an equation that was fitted to rows by a loss.

    Raises
    ------
    ValueError
        If the loss is neither squared nor a likelihood.
    """
    if loss_of(loss).is_least_squares:
        return inference_module.inference(equation, rows.X, rows.y, rows.weight, rows.sigma)
    sigma = _likelihood_error(loss, equation, rows.X, rows.weight)
    found = inference_module.inference(equation, rows.X, rows.y, sigma=sigma)
    return replace(found, lack_of_fit=None, misfit=None)  # tests for residuals that are nearly normal


def _likelihood_error(loss: Any, equation: Equation, X: Array, weight: Any) -> Array:
    """Return the standard deviations (n,) that the likelihood gives y."""
    row = loss_of(loss)
    if row.variance is None:
        able = [repr(name) for name, other in LOSSES.items() if other.is_least_squares or other.is_likelihood]
        todo = f"Use {', '.join(able[:-1])} or {able[-1]}, or resample the rows."
        raise ValueError(explain("Standard errors need squared residuals or a likelihood.", f"{loss=}", todo))
    variance = row.variance(equation.predict(X))
    return np.asarray(np.sqrt(variance if weight is None else variance / np.asarray(weight)))


def _frequencies(table: pd.DataFrame) -> str:
    """Return the sentence that says how often the chosen form, and which other, is chosen for resampled rows."""
    own = float(table.loc[table["chosen"], "frequency"].sum())
    others = table[~table["chosen"]]
    rival = (
        f"; most often otherwise: {others['form'].iloc[0]}, in {others['frequency'].iloc[0]:.0%}" if len(others) else ""
    )
    return f"The form is chosen for {own:.0%} of resampled rows{rival}."


def _right_side(equation: Equation) -> str:
    """Return the equation for a table: few digits, without the name of the target."""
    return replace(equation, target=None).format(RIVAL_DIGITS)
