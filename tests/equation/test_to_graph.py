"""From formulas to graphs with coefficients: the same function, without redundant coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.equation.to_graph import graph_of_formula, rescaled

NAMES = ("x", "y", "z")
X_SCALE, Y_SCALE = np.array([2.0, 0.3, 0.7]), 1.7
ROWS = np.random.default_rng(0).uniform(0.3, 0.9, (50, 3))
FORMULAS = [
    "2*x/(3 + x)", "x**2.5 + y", "exp(-x/2)*sin(3*y + 1)", "1/(1 + exp(-(2*x - 1)))", "1/(2 + exp(x))",
    "log(1 + exp(2*x - 1))", "log(3 + exp(x))", "Max(0, x - 0.5)", "Max(x, Max(y, z))", "Min(x, Min(y, 0.4))", "x**y",
    "2**x", "sqrt(x*y) + cosh(z)", "sinh(x)", "arccos(x)", "tanh(2*x + 1)", "abs(x - y)", "arcsin(x*y)",
    "(x + y)**2/(x - 2*y)**3", "-x", "x*y*z", "3/x", "x*x + x*x*y + exp(x*x)", "(x - y)*(x - y)/(z + (x - y))",
    "log(x)/log(y)", "arctan(x/y)*(x**2 + y**2)**(1/3)", "x**-1.5*pi", "cos(x)*tan(y)", "x - x*y + 1", "-2*x/(y + z)",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_the_graph_of_a_formula_is_the_formula(text: str) -> None:
    formula = Equation.parse(text, NAMES)
    graph, theta = graph_of_formula(formula.expr, {}, NAMES, X_SCALE.tolist(), Y_SCALE)
    found = Equation.from_graph(graph, theta, (X_SCALE, Y_SCALE), NAMES, rows=ROWS)
    np.testing.assert_allclose(found.predict(ROWS), formula.predict(ROWS), rtol=1e-11)
    factors = np.array([0.5, 2.0, 3.0])
    other = rescaled(graph, theta, factors.tolist(), 0.25)
    found = Equation.from_graph(*other, (X_SCALE * factors, Y_SCALE / 0.25), NAMES, rows=ROWS)
    np.testing.assert_allclose(found.predict(ROWS), formula.predict(ROWS), rtol=1e-11)


def test_redundant_coefficients_are_left_out() -> None:
    graph, _ = graph_of_formula(Equation.parse("2*x/(3 + x)", NAMES).expr, {}, NAMES, [1.0] * 3, 1.0)
    assert graph.n_coefficients == 2


def test_an_exponent_with_a_name_is_learned_and_one_in_the_text_stays() -> None:
    for text, name in [("x**n", "power"), ("x**2.5", "power[5/2]"), ("x**2", "square")]:
        expr = Equation.parse(text, NAMES).formula or Equation.parse(text, NAMES).expr
        graph, _ = graph_of_formula(expr, {"n": 2.0}, NAMES, [1.0] * 3, 1.0)
        assert [e.primitive.name for node in graph.nodes for e in node.edges] == [name]


def test_rescaling_by_nothing_changes_nothing() -> None:
    start = graph_of_formula(Equation.parse("x + y*z", NAMES).expr, {}, NAMES, [1.0] * 3, 1.0)
    assert rescaled(*start, [1.0] * 3, 1.0) == start
