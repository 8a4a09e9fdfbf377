r"""Constants of groups as draws from a population: what it costs to say them, and the mean of the population.

Group g has the estimates :math:`\theta_g` of its K own constants, with the covariance :math:`C_g` at the shared
coefficients. In the population they are normal, with the mean :math:`\mu` and a variance :math:`\tau_j^2` for each.
Then to say the constants of all groups costs, beyond a fit that is best for each,

.. math:: \sum_g \tfrac12 \log\det(1 + C_g^{-1} T) + \tfrac12 (\theta_g - \mu)^T (C_g + T)^{-1} (\theta_g - \mu).

T has the variances on its diagonal. With :math:`\tau = 0` it is what a fit with shared constants loses. So the two are
compared by one measure, and groups that differ little cost little.

Axes: G groups, K constants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array

__all__ = ["Population", "population"]

MOST_STEPS = 300
SAME = 1e-5  # relative change of the variances at which these end
LEAST = 1e-9  # variance as a share of that of the estimates


@dataclass(frozen=True, eq=False)
class Population:
    """The mean (K,) of a population with its standard errors, its variances (K,), and the nats of its groups."""

    mean: Array
    error: Array
    variance: Array
    nats: float


def population(theta: Array, covariance: Array, joint: Array | None = None) -> Population:
    """Return the population with the largest likelihood.

    Parameters
    ----------
    theta : ndarray of shape (G, K)
        Estimates of each group.
    covariance : ndarray of shape (G, K, K)
        Their covariances at the shared coefficients; positive definite.
    joint : ndarray of shape (G, K, G, K), optional
        The covariance of all, in which the errors of shared coefficients bind groups together: the mean has these too.
    """
    unit = theta.std(axis=0) + np.sqrt(np.einsum("gkk->gk", covariance).min(axis=0)) + 1e-300
    theta, covariance = theta / unit, covariance / np.outer(unit, unit)
    variance = np.maximum(theta.var(axis=0), LEAST)
    for _ in range(MOST_STEPS):
        mean, weight, _ = _mean(theta, covariance, variance)
        # Expectation and maximisation: the constants of a group are known from its estimates and the population.
        off = np.einsum("gij,gj->gi", weight, theta - mean)
        known = np.square(off) - np.einsum("gkk->gk", weight)
        new = np.maximum(variance + variance**2 * known.mean(axis=0), LEAST)
        done = bool((np.abs(new - variance) < SAME * variance).all())
        variance = new
        if done:
            break
    mean, weight, spread = _mean(theta, covariance, variance)
    off = theta - mean
    ratio = float((np.linalg.slogdet(weight)[1] + np.linalg.slogdet(covariance)[1]).sum())
    nats = 0.5 * float(np.einsum("gi,gij,gj->", off, weight, off)) - 0.5 * ratio
    square = np.diag(spread)
    if joint is not None:
        share = np.einsum("ij,gjk->igk", spread, weight)  # of each estimate in the mean
        both = joint / np.multiply.outer(unit, np.outer(np.ones(len(theta)), unit))
        alone = np.einsum("igj,gjk,igk->i", share, covariance, share)
        square = square + np.einsum("igj,gjhk,ihk->i", share, both, share) - alone
    return Population(mean * unit, np.sqrt(np.maximum(square, 0.0)) * unit, variance * unit**2, nats)


def _mean(theta: Array, covariance: Array, variance: Array) -> tuple[Array, Array, Array]:
    """Return the mean (K,), the weights (G, K, K) of the groups, and the covariance (K, K) of the mean."""
    weight = np.asarray(np.linalg.inv(covariance + np.diag(variance)))
    spread = np.asarray(np.linalg.inv(weight.sum(axis=0)))
    return np.asarray(spread @ np.einsum("gij,gj->i", weight, theta)), weight, spread
