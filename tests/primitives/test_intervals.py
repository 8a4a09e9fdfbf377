"""Intervals hold every value of the operation, whatever is in the operands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.primitives import intervals
from eqdarts.primitives.intervals import Interval

ENDS = st.tuples(st.floats(-50, 50), st.floats(0, 30)).map(lambda t: (t[0], t[0] + t[1]))


def boxes(*ends: tuple[float, float]) -> list[Interval]:
    return [Interval(np.array([low]), np.array([high])) for low, high in ends]


def assert_holds(bounds: Interval, values: Any) -> None:
    values = np.asarray(values)[np.isfinite(values)]
    assert (values >= bounds.low[0]).all()
    assert (values <= bounds.high[0]).all()


@given(ENDS, ENDS)
def test_sums_and_products_hold_all_their_values(a: tuple[float, float], b: tuple[float, float]) -> None:
    u, v = boxes(a, b)
    x, y = np.meshgrid(np.linspace(*a, 9), np.linspace(*b, 9))
    assert_holds(intervals.add(u, v), (x + y).ravel())
    assert_holds(intervals.multiply(u, v), (x * y).ravel())


FUNCTIONS: dict[str, tuple[Callable[[Interval], Interval], Callable[[Any], Any]]] = {
    "reciprocal": (intervals.reciprocal, lambda x: 1 / x),
    "absolute": (intervals.absolute, np.abs),
    "logarithm": (intervals.logarithm, np.log),
    "sine": (intervals.sine, np.sin),
    "cosine": (intervals.cosine, np.cos),
    "tangent": (intervals.tangent, np.tan),
    "rising": (intervals.rising(np.arctan), np.arctan),
    "between": (intervals.between(-1, 1, np.arcsin), np.arcsin),
    "falling": (intervals.between(-1, 1, np.arccos, falls=True), np.arccos),
    "anything": (intervals.anything, np.cosh),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(ends=ENDS)
def test_functions_hold_all_their_values(name: str, ends: tuple[float, float]) -> None:
    bounds, function = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        assert_holds(bounds(boxes(ends)[0]), function(np.linspace(*ends, 301)))


def test_bounds_are_not_much_wider_than_they_must_be() -> None:
    (u,) = boxes((0.5, 2.0))
    sine = intervals.sine(u)
    assert (sine.low[0], sine.high[0]) == (pytest.approx(math.sin(0.5)), 1.0)
    inverse = intervals.reciprocal(u)
    assert (inverse.low[0], inverse.high[0]) == (pytest.approx(0.5), pytest.approx(2.0))
    assert inverse.low[0] < 0.5
    assert inverse.high[0] > 2.0


def test_what_has_zero_inside_has_no_bounded_reciprocal() -> None:
    with np.errstate(all="ignore"):
        around, above, below = (intervals.reciprocal(u) for u in boxes((-1, 1), (0, 1), (-1, 0)))
    assert (around.low[0], around.high[0]) == (-math.inf, math.inf)
    assert (above.low[0], above.high[0]) == (pytest.approx(1.0), math.inf)
    assert (below.low[0], below.high[0]) == (-math.inf, pytest.approx(-1.0))


def test_the_sine_of_an_angle_that_a_float_no_longer_tells_is_anything() -> None:
    (u,) = boxes((1e17, 1e17))
    assert intervals.sine(u) == (-1.0, 1.0)


def test_nan_is_no_bound() -> None:
    assert tuple(map(float, intervals.outwards(np.array(np.nan), np.array(np.nan)))) == (-math.inf, math.inf)
