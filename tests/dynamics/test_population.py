"""The population of which the constants of groups are draws."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.population import population


def _draws(between: float, within: float, n_groups: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return two constants of each group, whose errors go together, and move all groups together too."""
    rng = np.random.default_rng(0)
    own = np.array([[3.0], [-1.0]]) + between * rng.standard_normal((2, n_groups))
    covariance = within**2 * np.kron(np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(n_groups))
    covariance += within**2 * np.kron(np.eye(2), np.ones((n_groups, n_groups)))
    return own + (np.linalg.cholesky(covariance) @ rng.standard_normal(2 * n_groups)).reshape(2, -1), covariance


def test_the_scatter_between_groups_is_told_from_the_errors_within() -> None:
    found = population(*_draws(0.5, 0.3))
    assert found.mean == pytest.approx([3.0, -1.0], abs=0.7)
    assert np.sqrt(found.variance) == pytest.approx([0.5, 0.5], rel=0.25)
    assert found.error == pytest.approx([np.hypot(0.3, np.hypot(0.5, 0.3) / 40**0.5)] * 2, rel=0.1)


def test_groups_that_do_not_differ_cost_what_a_fit_with_shared_constants_loses() -> None:
    theta, covariance = _draws(0.0, 0.3)
    found = population(theta, covariance)
    off = (theta - found.mean[:, None]).ravel()
    assert np.sqrt(found.variance) == pytest.approx([0.0, 0.0], abs=0.1)
    assert found.nats == pytest.approx(0.5 * off @ np.linalg.solve(covariance, off), rel=0.05)
    # A constant in another unit costs the same.
    unit = np.array([1e-6, 1e3])
    units = np.repeat(unit, theta.shape[1])
    other = population(theta * unit[:, None], covariance * np.outer(units, units))
    assert other.nats == pytest.approx(found.nats, rel=1e-3)
