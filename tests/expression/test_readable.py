"""Expressions as their own text reads: what sympy holds and text does not is gone, and the function stays."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.readable import readable
from eqdarts.expression.written import text, write

x, y = symbol("x"), symbol("y")
AT = {"x": np.array([0.5, 2.0, -3.0]), "y": np.array([1.0, 4.0, 2.0])}


@pytest.mark.parametrize(
    "expr",
    [
        sympy.Float(0.0) * x + y,
        x * sympy.Float(5.0) ** sympy.Float(-0.0),
        x / sympy.Float(1e308),
        sympy.Float("5.88235294117647058e-309", 30) * x + 1,
        -(x + y) * sympy.Min(y, sympy.Float(-0.0)),
        parse_formula("cos(arctan(x))**(exp(y)/logistic(y))").expr,
        sympy.Float("0.1234567890123456789", 30) * x,
    ],
    ids=str,
)
def test_a_second_reading_changes_nothing(expr: sympy.Expr) -> None:
    found = readable(expr)
    assert parse_formula(text(write(found), whole=False)).expr == found
    np.testing.assert_allclose(evaluate(found, AT, 3), evaluate(expr, AT, 3), rtol=1e-14, atol=1e-300)


def test_what_reads_back_is_the_same_object() -> None:
    expr = parse_formula("2.5*(x + 1.5)*exp(-y)").expr
    assert readable(expr) is expr


@pytest.mark.parametrize(
    "expr",
    [
        sympy.exp(sympy.Float(-1e300) - sympy.pi, evaluate=False) + x,
        sympy.Float("1e400") * x,
        sympy.cot(x),
        x ** sympy.Integer(5000),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_clear_error(expr: sympy.Expr) -> None:
    with pytest.raises(FormulaError, match="must be readable when it is written") as caught:
        readable(expr)
    assert len(str(caught.value)) < 900
