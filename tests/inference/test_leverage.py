"""The row that decides the law."""

from __future__ import annotations

import numpy as np

from eqdarts import Equation
from eqdarts.data import FitRows
from eqdarts.inference.leverage import deciding_row
from eqdarts.inference.uncertainty import inference

X = np.append(np.linspace(1, 2, 14), 9.0)
NOISE = 0.1 * np.random.default_rng(0).normal(size=15)


def _told(x: np.ndarray, y: np.ndarray, formula: str = "a + b*x", drawn: bool = False) -> str | None:
    law = Equation.parse(formula, ["x"]).fit({"x": x}, y)
    given = FitRows(x[:, None], y, None, None, len(y) + drawn)
    return deciding_row(inference(law, {"x": x}, y), given)


def test_a_far_row_that_decides_the_slope_is_named_with_the_law_without_it() -> None:
    y = 3 + 2 * X + NOISE
    y[-1] = 5.0
    told = _told(X, y)
    assert told is not None
    assert told.startswith("Row 15 (counted from 1) decides the law: without it, ")
    without = np.polyfit(X[:-1], y[:-1], 1)
    assert f"{without[0]:.4g} instead of" in told or f"{without[1]:.4g} instead of" in told
    assert _told(X, y, drawn=True) is None


def test_a_curved_law_is_fitted_again_without_the_row() -> None:
    y = 3 * np.exp(-0.8 * X) + 0.01 * NOISE
    y[0] = 4.0
    told = _told(X, y, "a*exp(-b*x)")
    assert told is not None
    assert told.startswith("Row 1 ")


def test_even_rows_have_none() -> None:
    x = np.linspace(1, 5, 15)
    assert _told(x, 3 + 2 * x + NOISE) is None
    assert _told(x, 3 + 2 * x) is None
    assert sum(_told(x, np.random.default_rng(seed).normal(size=15)) is not None for seed in range(40)) <= 1
