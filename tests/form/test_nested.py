"""A formula of all arguments as one with a function inside."""

from __future__ import annotations

import pytest

from eqdarts.equation.equation import Equation
from eqdarts.form.nested import parted
from eqdarts.form.read import Inside


@pytest.mark.parametrize(
    ("text", "inner", "outer"),
    [
        ("3*exp(2*x + y)*z", "2*x + y", "3*z*exp(g)"),
        ("2*x*y + 3*x*y*z", "x*y", "3*g*z + 2*g"),
        ("sin(x + y) + (x + y)*z", "x + y", "g*z + sin(g)"),
        ("z + 1.5", "x", "z + 1.5"),
    ],
)
def test_one_part_becomes_the_inner_function(text: str, inner: str, outer: str) -> None:
    found = parted(Equation.parse(text, ["x", "y", "z"]), [Inside("g", 0, 2)])
    assert found is not None
    assert (str(found["g"].expr), found["g"].variables) == (inner, ("x", "y"))
    assert (str(found[""].expr), found[""].variables) == (outer, ("g", "z"))


def test_a_formula_that_needs_the_arguments_apart_is_refused() -> None:
    assert parted(Equation.parse("x*z + y", ["x", "y", "z"]), [Inside("g", 0, 2)]) is None
