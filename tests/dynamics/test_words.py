"""What trajectories cannot tell."""

from __future__ import annotations

import numpy as np

from eqdarts import ODERegressor
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.dynamics.words import about_data


def _told(values: np.ndarray) -> str:
    data = read_trajectories(values, np.arange(len(values)) * 1.0)
    return " ".join(about_data(data, smooth_states(data)))


def test_few_times_a_state_at_rest_and_noise_are_told() -> None:
    rng = np.random.default_rng(0)
    assert "Only 8 times" in _told(np.arange(8.0))
    assert "x0 hardly moves" in _told(2 + 0.01 * rng.standard_normal(40))
    assert _told(np.sin(np.arange(40) / 4)) == ""


def test_the_summary_has_system_coefficients_and_rivals(fitted: ODERegressor) -> None:
    text = fitted.summary()
    assert "dS/dt = " in text
    assert "dI/dt: c0" in text
    assert "rivals: longer by" in text
    assert max(map(len, text.split("\n"))) <= 88
