"""What trajectories cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eqdarts import Equation, ODERegressor
from eqdarts.dynamics.record import OnFront
from eqdarts.dynamics.serial import Serial
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.dynamics.words import about_data, about_fit, about_rival_systems
from tests.dynamics.systems import data


def _told(values: np.ndarray) -> str:
    found = read_trajectories(values, np.arange(len(values)) * 1.0)
    return " ".join(about_data(found, smooth_states(found)))


def test_few_times_a_state_at_rest_and_noise_are_told() -> None:
    rng = np.random.default_rng(0)
    assert "Only 8 times" in _told(np.arange(8.0))
    assert "x0 hardly moves" in _told(2 + 0.01 * rng.standard_normal(40))
    assert _told(np.sin(np.arange(40) / 4)) == ""


def test_another_form_that_is_as_short_is_named(fitted: ODERegressor) -> None:
    def rival(text: str, score: float) -> str:
        equation = Equation.parse(text, ("S", "I", "time"))
        front = ((*fitted.run_.front[0], OnFront(equation, 0.1, score, False)), *fitted.run_.front[1:])
        return " ".join(about_fit(replace(fitted.run_, front=front), smooth_states(data(0.02, 25)), converged=True))

    assert "dS/dt = -0.7*S has a description that is only 1.0 nats longer" in rival("-0.7*S", 1.0)
    assert "-0.7*S" not in rival("-0.7*S", 9.0)
    assert "-0.41" not in rival("-0.41*I*S", 1.0)


def test_residuals_that_follow_each_other_are_told_and_more_forms_are_named(fitted: ODERegressor) -> None:
    front = ((*fitted.run_.front[0], OnFront(Equation.parse("-0.7*S", ("S", "I", "time")), 0.1, 9.0, False)),)
    run = replace(fitted.run_, front=(*front, *fitted.run_.front[1:]))
    smooth = smooth_states(data(0.02, 25))
    told = " ".join(about_fit(run, smooth, converged=True, serial=Serial(0.6)))
    assert "correlation 0.60" in told
    assert f"take {run.n_rows} times for {run.n_rows / 4:.0f} independent ones" in told
    assert "-0.7*S has a description that is only 9.0 nats longer" in told
    assert "-0.7*S" not in " ".join(about_fit(run, smooth, converged=True))


def test_another_system_that_is_as_short_as_a_whole_is_named() -> None:
    own, same = System.parse({"x": "x*(1.5 - y)", "y": "-y"}), System.parse({"x": "1.5*x - x*y", "y": "-1.1*y"})
    other = System.parse({"x": "2.5 - y", "y": "-y"})
    (told,) = about_rival_systems(own, [(same, 0.2), (other, 1.0)])
    assert "dx/dt = 2.5 - y, dy/dt = -y has a description that is only 1.0 nats longer" in told
    assert list(about_rival_systems(own, [(same, 0.2), (other, 9.0)])) == []


def test_the_summary_has_system_coefficients_and_rivals(fitted: ODERegressor) -> None:
    text = fitted.summary()
    assert "dS/dt = " in text
    assert "dI/dt: c0" in text
    assert "rivals: longer by" in text
    assert max(map(len, text.split("\n"))) <= 88
