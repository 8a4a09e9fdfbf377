"""A fitted estimator as a file: what comes back, and files from strangers."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy
import torch

from eqdarts import DARTSRegressor, EqdartsWarning, FormulaError, make_primitive

QUICK: dict[str, Any] = {"time_limit": None, "max_refits": 300, "random_state": 0}


def table(n: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(1, 3, (n, 2)), columns=["a b", "c"])
    return X, (X["a b"] * np.exp(-X["c"]) + 0.01 * rng.normal(size=n)).rename("y<0>")


@pytest.fixture(scope="module")
def fitted() -> DARTSRegressor:
    return DARTSRegressor(**QUICK, search="random", constants={"g": 9.80665}, guesses=["a*c"]).fit(*table())


@pytest.fixture(scope="module")
def text(fitted: DARTSRegressor, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("saved") / "law.json"
    fitted.save(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["law.json"]
    return path.read_text(encoding="utf-8")


def loaded(text: str, folder: Path) -> DARTSRegressor:
    path = folder / "read.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return DARTSRegressor.load(path)


@pytest.mark.slow
def test_what_is_loaded_does_all_that_what_was_saved_did(fitted: DARTSRegressor, text: str, tmp_path: Path) -> None:
    X, _ = table()
    again = loaded(text, tmp_path)
    assert np.array_equal(again.predict(X), fitted.predict(X))
    assert np.array_equal(again.predict_interval(X), fitted.predict_interval(X))
    assert again.summary() == fitted.summary()
    assert again.get_params() == fitted.get_params()
    assert (again.selection_, again.snaps_, again.structure_) == (fitted.selection_, fitted.snaps_, fitted.structure_)
    assert (again.graph_, again.graph_coefficients_) == (fitted.graph_, fitted.graph_coefficients_)
    assert (again.known_, again.n_features_in_) == (fitted.known_, 2)
    assert again.history_ == fitted.history_
    pd.testing.assert_frame_equal(again.equations_, fitted.equations_)
    pd.testing.assert_frame_equal(again.alpha_, fitted.alpha_)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(X.rename(columns={"c": "d"}))


def test_what_is_loaded_can_be_saved_and_fitted_again(text: str, tmp_path: Path) -> None:
    again = loaded(text, tmp_path)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text
    lowest = again.equations_["loss"].min()
    again.set_params(warm_start=True, max_refits=10).fit(*table())
    assert again.equations_["loss"].min() <= lowest * (1 + 1e-9)


def test_weights_and_arrays_without_names_come_back(tmp_path: Path) -> None:
    X, y = table()
    X, y = X.to_numpy(), y.to_numpy()
    model = DARTSRegressor(**QUICK | {"max_refits": 60, "search": "random"}).fit(
        X, y, sample_weight=np.arange(1.0, 61.0)
    )
    model.save(tmp_path / "law.json")
    again = DARTSRegressor.load(tmp_path / "law.json")
    assert not hasattr(again, "feature_names_in_")
    assert again.summary() == model.summary()
    assert np.array_equal(again.predict(X, return_std=True)[1], model.predict(X, return_std=True)[1])


def test_what_is_no_plain_value_is_told(tmp_path: Path) -> None:
    bump = make_primitive(
        "bump", lambda x, a: torch.exp(-a * x**2), lambda x, a: sympy.exp(-a * x**2), n_coefficients=1
    )
    x = np.linspace(-2, 2, 40)[:, None]
    model = DARTSRegressor(["linear", bump], **QUICK | {"max_refits": 60, "search": "random"}).fit(
        x, 3 * np.exp(-0.7 * x[:, 0] ** 2) + 1
    )
    model.save(tmp_path / "law.json")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        again = DARTSRegressor.load(tmp_path / "law.json")
    assert [w.category for w in told] == [EqdartsWarning, EqdartsWarning]
    assert "does not contain primitives of the estimator" in str(told[0].message)
    assert "bump" in str(told[1].message)
    assert np.array_equal(again.predict(x), model.predict(x))
    assert again.graph_ is None
    assert again.summary() == model.summary()
    with pytest.raises(ValueError, match="needs the graphs of the front"):
        again.stability()
    again.save(tmp_path / "again.json")
    with pytest.warns(EqdartsWarning, match="bump"):
        assert DARTSRegressor.load(tmp_path / "again.json").equation_ == model.equation_


def test_an_unfitted_estimator_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        DARTSRegressor().save(tmp_path / "law.json")
    assert not list(tmp_path.iterdir())


VALUES: list[Any] = [
    None, True, -1, 0, 1e308, 10**400, "", "x", "\0", [], {}, [[]], [None], [1, 2], {"x": {}}, [["sum", True, []]],
    [["sum", False, []]], [["sum", True, [[0, "power[1e9]"]]]], [["sum", True, [[0, "power[1/0]"]]]],
    [["sum", True, [[9, "linear"]]]], [["sum", True, [[0, "__class__"]]]], ["a"] * 5000, [[1e400]], float("nan"),
    [[["product", False, [[0, "linear"]] * 2000]], []], [[["sum", True, []]] * 500, [1.0]],
]  # fmt: skip


def mutated(text: str, seed: int) -> str:
    """Return a saved fit with some value of the estimator's own part replaced, or with a letter changed."""
    rng = random.Random(seed)
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        return text[:at] + rng.choice('{}[]",:0-e') * rng.choice([1, 50]) + text[at + rng.randint(0, 3) :]
    record = json.loads(text)
    place: Any = record["model"]
    while True:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if isinstance(place[key], (dict, list)) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        place[key] = rng.choice(VALUES)
        return json.dumps(record)


@pytest.mark.slow
def test_mutated_files_are_loaded_or_refused(text: str, tmp_path: Path) -> None:
    outcomes = {"loaded": 0, "refused": 0}
    X, _ = table()
    for seed in range(150):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded(mutated(text, seed), tmp_path).predict(X)
            outcomes["loaded"] += 1
        except FormulaError as error:
            outcomes["refused" if len(str(error)) < 600 else "refused at length"] += 1
    assert set(outcomes) == {"loaded", "refused"}
    assert min(outcomes.values()) > 20
