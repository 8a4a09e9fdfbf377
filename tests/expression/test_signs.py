"""Roots that hide the sign of an input are written with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.signs import with_signs_before_roots


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("m/sqrt(1/v**2 - 1/c**2)", "m*v/sqrt(1 - v**2/c**2)"),
        ("sqrt(1/v**2 - 1/c**2)", "sqrt(1 - v**2/c**2)/v"),
        # a sum has no larger term, an odd power keeps its sign, and what would be longer stays
        ("1/sqrt(1/a**2 + 1/b**2)", "1/sqrt(1/a**2 + 1/b**2)"),
        ("sqrt(2/r - 1/a)", "sqrt(2/r - 1/a)"),
        ("m/sqrt(1.7/v**2 - 0.31/c**2)", "m/sqrt(1.7/v**2 - 0.31/c**2)"),
    ],
)
def test_even_powers_of_the_minuend_stand_before_the_root(given: str, shown: str) -> None:
    expr, names = parse_formula(given)
    found = with_signs_before_roots(expr)
    assert found == parse_formula(shown)[0]
    rng = np.random.default_rng(0)
    columns = {name: rng.uniform(0.5, 1.0, 50) for name in names}
    before, after = (evaluate(e, columns, 50) for e in (expr, found))
    np.testing.assert_allclose(before, after, rtol=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_chosen_law_keeps_its_values_on_the_rows_whatever_their_sign(sign: int) -> None:
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"m": rng.uniform(1, 5, 300), "v": sign * rng.uniform(0.2, 2.5, 300)})
    y = X["m"] / np.sqrt(1 / X["v"] ** 2 - 0.09)
    y += 0.02 * rng.normal(size=300)
    model = DARTSRegressor(max_refits=1500, random_state=0, guesses=["m/sqrt(1/v**2 - 0.09)"]).fit(X, y)
    assert model.score(X, y) > 0.999
