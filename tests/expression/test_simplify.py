"""From graphs to short expressions: scaling undone, no redundant number, rounding, and never another function."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.equation.from_graph import equation_expression, graph_to_expression
from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.expression.normal_form import cost, normalise
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.simplify import points_of, simplified
from eqdarts.expression.written import numbers, text, write
from eqdarts.graph.draft import Draft
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, fixed_power, get_primitive
from tests.strategies import Pair, graphs, inputs
from tests.strategies import evaluate as evaluate_draft

Array = NDArray[np.float64]
ROWS = np.random.default_rng(0).uniform(0.3, 3.0, (100, 3))
NAMES = ("x", "y", "z")
POINTS = points_of(NAMES, ROWS, np.ones(3))
ALL = (*PRIMITIVES, "power[3/2]", "power[-2]", "power[1/3]", "power[-1/2]")

SHORT = {
    "2.0*sqrt(3.0 + 4.0*x)": "4*sqrt(x + 0.75)",
    "sqrt(3.0*x + 1.0)": "sqrt(3*x + 1)",
    "0.20000000000000004*log(3.0000000000000004*x + 0.9999999999999998)": "0.2*log(3*x + 1)",
    "0.13862943611198905 + 0.2*log(1.5*x + 0.5)": "0.2*log(3*x + 1)",
    "1.0*x*y + 1e-17": "x*y",
    "1e-18*sin(x) + 2.5*y": "2.5*y",
    "1.0000000000000002*x**1.9999999999999998": "x**2",
    "x**1.0000000000000002": "x",
    "3.0/(2.0 + 4.0*exp(-0.7*x))": "0.75/(0.5 + exp(-0.7*x))",
    "1/(2.0 + 3.0/x)": "0.5*x/(x + 1.5)",
    "x - y*z*log(0.5*x) - 0.6931471805599453*y*z": "x - y*z*log(x)",
    "y/(2.0 + 3.0/x**2)": "0.5*x**2*y/(x**2 + 1.5)",
    "x*y + x*z": "x*(y + z)",
    "2.0*x - 2.0*y": "2*(x - y)",
    "3.0 - 3.0*exp(-0.3*x)": "3*(1 - exp(-0.3*x))",
    "2.0*abs(3.0*x - 6.0)": "6*abs(x - 2)",
    "2.0*Max(0, 3.0*x - 6.0)": "6*Max(0, x - 2)",
    "(2.0*x + 4.0)/(3.0*x + 1.5)": "(x + 2)/(1.5*x + 0.75)",
    "x/(x + y) + 2*y/(x + y)": "(x + 2*y)/(x + y)",
    "-1.0*(x - 3.3)": "3.3 - x",
    "3.0*exp(0.5*x)*exp(0.25*x)": "3*exp(0.75*x)",
}


@pytest.mark.parametrize("formula", SHORT)
def test_short_forms(formula: str) -> None:
    assert text(write(simplified(parse_formula(formula).expr, POINTS))) == SHORT[formula]


UNCHANGED = ["sqrt(x**2 + y)", "log(x**2)", "x**1.5*y", "1/(1 + exp(-x))", "2.5/(1 + exp(3 - 2*x))", "0.123456789*x"]


@pytest.mark.parametrize("formula", UNCHANGED)
def test_what_is_short_stays(formula: str) -> None:
    expr = parse_formula(formula).expr
    assert simplified(expr, POINTS) == expr


def test_no_positivity_is_assumed() -> None:
    rows = np.array([[-2.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [1.5, 1.0, 1.0], [2.0, 1.0, 1.0]])
    points = points_of(NAMES, rows, np.ones(3))
    root = simplified(parse_formula("sqrt(x**2)*y").expr, points)
    np.testing.assert_allclose(
        evaluate(root, points.columns, points.n_points), np.abs(points.columns["x"]) * points.columns["y"]
    )
    cubes = simplified(parse_formula("(x**3)**(1/3)").expr, points)
    assert np.isnan(evaluate(cubes, points.columns, points.n_points)[:2]).all()


@pytest.mark.parametrize(
    ("formula", "degrees_of_freedom"),
    [
        ("2.3*(1.7 + 3.1*x)**0.7", 3), ("1.9*log(2.3*x) + 1.1", 2), ("1.3*log(2.1*x) + 1.7*log(3.1*y)", 3),
        ("1.9*exp(1.3*x + 0.7)", 2), ("2.3/(1.7 + 3.1*x)", 2), ("(1.3*x + 2.1)/(1.7*x + 3.3)", 3),
        ("1.7*(2.3*x + 1.1)*(3.1*y + 1.9)", 3), ("1.3*(2.1*x + 1.9*y)**2", 2),
    ],
)  # fmt: skip
def test_no_number_is_redundant(formula: str, degrees_of_freedom: int) -> None:
    assert len(list(numbers(write(simplified(parse_formula(formula).expr, POINTS))))) == degrees_of_freedom


@given(st.lists(st.floats(0.05, 20.0), min_size=4, max_size=4), st.sampled_from([0.5, -1.5, 2, -1, 3, 0.7]))
@settings(max_examples=20)
def test_normalising_keeps_the_function(c: list[float], p: float) -> None:
    x, y = symbol("x"), symbol("y")
    a, b, d, e = (sympy.Float(v) for v in c)
    exponent = sympy.Integer(p) if isinstance(p, int) else sympy.Float(p)
    for expr in (
        a * (b * x + d) ** exponent * (e * y + x),
        a * sympy.log(b * x + d) + e,
        a * sympy.log(b * x) + d * sympy.log(e * y) + x,
        a * sympy.Abs(b * x - d) ** exponent + sympy.Max(0, e * x - d),
        a / (b + d * sympy.exp(-e * x)),
    ):
        normal = normalise(expr)
        np.testing.assert_allclose(
            evaluate(normal, POINTS.columns, POINTS.n_points),
            evaluate(expr, POINTS.columns, POINTS.n_points),
            rtol=1e-9,
        )
        assert cost(simplified(expr, POINTS))[0] <= cost(expr)[0]


def test_rounding_keeps_twelve_digits_of_a_number_that_needs_them() -> None:
    expr = simplified(parse_formula("0.12345678901234567*x + 0.7654321098765432").expr, POINTS)
    for number, exact in zip(numbers(write(expr)), (0.12345678901234567, 0.7654321098765432), strict=True):
        assert number == pytest.approx(exact, rel=1e-11)


def test_large_exponents_do_not_overflow() -> None:
    rows = np.linspace(850.0, 950.0, 50)[:, None]
    expr = simplified(parse_formula("1/(1 + exp(900.0 - x))").expr, points_of(("x",), rows, np.ones(1)))
    np.testing.assert_allclose(evaluate(expr, {"x": rows[:, 0]}, 50), 1 / (1 + np.exp(900 - rows[:, 0])), rtol=1e-12)


def test_constant_column_of_zeros() -> None:
    expr = simplified(parse_formula("2.5*x").expr, points_of(("x",), np.zeros((5, 1)), np.ones(1)))
    np.testing.assert_array_equal(evaluate(expr, {"x": np.zeros(5)}, 5), 0.0)


def reference(pair: Pair, X: Array, y_scale: float) -> tuple[Array, Array]:
    """Return the graph's value and how far it moves when every coefficient moves by 1e-14: its own rounding error."""
    graph, theta = pair
    with np.errstate(all="ignore"):
        value = y_scale * evaluate_draft(Draft.from_graph(graph, theta), X)
        moved = y_scale * evaluate_draft(Draft.from_graph(graph, [c * (1 + 1e-14) for c in theta]), X)
    return value, np.abs(moved - value)


