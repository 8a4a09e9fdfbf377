"""The stages of a fit to trajectories."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics import stages
from eqdarts.dynamics.choice import Chosen, Screened
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.stages import _coefficients, _finished, _on_all, _serial, _with_law, slope_table
from eqdarts.dynamics.trajectories import of_order, read_trajectories
from eqdarts.errors import EqdartsWarning
from tests.dynamics.systems import law, problem, runs


def test_the_rows_of_a_search_are_states_and_slopes() -> None:
    t = np.linspace(0, 3, 80)
    data = read_trajectories(np.exp(-t), t, inputs=t**2)
    table = slope_table(smooth_states(data), 0, autonomous=False)
    assert table.names == ("x0", "u0", "t")
    assert np.allclose(table.y, -table.X[:, 0], atol=3e-4)
    assert table.weight is not None
    assert table.weight.max() == 1.0


def test_the_rows_of_second_order_are_positions_velocities_and_accelerations() -> None:
    t = np.linspace(0, 3, 80)
    table = slope_table(smooth_states(of_order(read_trajectories(np.exp(-2 * t), t), 2)), 0, autonomous=True)
    assert table.names == ("x0", "x0_dot")
    assert np.allclose(table.X[:, 1], -2 * table.X[:, 0], atol=1e-3)
    assert np.allclose(table.y[5:-5], 4 * table.X[5:-5, 0], atol=1e-2)


def test_short_runs_are_read_at_more_times() -> None:
    t = np.linspace(0, 3, 10)
    data = read_trajectories(np.exp(-t), t)
    assert len(slope_table(smooth_states(data), 0, autonomous=True).y) == 100


def test_errors_stand_beside_their_coefficients_when_a_sign_changed() -> None:
    own = problem(0.02)
    rows = []
    for start in ("0.2*S*I - 0.1*I", "0.1*I - 0.2*I*S"):
        fit = own.fit_all([law("-0.4*S*I"), law(start)])
        assert fit is not None
        chosen = Chosen(*fit, own)
        rows.append(_coefficients(chosen, [_finished(one, "S", own) for one in fit[0]]))
    for one, other in zip(*rows, strict=True):
        assert (one.name, one.estimate) == (other.name, pytest.approx(other.estimate, rel=1e-4))
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-3)


def test_rivals_are_compared_to_the_chosen_law_though_it_was_simplified() -> None:
    own = problem(0.02)
    before = Screened(law("-0.4*S**1.01*I", 15.0), 1.0, 50.0)
    found = _with_law(own, 0, [before], law("-0.4*S*I"))
    assert [one.law.key for one in found] == [before.law.key, law("-0.4*S*I").key]
    fit = own.fit_one(law("-0.4*S*I"), 0)
    assert fit is not None
    assert found[1].length == fit[2]
    assert _with_law(own, 0, found, law("-0.41*S*I")) is found
    badly = [before, Screened(found[1].law, 2.0, fit[2] + 30.0)]
    assert [one.length for one in _with_law(own, 0, badly, law("-0.41*S*I"))] == [50.0, pytest.approx(fit[2])]


def test_the_last_fit_sees_all_runs_if_there_is_time() -> None:
    whole = problem(0.02).data
    few = whole.few(40, np.random.default_rng(0))
    own = Problem(few, smooth_states(few))
    fit = own.fit_all([law("-0.4*S*I"), law("0.4*S*I - 0.3*I")])
    assert fit is not None
    chosen = Chosen(*fit, own)
    assert _on_all(chosen, whole, lambda: False) is chosen
    found = _on_all(chosen, whole, lambda: True)
    assert len(found.fitted.states) == len(whole.t) == 75
    assert found.fitted.freedom > chosen.fitted.freedom


def test_no_search_is_needed_for_exact_trajectories_of_usual_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_search(*_: object) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr(stages, "searched_states", no_search)
    model = ODERegressor(time_limit=None, random_state=0).fit(runs(), t="time", trajectory="run")
    assert set(model.system_.format(4).split("\n")) == {"dS/dt = -0.4*I*S", "dI/dt = 0.4*I*S - 0.3*I"}
    with pytest.raises(AssertionError, match="searched"):
        ODERegressor(time_limit=None, random_state=0).fit(runs(0.02), t="time", trajectory="run")


def test_a_term_that_makes_up_for_runs_that_differ_is_left_out() -> None:
    rng = np.random.default_rng(0)
    t = np.linspace(0, 5, 12)
    pieces = []
    for run, rate in enumerate(0.5 * np.exp(0.35 * rng.standard_normal(10))):
        x = 3 * np.exp(-rate * t) + 0.02 * rng.standard_normal(12)
        pieces.append(pd.DataFrame({"run": f"r{run}", "time": t, "x": x}))
    table = pd.concat(pieces, ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        model = ODERegressor(time_limit=4, random_state=0).fit(table, t="time", trajectory="run")
    assert "differ by more than their noise" in " ".join(model.cautions_)
    assert len(model.coefficients_) == 1


def test_standard_errors_allow_for_residuals_that_are_alike_at_neighbouring_times() -> None:
    own = problem(0.02)
    fit = own.fit_all([law("-0.4*S*I"), law("0.4*S*I - 0.3*I")])
    assert fit is not None
    errors, told = [], []
    for error in (np.random.default_rng(0).standard_normal(len(own.data.t)), np.sin(np.arange(len(own.data.t)) / 4)):
        values = fit[1].states + 0.05 * error[:, None]
        parts = tuple(replace(part, states=values[rows]) for part, rows in zip(own.data.parts, own.runs, strict=True))
        again = Problem(replace(own.data, parts=parts), own.smooth)
        chosen = Chosen(fit[0], fit[1], fit[2], again)
        errors.append([row.standard_error for row in _coefficients(chosen, [one.equation for one in fit[0]])])
        told.append(_serial(chosen))
    assert told[0] is None
    assert told[1] is not None
    assert np.allclose(np.divide(*errors[::-1]), told[1].inflation ** 0.5)
