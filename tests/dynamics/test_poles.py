"""Poles along measured runs."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.poles import meets_pole
from eqdarts.equation.equation import Equation
from tests.dynamics.systems import law, problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - 8e-7/x", True),
        ("x - 8e-7/(x - 0.1001)**2", True),
        ("x/(x + 0.6)", False),
        ("1/(1 + 1/x**2)", False),
        ("sin(x)/x", False),
        ("x - 8e-7/(x + 0.4995)", True),
        ("x - 8e-7/(x + 0.52)", False),
        ("x**2 - x", False),
    ],
)
def test_a_pole_between_rows_or_within_the_error_of_a_state_is_one(text: str, expected: bool) -> None:
    columns = {"x": np.linspace(-0.5, 1.5, 41) + 1e-3}
    assert meets_pole(Equation.parse(text, ("x",)).expr, columns, [slice(0, 41)], {"x": 1e-3}) is expected


def test_the_rows_of_two_runs_may_lie_on_both_sides_of_a_pole() -> None:
    columns = {"x": np.concatenate([np.linspace(-2, -1, 5), np.linspace(1, 2, 5)])}
    one = Equation.parse("1/x", ("x",)).expr
    assert not meets_pole(one, columns, [slice(0, 5), slice(5, 10)], {})
    assert meets_pole(one, columns, [slice(0, 10)], {})


def test_a_law_with_a_pole_along_the_runs_is_no_law_of_a_system() -> None:
    own = problem()
    wrong = law("-0.4*S*I + 1e-9/(S - 2)")
    assert own.fit_one(wrong, 0) is None
    assert own.fit_all([wrong, law("0.4*S*I - 0.3*I")]) is None
