"""Robust losses on rows whose errors are relative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from tests import helpers

QUICK: dict[str, Any] = helpers.QUICK | {"max_refits": 40, "max_complexity": 9, "guesses": ["a*x0**b"]}
X = np.geomspace(0.4, 40, 12)
ERRORS = np.array([0.1, -0.2, 0.1, 0.3, -0.1, 30.0, 0.2, -0.3, 0.1, 0.0, -20.0, 0.1]) / 100


@pytest.mark.slow
def test_relative_errors_and_outliers_leave_the_law_to_the_other_rows() -> None:
    model = DARTSRegressor(**QUICK, loss="huber").fit(X[:, None], 365 * X**1.5 * (1 + ERRORS))
    assert model.noise_.kind == "relative"
    assert "The scatter grows in proportion to the law's value" in model.selection_
    assert model.equation_.predict(np.array([[1.0]]))[0] == pytest.approx(365, rel=2e-3)
    ratio = model.equation_.predict(np.array([[40.0]]))[0] / 40**1.5
    assert ratio == pytest.approx(365, rel=5e-3)


@pytest.mark.slow
def test_errors_that_are_the_same_at_all_rows_stay_so() -> None:
    y = 365 * X**1.5 + 1000 * ERRORS + 500
    model = DARTSRegressor(**QUICK, loss="huber").fit(X[:, None], y)
    assert model.noise_.kind == "constant"
