"""Formulas as people write them: text that reads back, and the count of symbols."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.expression.latex import latex
from eqdarts.expression.mathml import mathml
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import complexity, numbers, text, write

COMPLEXITY = {
    "a + b": 3, "a - b": 3, "a/b": 3, "x**2": 3, "sqrt(x)": 2, "exp(x)": 2, "-x": 2, "1/x": 3, "2.5*x": 3, "-2.5*x": 3,
    "1/(1 + exp(-x))": 7, "x": 1, "3.5": 1, "x**-0.5": 3, "x - 1.5": 3, "4.0*sqrt(x + 0.75)": 6, "Max(0, x)": 3,
    "a*b/(c*d)": 7, "pi*x/2": 5, "1 - x": 3, "-x - y": 4, "x**(3/2)": 3,
}  # fmt: skip


@pytest.mark.parametrize("formula", COMPLEXITY)
def test_complexity(formula: str) -> None:
    assert complexity(parse_formula(formula).expr) == COMPLEXITY[formula]


TEXTS = {
    "1 - exp(-x)": "1 - exp(-x)",
    "x/(y*z)": "x/(y*z)",
    "-x + y": "y - x",
    "x**0.5*2.0": "2*x**0.5",
    "1/sqrt(x)": "1/sqrt(x)",
    "x**(-3/2)": "1/x**(3/2)",
    "(-x)**2.5": "(-x)**2.5",
    "(x + y)**2": "(x + y)**2",
    "x**(y*z)": "x**(y*z)",
    "1.5e-7*x": "1.5e-07*x",
    "0.1*x + 0.2": "0.1*x + 0.2",
    "2.0*(x + 1.0)": "2*(x + 1)",
}


@pytest.mark.parametrize("formula", TEXTS)
def test_text(formula: str) -> None:
    assert text(write(parse_formula(formula).expr)) == TEXTS[formula]


@given(st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=False).filter(lambda v: abs(v) > 1e-300))
@settings(deadline=None)
def test_numbers_read_back_exactly(value: float) -> None:
    expr = parse_formula(f"{value!r}*x").expr
    (back,) = numbers(write(parse_formula(text(write(expr), whole=False)).expr))
    assert back == value
    assert float(evaluate(parse_formula(text(write(expr))).expr, {"x": np.array([1.0])}, 1)[0]) == value


def test_rounded_text() -> None:
    assert text(write(parse_formula("0.123456789*x + 1234567.8").expr), digits=3) == "0.123*x + 1.23e+06"


@pytest.mark.parametrize(
    ("formula", "digits", "shown"),
    [
        ("2.5*x**1.0000004", 6, "2.5*x"),
        ("2.5*x**1.0000004", 9, "2.5*x**1.0000004"),
        ("2.5*(x + y)**1.0", None, "2.5*(x + y)"),
        ("2.5*x**(-1.0000001)", 5, "2.5/x"),
        ("x**(-1.0000001)", 5, "1/x"),
        ("1.0000001*x*y", 4, "x*y"),
        ("-1.0000001*x*y", 4, "-x*y"),
        ("-1.0000001*(x + 2)*y", 4, "-(x + 2)*y"),
        ("3*y/(1.0000001*(x + y))", 4, "3*y/(x + y)"),
        ("y + 1.0000001", 4, "y + 1"),
        ("1.0000001*x", 9, "1.0000001*x"),
        ("exp(-0.99999999*x)", 6, "exp(-x)"),
    ],
)
def test_powers_and_factors_that_are_rounded_to_one_are_not_printed(
    formula: str, digits: int | None, shown: str
) -> None:
    written, plain = write(parse_formula(formula).expr), write(parse_formula(shown).expr)
    assert text(written, digits) == text(plain)
    assert latex(written, digits) == latex(plain, digits)
    assert mathml(written, digits=digits) == mathml(plain, digits=digits)
    exact = text(written, whole=False)  # what a file holds
    assert parse_formula(exact).expr == parse_formula(formula).expr
