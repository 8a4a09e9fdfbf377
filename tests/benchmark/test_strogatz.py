"""Trajectories of two-state systems."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.benchmark.problems import load_problem
from eqdarts.benchmark.strogatz import STARTS, trajectories


@pytest.mark.slow
@pytest.mark.parametrize("system", list(STARTS))
def test_trajectories_solve_their_equations_inside_the_ranges(system: str) -> None:
    n = 4 * 400
    states = trajectories(system, (load_problem(f"{system}-x").expr, load_problem(f"{system}-y").expr), n)
    for state in "xy":
        np.testing.assert_array_equal(states, load_problem(f"{system}-{state}").sample(n)[0])
    problem = load_problem(f"{system}-x")
    for column, (_, low, high) in zip(states.T, problem.ranges, strict=True):
        assert low - 1e-6 <= column.min()
        assert column.max() <= high + 1e-6
    np.testing.assert_allclose(states[::400], STARTS[system])
    step = 9.9 / 399
    for k, side in enumerate("xy"):
        slope = load_problem(f"{system}-{side}").value(states).reshape(4, 400)
        path = states[:, k].reshape(4, 400)
        moved = step * (slope[:, :-2] + 4 * slope[:, 1:-1] + slope[:, 2:]) / 3  # Simpson's rule
        size = np.abs(path).max()
        error = np.abs(path[:, 2:] - path[:, :-2] - moved) / size
        assert np.median(error) < 1e-4


def test_rows_of_a_trajectory_are_shared_among_its_starts() -> None:
    X, y = load_problem("Glider-y").sample(10)
    assert X.shape == (10, 2)
    assert np.isfinite(y).all()
