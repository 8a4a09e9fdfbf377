"""DARTSRegressor as scikit-learn, and as a person with a table, would use it."""

from __future__ import annotations

import io
import itertools
import pickle
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sympy
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data, parametrize_with_checks

from eqdarts import DARTSRegressor, EqdartsWarning
from eqdarts.errors import FormulaError
from eqdarts.fitting.front import refit_front
from eqdarts.graph.fitted import FittedGraph
from tests.fits import G, fall, fallen
from tests.helpers import QUICK
from tests.places import DATASETS


@pytest.mark.slow
@parametrize_with_checks([DARTSRegressor(**(QUICK | {"max_refits": 40, "primitives": "minimal"}))])
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        DARTSRegressor(
            search="relaxed",
            max_refits=5,
            max_complexity=8,
            n_restarts=2,
            relaxed={"n_steps": 2, "n_hidden": (1,)},
            primitives=["power", "exp"],
            time_limit=None,
            random_state=0,
        ),
    ]
)
def test_scikit_learn_contract_of_the_relaxed_search(estimator: Any, check: Any) -> None:
    test_scikit_learn_contract(estimator, check)


@pytest.mark.slow
def test_weights_are_the_same_as_removed_and_repeated_rows() -> None:
    model = DARTSRegressor(max_refits=300, time_limit=None, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        check_sample_weight_equivalence_on_dense_data("DARTSRegressor", model)


def table(n: int = 200, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).uniform(0.2, 3.0, (n, 2)), columns=["x0", "x1"])


LAWS = {
    "product": lambda X: X["x0"] * X["x1"],
    "ratio": lambda X: X["x0"] / X["x1"],
    "power times exponential": lambda X: X["x0"] ** 2 * np.exp(-X["x1"]),
    "psychometric": lambda X: 1 / (1 + np.exp(-2.3 * (X["x0"] - 1.1))),
    "logarithm": lambda X: 0.2 * np.log(1 + 3 * X["x0"]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), list(zip(LAWS, itertools.cycle(range(3)), strict=False)))
def test_simple_laws_are_recovered_exactly_by_default(name: str, seed: int) -> None:
    law = LAWS[name]
    X, fresh = table(), table(seed=1)
    model = DARTSRegressor(time_limit=None, max_refits=20_000, random_state=seed).fit(X, law(X))
    assert model.history_.stop_reason == "exact"
    assert float(np.mean((model.predict(fresh) - law(fresh)) ** 2)) < 1e-12


def quick_fit(**given: Any) -> DARTSRegressor:
    X = table()
    return DARTSRegressor(**(QUICK | given)).fit(X, LAWS["product"](X) + 0.1 * np.sin(7 * X["x1"]))


@pytest.mark.slow
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
    # the constant and the best line are there in any case; all others fit better than what is simpler
    best = front["loss"].cummin().to_numpy()
    told = [bool(law.expr.is_polynomial() and sympy.total_degree(law.expr) <= 1) for law in model.front_]
    assert (front["loss"].to_numpy() == best)[~np.array(told)].all()
    assert front["chosen"].sum() == 1
    assert model.front_[int(np.flatnonzero(front["chosen"])[0])] == model.equation_


def test_round_trips() -> None:
    model, X = quick_fit(), table(seed=3)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(file)):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))


@pytest.mark.slow
def test_grid_search_pipeline_and_cross_validation() -> None:
    X = table(60)
    y = LAWS["product"](X)
    search = GridSearchCV(DARTSRegressor(**QUICK), {"max_complexity": [4, 12]}, cv=2).fit(X, y)
    assert search.best_params_ == {"max_complexity": 12}
    assert make_pipeline(FunctionTransformer(), DARTSRegressor(**QUICK)).fit(X, y).score(X, y) > 0.99
    assert cross_val_score(DARTSRegressor(**QUICK), X, y, cv=3).min() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e12, 1e-12])
def test_extreme_units_still_give_a_power_law(unit: float) -> None:
    X = table() * unit
    y = 3.0 * X["x0"] ** 1.5
    model = DARTSRegressor(random_state=0).fit(X, y)
    assert model.score(X, y) > 1 - 1e-12


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"search": "genetic"}, "There is no such search"),
        ({"time_limit": -1}, "time_limit must be a positive"),
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
        DARTSRegressor(**QUICK).fit(broken.to_numpy(), y)
    if np.isinf(bad):  # a gap in a DataFrame costs its row
        with pytest.raises(ValueError, match=r"1 infinite in 'x1' \(the first in row 4\)"):
            DARTSRegressor(**QUICK).fit(broken, y)
    y = y.copy()
    y.iloc[5] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        DARTSRegressor(**QUICK).fit(X.to_numpy(), y)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_rows_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match=r"sample\(s\)"):
        DARTSRegressor(**QUICK).fit(table().iloc[:n], np.arange(float(n)))