def assert_same_where_defined(values: Array, expected: Array, wobble: Array) -> None:
    defined = np.isfinite(expected)
    assume(defined.any())
    tolerance = 1e-10 * np.maximum(np.abs(expected), np.median(np.abs(expected[defined]))) + 1e4 * wobble
    assert (np.abs(values - expected) <= tolerance)[defined].all()


@given(st.data())
@settings(max_examples=60)
def test_expression_equals_the_graph(data: st.DataObject) -> None:
    # without relu: sympy splits sqrt(x*Max(0, y)), which makes rows with x < 0 and y < 0 undefined
    pair = data.draw(graphs(primitives=[name for name in ALL if name != "relu"]))
    X = data.draw(inputs(pair[0].n_inputs, positive=data.draw(st.booleans())))
    x_scale, y_scale = np.abs(X).mean(axis=0), data.draw(st.floats(0.01, 100.0))
    names = tuple(f"x{i}" for i in range(pair[0].n_inputs))
    try:
        expr = equation_expression(*pair, names, x_scale, y_scale, X)
    except FormulaError:
        assert not np.isfinite(reference(pair, X / x_scale, y_scale)[0]).all()
        return
    values = evaluate(expr, {name: X[:, i] for i, name in enumerate(names)}, len(X))
    assert_same_where_defined(values, *reference(pair, X / x_scale, y_scale))


