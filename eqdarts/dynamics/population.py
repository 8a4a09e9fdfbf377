r"""Constants of groups as draws from a population: what it costs to say them, and the mean of the population.

All groups have the estimates :math:`\theta` of their own constants, with the covariance C, in which shared coefficients
bind them together. In the population the constants are normal, with means :math:`\mu` and a variance :math:`\tau_j^2`
for each. Then to say those of all groups costs, beyond a fit that is best for each,

.. math:: \tfrac12 \log\det(1 + C^{-1} T) + \tfrac12 (\theta - \mu)^T (C + T)^{-1} (\theta - \mu).

T has the variances on its diagonal. With :math:`\tau = 0` it is what a fit with shared constants loses. So the two are
compared by one measure, and groups that differ little cost little.

Axes: G groups, K constants; GK is one constant of all groups after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array

__all__ = ["Population", "population"]

MOST_STEPS = 200
SAME = 1e-5  # relative change of the variances at which these end
LEAST = 1e-9  # variance as a share of that of the estimates


@dataclass(frozen=True, eq=False)
class Population:
    """The mean (K,) of a population with its standard errors, its variances (K,), and the nats of its groups."""

    mean: Array
    error: Array
    variance: Array
    nats: float


def population(theta: Array, covariance: Array) -> Population:
    """Return the population with the largest likelihood.

    Parameters
    ----------
    theta : ndarray of shape (K, G)
        Estimates of each group.
    covariance : ndarray of shape (GK, GK)
        Their covariance; positive definite.
    """
    k, n_groups = theta.shape
    unit = theta.std(axis=1) + np.sqrt(np.diag(covariance).reshape(k, n_groups).min(axis=1)) + 1e-300
    units = np.repeat(unit, n_groups)
    theta, covariance = theta.ravel() / units, covariance / np.outer(units, units)
    variance = np.maximum(theta.reshape(k, n_groups).var(axis=1), LEAST)
    for _ in range(MOST_STEPS):
        _, weight, _, off = _mean(theta, covariance, variance)
        # Expectation and maximisation: the constants of a group are known from the estimates and the population.
        known = np.square(weight @ off) - np.diag(weight)
        new = np.maximum(variance + variance**2 * known.reshape(k, n_groups).mean(axis=1), LEAST)
        done = bool((np.abs(new - variance) < SAME * variance).all())
        variance = new
        if done:
            break
    mean, weight, spread, off = _mean(theta, covariance, variance)
    ratio = float(np.linalg.slogdet(weight)[1] + np.linalg.slogdet(covariance)[1])
    nats = 0.5 * float(off @ weight @ off) - 0.5 * ratio
    return Population(mean * unit, np.sqrt(np.diag(spread)) * unit, variance * unit**2, nats)


def _mean(theta: Array, covariance: Array, variance: Array) -> tuple[Array, Array, Array, Array]:
    """Return the mean (K,), the weights (GK, GK), the covariance (K, K) of the mean, and what is left (GK,)."""
    k = len(variance)
    means = np.kron(np.eye(k), np.ones((len(theta) // k, 1)))  # (GK, K)
    weight = np.asarray(np.linalg.inv(covariance + np.diag(means @ variance)))
    spread = np.asarray(np.linalg.inv(means.T @ weight @ means))
    mean = np.asarray(spread @ (means.T @ (weight @ theta)))
    return mean, weight, spread, theta - means @ mean
