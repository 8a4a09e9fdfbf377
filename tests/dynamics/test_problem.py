"""Fits of one state, of the whole system, and of first states."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem, fitted_starts
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import of_order, read_trajectories
from tests.dynamics.systems import PREY, STARTS, data, law, problem


def test_one_state_is_fitted_with_the_other_smoothed() -> None:
    found = problem().fit_one(law("0.3*S*I - 0.2*I"), 1)
    assert found is not None
    assert np.allclose(found[1].theta, [0.4, -0.3], atol=1e-3)


def test_a_fit_that_has_not_converged_is_none_where_it_is_asked_for() -> None:
    own, far = problem(), law("3.0*S*I - 0.2*I")
    assert own.fit_one(far, 1, most_iterations=1) is not None
    assert own.fit_one(far, 1, most_iterations=1, settled=True) is None
    assert own.fit_one(far, 1, most_iterations=12, settled=True) is not None


def test_a_fit_begins_at_the_states_of_another_one() -> None:
    own, laws = problem(0.02), [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    best = own.fit_all(laws)
    assert best is not None
    begun, fresh = (own.fit_all(best[0], rounds=1, most_iterations=0, start=start) for start in (best[1].states, None))
    assert begun is not None
    assert fresh is not None
    assert [begun[1].converged, fresh[1].converged] == [True, False]
    assert np.array_equal(begun[1].states, best[1].states)


def test_a_tie_makes_the_description_shorter() -> None:
    own = problem(0.02)
    laws = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    free, tied = own.fit_all(laws), own.fit_all(laws, [(1, 0, -1.0)])
    assert free is not None
    assert tied is not None
    assert tied[2] < free[2]
    values = [value for one in tied[0] for value in one.equation.coefficients.values()]
    assert values[1] == -values[0]


def test_the_first_states_of_each_run_are_found() -> None:
    starts = fitted_starts(System.parse(PREY, time="time"), data(0.02))
    assert np.allclose(starts, STARTS, atol=0.15)


COUPLED = {"x": "-3.0*x + 1.2*y - 0.2*x_dot", "y": "1.2*x - 2.0*y"}


def test_of_second_order_the_velocities_are_states_that_nobody_measured() -> None:
    truth = System.parse(COUPLED, order=2)
    t = np.linspace(0, 6, 60)
    exact = truth.simulate([1.0, 0.0, 0.0, 0.5], t)
    noise = 0.005 * np.random.default_rng(0).standard_normal((60, 2))
    runs = of_order(read_trajectories(exact[:, :2] + noise, t, states=["x", "y"]), 2)
    own = Problem(runs, smooth_states(runs))
    laws = [Law(equation.with_coefficients({"c0": 0.8}), 0.0) for equation in truth.equations]
    fit, one = own.fit_all(laws), own.fit_one(laws[1], 1)
    assert fit is not None
    assert one is not None
    found = [value for one in fit[0] for value in one.equation.coefficients.values()]
    assert found == pytest.approx([1.2, -3.0, -0.2, 1.2, -2.0], abs=0.03)
    assert one[1].theta == pytest.approx([1.2, -2.0], abs=0.03)
    assert fit[1].noise == pytest.approx([0.005, 0.005], rel=0.3)
    assert np.abs(fit[1].states - exact).max() < 0.02
    assert fitted_starts(truth, runs)[0] == pytest.approx(exact[0], abs=0.01)
