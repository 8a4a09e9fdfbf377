"""Which exponents a law may have."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.exponents import has_only, of_exponents
from eqdarts.primitives.table import PRIMITIVES
from tests.fits import QUICK


def test_primitives_that_make_other_exponents_are_left_out() -> None:
    rows = tuple(PRIMITIVES.values())
    assert of_exponents(rows, "any") == rows
    left_out = {
        choice: {row.name for row in rows} - {row.name for row in of_exponents(rows, choice)}
        for choice in ("half", "integer")
    }
    assert left_out == {"half": {"power"}, "integer": {"power", "sqrt"}}


@pytest.mark.parametrize(
    ("text", "finest"),
    [
        ("x**2/y", "integer"),
        ("sqrt(x)*y**(-3/2)", "half"),
        ("x**(1/3)", "any"),
        ("x**1.4", "any"),
        ("2**x + exp(y)", "integer"),
    ],
)
def test_the_exponents_of_a_formula(text: str, finest: str) -> None:
    expr = parse_formula(text).expr
    order = ["integer", "half", "any"]
    assert [has_only(expr, choice) for choice in order] == [k >= order.index(finest) for k in range(3)]


def test_a_fit_has_only_the_exponents_that_were_allowed() -> None:
    X = np.linspace(1, 4, 40)[:, None]
    model = DARTSRegressor(**(QUICK | {"primitives": "default", "max_refits": 60, "exponents": "integer"})).fit(
        X, X[:, 0] ** 1.5
    )
    assert all(has_only(law.expr, "integer") for law in model.front_)


def test_an_unknown_choice_is_an_error() -> None:
    with pytest.raises(ValueError, match="There is no such exponents"):
        DARTSRegressor(exponents="thirds").fit(np.arange(20.0)[:, None], np.arange(20.0))
