"""Errors of new observations: what scatter, known errors and groups make of them."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.fitting.new_rows import interval_of_new, std_of_new
from eqdarts.fitting.run import Run


@pytest.fixture(scope="module")
def run() -> Run:
    x = np.linspace(1.0, 3.0, 60)
    y = 5 * x + 0.1 * np.random.default_rng(0).normal(size=60)
    return (
        DARTSRegressor("minimal", search="random", max_refits=30, time_limit=None, random_state=0)
        .fit(x[:, None], y)
        .run_
    )


def test_an_observation_scatters_more_than_the_law(run: Run) -> None:
    X = np.array([[1.5], [2.5]])
    std = std_of_new(run, None, X, None)
    assert std == pytest.approx([0.1, 0.1], rel=0.3)
    widths = [np.ptp(interval_of_new(run, None, X, None, 0.95, seen, None, None), axis=1) for seen in (True, False)]
    assert (widths[0] > 3 * widths[1]).all()
    assert widths[0] == pytest.approx(4 * std, rel=0.05)


def test_known_errors_of_new_observations_count(run: Run) -> None:
    X = np.array([[1.5], [2.5]])
    quiet, loud = (
        interval_of_new(run, None, X, None, 0.95, True, weight, None) for weight in ([100.0] * 2, [0.01] * 2)
    )
    assert (np.ptp(loud, axis=1) > 20 * np.ptp(quiet, axis=1)).all()
