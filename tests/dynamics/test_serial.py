"""Residuals that are alike at neighbouring times."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts._typing import Array
from eqdarts.dynamics.serial import Serial, serial_residuals
from eqdarts.dynamics.trajectories import Trajectories, read_trajectories


def _runs(correlation: float, n_runs: int = 4, seed: int = 0, n: int = 200) -> tuple[Trajectories, Array]:
    """Return measured runs around zero whose errors have a correlation, and the states of the fit."""
    rng = np.random.default_rng(seed)
    runs = []
    for _ in range(n_runs):
        error = rng.standard_normal(n)
        for k in range(1, n):
            error[k] = correlation * error[k - 1] + (1 - correlation**2) ** 0.5 * error[k]
        runs.append(error[:, None])
    data = read_trajectories(runs, t=[np.arange(n) * 0.1] * n_runs, states=["x"])
    return data, np.zeros((n_runs * n, 1))


def test_the_correlation_of_neighbours_is_found() -> None:
    found = serial_residuals(*_runs(0.6))
    assert found is not None
    assert found.correlation == pytest.approx(0.6, abs=0.06)
    assert found.inflation == pytest.approx(4.0, rel=0.25)


def test_independent_residuals_seldom_follow_each_other() -> None:
    assert sum(serial_residuals(*_runs(0.0, 1, seed, 40)) is not None for seed in range(300)) <= 8


def test_rows_of_different_runs_are_no_neighbours() -> None:
    data, states = _runs(0.0, 100, 1, 4)
    shifted = states + np.repeat(np.tile([5.0, -5.0], 50), 4)[:, None]
    found = serial_residuals(data, shifted)
    assert found is not None
    assert found.correlation > 0.8  # within a run all residuals have one sign; between runs they change it


def test_times_without_a_value_are_left_out() -> None:
    data, states = _runs(0.8, 1, 2)
    values = np.array(data.values[:, 0])
    values[::7] = np.nan
    gaps = read_trajectories([values[:, None]], t=[np.arange(len(values)) * 0.1], states=["x"])
    found = serial_residuals(gaps, states)
    assert found is not None
    assert found.correlation == pytest.approx(0.7, abs=0.15)


def test_the_inflation_is_that_of_a_geometric_fall() -> None:
    # The variance of the mean of n values with correlations 0.5**|i - j|.
    n = 2000
    variance = (0.5 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))).sum() / n
    assert Serial(0.5).inflation == pytest.approx(float(variance), rel=1e-2)
