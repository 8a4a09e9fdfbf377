"""Compiled evaluation against sympy's own, and its NaNs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import sympy
import torch
from numpy.typing import NDArray

from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import BLOCK, compile_expression, evaluate
from eqdarts.primitives.functions import FUNCTIONS
from tests.helpers import lambdified

Array = NDArray[np.float64]
X = np.random.default_rng(0).uniform(0.2, 0.9, (50, 2))
COLUMNS = {"x": X[:, 0], "y": X[:, 1]}


FORMULAS = [
    "2.5", "x", "x + y - 3", "x*y/3.0", "x**7", "x**-3", "x**17", "x**2.5", "x**-0.5", "x**y", "2.0**x", "x**(1/3)",
    "sqrt(x)/sqrt(y)", "log(1 + exp(x))", "log(2.5 + exp(x - y))", "1/(1 + exp(-x))", "3.0/(2.0 + exp(x + y))",
    "Max(0, x - 0.5) + Min(x, y)", "pi*x", "(x + y)*(x + y)**2", "exp(x + y) + sin(x + y)", "0*x + 3",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_equals_lambdify(formula: str) -> None:
    expr = parse_formula(formula).expr
    np.testing.assert_allclose(evaluate(expr, COLUMNS, 50), lambdified(expr, COLUMNS), rtol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_equals_lambdify(name: str) -> None:
    expr = parse_formula(f"{FUNCTIONS[name].name}(x)").expr
    np.testing.assert_allclose(evaluate(expr, COLUMNS, 50), lambdified(expr, COLUMNS), rtol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_the_same_in_torch_and_its_slope_is_right(name: str) -> None:
    row = FUNCTIONS[name]
    u = torch.tensor(X[:, 0], requires_grad=True)
    value = row.torch(u)
    np.testing.assert_allclose(value.detach().numpy(), row.numpy(X[:, 0]), rtol=1e-13)
    (slope,) = torch.autograd.grad(value.sum(), u)
    torch.testing.assert_close(row.slope(u, value).detach(), slope, rtol=1e-12, atol=0)


UNDEFINED = {
    "log(x)": [-1.0, 0.0],
    "sqrt(x)": [-1.0],
    "x**1.5": [-1.0],
    "x**(1/3)": [-1.0],
    "x**-1": [0.0],
    "x**-0.5": [0.0, -2.0],
    "exp(-1/x**2)": [0.0],
    "arcsin(x)": [1.5],
    "x**y": [-1.0],
    "exp(x)": [1000.0],
    "1/(1/x + 1)": [0.0],
}


@pytest.mark.parametrize("formula", UNDEFINED)
def test_undefined_rows_are_nan(formula: str) -> None:
    expr = parse_formula(formula).expr
    bad = np.array(UNDEFINED[formula])
    x = np.append(bad, 0.7)
    values = evaluate(expr, {"x": x, "y": np.full(len(x), 0.5)}, len(x))
    assert np.isnan(values[:-1]).all()
    assert np.isfinite(values[-1])


def test_stable_where_exp_overflows() -> None:
    x = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    softplus = evaluate(parse_formula("log(1 + exp(x))").expr, {"x": x}, 5)
    np.testing.assert_allclose(softplus, np.logaddexp(0, x), rtol=1e-15)
    logistic = evaluate(parse_formula("1/(1 + exp(-x))").expr, {"x": x}, 5)
    assert logistic[0] == 0
    assert logistic[-1] == 1


def test_negative_integer_powers_of_negative_numbers() -> None:
    x = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(evaluate(parse_formula("x**-3").expr, {"x": x}, 2), x**-3)
    np.testing.assert_array_equal(evaluate(parse_formula("x**2.0").expr, {"x": x}, 2), x**2)


def test_common_subexpressions_stand_once() -> None:
    program = compile_expression(parse_formula("sin(x + y) + exp(x + y)*sin(x + y)").expr)
    assert sum(step.operation == "call" and step.detail == "sin" for step in program.steps) == 1
    assert program.names == ("x", "y")


def test_blocks_change_nothing() -> None:
    x = np.random.default_rng(1).uniform(0.1, 3.0, 2 * BLOCK + 17)
    expr = parse_formula("2.5*x**1.5 + exp(-x)").expr
    np.testing.assert_array_equal(evaluate(expr, {"x": x}, len(x)), 2.5 * np.power(x, 1.5) + np.exp(-x))


def test_a_function_that_is_not_known() -> None:
    with pytest.raises(FormulaError, match="besselj"):
        compile_expression(sympy.besselj(0, symbol("x")))


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(FormulaError, match="ImaginaryUnit"):
        compile_expression(sympy.I * symbol("x"))


def test_needs_no_torch() -> None:
    code = (
        "import sys; from eqdarts.equation import Equation; law = Equation.parse('exp(x)'); law.predict([1.0]); "
        "law.latex(); Equation.from_json(law.to_json()); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
