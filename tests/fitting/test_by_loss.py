"""Fits by losses other than squares."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import prepare
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.by_loss import Reweighting, working_data
from eqdarts.fitting.table import Table
from eqdarts.inference.linearised import form_of
from eqdarts.losses import resolve_loss
from eqdarts.report.words import inference_of, words_of
from tests.fits import QUICK_BY_LOSS, outliers, student


@cache
def answers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 4, 400)
    return x, (rng.uniform(size=400) < 1 / (1 + np.exp(-2.317 * (x - 1.873)))).astype(float)


@cache
def psychometric() -> DARTSRegressor:
    x, y = answers()
    return DARTSRegressor(**QUICK_BY_LOSS, loss="bernoulli").fit(pd.DataFrame({"level": x}), pd.Series(y, name="yes"))


def logistic_regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return intercept and slope at the largest likelihood by Newton's method, and their standard errors."""
    A, b = np.column_stack([np.ones_like(x), x]), np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-A @ b))
        information = A.T @ (A * (p * (1 - p))[:, None])
        b = b + np.linalg.solve(information, A.T @ (y - p))
    return b, np.sqrt(np.diag(np.linalg.inv(information)))


@pytest.mark.slow
def test_a_psychometric_function_is_logistic_regression_to_six_digits() -> None:
    model = psychometric()
    (intercept, slope), error = logistic_regression(*answers())
    c0, c1 = model.equation_.coefficients.values()
    assert c0 / -c1 == pytest.approx(-intercept / slope, rel=1e-6)  # threshold
    assert -c1 == pytest.approx(slope, rel=1e-6)
    level = np.linspace(-2, 6, 30)
    expected = 1 / (1 + np.exp(-(intercept + slope * level)))
    np.testing.assert_allclose(model.equation_.predict(pd.DataFrame({"level": level})), expected, rtol=1e-5)
    np.testing.assert_allclose(model.inference().standard_error, error, rtol=1e-5)


@pytest.mark.slow
def test_a_probability_has_a_summary_and_intervals_and_pickles() -> None:
    model, (x, y) = psychometric(), answers()
    assert "known errors" in model.summary()
    assert "profile" not in model.summary()
    X = pd.DataFrame({"level": x})
    p, std = model.predict(X, return_std=True)
    assert (std >= np.sqrt(p * (1 - p))).all()
    low, high = model.predict_interval(X, observation=False).T
    assert ((low < p) & (p < high)).all()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), p)
    assert model.equations_["loss"].is_monotonic_decreasing
    inside = np.clip(p, 1e-12, 1 - 1e-12)
    chosen = model.equations_.loc[model.equations_["chosen"], "loss"].item()
    assert chosen == pytest.approx(-np.mean(y * np.log(inside) + (1 - y) * np.log(1 - inside)))
    assert model.predict(X, index=0) == pytest.approx(np.full(len(x), y.mean()), rel=1e-6)


@pytest.mark.slow
def test_counts_have_the_largest_likelihood() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0.5, 4.0, 300)
    y = rng.poisson(3.37 * x**1.5).astype(float)
    model = DARTSRegressor(**QUICK_BY_LOSS, loss="poisson").fit(x[:, None], y)
    assert model.equation_.complexity <= 7
    for equation in model.front_[:4]:
        form = form_of(equation)
        f, jacobian = form.at(form.estimate, {"x0": x}, len(x))
        score = jacobian.T @ ((y - f) / f)  # slope of the log likelihood
        information = jacobian.T @ (jacobian / f[:, None])
        assert float(score @ np.linalg.solve(information, score)) < 1e-8


@pytest.mark.slow
def test_outliers_do_not_govern() -> None:
    X, y = outliers()
    model = DARTSRegressor(**QUICK_BY_LOSS, loss="huber").fit(X, y)
    grid = np.linspace(0.6, 3.9, 20)[:, None]
    np.testing.assert_allclose(model.predict(grid), 2.31 * grid[:, 0] ** 1.5, rtol=0.03)
    assert "std. error" in model.summary()
    assert model.selection_


def test_reweighting_ends_at_the_smallest_huber_loss() -> None:
    X, y = outliers()
    loss = resolve_loss("huber", y, y - 2.31 * X[:, 0] ** 1.5)
    table = Table(X, y, None, ("x",), None)
    start = Equation.parse("a*x**b", ["x"]).fit(X, y)
    law = Reweighting(loss, table, table.kept(np.arange(len(y)))).fit(start)
    direct = optimize.minimize(
        lambda b: loss.mean(y, b[0] * X[:, 0] ** b[1]), [2.0, 1.4], method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 2000},
    )  # fmt: skip
    np.testing.assert_allclose(list(law.coefficients.values()), direct.x, rtol=1e-5)


