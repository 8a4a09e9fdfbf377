r"""Uncertainty of a fitted equation: standard errors, intervals, and coefficients that the rows cannot identify.

With J the exact Jacobian of the predictions in the coefficients as printed, w the weights and r the residuals,

.. math:: s^2 = \frac{\sum w r^2}{n - \mathrm{rank}\,J}, \qquad \mathrm{cov} = s^2\,(J^T W J)^{+},

and s is 1 if the measurement errors are known (Seber and Wild 1989, ch. 2 and 5).

Axes: N rows, K coefficients.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.equation.rows import as_columns, errors_of_new_rows, positive_weights
from eqdarts.errors import EqdartsWarning, explain
from eqdarts.inference.all_rows import AllRows, Facts, facts_of, standing_for
from eqdarts.inference.identifiability import unidentifiable
from eqdarts.inference.intervals import LackOfFit, profile_bounds, quantile
from eqdarts.inference.linearised import Decomposition, Form, Rows, decompose, form_of, precise_residual, rows_of

__all__ = ["Inference", "inference", "inference_of_all"]

# distances from the least squares estimate, in standard errors
SLIGHTLY_OFF = 0.05
UNSETTLED = 0.2
OFF = 1.0

LARGEST = 1e150  # y whose squares are floats
INTERCHANGEABLE = 0.999  # correlation at which a note names two coefficients as nearly interchangeable
VISIBLE = 1e-6  # share of a prediction's derivative along null directions at which it is unidentified


@dataclass(frozen=True, eq=False)
class Inference:
    """Uncertainty of the coefficients of an equation. Made by `inference`.

    Parameters
    ----------
    equation : Equation
    names : tuple of str
        The K coefficients: the keys of ``equation.coefficients`` without known constants.
    estimate, standard_error : ndarray of shape (K,)
        Standard errors are infinite for coefficients that the rows do not identify, and NaN without degrees of freedom.
    covariance : ndarray of shape (K, K)
    sigma : float
        Standard deviation of y at weight one; 1 if measurement errors were given.
    sigma_known : bool
    dof : float
        Degrees of freedom of `sigma`: n - rank, infinite if it is known.
    n_rows, rank : int
        Rows with weight; rank of the Jacobian.
    squares : float
        Weighted residual sum of squares.
    r_squared : float
        1 - weighted residual sum of squares over that about the weighted mean; NaN for a constant y.
    unidentifiable : tuple of str
        Sentences such as "a and b appear only as a*b."
    lack_of_fit : LackOfFit or None
        The test against replicate rows, if there are any.
    misfit : float or None
        If measurement errors are known: the probability of a larger sum of squares if equation and errors are correct.
    notes : tuple of str
        Sentences to read before trusting the intervals.
    """

    equation: Equation
    names: tuple[str, ...]
    estimate: Array
    standard_error: Array
    covariance: Array
    sigma: float
    sigma_known: bool
    dof: float
    n_rows: int
    rank: int
    squares: float
    r_squared: float
    unidentifiable: tuple[str, ...]
    lack_of_fit: LackOfFit | None
    misfit: float | None
    notes: tuple[str, ...]
    _form: Form = field(repr=False)
    _rows: Rows = field(repr=False)
    _parts: Decomposition = field(repr=False)
    _all: AllRows | None = field(repr=False)

    @property
    def known(self) -> dict[str, float]:
        """The coefficients that were given instead of estimated, by name."""
        return dict(self._form.known)

    def interval(self, coverage: float = 0.95) -> Array:
        """Return intervals (K, 2) of the coefficients: estimate -+ t quantile times standard error."""
        half = quantile(_checked(coverage), self.dof) * self.standard_error
        return np.column_stack([self.estimate - half, self.estimate + half])

    def profile_interval(self, coverage: float = 0.95) -> Array:
        """Return profile likelihood intervals (K, 2), which may be asymmetric; infinite on a side without a bound.

        They are better than `interval` if the equation is far from linear in a coefficient, but need some refits. An
        end is NaN if the refits cannot be trusted: because the rows hardly distinguish the coefficients, or because the
        estimate is not the least squares estimate. After a fit to more rows than it keeps, the refits use the rows that
        are kept, as many times as there are rows in all.
        """
        critical = quantile(_checked(coverage), self.dof)
        size = float(np.linalg.norm(self._rows.y * self._rows.root)) if self._all is None else self._all.facts.size
        if _distance(self._parts, self.sigma, size) > UNSETTLED:
            return np.full((len(self.names), 2), np.nan)
        given = self.covariance, self.squares, self.sigma, critical
        if self._all is None:
            return profile_bounds(self._form, self._rows, *given)
        rows, squares, stretch = standing_for(self._all, self._form, self._rows)
        ends = profile_bounds(self._form, rows, self.covariance, squares, self.sigma, critical)
        return np.asarray(self.estimate[:, None] + stretch[:, None] * (ends - self.estimate[:, None]))

    def predict_std(self, X: Any, observation: bool = False, sample_weight: Any = None, sigma: Any = None) -> Array:
        """Return the standard errors (n,) of the equation's values, or of new observations.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array
            As in ``equation.predict``.
        observation : bool, default=False
            Whether to add the scatter of an observation.
        sample_weight : array of shape (n,), optional
            Weights of the new observations. Default: 1.
        sigma : float or array of shape (n,), optional
            Known errors of the new observations. Required for observations if the fit had known errors.
        """
        columns, n_rows = as_columns(X, self.equation.variables, self._rows.columns)
        values, jacobian = self._form.at(self.estimate, columns, n_rows)
        jacobian = np.where(np.isfinite(values)[:, None], jacobian, np.nan)
        variance = self.sigma**2 * np.square(jacobian @ self._parts.factor).sum(axis=1)
        scaled = jacobian / self._parts.scale
        hidden = np.linalg.norm(scaled @ self._parts.null, axis=1) > VISIBLE * np.linalg.norm(scaled, axis=1)
        variance = np.where(hidden, np.inf, variance)
        if observation:
            variance = variance + self._scatter(n_rows, sample_weight, sigma) ** 2
        return np.asarray(np.sqrt(variance))

    def predict_interval(
        self,
        X: Any,
        coverage: float = 0.95,
        observation: bool = True,
        sample_weight: Any = None,
        sigma: Any = None,
    ) -> Array:
        """Return intervals (n, 2) that contain a new observation, or the true value, with the given probability.

        Parameters
        ----------
        X, sample_weight, sigma
            As in `predict_std`.
        coverage : float, default=0.95
        observation : bool, default=True
            If False, the intervals are those of the equation's value, without the scatter of an observation.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)  # NaN bounds say it
            center = self.equation.predict(X)
        half = quantile(_checked(coverage), self.dof) * self.predict_std(X, observation, sample_weight, sigma)
        return np.column_stack([center - half, center + half])

    def _scatter(self, n_rows: int, sample_weight: Any, sigma: Any) -> Array:
        if self.sigma_known and sigma is None:
            raise ValueError(
                explain(
                    "The error of a new observation must be known.", "no sigma", "Give sigma, or observation=False."
                )
            )
        if sigma is not None:
            return errors_of_new_rows(sigma, n_rows)
        if sample_weight is None:
            return np.full(n_rows, self.sigma)
        return np.asarray(self.sigma / np.sqrt(positive_weights(sample_weight, n_rows)))


