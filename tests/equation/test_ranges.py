"""Rows outside the range of the fit: found by input, counted once, told in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.equation.ranges import any_outside, extrapolation_words, outside_by_input

RANGES = (("a", 0.0, 10.0), ("b", -1.0, 1.0), ("c", 5.0, 5.0))
COLUMNS = {"a": np.array([-0.4, -0.6, 5.0, 10.6]), "b": np.array([0.0, 1.2, 0.0, np.nan])}


def test_each_input_has_a_margin_in_its_own_units() -> None:
    masks = outside_by_input(RANGES, COLUMNS, 0.05)
    assert {name: mask.tolist() for name, mask in masks.items()} == {
        "a": [False, True, False, True],
        "b": [False, True, False, False],
    }
    assert outside_by_input(RANGES, COLUMNS, 0.0)["a"].tolist() == [True, True, False, True]
    assert outside_by_input(RANGES, {"c": np.array([5.0, 5.001])}, 0.5)["c"].tolist() == [False, True]


def test_a_row_counts_once_and_the_worst_input_comes_first() -> None:
    masks = outside_by_input(RANGES, COLUMNS, 0.05)
    assert any_outside(masks, 4).tolist() == [False, True, False, True]
    assert extrapolation_words(RANGES, masks, 4) == (
        "2 of 4 row(s) lie outside the range of the rows that the equation was fitted to "
        "(a: 0 to 10; b: -1 to 1): an extrapolation."
    )
    assert any_outside({}, 3).tolist() == [False] * 3
    assert extrapolation_words(RANGES, {}, 3) == ""


@pytest.mark.parametrize("margin", [-0.01, float("nan")])
def test_a_margin_below_zero_is_refused(margin: float) -> None:
    law = Equation.parse("2.0*x").with_ranges({"x": (0.0, 1.0)})
    for ask in (law.outside, law.extrapolation):
        with pytest.raises(ValueError, match="margin must be 0 or more"):
            ask([0.5], margin=margin)


def test_the_margin_decides_what_the_sentence_counts() -> None:
    law = Equation.parse("2.0*x").with_ranges({"x": (0.0, 1.0), "other": (0.0, 1.0)})
    assert law.ranges == (("x", 0.0, 1.0),)
    assert law.extrapolation([0.5, 1.3, 2.0], margin=0.2).startswith("2 of 3")
    assert law.extrapolation([0.5, 1.3, 2.0], margin=0.5).startswith("1 of 3")
    assert law.extrapolation([0.5, 1.3, 2.0], margin=1.0) == ""
