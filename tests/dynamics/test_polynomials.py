"""Polynomials whose terms leave one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.polynomials import polynomial_laws, saturated_laws
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.stages import slope_table
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem


def test_the_polynomial_of_the_system_is_among_them() -> None:
    own = problem(0.01)
    table = slope_table(own.smooth, 1, autonomous=True)
    found = polynomial_laws(own, 1, table, resolve("default"), lambda: True)
    assert law("I*(0.4*S - 0.3)").key in {one.law.key for one in found}
    sizes = [one.law.n_coefficients for one in found]
    assert sizes[0] == 6
    assert min(sizes) == 1


def test_no_fit_begins_after_the_time() -> None:
    own = problem()
    assert polynomial_laws(own, 0, slope_table(own.smooth, 0, True), resolve("default"), lambda: False) == []


def test_a_saturation_is_found_where_it_is_half() -> None:
    truth = System.parse({"x": "0.2 + 1.1*x**2/(1.5 + x**2) - 0.5*x"})
    t = np.linspace(0, 12, 80)
    data = read_trajectories([truth.simulate([start], t) for start in (0.1, 3.5)], t, states=["x"])
    own = Problem(data, smooth_states(data))
    found = saturated_laws(own, 0, slope_table(own.smooth, 0, True), resolve("default"), lambda: True)
    best = min(found, key=lambda one: one.length)
    assert best.law.key == Law(truth.equations[0], 0.0).key
    assert sorted(best.law.equation.coefficients.values()) == pytest.approx([-0.5, 0.2, 1.1, 1.5], rel=1e-3)
