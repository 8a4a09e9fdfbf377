"""From fitted graphs to expressions in the units of the data: the same function, wherever it is defined."""

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
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write
from eqdarts.graph.draft import Draft
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, fixed_power, get_primitive
from tests.strategies import Pair, graphs, inputs
from tests.strategies import evaluate as evaluate_draft

Array = NDArray[np.float64]
ALL = (*PRIMITIVES, "power[3/2]", "power[-2]", "power[1/3]", "power[-1/2]")


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


@pytest.mark.slow
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
