"""Fits of one state, of the whole system, and of first states."""

from __future__ import annotations

import numpy as np

from eqdarts.dynamics.problem import fitted_starts
from eqdarts.dynamics.system import System
from tests.dynamics.systems import PREY, STARTS, data, law, problem


def test_one_state_is_fitted_with_the_other_smoothed() -> None:
    found = problem().fit_one(law("0.3*S*I - 0.2*I"), 1)
    assert found is not None
    assert np.allclose(found[1].theta, [0.4, -0.3], atol=1e-3)


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