def test_few_rows_give_a_warning_and_a_law() -> None:
    X = table(6)
    with pytest.warns(EqdartsWarning, match="Only 6 rows"):
        model = DARTSRegressor(**QUICK).fit(X, LAWS["product"](X))
    assert model.score(X, LAWS["product"](X)) > 0.99


def test_six_measurements_give_a_law() -> None:
    bod = pd.read_csv(DATASETS / "bod.csv")
    with pytest.warns(EqdartsWarning, match="Only 6 rows"):
        model = DARTSRegressor(**QUICK).fit(bod[["Time"]], bod["demand"])
    assert model.equation_.complexity > 1


@pytest.mark.slow
@pytest.mark.parametrize(("n", "most"), [(3, 2), (4, 3), (6, 3), (15, 5)])
def test_tiny_tables_leave_a_row_to_spare(n: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[FittedGraph] = []

    def noted(front: tuple[FittedGraph, ...], *given: Any) -> tuple[FittedGraph, ...]:
        found.extend(front)
        return refit_front(front, *given)

    monkeypatch.setattr("eqdarts.fitting.stages.refit_front", noted)
    X = table(n)[["x0"]]
    y = np.random.default_rng(0).normal(size=n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        DARTSRegressor(**QUICK).fit(X, y)
    assert max(most - 2, 1) <= max(member.graph.n_coefficients for member in found) <= most


@pytest.mark.slow
def test_puromycin_is_michaelis_menten() -> None:
    puromycin = pd.read_csv(DATASETS / "puromycin.csv")
    treated = puromycin[puromycin["state"] == "treated"]
    model = DARTSRegressor(**(QUICK | {"primitives": ["reciprocal"]})).fit(treated[["conc"]], treated["rate"])
    with pytest.warns(EqdartsWarning, match=r"1 of 2 row\(s\) lie outside .*conc: 0.02 to 1.1"):
        most, half = model.predict(pd.DataFrame({"conc": [1e12, 0.06412]}))
    assert model.outside(pd.DataFrame({"conc": [1e12, 0.06412]})).tolist() == [True, False]
    assert most == pytest.approx(212.68, rel=1e-3)
    assert half == pytest.approx(most / 2, rel=1e-3)


def test_a_choice_that_begins_too_late_is_still_one_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.fitting.stages.Stages._has_time", lambda *_: False)
    X = table()
    y = LAWS["product"](X) + 0.1 * np.random.default_rng(0).normal(size=len(X))
    model = DARTSRegressor(**QUICK).fit(X, y)
    assert len(model.front_) > 3
    assert model.equation_.complexity < model.front_[-1].complexity


@pytest.mark.slow
def test_puromycin_is_michaelis_menten_by_default() -> None:
    puromycin = pd.read_csv(DATASETS / "puromycin.csv")
    treated = puromycin[puromycin["state"] == "treated"]
    model = DARTSRegressor(random_state=0, max_refits=1500, time_limit=None).fit(treated[["conc"]], treated["rate"])
    most, half = model.equation_.coefficients.values()
    assert most == pytest.approx(212.7, abs=6.9)  # nls, with its standard errors
    assert half == pytest.approx(0.0641, abs=0.0083)
    assert "log(conc)" in model.selection_


def test_known_errors_decide_how_much_of_the_law_is_seen() -> None:
    x = np.linspace(0.1, 2, 60)
    y = 1 + 2 * x + 0.1 * x**2
    quick = QUICK | {"primitives": ["linear", "square"]}
    fits = [DARTSRegressor(**quick).fit(x[:, None], y, sigma=sigma) for sigma in (1.0, 1e-3)]
    assert ["x0**2" in str(fit.equation_) for fit in fits] == [False, True]


def test_constant_y_and_useless_columns_are_survived() -> None:
    X = table()
    assert DARTSRegressor(**QUICK).fit(X, np.full(200, 4.5)).equation_.complexity == 1
    X["flat"], X["copy"] = 2.0, X["x0"]
    assert DARTSRegressor(**QUICK).fit(X, LAWS["product"](X)).score(X, LAWS["product"](X)) > 0.99


def test_other_bad_input_is_refused() -> None:
    X, y = table(), LAWS["product"](table())
    with pytest.raises((TypeError, ValueError), match=r"[Ss]parse"):
        DARTSRegressor(**QUICK).fit(sparse.csr_matrix(X), y)
    for both, got in ((np.column_stack([y, y]), r"shape \(200, 2\)"), (pd.DataFrame({"a": y, "b": y}), "'a', 'b'")):
        with pytest.raises(ValueError, match=rf"one column: a law has one target. Got {got}. Fit each by itself"):
            DARTSRegressor(**QUICK).fit(X, both)
    with pytest.raises(ValueError, match="feature names"):
        quick_fit().predict(X.rename(columns={"x1": "other"}))


# --- the front on all rows ---


def test_coefficients_come_from_all_rows() -> None:
    trees = pd.read_csv(DATASETS / "trees.csv")
    weight = np.arange(1.0, len(trees) + 1)
    for given in (None, weight):
        model = DARTSRegressor(**QUICK, noise="constant").fit(
            trees[["Girth", "Height"]], trees["Volume"], sample_weight=given
        )
        assert model.front_[0].complexity == 1
        (constant,) = model.front_[0].coefficients.values()
        # By weights in proportion to the value the coefficients are settled to 1e-8.
        assert constant == pytest.approx(np.average(trees["Volume"], weights=given), rel=1e-8)


@pytest.mark.parametrize("stage", ["structure_of", "snap_chosen"])
def test_a_form_that_leaves_the_real_line_does_not_end_the_fit(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreal(*_: Any) -> Any:
        raise FormulaError("A formula cannot contain this.")

    monkeypatch.setattr(f"eqdarts.fitting.stages.{stage}", unreal)
    x = np.linspace(1.0, 2.0, 30)
    model = DARTSRegressor(search="random", time_limit=None, max_refits=50, random_state=0).fit(x[:, None], 3 * x)
    assert model.predict([[2.0]]) == pytest.approx([6.0])


def test_interrupt_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def interrupted(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("eqdarts.fitting.progress.Bar.__call__", interrupted)
    with pytest.warns(EqdartsWarning, match="Interrupted"):
        model = quick_fit()
    assert model.history_.stop_reason == "interrupt"
    assert len(model.equations_) >= 1


# --- constants, criteria and copies ---


def test_constants_become_exact_and_everything_shows_the_same_equation() -> None:
    model = fallen(named=True)
    exponent, snap = model.snaps_
    assert (exponent.coefficient, exponent.constant, snap.constant) == ("exponent of t", "2", "g/2")
    assert model.known_ == {"g": G}
    row = int(np.flatnonzero(model.equations_["chosen"])[0])
    assert model.front_[row] is model.equation_
    assert model.equations_.loc[row, "equation"] == str(model.equation_) == "g*t**2/2"
    assert model.equations_.loc[row, "latex"] == model.latex()
    assert model.equations_.loc[row, "loss"] == pytest.approx(snap.loss_after)
    X, y = fall()
    np.testing.assert_allclose(model.predict(X), G / 2 * X["t"] ** 2, rtol=1e-14)
    assert np.mean((model.predict(X) - y) ** 2) == pytest.approx(snap.loss_after)
    assert {str(s) for s in model.sympy().free_symbols} == {"t"}


def test_without_names_there_are_only_numbers() -> None:
    model = fallen()
    assert model.known_ == {}
    assert model.equation_.constants == ()
    assert float(model.predict(pd.DataFrame({"t": [1.0]}))[0]) == pytest.approx(G / 2, rel=1e-3)


def test_pickles_and_clones_carry_on() -> None:
    model = fallen(named=True)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.summary() == model.summary()
    assert clone(model).get_params()["constants"] == {"g": G}
    assert not hasattr(clone(model), "front_")


@pytest.mark.parametrize("selection", ["bic", "aicc", "validation"])
def test_every_criterion_finds_a_plain_law(selection: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (80, 1))
    y = 2.7 * X[:, 0] ** 2 + 0.05 * rng.normal(size=80)
    model = DARTSRegressor(**(QUICK | {"primitives": "default"}), selection=selection).fit(X, y)
    assert str(model.sympy()).endswith("*x0**2")
    assert model.equations_.loc[model.equations_["chosen"], "score"].item() == 0
    assert (model.equations_["score"] >= 0).all()
