"""The stages of a fit to trajectories."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.choice import Chosen, Screened
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.stages import _coefficients, _finished, _on_all, _with_law, slope_table
from eqdarts.dynamics.trajectories import of_order, read_trajectories
from tests.dynamics.systems import law, problem


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
