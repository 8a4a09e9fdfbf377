"""Usual sums whose terms leave one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.stages import slope_table
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.dynamics.usual_sums import usual_laws
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem


def test_short_sums_come_first_and_then_terms_leave_what_fits_best() -> None:
    own = problem(0.01)
    table = slope_table(own.smooth, 1, autonomous=True)
    steps = iter(range(12))
    found = usual_laws(own, 1, table, resolve("default"), lambda: next(steps, None) is not None)
    assert law("I*(0.4*S - 0.3)").key in {one.law.key for one in found}


def test_no_fit_begins_after_the_time() -> None:
    own = problem()
    assert usual_laws(own, 0, slope_table(own.smooth, 0, True), resolve("default"), lambda: False) == []


@pytest.mark.parametrize(
    ("sides", "starts"),
    [
        ({"x": "1.4 - 0.89*x + 0.4/(1 + 123.0*x**(-4.7))"}, [[3.1], [1.2]]),
        ({"x": "-0.2*x - 1.3*sin(x)"}, [[2.5], [-1.1]]),
    ],
)
def test_saturations_and_waves_are_found_with_their_coefficients(
    sides: dict[str, str], starts: list[list[float]]
) -> None:
    truth = System.parse(sides)
    t = np.linspace(0, 12, 60)
    data = read_trajectories([truth.simulate(start, t) for start in starts], t, states=["x"])
    own = Problem(data, smooth_states(data))
    steps = iter(range(25))
    table = slope_table(own.smooth, 0, True)
    found = usual_laws(own, 0, table, resolve("default"), lambda: next(steps, None) is not None)
    best = min(found, key=lambda one: one.length)
    assert best.law.key == Law(truth.equations[0], 0.0).key
    found_values = sorted(best.law.equation.coefficients.values())
    assert found_values == pytest.approx(sorted(truth.equations[0].coefficients.values()), rel=1e-3)
