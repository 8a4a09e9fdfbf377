"""An equation linearised at its coefficients."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.expression.program import evaluate
from eqdarts.inference.linearised import decompose, form_of, precise_residual, rows_of
from tests.inference.laws import line
from tests.strategies import graphs, inputs


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_the_jacobian_is_that_of_the_printed_equation(draw: st.DataObject) -> None:
    graph, theta = draw.draw(graphs())
    X = draw.draw(inputs(graph.n_inputs))
    names = tuple(f"x{i}" for i in range(graph.n_inputs))
    try:
        equation = Equation.from_graph(graph, theta, (np.ones(graph.n_inputs), 1.7), names, "y", rows=X)
    except FormulaError:
        assume(False)
    form = form_of(equation)
    columns = dict(zip(names, X.T, strict=True))
    values, jacobian = form.at(form.estimate, columns, len(X))
    np.testing.assert_allclose(values, evaluate(equation.expr, columns, len(X)), rtol=1e-10)
    for k, value in enumerate(form.estimate):
        step = 1e-6 * max(abs(value), 1e-3)
        shifted = [
            form.at(np.where(np.arange(len(form.names)) == k, value + s, form.estimate), columns, len(X))[0]
            for s in (-step, step)
        ]
        slope = (shifted[1] - shifted[0]) / (2 * step)
        smooth = np.isfinite(slope) & np.isfinite(jacobian[:, k]) & ~_near_kink(equation, columns, len(X))
        noise = 1e-15 * np.abs(values[smooth]) / step
        error = np.abs(slope - jacobian[:, k])[smooth]
        assert (error <= 1e-4 * np.abs(jacobian[smooth, k]) + 1e3 * noise + 1e-7).all()


def _near_kink(equation: Equation, columns: dict[str, np.ndarray], n_rows: int) -> np.ndarray:
    """Return the rows at which an absolute value or a maximum is so close to its kink that a difference crosses it."""
    near = np.zeros(n_rows, dtype=bool)
    for part in equation.expr.atoms(sympy.Abs, sympy.Max, sympy.Min):
        arguments = [evaluate(a, columns, n_rows) for a in part.args]
        gap = arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1]
        near |= np.abs(gap) < 1e-4
    return near


@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 99))
def test_decomposition_is_that_of_the_pseudo_inverse(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    jacobian, residual = rng.normal(size=(n, k)), rng.normal(size=n)
    if k > 2:
        jacobian[:, 0] = jacobian[:, 1] - jacobian[:, 2]
    parts = decompose(jacobian, residual)
    assert parts.rank == np.linalg.matrix_rank(jacobian)
    assert parts.null.shape == (k, k - parts.rank)
    np.testing.assert_allclose(jacobian / parts.scale @ parts.null, 0, atol=1e-10)
    np.testing.assert_allclose(jacobian @ parts.factor @ parts.factor.T @ jacobian.T @ jacobian, jacobian, atol=1e-8)
    projection = jacobian @ np.linalg.pinv(jacobian)
    assert parts.slope_squares == pytest.approx(residual @ projection @ residual, rel=1e-8)
    assert parts.squares == pytest.approx(residual @ residual)


def test_rows_that_count_are_those_with_weight_and_errors_are_their_inverse() -> None:
    equation, columns, y = line(6)
    weight = np.array([1.0, 0.0, 4.0, 1.0, 1.0, 0.0])
    rows = rows_of(equation, columns, y, sample_weight=weight)
    assert not rows.absolute
    np.testing.assert_array_equal(rows.y, y[weight > 0])
    np.testing.assert_array_equal(rows.root, [1.0, 2.0, 1.0, 1.0])
    np.testing.assert_array_equal(rows.inputs, np.column_stack([columns["x"], columns["z"]])[weight > 0])
    known = rows_of(equation, columns, y, sigma=0.5)
    assert known.absolute
    np.testing.assert_allclose(known.root, np.full(6, 2.0))


def test_residuals_at_the_rounding_level_have_the_digits_that_a_float_lacks() -> None:
    x = np.array([0.1, 0.2, 0.3])
    law = Equation.parse("3.0*x", ["x"])
    y = np.array([0.3, 0.6, 0.9])  # 3*0.1 is 0.30000000000000004 in floating point, and 0.3 in decimal numbers
    assert (y - 3.0 * x).any()
    rows = rows_of(law, {"x": x}, y)
    assert np.abs(precise_residual(law, form_of(law), rows)).max() < 1e-38


def test_known_names_are_numbers_and_no_coefficients() -> None:
    equation, columns, y = line()
    form = form_of(equation, ["a"])
    assert form.names == ("b", "c")
    assert form.known == {"a": equation.coefficients["a"]}
    values, jacobian = form.at(form.estimate, columns, len(y))
    np.testing.assert_allclose(values, equation.predict(columns))
    np.testing.assert_allclose(jacobian, np.column_stack([columns["x"], columns["z"]]))
