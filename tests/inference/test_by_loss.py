"""What the rows say by the loss of a fit: inference and intervals of an estimator."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import FitRows
from eqdarts.fitting import front as front_module
from eqdarts.inference.by_loss import inference_by_loss
from eqdarts.inference.noise import Noise
from eqdarts.inference.uncertainty import inference
from tests.fits import QUICK, G, fall, fallen


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


@pytest.mark.slow
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
    with pytest.raises(ValueError, match="not both"):
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


@pytest.mark.slow
def test_only_so_many_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = fall(1000)
    full = len(pickle.dumps(DARTSRegressor(**QUICK).fit(X, y)))
    monkeypatch.setattr(front_module, "MOST_ROWS", 400)
    model = DARTSRegressor(**QUICK).fit(X, y)
    found = model.inference()
    assert found.n_rows == 1000
    assert not any("least squares" in note for note in found.notes)
    assert len(model.run_.rows.y) == 400
    assert len(pickle.dumps(model)) < full - 16 * 500


def test_predict_gives_standard_deviations() -> None:
    model, (X, _) = fallen(), fall()
    values, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(values, model.predict(X))
    found = model.inference()
    np.testing.assert_allclose(std, np.hypot(found.predict_std(X), found.sigma), rtol=1e-12)
    values, std = model.predict(X, index=0, return_std=True)
    np.testing.assert_allclose(std, model.inference(0).sigma * np.sqrt(1 + 1 / len(X)), rtol=1e-9)


@pytest.mark.slow
def test_intervals_hold_new_observations() -> None:
    X, y = fall(400, seed=1)
    model = DARTSRegressor(**QUICK).fit(*fall(200))
    low, high = model.predict_interval(X, coverage=0.9).T
    assert 0.85 < np.mean((low <= y) & (y <= high)) < 0.95
    narrow = model.predict_interval(X, observation=False)
    assert (np.diff(narrow) < 0.5 * np.diff(model.predict_interval(X))).all()
    assert (np.diff(model.predict_interval(X, index=0)) > high[0] - low[0]).all()


@pytest.mark.slow
def test_new_observations_have_the_known_error_if_there_was_one() -> None:
    X, y = fall()
    values, std = DARTSRegressor(**QUICK).fit(X, y, sigma=0.01).predict(X, return_std=True)
    assert ((std >= 0.01) & (std < 0.012)).all()
    assert np.isfinite(values).all()
    varied = DARTSRegressor(**QUICK).fit(X, y, sigma=np.linspace(0.005, 0.02, len(y)))
    with pytest.raises(ValueError, match="error of a new observation"):
        varied.predict(X, return_std=True)
    assert varied.predict_interval(X, sigma=0.01).shape == (len(X), 2)


def _by_factors(n: int = 80) -> tuple[pd.DataFrame, pd.Series]:
    """Return a power law whose errors are factors of about two and a half."""
    rng = np.random.default_rng(1)
    mass = np.exp(rng.uniform(-4, 7, n))
    return pd.DataFrame({"mass": mass}), pd.Series(9 * mass**0.75 * np.exp(0.9 * rng.normal(size=n)), name="rate")


def test_squares_of_logarithms_are_the_regression_of_the_logarithms() -> None:
    X, y = _by_factors()
    model = DARTSRegressor(**(QUICK | {"max_refits": 20}), loss="squared_log", snap=False).fit(X, y)
    found, of_logs = model.inference(), Equation.parse("a + b*u", ["u"]).fit({"u": np.log(X["mass"])}, np.log(y))
    line = inference(of_logs, {"u": np.log(X["mass"])}, np.log(y))
    factor, power = np.argsort(-np.abs(found.estimate))
    assert model.equation_.variables == ("mass",)
    np.testing.assert_allclose(found.estimate[[factor, power]], [np.exp(line.estimate[0]), line.estimate[1]], rtol=1e-5)
    np.testing.assert_allclose(found.standard_error[power], line.standard_error[1], rtol=1e-4)
    np.testing.assert_allclose([found.sigma, found.r_squared], [line.sigma, line.r_squared], rtol=1e-6)
    low, high = model.predict_interval(X).T
    f = model.predict(X)
    np.testing.assert_allclose(low * high, f**2, rtol=1e-9)
    np.testing.assert_allclose(
        np.log(high / f), line.predict_interval({"u": np.log(X["mass"])})[:, 1] - np.log(f), rtol=1e-4
    )
    assert "squared_log" not in model.summary()
    with pytest.raises(ValueError, match="needs a y above 0"):
        model.fit(X, y - y.min())


def test_a_scatter_larger_than_half_of_the_law_asks_for_logarithms() -> None:
    assert 'try loss="squared_log"' in str(Noise("relative", 0.9, nats=7.0))
    assert "90 % of it" in str(Noise("relative", 0.9, nats=7.0))
    assert "150 % of it" in str(Noise("relative", 1.5, nats=7.0))
    assert "squared_log" not in str(Noise("relative", 0.3, nats=7.0))


def test_standard_errors_by_hubers_loss_are_those_of_huber() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 3, 80)
    error = rng.normal(0, 0.2, 80)
    error[:8] *= 12
    y = 2 * x + 1 + error
    equation = Equation.parse("c0*x + c1", ["x"]).fit({"x": x}, y, loss="huber")
    found = inference_by_loss(equation, FitRows(x[:, None], y, None, None, 80), "huber")
    # Huber (1981), section 7.6, for a linear model
    r = y - equation.predict({"x": x})
    limit = 1.345 * 1.4826 * np.median(np.abs(r))
    m = np.mean(np.abs(r) <= limit)
    design = np.column_stack([x, np.ones(80)])
    variance = (1 + 2 / 80 * (1 - m) / m) ** 2 * np.sum(np.clip(r, -limit, limit) ** 2) / 78 / m**2
    expected = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(found.standard_error, expected, rtol=1e-6)
    assert (found.standard_error < inference(equation.fit({"x": x}, y), {"x": x}, y).standard_error / 2).all()
    assert (np.abs(found.estimate - [2, 1]) < 3 * found.standard_error).all()


def test_relative_errors_by_hubers_loss_do_not_grow_with_the_values() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 6, 60)
    y = 3 * np.exp(x) * np.exp(rng.normal(0, 0.1, 60))
    equation = Equation.parse("c0*exp(c1*x)", ["x"]).fit({"x": x}, y, sigma=0.1 * y, start=[3, 1])
    rows = FitRows(x[:, None], y, None, None, 60)
    relative = inference_by_loss(equation, rows, "huber", Noise("relative", 0.1))
    assert relative.standard_error[1] == pytest.approx(0.1 / (np.std(x) * np.sqrt(60)), rel=0.3)
