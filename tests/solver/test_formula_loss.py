"""A formula by another loss: outliers, counts and answers of 0 and 1; known errors."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.losses import LOSSES
from tests.helpers import noise

X = np.linspace(0.5, 3, 120)


def with_outliers() -> np.ndarray:
    y = 2 * np.exp(0.7 * X) + 0.05 * noise(120)
    y[::12] += 20
    return y


@pytest.mark.parametrize("loss", ["huber", "absolute"])
def test_outliers_matter_less(loss: str) -> None:
    law = Equation.parse("a*exp(b*x)")
    squares, robust = law.fit(X, with_outliers()), law.fit(X, with_outliers(), loss=loss)
    assert dict(robust.parameters) == pytest.approx({"a": 2.0, "b": 0.7}, abs=0.1)
    assert abs(dict(squares.parameters)["a"] - 2.0) > 0.5


def test_the_result_is_at_the_smallest_loss_of_counts() -> None:
    counts = np.random.default_rng(0).poisson(3 * np.exp(0.5 * X)).astype(float)
    law = Equation.parse("a*exp(b*x)").fit(X, counts, loss="poisson")
    row, best = LOSSES["poisson"], law.fit_result_
    assert best is not None
    a, b = (dict(law.parameters)[name] for name in "ab")
    assert best.loss == pytest.approx(120 * row.mean(counts, a * np.exp(b * X)))
    for step in (1e-3, -1e-3):
        assert 120 * row.mean(counts, (a + step) * np.exp(b * X)) > best.loss
        assert 120 * row.mean(counts, a * np.exp((b + step) * X)) > best.loss


def test_a_chance_is_fitted_by_its_likelihood() -> None:
    answers = (np.random.default_rng(0).uniform(size=120) < 1 / (1 + np.exp(3 - 2 * X))).astype(float)
    law = Equation.parse("1/(1 + exp(a - b*x))").fit(X, answers, loss="bernoulli")
    assert dict(law.parameters) == pytest.approx({"a": 3.0, "b": 2.0}, rel=0.4)


def test_known_errors_are_weights_and_the_loss_is_chi_squared() -> None:
    sigma = np.where(X < 1, 0.01, 1.0)
    y = 2 * X + sigma * noise(120)
    law = Equation.parse("a*x")
    known, weighted = law.fit(X, y, sigma=sigma), law.fit(X, y, sample_weight=sigma**-2.0)
    assert known.parameters == weighted.parameters
    assert known.fit_result_ is not None
    assert 80 < known.fit_result_.loss < 170


def test_known_errors_go_with_squares_alone_and_without_weights() -> None:
    with pytest.raises(ValueError, match="sigma can only be used with squared residuals"):
        Equation.parse("a*x").fit(X, X, sigma=1.0, loss="huber")
    with pytest.raises(ValueError, match="either sigma or sample_weight"):
        Equation.parse("a*x").fit(X, X, sigma=1.0, sample_weight=X)
    with pytest.raises(ValueError, match="loss must be the name of a loss"):
        Equation.parse("a*x").fit(X, X, loss="cubic")
    with pytest.raises(ValueError, match="infinite for the fitted formula"):
        Equation.parse("a*x - 100").fit(X, X, loss="poisson")
