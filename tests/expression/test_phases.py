"""Phases and signs as people write them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import sympy

from eqdarts import DARTSRegressor, Equation
from eqdarts.expression.build import with_values
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.phases import usual_numbers, usual_parameters, wrapped
from eqdarts.expression.program import evaluate
from eqdarts.expression.simplify import points_of, simplified
from eqdarts.expression.written import text, write
from eqdarts.primitives.functions import function_of
from tests.helpers import QUICK

X = np.random.default_rng(0).uniform(-3, 3, (50, 2))


@pytest.mark.parametrize("phase", [-1e5, -4.0, -math.pi, 0.0, 3.0, math.pi, 20.0, 4e5])
@pytest.mark.parametrize("period", [math.pi, 2 * math.pi])
def test_a_wrapped_phase_differs_by_whole_periods(phase: float, period: float) -> None:
    small = wrapped(phase, period)
    assert -period / 2 <= small < period / 2
    assert (phase - small) / period == pytest.approx(round((phase - small) / period), abs=1e-9)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("sin(2*x + 20.5)", "sin(2*x + 1.65044)"),
        ("3*tan(x - 7.5)", "3*tan(x - 1.21681)"),
        ("cos(x*y - 3.5)", "cos(x*y + 2.78319)"),
        ("exp(sin(2*x + 20.5))", "exp(sin(2*x + 1.65044))"),
        ("sin(2*x + 3)", "sin(2*x + 3)"),
        ("sin(2*(x + 10.25))", "sin(2*(x + 0.825222))"),
        ("sin(2*x + 1e7)", "sin(2*x + 1e+07)"),
        ("exp(x + 20.5)", "exp(x + 20.5)"),
        ("(1.5 - 2.5*x)**2", "(2.5*x - 1.5)**2"),
        ("exp(-(1.5 - 2.5*x - y)**4)", "exp(-(2.5*x + y - 1.5)**4)"),
        ("(1.5 - 2.5*x + y)**2", "(y - 2.5*x + 1.5)**2"),
        ("(1.5 - 2.5*x)**3", "(1.5 - 2.5*x)**3"),
    ],
)
def test_numbers_of_the_same_function(formula: str, shown: str) -> None:
    expr = parse_formula(formula).expr
    usual = usual_numbers(expr)
    assert text(write(usual), 6) == shown
    columns = {"x": X[:, 0], "y": X[:, 1]}
    np.testing.assert_allclose(evaluate(usual, columns, 50), evaluate(expr, columns, 50), rtol=1e-8, atol=1e-12)


def test_a_simplified_expression_has_small_phases() -> None:
    points = points_of(["x", "y"], X, np.ones(2))
    shown = text(write(simplified(parse_formula("2*sin(3*(0.5*x + 7.1)) + cos(y - 4.0)").expr, points)), 6)
    assert shown == "2*sin(1.5*(x + 1.63363)) + cos(y + 2.28319)"


@pytest.mark.parametrize(
    ("formula", "fitted", "usual"),
    [
        ("a*sin(w*x + p) + c", {"a": 2, "w": -3, "p": -8, "c": -1}, {"a": -2, "w": 3, "p": 8 - 2 * math.pi, "c": -1}),
        ("a*cos(w*x + p)", {"a": 2, "w": -3, "p": 1}, {"a": 2, "w": 3, "p": -1}),
        ("a*tan(x + p)", {"a": 1, "p": 2}, {"a": 1, "p": 2 - math.pi}),
        ("a*exp(-((x - m)/s)**2)", {"a": -1, "m": -4, "s": -0.3}, {"a": -1, "m": -4, "s": 0.3}),
        ("a*tanh((x - m)/w) + d", {"a": 1, "m": 3, "w": -2, "d": 1}, {"a": -1, "m": 3, "w": 2, "d": 1}),
        ("a*sin(b*x) + c*cos(b*x)", {"a": 1, "b": -2, "c": 3}, {"a": -1, "b": 2, "c": 3}),
        ("a*sin(w*x + v*y)", {"a": 1, "w": -1, "v": -2}, {"a": -1, "w": 1, "v": 2}),
        ("a*sin(w*x + v*y)", {"a": 1, "w": -1, "v": 2}, {"a": 1, "w": -1, "v": 2}),
        ("a*exp(b*x)", {"a": -1, "b": -2}, {"a": -1, "b": -2}),
        ("a*x + p", {"a": -1, "p": -9}, {"a": -1, "p": -9}),
    ],
)
def test_parameters_of_the_same_function(formula: str, fitted: dict[str, float], usual: dict[str, float]) -> None:
    expr = parse_formula(formula).expr
    found = usual_parameters(expr, fitted)
    assert found == pytest.approx(usual)
    columns = {"x": X[:, 0], "y": X[:, 1]}
    before, after = (evaluate(with_values(expr, values), columns, 50) for values in (fitted, found))
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


def test_a_fit_that_starts_far_away_ends_at_the_usual_parameters() -> None:
    x = np.linspace(0, 6, 60)
    y = 2 * np.sin(1.5 * x + 0.5)
    start = {"a": -1.9, "w": -1.45, "p": -0.6 - 4 * math.pi}
    wave = Equation.parse("a*sin(w*x + p)", ["x"]).fit({"x": x}, y, start=start)
    assert wave.coefficients == pytest.approx({"a": 2, "w": 1.5, "p": 0.5})
    assert wave.fit_result_ is not None
    bump = Equation.parse("a*exp(-((x - m)/w)**2)", ["x"])
    found = bump.fit({"x": x}, 3 * np.exp(-(((x - 2) / 0.7) ** 2)), start={"a": 2, "m": 2.1, "w": -1})
    assert found.coefficients == pytest.approx({"a": 3, "m": 2, "w": 0.7})


def test_a_search_ends_at_a_small_phase() -> None:
    x = np.linspace(0, 6, 60)
    y = 2 * np.sin(1.5 * x + 0.5)
    model = DARTSRegressor(**QUICK, guesses=["1.9*sin(1.5*x + 19.2)"]).fit(pd.DataFrame({"x": x}), y)
    waves = [e for e in model.equation_.expr.atoms(sympy.Function) if function_of(e).period]
    assert len(waves) == 1
    number, rest = waves[0].args[0].as_coeff_Add()
    assert math.pi / 2 < float(number) < math.pi
    assert rest.as_coeff_Mul()[0] > 0
