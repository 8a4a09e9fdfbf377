"""Rounded coefficients: no needless digit, and the same values to twelve digits."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.rounding import ROUNDING, rounded
from eqdarts.expression.written import text, write

X = np.random.default_rng(0).uniform(0.3, 3.0, 100)

ROUNDED = {
    "0.20000000000000004*x + 0.9999999999999998*x**2": "x**2 + 0.2*x",
    "2.5000000000000004*exp(-0.7000000000000001*x)": "2.5*exp(-0.7*x)",
    "1.0000000000000002*x + 1e-17": "x",
    "1.23456*x": "1.23456*x",
    "3*x": "3*x",
    "x": "x",
}


@pytest.mark.parametrize("formula", ROUNDED)
def test_needless_digits_go(formula: str) -> None:
    assert text(write(rounded(parse_formula(formula).expr, {"x": X}, len(X)))) == ROUNDED[formula]


@pytest.mark.parametrize("seed", range(5))
def test_rounding_keeps_the_values(seed: int) -> None:
    a, b, c = np.random.default_rng(seed).uniform(-3, 3, 3)
    expr = parse_formula(f"{a}*x**{b} + {c}*sin(x)").expr
    before, after = (evaluate(e, {"x": X}, len(X)) for e in (expr, rounded(expr, {"x": X}, len(X))))
    assert (np.abs(after - before) <= ROUNDING * np.maximum(np.abs(before), np.median(np.abs(before)))).all()


def test_only_the_rows_of_the_data_count() -> None:
    expr = parse_formula("x + 1e-9*exp(30.0*x)").expr
    columns = {"x": np.append(np.full(3, -5.0), 1.0)}
    assert text(write(rounded(expr, columns, 3))) == "x"
    assert "exp" in text(write(rounded(expr, columns, 4)))


def test_an_expression_that_is_undefined_everywhere_stays() -> None:
    expr = parse_formula("log(-1.0000000000000002*x)").expr
    assert rounded(expr, {"x": X}, len(X)) == expr


@pytest.mark.parametrize(
    ("formula", "first"),
    [
        ("log(x - 0.30000000000000004)", 0.30000000000000004),  # undefined there, and defined if rounded
        ("log(0.29999999999999993 - x)", 0.29999999999999993),
        ("1e-9*sqrt(x - 0.29999999999999993) + x", 0.29999999999999993),  # defined there, and undefined if rounded
    ],
)
def test_a_row_stays_defined_or_undefined(formula: str, first: float) -> None:
    rows = np.array([first, *((1.0, 2.0, 3.0) if "(x" in formula else (-1.0, -2.0, -3.0))])
    expr = parse_formula(formula).expr
    before, after = (np.isnan(evaluate(e, {"x": rows}, 4)) for e in (expr, rounded(expr, {"x": rows}, 4)))
    np.testing.assert_array_equal(after, before)
    assert not before[1:].any()


def test_the_names_of_coefficients_keep_clear_of_columns() -> None:
    expr = parse_formula("0.20000000000000004*c0 + c1").expr
    assert text(write(rounded(expr, {"c0": X, "c1": X**2}, len(X)))) == "0.2*c0 + c1"
