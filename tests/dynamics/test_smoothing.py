"""Smooth trajectories, their slopes and the noise."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.trajectories import read_trajectories

TIMES = np.linspace(0, 10, 150)
STATE = np.sin(2 * TIMES) + 0.3 * np.cos(5 * TIMES)
SLOPE = 2 * np.cos(2 * TIMES) - 1.5 * np.sin(5 * TIMES)


@pytest.mark.parametrize(("noise", "most"), [(0.0, 1e-5), (0.05, 0.15)])
def test_slopes_are_close_to_the_true_ones(noise: float, most: float) -> None:
    rng = np.random.default_rng(0)
    measured = STATE + noise * STATE.std() * rng.standard_normal(len(TIMES))
    smooth = smooth_states(read_trajectories(measured, TIMES))
    error = smooth.at([TIMES], order=1)[:, 0] - SLOPE
    assert np.sqrt(np.mean(error[5:-5] ** 2)) < most * SLOPE.std()
    assert smooth.noise[0] == pytest.approx(noise * STATE.std(), rel=0.3, abs=1e-3)
    # The standard errors are those of the slopes: neither far too small nor far too large.
    if noise:
        assert 0.3 < np.sqrt(np.mean((error / smooth.slope_errors([TIMES])[:, 0]) ** 2)) < 2.0


def test_missing_values_and_short_runs_are_smoothed() -> None:
    states = np.column_stack([STATE, -STATE])
    states[10:20, 1] = np.nan
    found = smooth_states(read_trajectories([states, states[:5]], [TIMES, TIMES[:5]]))
    assert found.values.shape == (155, 2)
    assert np.abs(found.values[10:20, 1] + STATE[10:20]).max() < 0.01
