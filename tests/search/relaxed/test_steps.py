"""The two steps of the bilevel problem, against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from eqdarts.data import Data, prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.discretise import (
    argmax_choices,
)
from eqdarts.search.relaxed.steps import (
    Adam,
    Bilevel,
    alpha_gradient,
    coefficient_gradient,
    make_bilevel,
    training_loss,
    validation_loss,
)
from eqdarts.search.relaxed.supernet import admissible, initial_parameters, make_supernet
from eqdarts.search.relaxed.supernet_values import hidden_values, output_weights, place_rows, predictions
from tests.search.relaxed.tables import product_data


def _problem(
    data: Data, n_hidden: int = 2, n_restarts: int = 4, names: str | list[str] = "minimal"
) -> tuple[Bilevel, torch.Tensor, torch.Tensor]:
    net = make_supernet(data.n_inputs, n_hidden, resolve(names))
    w, alpha = initial_parameters(net, n_restarts, np.random.default_rng(1), admissible(net, data.X))
    return make_bilevel(net, data, torch.float64, "cpu"), w, alpha


def _slope(function: object, at: torch.Tensor, along: torch.Tensor, h: float = 1e-6) -> torch.Tensor:
    return (function(at + h * along) - function(at - h * along)) / (2 * h)  # type: ignore[operator]


def _direction(like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(size=like.shape))


def test_losses_are_weighted_shares_of_the_variance() -> None:
    data = product_data()
    problem, w, alpha = _problem(data)
    z = {
        name: hidden_values(problem.net, w, alpha, place_rows(problem.net, data.X[rows], torch.float64, "cpu"), 0.7)
        for name, rows in (("train", data.train), ("validation", data.validation))
    }
    y_train, weight_train = torch.as_tensor(data.y[data.train]), torch.as_tensor(data.weight[data.train])
    c = output_weights(z["train"], y_train, weight_train)
    for loss, name, rows in (
        (training_loss, "train", data.train),
        (validation_loss, "validation", data.validation),
    ):
        squared = (predictions(z[name], c).numpy() - data.y[rows]) ** 2
        expected = np.average(squared, axis=1, weights=data.weight[rows]) / data.variance
        np.testing.assert_allclose(loss(problem, w, alpha, 0.7).numpy(), expected, rtol=1e-8)


def test_coefficient_gradient_is_that_of_the_reduced_loss() -> None:
    problem, w, alpha = _problem(product_data())
    loss, gradient = coefficient_gradient(problem, w, alpha, 0.5)
    torch.testing.assert_close(loss, training_loss(problem, w, alpha, 0.5))
    along = _direction(w)
    expected = _slope(lambda p: training_loss(problem, p, alpha, 0.5), w, along)
    torch.testing.assert_close((gradient * along).sum(dim=1), expected, rtol=1e-4, atol=1e-6)


def test_first_order_gradient_sees_the_output_weights_move() -> None:
    problem, w, alpha = _problem(product_data())
    _, gradient = alpha_gradient(problem, w, alpha, 0.5)
    along = _direction(alpha)
    expected = _slope(lambda p: validation_loss(problem, w, p, 0.5), alpha, along)
    torch.testing.assert_close((gradient * along).sum(dim=1), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("names", ["minimal", ["linear", "tanh", "sin", "square"]])
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_second_order_gradient_is_that_of_the_unrolled_step(names: str | list[str], rate: float) -> None:
    problem, w, alpha = _problem(product_data(), names=names)

    def unrolled(alpha: torch.Tensor) -> torch.Tensor:
        _, inner = coefficient_gradient(problem, w, alpha, 0.5)
        return validation_loss(problem, w - rate * inner, alpha, 0.5)

    loss, gradient = alpha_gradient(problem, w, alpha, 0.5, 2, rate)
    # the two take the inner gradient with and without the ridge's share of it, which a steep unrolled step magnifies
    torch.testing.assert_close(loss, unrolled(alpha), rtol=1e-4, atol=1e-8)
    along = _direction(alpha)
    torch.testing.assert_close((gradient * along).sum(dim=1), _slope(unrolled, alpha, along), rtol=1e-4, atol=1e-6)
    _, first = alpha_gradient(problem, w, alpha, 0.5, 1)
    assert float((gradient - first).norm()) > 1e-3 * float(first.norm())


@pytest.mark.parametrize("order", [1, 2])
def test_choices_that_are_not_admissible_stay_so(order: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (40, 2))
    data = prepare(X, X[:, 0] * X[:, 1], None, 0.25, rng)
    problem, w, alpha = _problem(data, names="default")
    _, gradient = alpha_gradient(problem, w, alpha, 0.3, order, 0.05)  # type: ignore[arg-type]
    assert bool(torch.isinf(alpha).any())
    assert bool(torch.isfinite(gradient).all())
    Adam(alpha, (0.5, 0.999)).step(gradient, 0.1)
    assert bool((alpha[torch.isinf(alpha)] == -math.inf).all())
    chosen = argmax_choices(problem.net, alpha).edge
    allowed = admissible(problem.net, data.X)
    assert all(bool(allowed[e, chosen[r, e]]) for r in range(len(chosen)) for e in range(chosen.shape[1]))


def test_training_and_validation_rows_are_really_different_rows() -> None:
    data = product_data()
    assert not set(data.train) & set(data.validation)
    y = data.y.copy()
    y[data.validation] = np.random.default_rng(5).normal(size=len(data.validation))
    other = Data(data.X, y, data.weight, data.train, data.validation, data.x_scale, data.y_scale)
    yardstick = data.variance / other.variance
    first, w, alpha = _problem(data)
    second, _, _ = _problem(other)
    # the rows held back enter the training loss through the yardstick, the target's variance, alone
    _, a = coefficient_gradient(first, w, alpha, 0.5)
    _, b = coefficient_gradient(second, w, alpha, 0.5)
    torch.testing.assert_close(a * yardstick, b)
    _, a = alpha_gradient(first, w, alpha, 0.5)
    _, b = alpha_gradient(second, w, alpha, 0.5)
    assert float((a * yardstick - b).norm()) > 0.1 * float(b.norm())


def test_adam_clips_each_restart_and_leaves_broken_ones() -> None:
    start = torch.ones(4, 3, dtype=torch.float64)
    gradient = torch.tensor([[0.3, 0.0, 0.0], [3e8, 4e8, 0.0], [math.nan, 1.0, 0.0], [math.inf, 1.0, 0.0]]).double()
    moved, alone = start.clone(), start[1:2].clone()
    optimiser, single = Adam(moved, (0.9, 0.999)), Adam(alone, (0.9, 0.999))
    for _ in range(3):
        optimiser.step(gradient, 0.1)
        single.step(gradient[1:2] * 1e-3, 0.1)  # still far above the clip
    torch.testing.assert_close(moved[1:2], alone)
    torch.testing.assert_close(moved[2:], start[2:])
    assert float(moved[0, 0]) == pytest.approx(0.7, abs=1e-3)
    assert bool((moved[:, 2] == 1).all())
    bounded = start.clone()
    Adam(bounded, (0.9, 0.999), bounds=torch.full((3,), 0.95).double()).step(gradient, 0.01)
    assert float(bounded.max()) <= 0.95
