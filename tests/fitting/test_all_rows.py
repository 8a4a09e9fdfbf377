"""The last refit: the chosen law has its coefficients from all rows of a long table, and so have its errors."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.fitting.all_rows import Weights, refit_to_all, settled_on_all
from eqdarts.fitting.front import Entry, Front
from eqdarts.fitting.table import Table
from eqdarts.inference import inference
from eqdarts.inference.constants import snap_constants
from eqdarts.inference.noise import Noise
from eqdarts.losses import LOSSES
from eqdarts.selection import Candidate

N = 40_000
NAMES = ("x0", "x1")


def decay(kind: str) -> tuple[Table, Weights]:
    """Return 40,000 rows of 2*exp(-0.7*x0) with errors of a kind, and the weights by which they are fitted."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (N, 2))
    f = 2 * np.exp(-0.7 * X[:, 0])
    std = 0.05 + 0.05 * X[:, 1] if kind in ("sigma", "weights") else 0.1 * f if kind == "relative" else 0.1
    y = rng.poisson(20 * f) / 20 if kind == "poisson" else f + std * rng.normal(size=N)
    sigma = std if kind == "sigma" else None
    weight = {"sigma": 1 / np.square(std), "weights": 1 / np.square(std), "counts": rng.integers(0, 3, N)}.get(kind)
    table = Table(X, y, None if weight is None else np.asarray(weight, dtype=float), NAMES, None, sigma)
    if kind == "poisson":
        return table, Weights(table, LOSSES["poisson"])
    return table, Weights(table, noise=Noise("relative" if kind == "relative" else "constant"))


def at_sample(table: Table, n: int = 2000) -> Equation:
    return Equation.parse("a*exp(b*x0)", NAMES).fit(table.X[:n], table.y[:n], start=[2, -0.7])


@pytest.mark.parametrize("kind", ["constant", "sigma", "weights", "counts", "relative", "poisson"])
def test_coefficients_are_at_the_minimum_of_all_rows(kind: str) -> None:
    table, weights = decay(kind)
    found = refit_to_all(at_sample(table), weights)
    assert found is not None
    weight = weights.at(found.equation.predict(table.X))
    whole = inference(found.equation, table.X, table.y, weight)
    # It warns or notes where the estimate is not that of all rows by these weights.
    assert whole.notes == ()
    assert (whole.n_rows, whole.rank) == (found.all_rows.facts.n_rows, 2)
    own, expected = found.all_rows.parts.factor, whole._parts.factor
    np.testing.assert_allclose(own @ own.T, expected @ expected.T, rtol=1e-6)
    assert abs(whole.estimate[1] + 0.7) < 5 * whole.standard_error[1]
    seen = weight > 0
    if kind in ("constant", "counts", "weights"):
        squares = (table.y - found.equation.predict(table.X)) ** 2
        assert found.loss == pytest.approx(np.average(squares[seen], weights=weight[seen]))
    if kind == "relative":
        assert found.noise.size == pytest.approx(0.1, rel=0.02)


def test_without_time_or_a_minimum_nothing_is_refitted() -> None:
    table, weights = decay("constant")
    assert refit_to_all(at_sample(table), weights, lambda: False) is None
    undefined = Equation.parse("1.5*sqrt(x0 - 1.1)", NAMES)
    assert refit_to_all(undefined, weights) is None


def test_coefficients_that_no_row_tells_apart_end_nothing() -> None:
    table, weights = decay("constant")
    part = table.X[:2000], table.y[:2000]
    double = Equation.parse("a*b*exp(c*x0)", NAMES).fit(*part, start=[1, 2, -0.7])
    found = refit_to_all(double, weights)
    assert found is not None
    assert found.all_rows.parts.rank == 2
    np.testing.assert_allclose(found.equation.predict(table.X), 2 * np.exp(-0.7 * table.X[:, 0]), atol=0.01)


@pytest.mark.parametrize(("exponent", "is_exact"), [(2.0, True), (1.9985, False)])
def test_all_rows_decide_whether_a_constant_is_exact(exponent: float, is_exact: bool) -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(0.5, 3, (N, 2))
    y = 2.3 * X[:, 0] ** exponent + 0.1 * rng.normal(size=N)
    table, part = Table(X, y, None, NAMES, None), slice(0, 1000)
    law = Equation.parse("a*x0**b", NAMES).fit(X[part], y[part], start=[2, 2])
    snapping = snap_constants(law, X[part], y[part])
    assert [snap.constant for snap in snapping.snaps] == ["2"]

    def front(equation: Equation) -> Front:
        candidate = Candidate(5, len(equation.coefficients), 0.01)
        return Front((Entry(None, equation, candidate, None),), (0.0,), 0)  # type: ignore[arg-type]

    kept = table.kept(np.arange(1000))
    last = settled_on_all(front(snapping.equation), snapping.snaps, front(law), table, kept, Weights(table))
    assert bool(last.snaps) == is_exact
    assert len(last.front.best.equation.coefficients) == (1 if is_exact else 2)
    assert last.all_rows is not None
    if is_exact:
        # What is told of the constant is what all rows say.
        free = inference(law.fit(X, y, start=[2, 2]), X, y)
        assert last.snaps[0].estimate == pytest.approx(free.estimate[1], rel=1e-6)
        assert last.snaps[0].standard_error == pytest.approx(free.standard_error[1], rel=1e-3)


@cache
def fitted() -> tuple[DARTSRegressor, np.ndarray, np.ndarray]:
    table, _ = decay("constant")
    model = DARTSRegressor(
        "minimal", max_refits=5, time_limit=None, random_state=0, guesses=["2*exp(-0.7*x0)"], noise="constant"
    )
    return model.fit(table.X[:30_000], table.y[:30_000]), table.X[:30_000], table.y[:30_000]


@pytest.mark.slow
def test_a_fit_to_30000_rows_tells_what_all_of_them_say() -> None:
    model, X, y = fitted()
    whole = inference(model.equation_, X, y)
    assert whole.notes == ()
    assert len(model.run_.rows.y) == 10_000
    np.testing.assert_allclose(model.inference().standard_error, whole.standard_error, rtol=1e-6)
    row = [[1.0, 1.0]]
    np.testing.assert_allclose(model.predict_interval(row), whole.predict_interval(row), rtol=1e-9)
    assert model.run_.rows_in_words() == (
        "Coefficients and intervals come from all 30000 rows, those of the other equations from 10000 of them."
    )
    summary = model.summary(profile=False)
    assert "rows                       30000" in summary
    assert "come from all 30000 rows" in summary
    assert "rows                       10000" in model.summary(0, profile=False)
    assert model.equations_["loss"][model.run_.chosen] == pytest.approx(np.mean((y - model.predict(X)) ** 2))


@pytest.mark.slow
def test_a_saved_fit_has_the_errors_of_all_rows(tmp_path: Path) -> None:
    model, _, _ = fitted()
    model.save(tmp_path / "law.json")
    again = DARTSRegressor.load(tmp_path / "law.json")
    np.testing.assert_array_equal(again.inference().covariance, model.inference().covariance)
    assert again.run_.rows_in_words() == model.run_.rows_in_words()
