"""Errors of new observations: what scatter, known errors and groups make of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.fitting.new_rows import Bands, interval_of_new, std_of_new
from eqdarts.fitting.run import Run
from eqdarts.inference.noise import Noise


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


def test_bands_have_the_scatter_of_the_run_and_its_input_by_name(run: Run) -> None:
    grid = {"x0": np.array([1.0, 2.0, 4.0])}
    even = Bands(run, run.inference()).predict_interval(grid, 0.95, observation=True)
    growing = replace(run, noise=Noise("relative", size=0.1))
    bands = Bands(growing, growing.inference())
    assert not bands.sigma_known
    widths = np.ptp(bands.predict_interval(grid, 0.95, observation=True), axis=1)
    assert np.ptp(np.ptp(even, axis=1)) < 0.1 * np.ptp(even, axis=1)[0]
    assert widths / widths[0] == pytest.approx([1.0, 2.0, 4.0], rel=0.1)


def test_a_band_of_logarithms_multiplies(run: Run) -> None:
    logs = replace(run, loss="squared_log")
    low, high = Bands(logs, logs.inference()).predict_interval({"x0": np.array([2.0])}, 0.95, observation=True)[0]
    assert low * high == pytest.approx(float(run.equation.predict([[2.0]])[0]) ** 2)


def test_yes_or_no_and_errors_that_only_the_user_knows_have_no_band_of_new_rows(run: Run) -> None:
    assert Bands(replace(run, loss="bernoulli"), run.inference()).sigma_known
    known = replace(run, rows=replace(run.rows, sigma=np.linspace(1.0, 2.0, 60)))
    assert Bands(known, run.inference()).sigma_known
