"""The normal form of an expression: the same function without redundant scales."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.expression.build import symbol
from eqdarts.expression.normal_form import cost, normalise
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.simplify import points_of, simplified

ROWS = np.random.default_rng(0).uniform(0.3, 3.0, (100, 3))
NAMES = ("x", "y", "z")
POINTS = points_of(NAMES, ROWS, np.ones(3))


@pytest.mark.slow
@given(st.lists(st.floats(0.05, 20.0), min_size=4, max_size=4), st.sampled_from([0.5, -1.5, 2, -1, 3, 0.7]))
@settings(max_examples=20)
def test_normalising_keeps_the_function(c: list[float], p: float) -> None:
    x, y = symbol("x"), symbol("y")
    a, b, d, e = (sympy.Float(v) for v in c)
    exponent = sympy.Integer(p) if isinstance(p, int) else sympy.Float(p)
    for expr in (
        a * (b * x + d) ** exponent * (e * y + x),
        a * sympy.log(b * x + d) + e,
        a * sympy.log(b * x) + d * sympy.log(e * y) + x,
        a * sympy.Abs(b * x - d) ** exponent + sympy.Max(0, e * x - d),
        a / (b + d * sympy.exp(-e * x)),
    ):
        normal = normalise(expr)
        np.testing.assert_allclose(
            evaluate(normal, POINTS.columns, POINTS.n_points),
            evaluate(expr, POINTS.columns, POINTS.n_points),
            rtol=1e-9,
        )
        assert cost(simplified(expr, POINTS))[0] <= cost(expr)[0]


@pytest.mark.parametrize(
    "law", ["Min(2.0*x, 3.0*y)", "2.5*Max(x - 1.5, 0.3)", "Max(2*x + 4, y)*z", "Max(Max(x, y), z)"]
)
def test_the_larger_of_several_has_no_scale_of_its_own(law: str) -> None:
    expr = parse_formula(law).expr
    normal = normalise(expr)
    np.testing.assert_allclose(
        evaluate(normal, POINTS.columns, POINTS.n_points), evaluate(expr, POINTS.columns, POINTS.n_points)
    )
