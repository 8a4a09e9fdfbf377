"""The table of losses: values, weights, and what each of them has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts import DARTSRegressor
from eqdarts.losses import HUBER, LOSSES, NORMAL, Loss, loss_of, resolve_loss
from tests.fits import QUICK_BY_LOSS, outliers, student

Y = np.array([0.0, 1.0, 0.0, 1.0, 1.0])


def rows_of(name: str) -> Loss:
    return resolve_loss(student if name == "own" else name, Y, np.array([0.1, -0.2, 0.3, 2.0, -0.1]))


@pytest.mark.parametrize("name", [*LOSSES, "own"])
@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_weights_give_the_slope_of_the_loss(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    loss = rows_of(name)
    y = Y + 1 if loss.of_logs else Y
    f = rng.uniform(0.05, 0.95, len(y)) if name == "bernoulli" else rng.uniform(0.5, 3.0, len(y))
    f = np.where(np.abs(f - y) < 1e-2, f + 0.03, f)  # absolute residuals have no slope at 0
    step = 1e-6
    slope = (loss.value(y, f + step) - loss.value(y, f - step)) / (2 * step)
    scale = 2.0 if name in ("squared", "squared_log") else 1.0  # those that are not halved: weights may have any scale
    np.testing.assert_allclose(scale * loss.weights(y, f) * (f - y), slope, rtol=1e-4, atol=1e-6)
    assert (loss.weights(y, f) >= 0).all()


@pytest.mark.parametrize("name", ["huber", "absolute"])
def test_a_relative_loss_is_the_loss_of_ratios(name: str) -> None:
    y, f = np.array([1.0, 10.0, 1000.0]), np.array([1.1, 7.0, 1500.0])
    loss = resolve_loss(loss_of(name).relative(), y, y - f)
    np.testing.assert_allclose(loss.value(1e6 * y, 1e6 * f), loss.value(y, f))
    step = 1e-6 * f
    slope = (loss.value(y, f + step) - loss.value(y, f - step)) / (2 * step)
    np.testing.assert_allclose(loss.weights(y, f) * (f - y), slope, rtol=1e-5)
    assert np.isinf(loss.value(y, -f)).all()
    assert np.isfinite(loss.weights(y, np.array([-1.0, 0.0, 1000.0]))).all()
    assert np.isinf(loss.residual(y, -f)).all()


def test_the_loss_of_huber_has_no_step_where_it_becomes_linear() -> None:
    loss, zero = rows_of("huber"), np.zeros(4)
    limit = HUBER * NORMAL * 0.2
    residual = limit * np.array([1 - 1e-9, 1 + 1e-9, 2.0, 10.0])
    expected = limit**2 * np.array([0.5, 0.5, 1.5, 9.5])
    np.testing.assert_allclose(loss.value(zero, residual), expected, rtol=1e-7)


@pytest.mark.parametrize("name", [*LOSSES, "own"])
def test_weights_are_finite_at_a_perfect_fit(name: str) -> None:
    loss = rows_of(name)
    y = Y + 1 if loss.of_logs else Y
    assert np.isfinite(loss.weights(y, y)).all()
    target, weights = loss.least_squares(y, y)
    np.testing.assert_array_equal(target, y)
    assert np.isfinite(weights).all()


@pytest.mark.parametrize("name", ["poisson", "bernoulli"])
def test_likelihoods_weight_by_one_over_the_variance(name: str) -> None:
    loss, f = rows_of(name), np.linspace(0.1, 0.9, 5)
    assert loss.variance is not None
    np.testing.assert_allclose(loss.weights(Y, f) * loss.variance(f), 1.0)


def test_impossible_predictions_are_infinitely_dear() -> None:
    assert rows_of("poisson").mean(np.array([1.0, 2.0]), np.array([-1.0, 2.0])) == np.inf
    assert rows_of("poisson").mean(np.array([0.0, 2.0]), np.array([0.0, 2.0])) == 0.0
    assert rows_of("bernoulli").mean(Y, np.full(5, np.nan)) == np.inf
    assert rows_of("squared").mean(np.array([0.0, 1.0]), np.array([9.0, 1.5]), np.array([0.0, 1.0])) == 0.25


@pytest.mark.slow
def test_a_loss_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    soft = Loss("soft", lambda y, f: np.logaddexp(y - f, f - y), lambda y, f: np.tanh(y - f + 1e-9) / (y - f + 1e-9))
    monkeypatch.setitem(LOSSES, "soft", soft)
    X, y = outliers()
    model = DARTSRegressor(**QUICK_BY_LOSS, loss="soft").fit(X, y)
    chosen = model.equations_.loc[model.equations_["chosen"], "loss"].item()
    assert chosen == pytest.approx(soft.value(y, model.predict(X)).mean())
    with pytest.raises(ValueError, match="Use 'squared', 'huber', 'squared_log', 'poisson' or 'bernoulli', or"):
        model.inference()


def test_rows_say_what_a_loss_has() -> None:
    assert [name for name, row in LOSSES.items() if row.is_least_squares] == ["squared"]
    assert [name for name, row in LOSSES.items() if row.is_likelihood] == ["poisson", "bernoulli"]
    assert [name for name, row in LOSSES.items() if row.has_scale] == ["huber"]
    assert [name for name, row in LOSSES.items() if row.link is not None] == ["bernoulli"]
    assert [name for name, row in LOSSES.items() if row.is_equivariant] == [
        "squared",
        "huber",
        "absolute",
        "squared_log",
    ]
    assert [name for name, row in LOSSES.items() if row.of_logs] == ["squared_log"]
    for loss in (student, "<function student>"):
        row = loss_of(loss)
        assert not any((row.is_least_squares, row.is_likelihood, row.has_scale, row.logistic))


@pytest.mark.parametrize(
    ("y", "f", "is_separated"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9], True),
        ([0, 0, 1, 1], [1e-12, 1e-12, 1 - 1e-12, 1], True),
        ([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], False),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], False),
        ([0, 0.5, 1, 1], [0.1, 0.4, 0.6, 0.9], False),  # shares have a finite slope
        ([0, 0, 0, 0], [0.1, 0.1, 0.1, 0.1], False),
        ([0, 0, 1, 1], [0.1, float("nan"), 0.6, 0.9], False),
    ],
)
def test_separated_answers_do_not_determine_a_slope(y: list[float], f: list[float], is_separated: bool) -> None:
    caution = LOSSES["bernoulli"].caution(np.array(y, float), np.array(f, float))
    assert ("slope is therefore not determined" in caution) is is_separated
    assert bool(caution) is is_separated
    assert LOSSES["squared"].caution(np.array(y), np.array(f)) == ""


@pytest.mark.parametrize("name", ["absolute", "huber", "own"])
def test_a_law_that_meets_all_rows_but_some_has_the_shorter_code(name: str) -> None:
    x = np.linspace(1.0, 3.0, 20)
    law, y = 2 * x**2, 2 * x**2
    y = np.where(np.isin(np.arange(20), [3, 7, 15]), [100.0], y)
    loss = resolve_loss(student if name == "own" else name, y, y - law)
    close = np.where(y == law, law * (1 + 1e-4), 95.0)  # almost all of every row
    assert loss.mean(y, close) < loss.mean(y, law)
    assert loss.code_length(y, law) < loss.code_length(y, close) - 50
    # Weights that count rows are the same as the rows repeated.
    weight = np.arange(20) % 3
    repeated = np.repeat(np.arange(20), weight)
    counted = loss.code_length(y, close, weight.astype(float), float(weight.sum()))
    assert counted == pytest.approx(loss.code_length(y[repeated], close[repeated]))


def test_rows_that_coefficients_meet_by_force_are_no_evidence() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=20)
    loss, smooth = LOSSES["absolute"], 0.9 * y
    met = np.where(np.arange(20) < 8, y, -y)  # eight rows exactly, by eight coefficients
    assert loss.code_length(y, smooth, None, 20.0, 1) < loss.code_length(y, met, None, 20.0, 8)


@pytest.mark.parametrize("name", [*LOSSES, "own"])
def test_scales_and_weights_stop_at_the_rounding_level_of_y(name: str) -> None:
    y = np.array([0.25, 0.5, 0.75, 1.0, 0.9 if name == "squared_log" else 0.0])
    loss = resolve_loss(student if name == "own" else name, y, np.zeros(5))
    weights = loss.weights(y, y)
    assert np.isfinite(weights / weights.mean()).all()
    near = np.clip(y * (1 + 1e-15), 0.0, 1.0)
    np.testing.assert_allclose(loss.weights(y, near), weights, rtol=0.05)
    assert np.isfinite(loss.code_length(y, y))
