r"""Residuals that are alike at neighbouring times, so that the rows say less about the law than their number.

The residuals of a system that misses something, or errors that last longer than the time between two rows, follow each
other. With a correlation :math:`\rho` of neighbours that falls geometrically, n times are worth
:math:`n (1 - \rho) / (1 + \rho)` independent ones (Bartlett 1946; Thiebaux and Zwiers 1984). By the inverse of this
share the variances of coefficients are larger, and differences of description lengths say less.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats

from eqdarts._typing import Array
from eqdarts.dynamics.trajectories import Trajectories

__all__ = ["Serial", "serial_residuals"]

UNLIKELY = 0.01  # p-value of independent residuals below which they follow each other
LARGEST = 0.95  # correlation


@dataclass(frozen=True)
class Serial:
    """Residuals that follow each other.

    Parameters
    ----------
    correlation : float
        Of residuals at neighbouring times.
    """

    correlation: float

    @property
    def inflation(self) -> float:
        """By how much variances are larger than those of as many independent residuals."""
        return (1.0 + self.correlation) / (1.0 - self.correlation)


def serial_residuals(data: Trajectories, states: Array) -> Serial | None:
    """Return how residuals of a fit follow each other; None if they may be independent.

    Parameters
    ----------
    data : Trajectories
    states : ndarray of shape (n, D)
        The fitted states at the times of the rows, and velocities, if any.
    """
    residual = data.values - states[:, : data.values.shape[1]]
    size = np.sqrt(np.nanmean(np.square(residual), axis=0))
    residual = residual / np.where(size > 0, size, 1.0)
    ends = np.cumsum([0, *(len(part.t) for part in data.parts)]).tolist()
    pairs = np.concatenate([(residual[a : b - 1] * residual[a + 1 : b]).ravel() for a, b in pairwise(ends)])
    pairs = pairs[np.isfinite(pairs)]
    if not len(pairs):
        return None
    correlation = float(pairs.mean())
    if stats.norm.sf(correlation * len(pairs) ** 0.5) > UNLIKELY:
        return None
    return Serial(min(correlation, LARGEST))