def inference(
    equation: Equation,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    sigma: Any = None,
    known: Sequence[str] = (),
) -> Inference:
    """Return how well the rows determine the coefficients of an equation that was fitted to them.

    Parameters
    ----------
    equation : Equation
        At the least squares estimate for these rows and weights, as made by `Equation.fit` or a search.
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array of shape (n,)
    sample_weight : array of shape (n,), optional
        Relative weights: the variance of a row is sigma**2 / weight, and the common sigma is estimated.
    sigma : float or array of shape (n,), optional
        Known standard deviations of y, instead of weights. The covariance is then not scaled by the residuals.
    known : sequence of str, optional
        Coefficients that were given instead of estimated, such as a named constant of nature.

    Returns
    -------
    Inference

    Warns
    -----
    EqdartsWarning
        If the equation is more than one standard error away from the least squares estimate.

    Notes
    -----
    An equation without coefficients has no standard errors: `names` is empty, and `sigma` and `r_squared` describe its
    residuals.

    The intervals take the form of the equation as known. If a search chose the form by the same rows, they are somewhat
    too narrow.

    Examples
    --------
    >>> x = np.arange(6.0)
    >>> line = Equation.parse("a + b*x").fit({"x": x}, [1.1, 2.9, 5.2, 7.1, 8.8, 11.1])
    >>> found = inference(line, {"x": x}, [1.1, 2.9, 5.2, 7.1, 8.8, 11.1])
    >>> found.names, found.standard_error.round(4).tolist(), round(found.sigma, 4)
    (('a', 'b'), [0.1206, 0.0398], 0.1666)
    """
    form, rows = form_of(equation, known), rows_of(equation, X, y, sample_weight, sigma)
    _check_squares(rows.y)
    residual = precise_residual(equation, form, rows) * rows.root
    jacobian = form.at(form.estimate, rows.columns, len(rows.y))[1] * rows.root[:, None]
    defined = np.isfinite(jacobian).all(axis=1)
    parts = decompose(jacobian[defined], residual[defined])
    facts = facts_of(rows, float(residual @ residual), int((~defined).sum()), parts.rank)
    return _inference(equation, form, rows, parts, facts)


