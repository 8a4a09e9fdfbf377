"""The estimator for differential equations."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

from eqdarts import EqdartsWarning, ODERegressor
from tests.dynamics.systems import STARTS, runs


def test_the_law_of_an_epidemic_is_found(fitted: ODERegressor) -> None:
    assert fitted.score(runs(), t="time", trajectory="run") > 0.999
    table = fitted.coefficients_
    assert set(table.columns) == {"state", "name", "estimate", "standard_error", "low", "high"}
    infection = table[table.state == "S"].iloc[0]
    assert infection.low < -0.4 < infection.high
    assert fitted.noise_["S"] == pytest.approx(0.02 * runs()["S"].std(), rel=0.3)
    assert all(len(front) > 1 for front in fitted.front_.values())


def test_rates_of_a_table_and_of_an_array(fitted: ODERegressor) -> None:
    rows = runs()[["S", "I"]]
    assert np.array_equal(fitted.predict(rows), fitted.predict(rows.to_numpy()))
    assert fitted.predict(rows).shape == (len(rows), 2)
    with pytest.raises(ValueError, match="must have the column"):
        fitted.predict(rows[["S"]])


def test_simulated_runs_follow_the_measured_ones(fitted: ODERegressor) -> None:
    exact = runs().query("run == 'r0'")
    path = fitted.simulate(STARTS[0], exact["time"])
    assert np.abs(path - exact[["S", "I"]].to_numpy()).max() < 0.2


def test_saving_and_pickling_keep_the_fit(fitted: ODERegressor, tmp_path: Path) -> None:
    fitted.save(tmp_path / "law.json")
    for other in (ODERegressor.load(tmp_path / "law.json"), pickle.loads(pickle.dumps(fitted))):
        assert other.summary() == fitted.summary()
        assert other.get_params() == fitted.get_params()
        assert np.array_equal(other.simulate(STARTS[0], [0, 1, 2]), fitted.simulate(STARTS[0], [0, 1, 2]))


def test_wrong_parameters_are_said_before_any_search() -> None:
    for given, words in (
        ({"guesses": {"R": ["-k*R"]}}, "A guess must be of a state"),
        ({"guesses": ["-k*S"]}, "map states to formulas"),
        ({"time_limit": -1}, "time_limit must be"),
        ({"search": "all"}, "no such search"),
    ):
        with pytest.raises(ValueError, match=words):
            ODERegressor(**given).fit(runs(), t="time", trajectory="run")  # type: ignore[arg-type]


@pytest.mark.slow
def test_accelerations_are_found_from_positions(tmp_path: Path) -> None:
    t = np.linspace(0, 6, 50)
    x = np.exp(-0.2 * t) * np.cos(2 * t) + 0.005 * np.random.default_rng(0).standard_normal(50)
    quick = {"primitives": "minimal", "max_complexity": 9, "time_limit": None, "max_refits": 5, "random_state": 0}
    model = ODERegressor(order=2, guesses={"x": "-k*x - c*x_dot"}, **quick)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, t=t, states=["x"])
    assert model.system_.format().startswith("d2x/dt2 = ")
    assert model.predict([[1.0, 0.0], [0.0, 1.0]])[:, 0] == pytest.approx([-4.04, -0.4], abs=0.05)
    assert model.simulate([1.0], t, v0={"x": -0.2})[:, 0] == pytest.approx(x, abs=0.05)
    with pytest.raises(ValueError, match="start with velocities"):
        model.simulate([1.0], t)
    model.save(tmp_path / "law.json")
    assert ODERegressor.load(tmp_path / "law.json").score(x, t=t) == pytest.approx(model.score(x, t=t))
    with pytest.raises(ValueError, match="order must be 1 or 2"):
        ODERegressor(order=3).fit(x, t=t)


@pytest.mark.slow
def test_a_guess_is_a_start_and_few_times_are_warned_of() -> None:
    t = np.linspace(0, 4, 9)
    model = ODERegressor(
        guesses={"x0": "a - b*x0"},
        primitives="minimal",
        max_complexity=8,
        time_limit=None,
        max_refits=5,
        random_state=0,
    )
    with pytest.warns(EqdartsWarning, match="Only 9 times"):
        model.fit(2 - np.exp(-0.7 * t), t=t)
    assert model.equations_[0].predict({"x0": [0.0, 2.0]}) == pytest.approx([1.4, 0.0], abs=1e-3)
