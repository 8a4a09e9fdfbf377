r"""Whether runs share their constants, and standard errors that bear it if they do not.

At the common coefficients, run :math:`r` alone would move them along its own slopes :math:`R_r` and residuals
:math:`q_r`, and gain :math:`|q_r|^2`. If all runs have the same constants, the sum of the gains has a chi-square
distribution with :math:`P (L - 1)` degrees of freedom, in units of the noise. Where it is far larger, runs differ by
more than their noise, such as people in whom a drug is measured, and the errors come from the scatter between the
runs: with :math:`A = \sum R_r^T R_r` and :math:`g_r = R_r^T q_r` the covariance is
:math:`A^{-1} (\sum g_r g_r^T) A^{-1} L / (L - 1)` (Liang and Zeger 1986).

The rows of such runs say less about the law than as many independent ones. The sum of the gains over its degrees of
freedom is the inflation of the variances, by which log-likelihoods are divided before laws are compared (Burnham and
Anderson 2002, section 2.5).

Axes: L runs, P coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from eqdarts._typing import Array
from eqdarts.dynamics.shooting import Fitted

__all__ = ["Between", "between_runs"]

UNLIKELY = 1e-3  # p-value below which runs differ
FEWEST_RUNS = 4  # and twice as many as coefficients


@dataclass(frozen=True, eq=False)
class Between:
    """Standard errors from the scatter between the runs.

    Parameters
    ----------
    information : ndarray of shape (P, P)
        A matrix whose square is the inverse of the covariance, as in `Fitted`.
    freedom : int
    p_value : float
        Of the runs having the same constants.
    inflation : float
        How many times larger the gains are than those of runs with the same constants.
    """

    information: Array
    freedom: int
    p_value: float
    inflation: float


def between_runs(fitted: Fitted) -> Between | None:
    """Return standard errors from the scatter between the runs; None if they may share their constants, or are few."""
    n_runs, p, _ = fitted.by_run.shape
    if not p or not fitted.converged or n_runs < max(FEWEST_RUNS, 2 * p):
        return None
    slopes, rest = fitted.by_run[:, :, :p], fitted.by_run[:, :, p]
    freedom = p * (n_runs - 1)
    gain = float(np.square(rest).sum())
    p_value = float(stats.chi2.sf(gain, freedom))
    if not p_value < UNLIKELY:
        return None
    size = np.sqrt(np.square(slopes).sum(axis=(0, 1)))
    if not (size > 0).all():
        return None
    whole = np.einsum("rij,rik->jk", slopes / size, slopes / size)
    scores = np.einsum("rij,ri->rj", slopes / size, rest)
    if np.linalg.cond(whole) > 1e12:
        return None
    moves = np.linalg.solve(whole, scores.T) * np.sqrt(n_runs / (n_runs - 1))  # (P, L)
    covariance = moves @ moves.T / np.outer(size, size)
    if np.linalg.matrix_rank(covariance * np.outer(size, size)) < p:
        return None
    return Between(np.linalg.inv(np.linalg.cholesky(covariance)), n_runs - 1, p_value, gain / freedom)
