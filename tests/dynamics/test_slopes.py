"""Values and slopes of formulas in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.slopes import FormulaSlopes
from eqdarts.expression.parse import parse_formula

TEXTS = (
    "a*x/(b + x) - exp(-x*y)",
    "sin(a*x)*y**2 + log(x + b)",
    "a*x**b + max(x, y) + abs(x - y)",
    "1/(1 + exp(-a*x)) + log(1 + exp(b*y))",
    "tanh(x)**0.5 + a",
    "a + b",
)


@pytest.mark.parametrize("text", TEXTS)
def test_slopes_are_those_of_finite_differences(text: str) -> None:
    names = ("x", "y", "a", "b")
    x, y = np.array([0.3, 1.2, 2.5]), np.array([0.5, 0.7, 1.9])
    given = {"x": x, "y": y, "a": 0.8, "b": 1.3}
    formula = FormulaSlopes(parse_formula(text)[0], names)
    value, slopes = np.empty(3), np.zeros((3, 4))
    formula.into(given, value, slopes)
    assert np.allclose(value, formula.value(given))
    for k, name in enumerate(names):
        step = 1e-6
        more = formula.value({**given, name: given[name] + step})
        less = formula.value({**given, name: given[name] - step})
        assert np.allclose(slopes[:, k], (more - less) / (2 * step), atol=1e-7)