def inference_of_all(
    equation: Equation, X: Any, y: Any, sample_weight: Any, sigma: Any, all_rows: AllRows
) -> Inference:
    """Return the inference on an equation that was fitted to more rows than are given here.

    Parameters
    ----------
    equation : Equation
    X, y, sample_weight, sigma
        Some of the rows, as in `inference`. They are used only for the words about coefficients that no row identifies,
        and for refits.
    all_rows : AllRows
        What is known of all of them at the equation.
    """
    form, rows = form_of(equation), rows_of(equation, X, y, sample_weight, sigma)
    _check_squares(rows.y)
    return _inference(equation, form, rows, all_rows.parts, all_rows.facts, all_rows)


def _inference(
    equation: Equation, form: Form, rows: Rows, parts: Decomposition, facts: Facts, all_rows: AllRows | None = None
) -> Inference:
    dof = float(facts.n_rows - parts.rank)
    scale = 1.0 if rows.absolute else math.sqrt(facts.squares / dof) if dof > 0 else math.nan
    covariance = _covariance(parts, scale)
    error = np.sqrt(np.diag(covariance))
    words: tuple[str, ...] = ()
    if parts.rank < len(form.names):
        words = unidentifiable(form.at, form.names, form.estimate, rows.columns, parts.null)
    notes = (*_notes(form, covariance, dof, facts.n_dropped), *_distance_notes(parts, scale, facts.size, stacklevel=4))
    return Inference(
        equation, form.names, form.estimate, error, covariance, scale, rows.absolute,
        math.inf if rows.absolute else dof, facts.n_rows, parts.rank, facts.squares,
        1 - facts.squares / facts.total if facts.total > 0 else math.nan,
        words, facts.lack_of_fit, _misfit(facts.squares, dof) if rows.absolute else None,
        notes, form, rows, parts, all_rows,
    )  # fmt: skip


def _check_squares(y: Array) -> None:
    """Raise ValueError if floats cannot hold the squares of y."""
    largest = float(np.abs(y).max(initial=0.0))
    if largest and not 1 / LARGEST <= largest <= LARGEST:
        rule = f"Standard errors need a y with a largest magnitude between {1 / LARGEST:g} and {LARGEST:g}."
        raise ValueError(explain(rule, f"{largest:g}", "Fit y in another unit."))


def _covariance(parts: Decomposition, scale: float) -> Array:
    covariance = scale**2 * parts.factor @ parts.factor.T
    hidden = np.square(parts.null).sum(axis=1) > VISIBLE**2
    covariance[hidden] = np.nan
    covariance[:, hidden] = np.nan
    covariance[hidden, hidden] = np.inf
    return covariance


def _misfit(squares: float, dof: float) -> float:
    from scipy import special

    return float(special.chdtrc(dof, squares)) if dof > 0 else math.nan


def _notes(form: Form, covariance: Array, dof: float, n_dropped: int) -> list[str]:
    notes = []
    if dof <= 0:
        notes.append("There are no more rows than coefficients, so the scatter cannot be estimated.")
    if n_dropped:
        notes.append(f"{n_dropped} row(s) at which a derivative is infinite were left out of the covariance.")
    error = np.sqrt(np.diag(covariance))
    with np.errstate(all="ignore"):
        correlation = covariance / np.outer(error, error)
    for i, j in zip(*np.nonzero(np.triu(np.abs(correlation) > INTERCHANGEABLE, 1)), strict=True):
        notes.append(
            f"{form.names[i]} and {form.names[j]} are nearly interchangeable (correlation {correlation[i, j]:.5f})."
        )
    return notes


def _distance(parts: Decomposition, scale: float, size: float) -> float:
    """Return the distance from the least squares estimate in standard errors; 0 if residuals are rounding errors.

    `size` is the root of the weighted sum of squares of y.
    """
    exact = math.sqrt(parts.squares) <= 1e-9 * size
    if exact or not scale > 0 or not parts.rank:
        return 0.0
    return math.sqrt(parts.slope_squares / parts.rank) / scale


def _distance_notes(parts: Decomposition, scale: float, size: float, stacklevel: int) -> list[str]:
    """Yield a note if the equation is far from the least squares estimate, unless the residuals are rounding errors."""
    distance = _distance(parts, scale, size)
    if distance <= SLIGHTLY_OFF:
        return []
    note = (
        f"The coefficients are {distance:.2g} standard errors from the least squares estimate for these rows: "
        "call fit with the same rows and weights first."
    )
    if distance > OFF:
        warnings.warn(note, EqdartsWarning, stacklevel=stacklevel + 1)
    return [note]


def _checked(coverage: float) -> float:
    if not 0 < coverage < 1:
        raise ValueError(explain("coverage must lie between 0 and 1.", coverage, "Try 0.95."))
    return coverage
