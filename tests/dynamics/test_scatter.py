"""Errors of measured states that depend on their values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqdarts import ODERegressor
from eqdarts._typing import Array
from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.record import DynamicsRun
from eqdarts.dynamics.scatter import checked_kinds, scales, sizes_of, smooth_by_kind, smooth_with
from eqdarts.dynamics.stages import _on_all
from eqdarts.dynamics.trajectories import Trajectories, read_trajectories
from eqdarts.equation.equation import Equation
from eqdarts.inference.noise import Noise
from tests.dynamics.systems import runs

T = np.linspace(0, 8, 50)


def _decay(seed: int = 0, relative: float = 0.05, same: float = 0.0) -> Trajectories:
    exact = 10 * np.exp(-0.7 * T)
    errors = np.random.default_rng(seed).standard_normal((2, len(T)))
    return read_trajectories(exact * (1 + relative * errors[0]) + same * errors[1], T, states=["x"])


def _rate(data: Trajectories, kind: str) -> tuple[float, float, tuple[Noise, ...]]:
    """Return the rate of a decay by a kind, its standard error, and the noise."""
    smooth, kinds = smooth_by_kind(data, [kind])
    fit = Problem(data, smooth, kinds=kinds).fit_all([Law(Equation.parse("-0.5*x", ("x", "t")), 0.0)])
    assert fit is not None
    return float(fit[1].theta[0]), float(1 / np.abs(fit[1].information[0, 0])), fit[1].kinds


def test_relative_errors_are_seen_and_give_honest_standard_errors() -> None:
    by_auto = [_rate(_decay(seed), "auto") for seed in range(5)]
    assert {kinds[0].kind for *_, kinds in by_auto} == {"relative"}
    assert all(kinds[0].size == pytest.approx(0.05, rel=0.35) for *_, kinds in by_auto)
    off = np.array([(rate + 0.7) / error for rate, error, _ in by_auto])
    assert np.sqrt(np.mean(off**2)) < 1.6
    by_constant = [_rate(_decay(seed), "constant")[0] for seed in range(5)]
    assert np.std(by_constant) > 2 * np.std([rate for rate, *_ in by_auto])


def test_errors_that_are_the_same_everywhere_or_none_have_no_kind() -> None:
    for data in (_decay(0, 0.0, 0.1), _decay(0, 0.0)):
        smooth, kinds = smooth_by_kind(data, ["auto"])
        assert kinds == (Noise(),)
        assert Problem(data, smooth, kinds=kinds).shots.kinds == ()
    assert smooth_by_kind(_decay(), ["constant"])[1] == ()


def test_the_errors_of_the_rows_have_the_geometric_mean_one() -> None:
    f, known = np.array([[1.0, 4.0], [10.0, 5.0], [0.0, 6.0]]), np.array([[True, True], [True, True], [False, True]])
    found = scales([Noise("relative"), Noise()], f, known)
    assert found[:2, 0] == pytest.approx(np.sqrt([0.1, 10.0]))
    assert (found[:, 1] == 1.0).all()
    # A law that comes near to zero where the state does not must not decide by one row.
    sizes = np.full((3, 2), 50.0)
    assert scales([Noise("relative"), Noise()], f, known, sizes)[0, 0] == pytest.approx(np.sqrt(0.5))


def test_a_smooth_value_near_zero_has_the_size_of_measured_ones() -> None:
    data = _decay()
    size = sizes_of(data, np.zeros((len(T), 1)))
    assert (size > 0.2 * data.values).all()


def test_the_last_fit_to_all_runs_has_the_same_kind() -> None:
    data = _decay()
    smooth, kinds = smooth_with([Noise("relative", by="user")], data)
    fit = Problem(data, smooth, kinds=kinds).fit_all([Law(Equation.parse("-0.5*x", ("x", "t")), 0.0)])
    assert fit is not None
    found = _on_all(Chosen(*fit, Problem(data, smooth, kinds=kinds)), _decay(1), lambda: True)
    assert found.problem.data is not data
    assert found.fitted.kinds[0].kind == "relative"


def test_wrong_kinds_are_said() -> None:
    assert checked_kinds({"I": "relative"}, ("S", "I")) == ("constant", "relative")
    for noise, words in (("relativ", "There is no such noise"), ({"R": "auto"}, "noise must be of states")):
        with pytest.raises(ValueError, match=words):
            ODERegressor(noise=noise).fit(runs(), t="time", trajectory="run")


def test_the_noise_is_told_saved_and_drawn(fitted: ODERegressor) -> None:
    own = Noise("relative", 0.05, by="user"), Noise()
    run = DynamicsRun.from_json(replace(fitted.run_, scatter=own).to_json())
    assert run.scatter[0] == own[0]
    model = ODERegressor()
    model._keep(run)
    assert "S: The scatter grows in proportion to the law's value (5 % of it)" in model.summary()
    assert list(model.scatter_) == ["S"]
    f: Array = np.array([1.0, 2.0])
    assert run.width(0, f) == pytest.approx(0.05 * f)
    assert run.width(1, f) == pytest.approx([run.noise[1]] * 2)
    assert fitted.scatter_ == {}
