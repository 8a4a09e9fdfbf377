"""Limits by the form of an expression."""

from __future__ import annotations

import math

import pytest

from eqdarts.expression.parse import parse_formula
from eqdarts.knowledge import limits
from eqdarts.knowledge.limits import limit_of, others_of


@pytest.mark.parametrize(
    ("formula", "place", "value"),
    [
        ("4.3*x**1.3/(x**1.3 + 2.2)", math.inf, 4.3),
        ("1/(0.2 + 1.1*exp(-0.3*x))", math.inf, 5.0),
        ("0.3*x**0.73", math.inf, math.inf),
        ("sin(x)", math.inf, math.nan),
        ("sin(x)/x", 0.0, 1.0),
        ("-x", -math.inf, math.inf),
    ],
)
def test_limits(formula: str, place: float, value: float) -> None:
    found = limit_of(parse_formula(formula).expr, "x", place)
    assert found == pytest.approx(value, nan_ok=True)


def test_other_columns_have_values() -> None:
    expr = parse_formula("a*x/(b + x)").expr
    others = others_of(expr, "x", {"a": 2.5, "b": 3.0, "x": 1.0, "c": 7.0})
    assert others == (("a", 2.5), ("b", 3.0))
    assert limit_of(expr, "x", math.inf, others) == 2.5


def test_what_takes_too_long_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CALLS", 50)
    assert limit_of(parse_formula("x/(x + 7.125)").expr, "x", math.inf) is None
