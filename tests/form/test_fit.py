"""The unknown functions of a form are found, and the whole law has one fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.form.fit import fit_form
from eqdarts.inference import inference

QUICK: dict[str, Any] = {"time_limit": None, "max_refits": 12, "max_complexity": 6, "random_state": 0}
RNG = np.random.default_rng(0)
X = pd.DataFrame({"x": RNG.uniform(0.5, 3, 60), "t": RNG.uniform(0, 3, 60)})


def test_a_function_and_the_coefficient_outside_are_found_with_standard_errors() -> None:
    y = 2.5 * X.x**2 * np.exp(-0.6 * X.t) + 0.01 * np.random.default_rng(1).normal(size=60)
    fit = fit_form(X, y, "f(x)*exp(-k*t)", **QUICK, primitives="minimal")
    assert fit.equation.coefficients["k"] == pytest.approx(0.6, abs=0.01)
    np.testing.assert_allclose(fit.functions["f"].predict({"u1": [1.0, 2.0]}), [2.5, 10.0], rtol=0.02)
    found = inference(fit.equation, X, y)
    assert np.isfinite(found.standard_error).all()
    low, high = found.interval(0.999)[found.names.index("k")]
    assert low < 0.6 < high
    assert fit.table["length"].is_monotonic_increasing


def test_a_factor_outside_and_one_inside_are_one_coefficient_and_bounds_hold() -> None:
    y = 2.5 * X.x + 0.01 * np.random.default_rng(1).normal(size=60)
    fit = fit_form(X, y, "V*f(x)", {"V": (0, 2.0)}, **QUICK, primitives="minimal")
    assert np.isfinite(inference(fit.equation, X, y).standard_error).all()
    np.testing.assert_allclose(fit.equation.predict(X), 2.5 * X.x, rtol=0.02)


def test_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="needs at least 20 rows"):
        fit_form(X[:10], X.x[:10], "f(x)")