@pytest.mark.slow
def test_weights_count_in_every_loss() -> None:
    X, y = (values[:60] for values in outliers())
    weight = np.where(np.arange(len(y)) % 10 == 0, 0.0, 1.0)
    model = DARTSRegressor(**QUICK_BY_LOSS, loss="absolute").fit(X, y, sample_weight=weight)
    kept = np.abs(model.predict(X) - y)[weight > 0].mean()
    assert model.equations_.loc[model.equations_["chosen"], "loss"].item() == pytest.approx(kept)


@pytest.mark.slow
def test_constants_snap_under_a_likelihood() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(1.0, 4.0, 300)
    y = rng.poisson(40.0 * x**2).astype(float)
    model = DARTSRegressor(**QUICK_BY_LOSS | {"primitives": ["square"]}, loss="poisson", constants={"k": 40.0}).fit(
        x[:, None], y
    )
    assert model.known_ == {"k": 40.0}
    assert str(model.equation_) == "k*x0**2"


@pytest.mark.slow
def test_separable_answers_warn_that_the_slope_is_not_determined() -> None:
    x, y = np.linspace(0, 4, 40), np.repeat([0.0, 1.0], 20)
    model = DARTSRegressor(**QUICK_BY_LOSS, loss="bernoulli")
    with pytest.warns(EqdartsWarning, match="slope is therefore not determined"):
        model.fit(pd.DataFrame({"level": x}), pd.Series(y, name="yes"))
    assert "slope is therefore not determined" in " ".join(model.summary().split())
    found = inference_of(model.run_, model.run_.chosen)
    assert "slope is therefore not determined" in words_of(model.run_, model.run_.chosen, found).cautions[0]


def exact_rows(n_outliers: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(1, 3, 20)
    y = 2 * x**2
    y[[7, 3, 15][:n_outliers]] = [100.0, -50.0, 80.0][:n_outliers]
    return x[:, None], y


@pytest.mark.parametrize("loss", ["huber", "absolute", student])
def test_a_law_without_noise_is_found_by_every_loss(loss: Any) -> None:
    X, y = exact_rows(0)
    model = DARTSRegressor(max_refits=100, time_limit=None, random_state=0, loss=loss).fit(X, y)
    assert str(model.equation_) == "2*x0**2"
    assert not model.history_.left_out


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "n_outliers"), [("huber", 1), ("absolute", 3)])
def test_a_law_without_noise_is_found_among_outliers(loss: Any, n_outliers: int) -> None:
    X, y = exact_rows(n_outliers)
    model = DARTSRegressor(max_refits=100, max_complexity=9, time_limit=None, random_state=0, loss=loss).fit(X, y)
    assert str(model.equation_) == "2*x0**2"


@pytest.mark.slow
def test_outliers_do_not_widen_the_interval_of_a_constant() -> None:
    x = np.linspace(1, 3, 12)
    y = 2 * x + 1
    y[[1, 5, 8]] = [100.0, 200.0, 300.0]
    model = DARTSRegressor("minimal", max_refits=30, search="random", time_limit=None, random_state=0, loss="absolute")
    assert str(model.fit(x[:, None], y).equation_) == "2*x0 + 1"


@pytest.mark.slow
def test_an_outlier_of_any_size_among_few_rows_leaves_the_law() -> None:
    x = np.linspace(1, 3, 12)
    y = 3 * np.exp(-x)
    y[5] = 1e6
    given = {"max_refits": 100, "max_complexity": 9, "time_limit": None, "random_state": 0}
    model = DARTSRegressor(**given, loss="absolute").fit(x[:, None], y)
    assert model.predict(x[:, None]) == pytest.approx(3 * np.exp(-x))


def test_rows_that_a_law_meets_do_not_govern_the_next_search() -> None:
    X, y = exact_rows(1)
    f = 2.1 * X[:, 0] ** 2
    f[4] = y[4]
    table = Table(X, y, None, ("x",), None)
    data = prepare(X, y, None, 0.3, np.random.default_rng(0))
    weight = working_data(resolve_loss("absolute", y, y - f), data, table, f).weight
    assert weight.max() < 3
    assert weight[7] < 0.02
