"""DARTSRegressor as scikit-learn, and as a person with a table, would use it."""

from __future__ import annotations

import io
import pickle
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from eqdarts import DARTSRegressor, EqdartsWarning

QUICK: dict[str, Any] = {"search": "random", "max_refits": 256, "time_limit": None, "random_state": 0}


@parametrize_with_checks([DARTSRegressor(**(QUICK | {"max_refits": 40, "primitives": "minimal"}))])
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        check(estimator)


def table(n: int = 200, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).uniform(0.2, 3.0, (n, 2)), columns=["x0", "x1"])


LAWS = {
    "product": lambda X: X["x0"] * X["x1"],
    "ratio": lambda X: X["x0"] / X["x1"],
    "power times exponential": lambda X: X["x0"] ** 2 * np.exp(-X["x1"]),
    "psychometric": lambda X: 1 / (1 + np.exp(-2.3 * (X["x0"] - 1.1))),
    "logarithm": lambda X: 0.2 * np.log(1 + 3 * X["x0"]),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", LAWS)
def test_simple_laws_are_recovered_exactly_by_default(name: str, seed: int) -> None:
    law = LAWS[name]
    X, fresh = table(), table(seed=1)
    model = DARTSRegressor(random_state=seed).fit(X, law(X))
    assert model.history_.stop_reason == "exact"
    assert float(np.mean((model.predict(fresh) - law(fresh)) ** 2)) < 1e-12


def quick_fit(**given: Any) -> DARTSRegressor:
    X = table()
    return DARTSRegressor(**(QUICK | given)).fit(X, LAWS["product"](X) + 0.1 * np.sin(7 * X["x1"]))


def test_the_same_seed_gives_the_same_equations() -> None:
    first, second = quick_fit(), quick_fit()
    assert list(first.equations_["equation"]) == list(second.equations_["equation"])


def test_fit_starts_from_scratch() -> None:
    X = table()
    model = DARTSRegressor(**QUICK).fit(X, X["x0"])
    again = model.fit(X, LAWS["product"](X))
    assert str(again.equation_) == str(clone(model).fit(X, LAWS["product"](X)).equation_)


def test_front_is_a_front_and_one_row_is_chosen() -> None:
    model = quick_fit()
    front = model.equations_
    assert list(front.columns) == ["complexity", "loss", "score", "equation", "latex", "chosen"]
    assert front["complexity"].is_monotonic_increasing
    assert front["loss"].is_monotonic_decreasing
    assert front["chosen"].sum() == 1
    assert model.front_[int(np.flatnonzero(front["chosen"])[0])] == model.equation_


def test_round_trips() -> None:
    model, X = quick_fit(), table(seed=3)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(file)):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))


def test_grid_search_pipeline_and_cross_validation() -> None:
    X = table(60)
    y = LAWS["product"](X)
    search = GridSearchCV(DARTSRegressor(**QUICK), {"max_complexity": [3, 12]}, cv=2).fit(X, y)
    assert search.best_params_ == {"max_complexity": 12}
    assert make_pipeline(FunctionTransformer(), DARTSRegressor(**QUICK)).fit(X, y).score(X, y) > 0.99
    assert cross_val_score(DARTSRegressor(**QUICK), X, y, cv=3).min() > 0.99


@pytest.mark.parametrize("unit", [1e12, 1e-12])
def test_extreme_units_still_give_a_power_law(unit: float) -> None:
    X = table() * unit
    y = 3.0 * X["x0"] ** 1.5
    model = DARTSRegressor(random_state=0).fit(X, y)
    assert model.score(X, y) > 1 - 1e-12


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"search": "genetic"}, "search must be known"),
        ({"time_limit": -1}, "time_limit must be positive"),
        ({"max_complexity": 1}, "max_complexity must be a whole number"),
        ({"primitives": ["exp", "expp"]}, "Did you mean 'exp'"),
        ({"validation_fraction": 1.5}, "validation_fraction must lie"),
    ],
)
def test_parameters_without_sense_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DARTSRegressor(**(QUICK | given)).fit(table(), np.arange(200.0))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    X, y = table(), LAWS["product"](table())
    broken = X.copy()
    broken.iloc[3, 1] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        DARTSRegressor(**QUICK).fit(broken, y)
    y = y.copy()
    y.iloc[5] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        DARTSRegressor(**QUICK).fit(X, y)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_rows_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match=r"sample\(s\)"):
        DARTSRegressor(**QUICK).fit(table().iloc[:n], np.arange(float(n)))


def test_few_rows_give_a_warning_and_a_law() -> None:
    X = table(6)
    with pytest.warns(EqdartsWarning, match="Only 6 rows"):
        model = DARTSRegressor(**QUICK).fit(X, LAWS["product"](X))
    assert model.score(X, LAWS["product"](X)) > 0.99


def test_constant_y_and_useless_columns_are_survived() -> None:
    X = table()
    assert DARTSRegressor(**QUICK).fit(X, np.full(200, 4.5)).equation_.complexity == 1
    X["flat"], X["copy"] = 2.0, X["x0"]
    assert DARTSRegressor(**QUICK).fit(X, LAWS["product"](X)).score(X, LAWS["product"](X)) > 0.99


def test_other_bad_input_is_refused() -> None:
    X, y = table(), LAWS["product"](table())
    with pytest.raises((TypeError, ValueError), match=r"[Ss]parse"):
        DARTSRegressor(**QUICK).fit(sparse.csr_matrix(X), y)
    with pytest.raises(ValueError, match=r"1d array"):
        DARTSRegressor(**QUICK).fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="feature names"):
        quick_fit().predict(X.rename(columns={"x1": "other"}))


def test_interrupt_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdarts.search import search as module

    calls = 0
    original = module.refit

    def interrupted(*given: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return original(*given, **options)

    monkeypatch.setattr(module, "refit", interrupted)
    with pytest.warns(EqdartsWarning, match="Interrupted"):
        model = quick_fit()
    assert model.history_.stop_reason == "interrupt"
    assert len(model.equations_) >= 1
