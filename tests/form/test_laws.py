"""Formulas of functions become whole laws, without coefficients that can be exchanged for others."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.form.laws import Formula, laws_of_all, state_of
from eqdarts.form.read import read_form
from eqdarts.form.smooth import FormProblem

X = np.random.default_rng(0).uniform(0.5, 3, 60)


def test_of_two_factors_one_becomes_a_number_and_the_function_knows_its_coefficients() -> None:
    form = read_form("V*f(x)", ["x"])
    problem = FormProblem(form, {"x": X}, 6 * X**1.5, np.ones(60), {})
    known = {"f": [Formula(Equation.parse(text, ["x"]), 1.0) for text in ("1.3*x**1.2", "0.7*x")]}
    laws = laws_of_all(problem, (None, {}, ("x",), "y"), known, {"V": 1.0})
    law = min(laws, key=lambda one: one.equation.fit_result_.loss)
    assert law.equation.coefficients == pytest.approx({"V": 6.0, "f_c1": 1.5})
    np.testing.assert_allclose(law.inner["f"].equation.predict({"x": X}), X**1.5)
    np.testing.assert_allclose(state_of(law, problem).residual, 0, atol=1e-9)


def test_a_bound_holds() -> None:
    form = read_form("f(x) + b*x", ["x"])
    problem = FormProblem(form, {"x": X}, X**2 - X, np.ones(60), {})
    (law,) = laws_of_all(
        problem, ({"b": (0, None)}, {}, ("x",), None), {"f": [Formula(Equation.parse("1.1*x**2"), 1.0)]}, {"b": 1.0}
    )
    assert law.equation.fit_result_.at_bounds == (("b", 0.0),)
