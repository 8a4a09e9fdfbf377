"""The population of which the constants of groups are draws."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.population import population


def _draws(between: float, within: float, n_groups: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return two constants of each group, whose errors go together."""
    rng = np.random.default_rng(0)
    own = np.array([3.0, -1.0]) + between * rng.standard_normal((n_groups, 2))
    covariance = np.tile(within**2 * np.array([[1.0, 0.5], [0.5, 1.0]]), (n_groups, 1, 1))
    return own + rng.standard_normal((n_groups, 2)) @ np.linalg.cholesky(covariance[0]).T, covariance


def test_the_scatter_between_groups_is_told_from_the_errors_within() -> None:
    found = population(*_draws(0.5, 0.3))
    assert found.mean == pytest.approx([3.0, -1.0], abs=0.25)
    assert np.sqrt(found.variance) == pytest.approx([0.5, 0.5], rel=0.25)
    assert found.error == pytest.approx([np.hypot(0.5, 0.3) / 60**0.5] * 2, rel=0.2)


def test_the_mean_has_the_errors_that_groups_share() -> None:
    theta, covariance = _draws(0.5, 0.3, 6)
    joint = np.einsum("gij,gh->gihj", covariance, np.eye(6))
    alone, same = population(theta, covariance), population(theta, covariance, joint)
    assert same.error == pytest.approx(alone.error)
    common = np.zeros_like(joint)
    common[:, 0, :, 0] = 0.4**2
    found = population(theta, covariance, joint + common)
    assert found.error == pytest.approx([np.hypot(alone.error[0], 0.4), alone.error[1]], rel=0.05)


def test_groups_that_do_not_differ_cost_what_a_fit_with_shared_constants_loses() -> None:
    theta, covariance = _draws(0.0, 0.3)
    found = population(theta, covariance)
    off = theta - found.mean
    lost = 0.5 * np.einsum("gi,gij,gj->", off, np.linalg.inv(covariance), off)
    assert np.sqrt(found.variance) == pytest.approx([0.0, 0.0], abs=0.15)
    assert found.nats == pytest.approx(lost, rel=0.05)
    # A constant in another unit costs the same.
    unit = np.array([1e-6, 1e3])
    assert population(theta * unit, covariance * np.outer(unit, unit)).nats == pytest.approx(found.nats, rel=1e-3)
