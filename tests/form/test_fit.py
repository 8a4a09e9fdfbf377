"""The unknown functions of a form are found, and the whole law has one fit."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor

QUICK: dict[str, Any] = {"time_limit": None, "max_refits": 12, "max_complexity": 6, "random_state": 0}
QUICK |= {"primitives": "minimal"}
RNG = np.random.default_rng(0)
X = pd.DataFrame({"x": RNG.uniform(0.5, 3, 60), "t": RNG.uniform(0, 3, 60)})
ERRORS = 0.01 * np.random.default_rng(1).normal(size=60)


@cache
def decay() -> DARTSRegressor:
    y = 2.5 * X.x**2 * np.exp(-0.6 * X.t) + ERRORS
    return DARTSRegressor(form="f(x)*exp(-k*t)", snap=False, **QUICK).fit(X, y, units={"x": "m", "t": "s", "y": "J"})


def test_a_function_and_the_coefficient_outside_are_found_with_standard_errors() -> None:
    model = decay()
    assert model.equation_.coefficients["k"] == pytest.approx(0.6, abs=0.01)
    np.testing.assert_allclose(model.functions_["f"].predict({"x": [1.0, 2.0]}), [2.5, 10.0], rtol=0.02)
    found = model.inference()
    assert np.isfinite(found.standard_error).all()
    low, high = found.interval(0.999)[found.names.index("k")]
    assert low < 0.6 < high
    assert model.predict_interval(X[:3]).shape == (3, 2)


def test_units_of_the_coefficients_are_told() -> None:
    assert "k has unit s-1" in decay().selection_
    assert "k" in decay().summary(profile=False)


def test_files_and_pickles_keep_the_functions(tmp_path: Path) -> None:
    model = decay()
    model.save(tmp_path / "law.json")
    for again in (DARTSRegressor.load(tmp_path / "law.json"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.functions_ == model.functions_
        assert again.form == model.form


def test_a_factor_outside_and_one_inside_are_one_coefficient_and_bounds_hold() -> None:
    y = 2.5 * X.x + ERRORS
    model = DARTSRegressor(form="V*f(x)", bounds={"V": (0, 2.0)}, **QUICK).fit(X, y)
    assert np.isfinite(model.inference().standard_error).all()
    np.testing.assert_allclose(model.predict(X), 2.5 * X.x, rtol=0.02)


def test_what_is_known_rules_laws_out_and_outliers_are_let_be() -> None:
    y = 2 * X.x + 0.5 * X.t + ERRORS
    y[::15] += 9
    model = DARTSRegressor(form="f(x) + b*t", loss="huber", knowledge=["decreasing in t"], **QUICK)
    with pytest.warns(UserWarning, match="No equation that was found obeys"):
        model.fit(X, y)
    assert model.equation_.coefficients["b"] == pytest.approx(0.5, abs=0.02)


def test_an_exact_constant_is_exact_in_the_function_too() -> None:
    model = DARTSRegressor(form="f(x) + b*t", **QUICK).fit(X, 2 * X.x + 0.513 * X.t + ERRORS)
    assert [snap.constant for snap in model.snaps_] == ["2"]
    assert model.functions_["f"].format() == "f = 2*x"


@pytest.mark.parametrize(
    ("params", "given", "told"),
    [
        ({"form": 3}, {}, "form must be text"),
        ({"bounds": {"k": (0, None)}}, {}, "bounds are those of coefficients of a form"),
        ({"form": "f(x)", "bounds": {"k": (0, None)}}, {}, "Only parameters have bounds"),
        ({"form": "f(x)", "loss": "bernoulli"}, {}, "A form cannot be fitted with loss"),
        ({"form": "f(x)", "noise": "relative"}, {}, "A form cannot be fitted with noise"),
        ({"form": "f(x)", "guesses": ["x"]}, {}, "A form cannot be fitted with guesses"),
        ({"form": "f(x)"}, {"groups": ["a", "b"] * 30}, "A form cannot be fitted with groups"),
    ],
)
def test_what_does_not_go_with_a_form_is_told_before_the_search(
    params: dict[str, Any], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        DARTSRegressor(**params).fit(X, X.t.round(), **given)


def test_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="needs at least 20 rows"):
        DARTSRegressor(form="f(x)").fit(X[:10], X.x[:10])
