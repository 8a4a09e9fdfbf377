"""The population of which the constants of groups are draws."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.population import population


def _draws(between: float, within: float, n_groups: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    own = np.array([3.0, -1.0]) + between * rng.standard_normal((n_groups, 2))
    covariance = np.tile(within**2 * np.array([[1.0, 0.5], [0.5, 1.0]]), (n_groups, 1, 1))
    return own + rng.standard_normal((n_groups, 2)) @ np.linalg.cholesky(covariance[0]).T, covariance


def test_the_scatter_between_groups_is_told_from_the_errors_within() -> None:
    found = population(*_draws(0.5, 0.3))
    assert found.mean == pytest.approx([3.0, -1.0], abs=0.15)
    assert np.sqrt(found.variance) == pytest.approx([0.5, 0.5], rel=0.15)
    assert found.error == pytest.approx([np.hypot(0.5, 0.3) / np.sqrt(200)] * 2, rel=0.1)


def test_groups_that_do_not_differ_cost_what_a_fit_with_shared_constants_loses() -> None:
    theta, covariance = _draws(0.0, 0.3)
    found = population(theta, covariance)
    off = theta - found.mean
    lost = 0.5 * np.einsum("gi,gij,gj->", off, np.linalg.inv(covariance), off)
    assert np.sqrt(found.variance) == pytest.approx([0.0, 0.0], abs=0.1)
    assert found.nats == pytest.approx(lost, rel=0.02)
    # A constant in another unit costs the same.
    unit = np.array([1e-6, 1e3])
    assert population(theta * unit, covariance * np.outer(unit, unit)).nats == pytest.approx(found.nats, rel=1e-3)