@pytest.mark.parametrize("name", [*(name for name in ALL if name != "none"), "power[5]", "power[-7/2]"])
def test_every_primitive_alone(name: str) -> None:
    primitive = get_primitive(name)
    graph = Graph(1, (Node("sum", (Edge(0, primitive),), constant=True),))
    rng = np.random.default_rng(1)
    theta = tuple(rng.uniform(0.2, 0.9, graph.n_coefficients))
    X = rng.uniform(0.1, 0.9, (40, 1))
    expr = equation_expression(graph, theta, ("x",), np.array([1.5]), 2.5, X)
    expected = 2.5 * evaluate_draft(Draft.from_graph(graph, theta), X / 1.5)
    np.testing.assert_allclose(evaluate(expr, {"x": X[:, 0]}, 40), expected, rtol=1e-10)


def test_fixed_exponents_are_exact_and_learned_ones_are_not() -> None:
    def exponent(primitive_name: str, theta: tuple[float, ...]) -> sympy.Expr:
        primitive = PRIMITIVES.get(primitive_name) or fixed_power(Fraction(primitive_name))
        graph = Graph(1, (Node("product", (Edge(0, primitive),), constant=True),))
        expr = graph_to_expression(graph, theta, ("x",), np.ones(1), 1.0)
        return next(iter(expr.atoms(sympy.Pow))).exp

    assert exponent("3/2", (2.5,)) == sympy.Rational(3, 2)
    assert exponent("power", (2.5, 1.5)).is_Float


def test_units_scale_the_expression() -> None:
    graph = Graph(1, (Node("product", (Edge(0, PRIMITIVES["square"]),), constant=True),))
    expr = equation_expression(graph, (2.0,), ("length",), np.array([4.0]), 32.0, np.array([[4.0], [8.0]]))
    assert text(write(expr)) == "4*length**2"


def test_extreme_units() -> None:
    graph = Graph(1, (Node("product", (Edge(0, PRIMITIVES["square"]),), constant=True),))
    rows = np.array([[1e12], [3e12]])
    expr = equation_expression(graph, (1.0,), ("x",), np.array([1e12]), 1e-12, rows)
    np.testing.assert_allclose(evaluate(expr, {"x": rows[:, 0]}, 2), [1e-12, 9e-12], rtol=1e-12)


def test_a_graph_without_an_equation() -> None:
    inner = Node("sum", (), constant=True)
    graph = Graph(
        1, (inner, Node("product", (Edge(1, PRIMITIVES["log"]), Edge(0, PRIMITIVES["linear"])), constant=True))
    )
    with pytest.raises(FormulaError, match="no equation of finite real numbers"):
        equation_expression(graph, (-1.0, 2.0), ("x",), np.ones(1), 1.0, np.ones((3, 1)))
