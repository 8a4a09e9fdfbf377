"""What a fitted estimator says about its choice, its coefficients and its predictions."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from eqdarts import DARTSRegressor
from eqdarts.data import prepare
from eqdarts.fitting import front as front_module
from eqdarts.fitting.front import fitted_rows, held_out_losses, refit_front
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.inference.uncertainty import inference
from eqdarts.primitives.table import PRIMITIVES

G = 9.80665
QUICK: dict[str, Any] = {
    "primitives": "minimal", "search": "random", "max_refits": 200, "time_limit": None, "random_state": 0,
}  # fmt: skip


def fall(n: int = 30, noise: float = 0.01, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    t = pd.DataFrame({"t": np.repeat(np.linspace(0.2, 2.0, n // 2), 2)})
    return t, pd.Series(G / 2 * t["t"] ** 2 + noise * rng.normal(size=len(t)), name="h")


@cache
def fallen(**given: Any) -> DARTSRegressor:
    constants = {"g": G} if given.pop("named", False) else None
    fit = {key: given.pop(key) for key in ("sigma", "sample_weight") if key in given}
    return DARTSRegressor(**(QUICK | given), constants=constants).fit(*fall(), **fit)


# --- constants ---


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


@pytest.mark.parametrize(
    ("constants", "said"),
    [
        ({"t": 1.0}, "name of its own"),
        ({"c0": 1.0}, "name of its own"),
        ({"g": 0.0}, "finite and not 0"),
        ({"g": "9.8"}, "finite and not 0"),
        (["g"], "map names to numbers"),
    ],
)
def test_constants_without_sense_are_refused_before_the_search(constants: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DARTSRegressor(**QUICK, constants=constants).fit(*fall())


def test_a_front_stays_a_front_when_its_chosen_member_changes() -> None:
    for model in (fallen(), fallen(named=True)):
        assert model.equations_["complexity"].is_monotonic_increasing
        assert model.equations_["chosen"].sum() == 1
        chosen = model.equations_[model.equations_["chosen"]].iloc[0]
        later = model.equations_[model.equations_["complexity"] > chosen["complexity"]]
        assert (later["loss"] < chosen["loss"]).all()


# --- inference ---


def test_inference_is_that_of_the_rows_that_were_given() -> None:
    model, (X, y) = fallen(), fall()
    for index in (None, 0, len(model.front_) - 1):
        equation = model.equation_ if index is None else model.front_[index]
        found, direct = model.inference(index), inference(equation, X, y)
        assert found.names == direct.names == tuple(equation.coefficients)
        np.testing.assert_array_equal(found.standard_error, direct.standard_error)
        assert not any("least squares" in note for note in found.notes)


def test_changing_the_table_afterwards_changes_nothing() -> None:
    X, y = np.random.default_rng(0).uniform(1, 2, (40, 1)), np.arange(40.0)
    model = DARTSRegressor(**QUICK).fit(X, y)
    before = model.inference().standard_error
    X += 1.0
    y *= 0.0
    np.testing.assert_array_equal(model.inference().standard_error, before)


def test_relative_weights_have_no_unit_and_known_errors_do() -> None:
    X, y = fall()
    weight = np.where(X["t"] > 1, 0.7, 2.1)
    one, other = (DARTSRegressor(**QUICK).fit(X, y, sample_weight=k * weight) for k in (1.0, 1e-3))
    assert str(one.equation_) == str(other.equation_)
    np.testing.assert_allclose(one.inference().standard_error, other.inference().standard_error, rtol=1e-6)
    tight, loose = (DARTSRegressor(**QUICK).fit(X, y, sigma=s) for s in (0.01, 0.1))
    assert str(tight.equation_) == str(loose.equation_)
    np.testing.assert_allclose(10 * tight.inference(0).standard_error, loose.inference(0).standard_error, rtol=1e-12)
    assert tight.inference().sigma_known
    with pytest.raises(ValueError, match="already are weights"):
        DARTSRegressor(**QUICK).fit(X, y, sample_weight=weight, sigma=0.1)
    with pytest.raises(ValueError, match="sigma must be"):
        DARTSRegressor(**QUICK).fit(X, y, sigma=np.zeros(len(y)))


def test_known_errors_weight_the_rows() -> None:
    X, y = fall()
    y = y.copy()
    y[::3] += 5.0
    sigma = np.where(np.arange(len(y)) % 3 == 0, 100.0, 0.01)
    model = DARTSRegressor(**QUICK).fit(X, y, sigma=sigma)
    assert float(model.predict(pd.DataFrame({"t": [1.0]}))[0]) == pytest.approx(G / 2, rel=2e-3)


def test_only_so_many_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = fall(1000)
    full = len(pickle.dumps(DARTSRegressor(**QUICK).fit(X, y)))
    monkeypatch.setattr(front_module, "MOST_ROWS", 400)
    model = DARTSRegressor(**QUICK).fit(X, y)
    found = model.inference()
    assert found.n_rows == 400
    assert not any("least squares" in note for note in found.notes)
    assert "from 400 of the 1000 rows" in model.summary(profile=False)
    assert len(pickle.dumps(model)) < full - 16 * 500


def test_pickles_and_clones_carry_on() -> None:
    model = fallen(named=True)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.summary() == model.summary()
    assert clone(model).get_params()["constants"] == {"g": G}
    assert not hasattr(clone(model), "front_")


# --- predictions ---


def test_predict_gives_standard_deviations() -> None:
    model, (X, _) = fallen(), fall()
    values, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(values, model.predict(X))
    found = model.inference()
    np.testing.assert_allclose(std, np.hypot(found.predict_std(X), found.sigma), rtol=1e-12)
    values, std = model.predict(X, index=0, return_std=True)
    np.testing.assert_allclose(std, model.inference(0).sigma * np.sqrt(1 + 1 / len(X)), rtol=1e-9)


def test_intervals_hold_new_observations() -> None:
    X, y = fall(400, seed=1)
    model = DARTSRegressor(**QUICK).fit(*fall(200))
    low, high = model.predict_interval(X, coverage=0.9).T
    assert 0.85 < np.mean((low <= y) & (y <= high)) < 0.95
    narrow = model.predict_interval(X, observation=False)
    assert (np.diff(narrow) < 0.5 * np.diff(model.predict_interval(X))).all()
    assert (np.diff(model.predict_interval(X, index=0)) > high[0] - low[0]).all()


def test_new_observations_have_the_known_error_if_there_was_one() -> None:
    X, y = fall()
    values, std = DARTSRegressor(**QUICK).fit(X, y, sigma=0.01).predict(X, return_std=True)
    assert ((std >= 0.01) & (std < 0.012)).all()
    assert np.isfinite(values).all()
    varied = DARTSRegressor(**QUICK).fit(X, y, sigma=np.linspace(0.005, 0.02, len(y)))
    with pytest.raises(ValueError, match="error of a new observation"):
        varied.predict(X, return_std=True)
    assert varied.predict_interval(X, sigma=0.01).shape == (len(X), 2)


# --- words ---


def test_summary_has_everything() -> None:
    model = fallen(named=True)
    shown = model.summary()
    for part in ("h = g*t**2/2", "rows", "R2", "given", "became g/2", "rivals", "pure error of replicates"):
        assert part in shown
    other = model.summary(index=0, profile=False)
    assert "became" not in other
    assert "profile" not in other
    assert "t**2" in other  # the chosen one is a rival now
    assert max(map(len, shown.splitlines())) <= 88


def test_summary_says_what_cannot_be_told_apart() -> None:
    x = np.tile(np.linspace(1.0, 2.0, 4), 5)
    y = 3 * x + np.random.default_rng(0).normal(size=20)
    model = DARTSRegressor(**QUICK).fit(np.column_stack([x, x]), y)
    assert isinstance(model.summary(), str)
    assert all(model.inference(k).rank <= 4 for k in range(len(model.front_)))


def test_selection_says_why() -> None:
    model = fallen()
    assert model.selection_.startswith("Chosen by description length of the ")
    assert model.equation_.format() in model.selection_
    assert f"{model.history_.n_refits} refitted" in model.selection_


@pytest.mark.parametrize("selection", ["bic", "aicc", "validation"])
def test_every_criterion_finds_a_plain_law(selection: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (80, 1))
    y = 2.7 * X[:, 0] ** 2 + 0.05 * rng.normal(size=80)
    model = DARTSRegressor(**(QUICK | {"primitives": "default"}), selection=selection).fit(X, y)
    assert str(model.sympy()).endswith("*x0**2")
    assert model.equations_.loc[model.equations_["chosen"], "score"].item() == 0
    assert (model.equations_["score"] >= 0).all()


def test_parameters_of_the_choice_are_checked() -> None:
    with pytest.raises(ValueError, match="selection must be known"):
        DARTSRegressor(**QUICK, selection="bicc").fit(*fall())
    with pytest.raises(ValueError, match="needs rows to hold back"):
        DARTSRegressor(**QUICK, selection="validation").fit(*fall(16))


# --- the front's refits ---


def test_held_out_losses_come_from_coefficients_that_have_not_seen_the_rows() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.2, 3.0, (100, 1))
    y = 5 * X[:, 0] + rng.normal(size=100)
    data = prepare(X, y, None, 0.3, rng)
    member = FittedGraph(Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]),)),)), (1.0,), 1.0)
    train, held = data.train, data.validation
    slope = X[train, 0] @ y[train] / (X[train, 0] @ X[train, 0])
    expected = np.mean((y[held] - slope * X[held, 0]) ** 2)
    assert held_out_losses([member], data, rng) == [pytest.approx(expected, rel=1e-9)]


def test_a_product_gets_its_free_factor() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (60, 2))
    data = prepare(X, 5 * np.sqrt(X[:, 0]) + rng.normal(size=60), None, 0.3, rng)
    power, below = Edge(0, PRIMITIVES["power"]), Node("sum", (Edge(1, PRIMITIVES["exp"]),))
    bare = Graph(2, (Node("product", (power,)),))
    scaled = Graph(2, (below, Node("product", (power, Edge(2, PRIMITIVES["sqrt"])))))
    stiff = Graph(2, (below, Node("product", (power, Edge(2, PRIMITIVES["exp"])))))
    front = [
        FittedGraph(bare, (0.4,), 1.0),
        FittedGraph(scaled, (1.0, 0.1, 0.4), 1.0),
        FittedGraph(stiff, (0.1, 0.1, 0.4), 1.0),
    ]
    refitted = refit_front(front, data, fitted_rows(data, rng), rng)
    assert [m.graph.nodes[-1].constant for m in refitted] == [True, False, True]
    assert [len(m.coefficients) for m in refitted] == [m.graph.n_coefficients for m in refitted]
    assert refitted[0].coefficients[1] == pytest.approx(0.5, abs=0.2)


# --- exponents ---
