"""From formulas to graphs with coefficients: the same function, without redundant coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.data import Scales
from eqdarts.equation.to_graph import graph_of_formula, rescaled

NAMES = ("x", "y", "z")
SCALES = Scales(np.array([2.0, 0.3, 0.7]), 1.7, np.zeros(3))
ONES = Scales(np.ones(3), 1.0, np.zeros(3))
ROWS = np.random.default_rng(0).uniform(0.3, 0.9, (50, 3))
FORMULAS = [
    "2*x/(3 + x)", "x**2.5 + y", "exp(-x/2)*sin(3*y + 1)", "1/(1 + exp(-(2*x - 1)))", "1/(2 + exp(x))",
    "log(1 + exp(2*x - 1))", "log(3 + exp(x))", "Max(0, x - 0.5)", "Max(x, Max(y, z))", "Min(x, Min(y, 0.4))", "x**y",
    "2**x", "sqrt(x*y) + cosh(z)", "sinh(x)", "arccos(x)", "tanh(2*x + 1)", "abs(x - y)", "arcsin(x*y)",
    "tanh(x/3)", "1/(1 + exp(-3*x*y))",
    "(x + y)**2/(x - 2*y)**3", "-x", "x*y*z", "3/x", "x*x + x*x*y + exp(x*x)", "(x - y)*(x - y)/(z + (x - y))",
    "log(x)/log(y)", "arctan(x/y)*(x**2 + y**2)**(1/3)", "x**-1.5*pi", "cos(x)*tan(y)", "x - x*y + 1", "-2*x/(y + z)",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_the_graph_of_a_formula_is_the_formula(text: str) -> None:
    formula = Equation.parse(text, NAMES)
    graph, theta = graph_of_formula(formula.expr, {}, NAMES, SCALES)
    found = Equation.from_graph(graph, theta, SCALES, NAMES, rows=ROWS)
    np.testing.assert_allclose(found.predict(ROWS), formula.predict(ROWS), rtol=1e-11, atol=1e-12)
    other = Scales(SCALES.x * [0.5, 2.0, 3.0], 4 * SCALES.y, np.array([0.0, -1.0, 2.0]))
    found = Equation.from_graph(*rescaled(graph, theta, SCALES, other), other, NAMES, rows=ROWS)
    np.testing.assert_allclose(found.predict(ROWS), formula.predict(ROWS), rtol=1e-11, atol=1e-12)


def test_redundant_coefficients_are_left_out() -> None:
    graph, _ = graph_of_formula(Equation.parse("2*x/(3 + x)", NAMES).expr, {}, NAMES, ONES)
    assert graph.n_coefficients == 2


@pytest.mark.parametrize(
    ("text", "most"),
    [("2*tanh(x/3)", 2), ("tanh(x)", 2), ("tanh(x*y)", 2), ("1/(1 + exp(-2*x))", 2), ("2*tanh(x/3 + 1)", 3)],
)
def test_a_formula_without_a_shift_does_not_get_one(text: str, most: int) -> None:
    graph, _ = graph_of_formula(Equation.parse(text, NAMES).expr, {}, NAMES, SCALES)
    assert graph.n_coefficients == most
    again, _ = rescaled(graph, [0.3] * most, SCALES, ONES)
    assert again.n_coefficients == most


def test_an_exponent_with_a_name_is_learned_and_one_in_the_text_stays() -> None:
    for text, name in [("x**n", "power"), ("x**2.5", "power[5/2]"), ("x**2", "square")]:
        expr = Equation.parse(text, NAMES).formula or Equation.parse(text, NAMES).expr
        graph, _ = graph_of_formula(expr, {"n": 2.0}, NAMES, ONES)
        assert [e.primitive.name for node in graph.nodes for e in node.edges] == [name]


def test_rescaling_by_nothing_changes_nothing() -> None:
    start = graph_of_formula(Equation.parse("x + y*z", NAMES).expr, {}, NAMES, ONES)
    assert rescaled(*start, ONES, ONES) == start
