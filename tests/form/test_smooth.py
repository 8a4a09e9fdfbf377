"""Unknown functions as smooth curves: coefficients come out, and searches get the right values."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.form.read import read_form
from eqdarts.form.smooth import FormProblem, smooth_state

RNG = np.random.default_rng(0)
COLUMNS = {"x": RNG.uniform(0.5, 3, 80), "t": RNG.uniform(0, 3, 80)}


def test_a_coefficient_outside_is_found_and_the_function_has_its_values() -> None:
    form = read_form("f(x)*exp(-k*t)", list(COLUMNS))
    f = 1 + COLUMNS["x"] ** 2
    problem = FormProblem(form, COLUMNS, f * np.exp(-0.6 * COLUMNS["t"]), np.ones(80), {"k": (0.0, np.inf)})
    state = smooth_state(problem, np.random.default_rng(0))
    assert state.coefficients["k"] == pytest.approx(0.6, abs=1e-3)
    np.testing.assert_allclose(state.values["f_of_1"], f, rtol=1e-2)
    np.testing.assert_allclose(state.slopes["f_of_1"], np.exp(-state.coefficients["k"] * COLUMNS["t"]))


def test_a_coefficient_inside_that_matters_is_found() -> None:
    form = read_form("f(x - v*t)", list(COLUMNS))
    y = np.exp(-0.3 * (COLUMNS["x"] - 0.7 * COLUMNS["t"]) ** 2)
    state = smooth_state(FormProblem(form, COLUMNS, y, np.ones(80), {}), np.random.default_rng(0))
    assert state.coefficients["v"] == pytest.approx(0.7, abs=0.01)
