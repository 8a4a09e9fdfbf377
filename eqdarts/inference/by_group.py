r"""Uncertainty of the constants of a law that differ between groups, and of those that all groups share.

The covariance of all constants is :math:`s^2 (J^T W J)^{-1}`. Of this matrix only the blocks are needed that belong to
one group: its own constants, the shared ones, and both. By the Schur complement they cost one small inverse a group.

Axes: N rows, K constants (own and shared), L groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import Label, RowGroups
from eqdarts.equation.rows import as_columns
from eqdarts.inference.intervals import quantile
from eqdarts.solver.grouped import GroupedProblem, arrow

__all__ = ["GroupInference", "group_inference"]

HIDDEN = 1e-12  # eigenvalue of scaled normal equations below which the rows do not tell a direction
VISIBLE = 1e-6  # part of a constant in such a direction at which it is not determined


@dataclass(frozen=True, eq=False)
class GroupInference:
    """Uncertainty of a law with groups. Made by `group_inference`.

    Parameters
    ----------
    equation : Equation
    names : tuple of str
        The constants that all groups share.
    estimate, standard_error : ndarray
        Of the shared constants.
    by_group : DataFrame
        A row for each group, indexed by its label: each of its constants, followed by its standard error in a column
        ``<name>_error``.
    sigma : float
        Standard deviation of y at weight one; 1 if measurement errors were given.
    sigma_known : bool
    dof : float
        Rows minus constants; infinite if sigma is known.
    n_rows, n_constants : int
    squares : float
        Weighted residual sum of squares.
    r_squared : float
    notes : tuple of str
        Sentences to read before trusting the errors.
    """

    equation: Equation
    names: tuple[str, ...]
    estimate: Array
    standard_error: Array
    by_group: pd.DataFrame
    sigma: float
    sigma_known: bool
    dof: float
    n_rows: int
    n_constants: int
    squares: float
    r_squared: float
    notes: tuple[str, ...]
    _problem: GroupedProblem = field(repr=False)
    _theta: Array = field(repr=False)  # (K, L)
    _covariance: Array = field(repr=False)  # (L, K, K)

    def interval(self, coverage: float = 0.95) -> Array:
        """Return intervals (K, 2) of the shared constants: estimate -+ t quantile times standard error."""
        half = quantile(coverage, self.dof) * self.standard_error
        return np.column_stack([self.estimate - half, self.estimate + half])

    def predict_std(self, X: Any, groups: Any = None, observation: bool = False) -> Array:
        """Return the standard errors (n,) of the law's values, or of new observations.

        Parameters
        ----------
        X, groups
            As in ``equation.predict``.
        observation : bool, default=False
            Whether to add the scatter of an observation.
        """
        constants = self.equation.groups
        variables = self.equation.variables
        columns, n_rows = as_columns(X, variables, [name for name in variables if name in self._problem.used])
        place = np.zeros(n_rows, dtype=np.intp)
        if constants is not None:
            place = constants.places_of_rows(groups, X)
        slopes = self._problem.at(self._theta[:, place], columns, n_rows)  # (n, K)
        variance = np.einsum("nk,nkj,nj->n", slopes, self._covariance[place], slopes)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0) + (self.sigma**2 if observation else 0.0)))

    def predict_interval(self, X: Any, groups: Any = None, coverage: float = 0.95, observation: bool = True) -> Array:
        """Return intervals (n, 2) that contain a new observation, or the law's value, with the given probability.

        Parameters
        ----------
        X, groups, observation
            As in `predict_std`.
        coverage : float, default=0.95
        """
        center = self.equation.predict(X, groups)
        half = quantile(coverage, self.dof) * self.predict_std(X, groups, observation)
        return np.column_stack([center - half, center + half])


def group_inference(equation: Equation, rows: FitRows, groups: RowGroups) -> GroupInference:
    """Return how well the rows determine the constants of a law with groups.

    Parameters
    ----------
    equation : Equation
        At the least squares estimate for these rows.
    rows : FitRows
    groups : RowGroups
        The group of each row.
    """
    constants, shared = equation.groups, equation.coefficients
    own_names = () if constants is None else constants.names
    own = np.array([True] * len(own_names) + [False] * len(shared), dtype=bool)
    labels, theta = _constants(equation, groups)
    problem = _problem(equation, (*own_names, *shared), rows, groups)
    at = problem.grams(theta[None])
    squares, known = float(at.squares.sum()), rows.sigma is not None
    n_constants = int((~own).sum() + own.sum() * len(labels))
    dof = float(len(problem.y) - n_constants)
    sigma = 1.0 if known else math.sqrt(squares / dof) if dof > 0 else math.nan
    covariance = sigma**2 * _covariance(at.gram[0], own)
    errors = np.sqrt(np.einsum("lkk->kl", covariance))
    table: dict[str, Array] = {}
    for name, values, error in zip(own_names, theta[own], errors[own], strict=True):
        table |= {name: values, f"{name}_error": error}
    unit = problem.root**2
    total = float(unit @ (problem.y - np.average(problem.y, weights=unit)) ** 2)
    return GroupInference(
        equation=equation,
        names=tuple(shared),
        estimate=theta[~own][:, 0],
        standard_error=errors[~own].max(axis=1, initial=0.0),
        by_group=pd.DataFrame(table, index=pd.Index(labels, name=groups.by)),
        sigma=sigma,
        sigma_known=known,
        dof=math.inf if known else dof,
        n_rows=len(problem.y),
        n_constants=n_constants,
        squares=squares,
        r_squared=1 - squares / total if total > 0 else math.nan,
        notes=tuple(_notes(dof, errors[own], groups.by)),
        _problem=problem,
        _theta=theta,
        _covariance=covariance,
    )


def _constants(equation: Equation, groups: RowGroups) -> tuple[tuple[Label, ...], Array]:
    """Return the labels of the groups, and all constants (K, L), own ones first."""
    shared = np.array(list(equation.coefficients.values()), dtype=np.float64)[:, None]
    if equation.groups is None:
        return groups.labels, np.repeat(shared, len(groups.labels), axis=1)
    labels = equation.groups.labels
    return labels, np.vstack([np.array(equation.groups.values).T, np.repeat(shared, len(labels), axis=1)])


def _problem(equation: Equation, names: Sequence[str], rows: FitRows, groups: RowGroups) -> GroupedProblem:
    weight = rows.weight if rows.sigma is None else rows.sigma**-2.0
    counted = np.arange(len(rows.y)) if weight is None else np.flatnonzero(weight > 0)
    place = groups.place if equation.groups is None else equation.groups.places(groups.labels)[groups.place]
    columns = {name: rows.X[counted, k] for k, name in enumerate(equation.variables)}
    given = columns, rows.y[counted], place[counted], None if weight is None else weight[counted]
    return GroupedProblem(equation.template, names, *given)


def _covariance(gram: Array, own: NDArray[np.bool_]) -> Array:
    """Return the blocks (L, K, K) of the inverse of the arrow; infinite variances where the rows tell nothing."""
    border, between, corner = arrow(gram, own)
    inverse, lost = _inverse(corner)  # (L, Q, Q), (L, Q)
    reaction = inverse @ between  # (L, Q, P)
    told = border.sum(axis=0) - np.einsum("lqp,lqr->pr", between, reaction)
    shared, lost_shared = (part[0] for part in _inverse(told[None]))
    found = np.empty_like(gram)
    places = np.flatnonzero(~own), np.flatnonzero(own)
    found[:, places[0][:, None], places[0]] = shared
    found[:, places[1][:, None], places[0]] = -reaction @ shared
    found[:, places[0][:, None], places[1]] = (-reaction @ shared).transpose(0, 2, 1)
    found[:, places[1][:, None], places[1]] = inverse + reaction @ shared @ reaction.transpose(0, 2, 1)
    found[:, places[0], places[0]] = np.where(lost_shared, np.inf, found[:, places[0], places[0]])
    found[:, places[1], places[1]] = np.where(lost, np.inf, found[:, places[1], places[1]])
    return found


def _inverse(gram: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the pseudo-inverses of Gram matrices (..., K, K), and which constants (..., K) they leave undetermined."""
    if not gram.shape[-1]:
        return gram, np.zeros(gram.shape[:-1], dtype=bool)
    diagonal = np.einsum("...kk->...k", gram)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(gram * scale[..., :, None] * scale[..., None, :])
    seen = values > HIDDEN * np.maximum(values[..., -1:], HIDDEN)
    inverse = (vectors * np.where(seen, 1 / np.where(seen, values, 1.0), 0.0)[..., None, :]) @ vectors.swapaxes(-1, -2)
    lost = np.where(seen[..., None, :], 0.0, np.abs(vectors)).max(axis=-1) > VISIBLE
    return np.asarray(inverse * scale[..., :, None] * scale[..., None, :]), lost


def _notes(dof: float, errors: Array, by: str) -> list[str]:
    notes = []
    if dof <= 0:
        notes.append("There are no more rows than constants, so the scatter cannot be estimated.")
    lost = int(np.isinf(errors).any(axis=0).sum())
    if lost:
        notes.append(f"The rows of {lost} groups of {by} do not determine all of their constants.")
    return notes
