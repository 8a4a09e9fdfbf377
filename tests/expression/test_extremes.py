"""The larger and the smaller of two, written as such."""

from __future__ import annotations

import pytest
import sympy

from eqdarts.expression.extremes import with_extremes

CASES = {
    "x2*(x0 - Max(0, x0 - x1))": "x2*Min(x0, x1)",
    "3*(x0 + Max(0, x1 - x0))**2": "3*Max(x0, x1)**2",
    "2*x0 - 2*Max(0, x0 - x1)": "Min(2*x0, 2*x1)",
    "3*x0 - Max(0, 3*x0 - 5)": "Min(5, 3*x0)",
    "2*x0 + 12*Max(0, x0 - 6) + 3": "2*x0 + 12*Max(0, x0 - 6) + 3",
    "x0 + Max(0, x1)": "x0 + Max(0, x1)",
    "x0*x1 + 1": "x0*x1 + 1",
}


@pytest.mark.parametrize("text", CASES)
def test_a_sum_with_a_positive_part_is_an_extreme_where_that_is_shorter(text: str) -> None:
    assert with_extremes(sympy.sympify(text)) == sympy.sympify(CASES[text])
