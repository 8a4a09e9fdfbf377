"""What a search starts from: guesses of the user, the front of the fit before."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, EqdartsWarning, Equation, FormulaError
from tests import helpers

QUICK: dict[str, Any] = helpers.QUICK | {"max_refits": 60}


def table(n: int = 80, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Return rows of a law that a few refits do not find."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.uniform(0.5, 3, (n, 2)), columns=["dose", "reaction time"])
    y = 2.5 * X["dose"] ** 1.7 * np.exp(-0.8 * X["reaction time"]) / (1.3 + X["dose"] ** 1.7)
    return X, y.rename("effect")


# --- guesses ---


@pytest.mark.slow
def test_a_guess_is_found_that_the_search_alone_does_not_find() -> None:
    X, y = table()
    alone = DARTSRegressor(**QUICK).fit(X, y)
    assert alone.equations_["loss"].min() > 1e-6
    for guess in (
        "a*dose**n*exp(-k*`reaction time`)/(b + dose**n)",
        Equation.parse("a*dose**n*exp(-k*`reaction time`)/(b + dose**n)", ["dose", "reaction time"]),
        Equation.parse("2.5*dose**1.7*exp(-0.8*`reaction time`)/(1.3 + dose**1.7)"),
    ):
        model = DARTSRegressor(**QUICK, guesses=[guess]).fit(X, y)
        assert model.equations_["loss"].min() < 1e-20, guess


@pytest.mark.slow
def test_a_guess_of_other_units_is_the_same_guess() -> None:
    X, y = table()
    X["dose"] *= 1e6
    guess = "a*dose**n*exp(-k*`reaction time`)/(b + dose**n)"
    model = DARTSRegressor(**QUICK, guesses=[guess]).fit(X, 1e-4 * y)
    assert model.equations_["loss"].min() < 1e-26


def test_named_constants_keep_their_values_in_a_guess() -> None:
    X, y = table()
    model = DARTSRegressor(**QUICK, guesses=["q*dose + g"], constants={"g": 9.80665}).fit(X, y)
    assert len(model.equations_)


@pytest.mark.slow
def test_a_guess_of_a_probability_starts_its_log_odds() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.uniform(-3, 3, 200)})
    y = (rng.random(200) < 1 / (1 + np.exp(-(2 * X["x"] - 1)))).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        for guess in ("1/(1 + exp(-(a*x + b)))", "0.1 + 0.8/(1 + exp(-a*x))"):
            model = DARTSRegressor(**(QUICK | {"max_refits": 30}), loss="bernoulli", guesses=[guess]).fit(X, y)
            assert model.predict(X).min() >= 0


@pytest.mark.parametrize(
    ("guesses", "message"),
    [
        ("a*dose", "guesses must be a list"),
        (3, "guesses must be a list"),
        ([3], "text or an Equation"),
        (["a*dose +"], "cannot be read"),
        (["a*b + c"], "must contain a column of X"),
        (["erf(dose)"], "cannot start from this function. Got erf"),
        (["log(-dose)"], "defined at every row"),
        (["+".join(f"dose**{k}" for k in range(2, 40))], "at most 60 symbols"),
        ([Equation.parse("2*weight", ["weight"])], "column of X. Got weight"),
    ],
    ids=range(9),
)
def test_a_guess_that_cannot_be_used_is_refused_before_the_search(
    guesses: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(*_: Any) -> None:
        pytest.fail("searched")

    monkeypatch.setattr("eqdarts.fitting.searches.search", search)
    with pytest.raises(ValueError, match=message):
        DARTSRegressor(**QUICK, guesses=guesses).fit(*table())


def test_a_column_misspelt_is_told() -> None:
    with pytest.warns(EqdartsWarning, match="'dsoe' is a coefficient. Is the column 'dose' meant") as told:
        DARTSRegressor(**QUICK, guesses=["a*exp(-k*`reaction time`) + dsoe"]).fit(*table())
    assert told[0].filename == __file__  # the line that called fit


# --- warm starts ---


@pytest.mark.slow
def test_a_second_fit_never_loses_the_best_found() -> None:
    X, y = table()
    y = y + 0.01 * np.random.default_rng(1).normal(size=len(y))
    settings = QUICK | {"max_refits": 800}
    model = DARTSRegressor(**settings, warm_start=True).fit(X, y)
    lowest = model.equations_["loss"].min()
    model.set_params(max_refits=10, random_state=5).fit(X, y)
    assert model.equations_["loss"].min() <= lowest * (1 + 1e-9)
    cold = DARTSRegressor(**(settings | {"max_refits": 10, "random_state": 5})).fit(X, y)
    assert cold.equations_["loss"].min() > 1.01 * lowest


@pytest.mark.slow
def test_a_warm_start_goes_on_to_rows_of_other_scales() -> None:
    X, y = table()
    guess = "a*dose**n*exp(-k*`reaction time`)/(b + dose**n)"
    model = DARTSRegressor(**QUICK, guesses=[guess], warm_start=True).fit(X, y)
    X2, y2 = table(seed=1)
    X2["dose"] *= 3.0
    model.set_params(guesses=None, max_refits=10).fit(X2, 50 * y2)
    assert model.equations_["loss"].min() < 1e-18


def test_a_warm_start_needs_the_same_columns() -> None:
    X, y = table()
    model = DARTSRegressor(**QUICK, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"warm_start needs the same columns as the previous fit\. Got a, after dose"):
        model.fit(X[["dose"]].rename(columns={"dose": "a"}), y)
    with pytest.raises(ValueError, match="warm_start cannot be used"):
        model.set_params(loss="bernoulli").fit(X, (y > 1).astype(float))


@pytest.mark.slow
def test_without_warm_start_a_second_fit_is_the_first_again() -> None:
    X, y = table()
    model = DARTSRegressor(**QUICK).fit(X, y)
    first = model.equations_
    pd.testing.assert_frame_equal(model.fit(X, y).equations_, first)


def test_the_error_of_a_guess_names_it() -> None:
    with pytest.raises(FormulaError, match=r"^The guess 'dose \+ \^' cannot be used\. The formula cannot be read"):
        DARTSRegressor(**QUICK, guesses=["dose + ^"]).fit(*table())


# --- a break in the slope ---


@pytest.mark.parametrize(("changed", "found"), [({}, True), ({"primitives": ["linear", "exp"]}, False)])
def test_a_broken_line_is_tried_unless_the_users_functions_have_none(changed: dict[str, Any], found: bool) -> None:
    x = np.arange(1.0, 16)
    y = 3 + 2 * x + 12 * np.maximum(x - 6, 0) + 0.01 * np.random.default_rng(0).normal(size=15)
    model = DARTSRegressor(**(QUICK | changed)).fit(x[:, None], y)
    assert ("Max(0, x0 - 6" in str(model.equation_) or "Max(0, x0 - 5.99" in str(model.equation_)) is found
