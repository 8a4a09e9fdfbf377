"""The stages of a fit to trajectories."""

from __future__ import annotations

import numpy as np

from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.stages import slope_table
from eqdarts.dynamics.trajectories import read_trajectories


def test_the_rows_of_a_search_are_states_and_slopes() -> None:
    t = np.linspace(0, 3, 80)
    data = read_trajectories(np.exp(-t), t, inputs=t**2)
    table = slope_table(smooth_states(data), 0, autonomous=False)
    assert table.names == ("x0", "u0", "t")
    assert np.allclose(table.y, -table.X[:, 0], atol=3e-4)
    assert table.weight is not None
    assert table.weight.max() == 1.0


def test_short_runs_are_read_at_more_times() -> None:
    t = np.linspace(0, 3, 10)
    data = read_trajectories(np.exp(-t), t)
    assert len(slope_table(smooth_states(data), 0, autonomous=True).y) == 100
