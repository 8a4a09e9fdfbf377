"""Expressions that keep the form in which they are written."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from eqdarts.errors import FormulaError
from eqdarts.expression.build import applied, composed, product, rebuild, symbol, with_values, without_units
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write

FORMULAS = [
    "3.0*(x + 1.0)",
    "exp(x - 900.0)",
    "2.0*exp(0.5*x)*log(1 + y)",
    "(x + y)**2/(1 - x)",
    "Max(x, 2.0*y)",
    "abs(x - y)**1.5",
]


def written(expr: sympy.Expr) -> str:
    return text(write(expr))


def test_symbols_are_real_and_one_for_a_name() -> None:
    assert symbol("a b") is symbol("a b")
    assert symbol("x").is_real
    assert symbol("x") != sympy.Symbol("x")


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_name_is_replaced_and_the_form_stays(formula: str) -> None:
    expr = parse_formula(formula)[0]
    renamed = rebuild(expr, {symbol("x"): symbol("z")})
    assert written(renamed) == written(
        parse_formula(formula.replace("x", "z").replace("Maz", "Max").replace("ezp", "exp"))[0]
    )
    assert rebuild(expr, {}) is expr
    assert rebuild(renamed, {symbol("z"): symbol("x")}) == expr


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_operation_applied_to_its_own_arguments_is_itself(formula: str) -> None:
    for part in sympy.preorder_traversal(parse_formula(formula)[0]):
        if part.args:
            assert applied(part, part.args) == part


def test_parameters_get_their_values_where_they_stand() -> None:
    formula = parse_formula("a*(x + b)**c")[0]
    fitted = with_values(formula, {"a": 3.0, "b": 1.0, "c": 1.5})
    assert written(fitted) == "3*(x + 1)**1.5"
    values = evaluate(fitted, {"x": np.array([1.0, 3.0])}, 2)
    np.testing.assert_allclose(values, 3 * np.array([2.0, 4.0]) ** 1.5)


@pytest.mark.parametrize(
    ("formula", "short"),
    [("a*x**b", "x"), ("a*exp(b*x)", "exp(x)"), ("a*(x + y)**b", "x + y"), ("c*x**d", "-1/x"), ("x + a", "x + 1")],
)
def test_units_are_left_out(formula: str, short: str) -> None:
    units = {"a": 1.0, "b": 1.0, "c": -1.0, "d": -1.0}
    expr = with_values(parse_formula(formula)[0], units)
    assert written(without_units(expr)) == short


def test_a_factor_of_a_sum_is_not_multiplied_out() -> None:
    x = symbol("x")
    assert written(product(sympy.Float(3.0), x + 1)) == "3*(x + 1)"


def test_only_functions_of_the_table_can_be_called() -> None:
    assert composed("exp", symbol("x")) == sympy.exp(symbol("x"))
    for name in ("eval", "gamma", "__import__", "zeta"):
        with pytest.raises(FormulaError, match="cannot use this function"):
            composed(name, symbol("x"))
