"""Ranges by interval arithmetic: every value in the box lies inside, and they close in with the box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.primitives.functions import FUNCTIONS

FORMULAS = [
    "2.5",
    "x - y",
    "x*y - 3*x",
    "(x + y)**2",
    "x**3 - y**-2",
    "sqrt(x)*y**1.5",
    "x**y",
    "exp(-x)/(1 + exp(-x))",
    "log(1 + exp(x))",
    "1/(1 + exp(-x)) + 2.0*y",
    "Max(x, Max(y, 0.5)) + Min(x, 2.0)",
    "sin(3*x)*cos(y)",
    "abs(x - y)",
]


def bounds(formula: str, x: Interval, y: Interval) -> Interval:
    return ranges(compile_expression(parse_formula(formula)[0]), {"x": x, "y": y})


def box(low: float, width: float) -> Interval:
    return Interval(np.array([low]), np.array([low + width]))


@pytest.mark.parametrize("formula", [*FORMULAS, *(f"{name}(x)" for name in FUNCTIONS)])
@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(0, 2), st.floats(0.1, 3), st.floats(0, 2), st.integers(0, 99))
def test_every_value_in_the_box_lies_inside(formula: str, x: float, dx: float, y: float, dy: float, seed: int) -> None:
    found = bounds(formula, box(x, dx), box(y, dy))
    low, high = (np.broadcast_to(end, 1)[0] for end in found)
    rng = np.random.default_rng(seed)
    columns = {"x": x + dx * np.r_[0.0, 1.0, rng.random(30)], "y": y + dy * np.r_[0.0, 1.0, rng.random(30)]}
    values = evaluate(parse_formula(formula)[0], columns, 32)
    values = values[np.isfinite(values)]
    if np.isnan(low) or np.isnan(high):  # nothing is known
        return
    assert (values >= low).all()
    assert (values <= high).all()


@pytest.mark.parametrize("formula", FORMULAS)
def test_bounds_close_in_on_the_value_of_a_point(formula: str) -> None:
    columns = {"x": np.array([1.3]), "y": np.array([0.7])}
    value = evaluate(parse_formula(formula)[0], columns, 1)[0]
    low, high = bounds(formula, box(1.3, 0.0), box(0.7, 0.0))
    np.testing.assert_allclose(low, value, rtol=1e-9)
    np.testing.assert_allclose(high, value, rtol=1e-9)


def test_many_boxes_are_bounded_at_once() -> None:
    x = Interval(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    y = Interval(np.ones(3), np.full(3, 2.0))
    together = bounds("x*y - y", x, y)
    for k in range(3):
        alone = bounds("x*y - y", *(Interval(u.low[k : k + 1], u.high[k : k + 1]) for u in (x, y)))
        assert (alone.low[0], alone.high[0]) == (together.low[k], together.high[k])
