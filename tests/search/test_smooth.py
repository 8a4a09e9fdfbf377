"""A smooth model of the target, for its gradient, and what it tells of noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.search.problem import Rows
from eqdarts.search.smooth import fit_smooth
from eqdarts.search.structure import find_reductions
from tests.helpers import Array
from tests.search.laws import Law, contradiction, rows, value_and_gradient

SMOOTH: dict[str, Law] = {
    "polynomial": lambda x, y: 1 + x * y - 2 * x**3 + y**2,
    "exponential of a polynomial": lambda x, y: torch.exp(0.3 * x * y - 0.5 * x),
    "negative exponential": lambda x, y: -torch.exp(0.3 * x * x - 0.5 * y),
    "inverse of a quadratic": lambda x, y: 1 / (1 + x * x + 2 * x * y),
    "root of a quadratic": lambda x, y: torch.sqrt(1 + x * x + 3 * y * y),
    "polynomial in the logarithms": lambda x, y: 2 * x**1.5 * y**-0.7,
}


def split(X: Array, y: Array, n_held: int) -> tuple[Rows, Rows]:
    rest = slice(len(X) - n_held, None)
    ones = np.ones(len(X))
    return Rows(X[:-n_held], y[:-n_held], ones[:-n_held]), Rows(X[rest], y[rest], ones[rest])


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gradient_of_the_smooth_model_is_that_of_the_law(name: str) -> None:
    X = rows(n=300)
    f, G = value_and_gradient(SMOOTH[name], X)
    smooth = fit_smooth(*split(X, f, 100))
    assert smooth is not None
    kept = np.flatnonzero(smooth.rows)
    assert len(kept) == 200
    # value and gradient share a factor, one for each row
    np.testing.assert_allclose(smooth.gradient / smooth.value, (G / f)[:, kept], atol=1e-4 * np.abs(G / f).max())
    assert smooth.loss < 1e-8


@pytest.mark.parametrize(
    ("law", "outer"),
    [
        (lambda x, y: 1 + x * y, "linear"),
        (SMOOTH["exponential of a polynomial"], "exp"),
        (SMOOTH["inverse of a quadratic"], "reciprocal"),
        (SMOOTH["root of a quadratic"], "sqrt"),
    ],
)
def test_the_outer_function_behind_which_a_law_is_a_quadratic_is_told(law: Law, outer: str) -> None:
    X = rows(n=300)
    smooth = fit_smooth(*split(X, value_and_gradient(law, X)[0], 100))
    assert smooth is not None
    assert min(smooth.outer, key=lambda name: smooth.outer[name]) == outer


def test_a_smooth_model_works_with_inputs_and_targets_of_either_sign() -> None:
    X = rows(n=300) - 1.4
    f, G = value_and_gradient(lambda x, y: x * y - 2 * x**3 + y, X)
    smooth = fit_smooth(*split(X, f, 100))
    assert smooth is not None
    scale = smooth.gradient.ravel() @ G[:, :200].ravel() / (G[:, :200] ** 2).sum()
    np.testing.assert_allclose(smooth.gradient, scale * G[:, :200], atol=1e-6)


@pytest.mark.parametrize(("n", "d"), [(5, 2), (10, 6), (3, 1)])
def test_there_is_no_smooth_model_of_too_few_rows(n: int, d: int) -> None:
    X = rows(n=n + 5, d=d)
    assert fit_smooth(*split(X, X[:, 0], 5)) is None


def test_a_smooth_model_of_noise_predicts_nothing() -> None:
    X = rows(n=300)
    smooth = fit_smooth(*split(X, np.random.default_rng(1).normal(size=300), 100))
    assert smooth is None or smooth.loss > 0.5


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_a_smooth_model_tells_noise(name: str, noise: float) -> None:
    X = rows(n=600)
    f, _ = value_and_gradient(SMOOTH[name], X)
    error = noise * np.sqrt(np.mean(f**2)) * np.random.default_rng(1).normal(size=600)
    smooth = fit_smooth(*split(X, f + error, 200))
    assert smooth is not None
    assert smooth.is_noisy == (noise > 0)


def test_a_law_that_no_polynomial_fits_is_not_taken_for_noise() -> None:
    X = rows(n=600)
    for law in (
        lambda x, y: torch.sin(40 * x) + y,
        lambda x, y: torch.abs(x - y),
        lambda x, y: 1 / (x - 0.99 * y) ** 2,
    ):
        smooth = fit_smooth(*split(X, value_and_gradient(law, X)[0], 200))
        assert smooth is None or not smooth.is_noisy


def test_one_huge_value_does_not_make_a_model_look_good() -> None:
    X = rows(n=600, d=2)
    y = X[:, 0] * (1.2 + np.cos(30 * X[:, 1]))
    y[17] = 1e-6  # 1 / y is large in this row of the fit, and in no other
    smooth = fit_smooth(*split(X, y, 200))
    assert smooth is not None
    assert smooth.loss > 0.1


def test_the_smooth_model_sees_structure_before_any_graph() -> None:
    X = rows(n=800, d=3)

    def law(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(0.4 * x * y / z)

    f, _ = value_and_gradient(law, X)
    smooth = fit_smooth(*split(X, f, 200))
    assert smooth is not None
    train = X[:600][smooth.rows]
    tolerance = float(np.clip(10 * smooth.loss, 1e-10, 3e-2))
    chains = find_reductions(train, smooth.value, smooth.gradient, np.ones(3), tolerance, np.random.default_rng(0))
    right = [chain for chain in chains if contradiction(law, chain, X) < 1e-5]
    assert min(len(chain[-1].groups) for chain in right) == 1


@pytest.mark.parametrize(
    "name", ["exponential of a polynomial", "negative exponential", "polynomial in the logarithms"]
)
def test_the_loss_of_the_target_is_what_a_law_of_the_target_would_leave(name: str) -> None:
    """It is that of y, whatever function of y the polynomial is fitted to."""
    rng = np.random.default_rng(0)
    X = rows(n=600)
    f = value_and_gradient(SMOOTH[name], X)[0]
    y = f * np.exp(0.1 * rng.normal(size=len(f)))
    smooth = fit_smooth(*split(X, y, 200))
    assert smooth is not None
    noise = np.mean((y - f)[400:] ** 2) / np.var(y[400:])
    assert 0.8 * noise < smooth.target_loss < 1.5 * noise
