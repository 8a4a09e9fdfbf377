"""The training of one supernet: repeatable, and told step by step."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from eqdarts import make_primitive
from eqdarts.data import Data, prepare
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import train_supernet
from eqdarts.solver.refit import refit
from tests.search.relaxed.tables import MINIMAL, product_data, trained


@pytest.mark.parametrize("order", ["first", "second", "implicit"])
def test_same_state_same_result_bit_for_bit(order: str) -> None:
    data = product_data()
    before = torch.random.get_rng_state()
    first, second = trained(data, order=order), trained(data, order=order)
    assert torch.equal(before, torch.random.get_rng_state())
    assert [(g.key, c) for g, c in first.proposals] == [(g.key, c) for g, c in second.proposals]
    for name in ("steps", "weights", "aggregators", "loss_relaxed", "loss_discrete", "loss_refitted"):
        np.testing.assert_array_equal(getattr(first.alpha, name), getattr(second.alpha, name))
    other = trained(data, seed=1, order=order)
    assert not np.array_equal(first.alpha.weights, other.alpha.weights)


@pytest.mark.parametrize("n_steps", [0, 1, 12, pytest.param(250, marks=pytest.mark.slow)])
def test_history(n_steps: int) -> None:
    data = product_data(n=24)
    result = trained(data, n_steps=n_steps, n_restarts=3, n_hidden=2, names=("a", "b"))
    alpha = result.alpha
    T = len(alpha.steps)
    assert T <= 100
    assert alpha.steps[0] == 0
    assert alpha.steps[-1] == n_steps == result.n_steps
    assert np.all(np.diff(alpha.steps) > 0)
    assert alpha.edges == ("a -> h1", "b -> h1", "a -> h2", "b -> h2", "h1 -> h2")
    affine = tuple(f"{name}(a x + b)" for name in ("reciprocal", "power", "log"))
    assert alpha.primitives == ("none", *(p.name for p in MINIMAL), *affine)
    assert alpha.weights.shape == (T, 3, 5, len(alpha.primitives))
    assert alpha.aggregators.shape == (T, 3, 2)
    np.testing.assert_allclose(alpha.weights.sum(axis=-1), 1.0, rtol=1e-6)
    assert alpha.aggregators.min() >= 0
    assert alpha.aggregators.max() <= 1
    for loss in (alpha.loss_relaxed, alpha.loss_discrete, alpha.loss_refitted):
        assert loss.shape == (3,)


def test_losses_of_the_history() -> None:
    alpha = trained(product_data(n=200), n_steps=60, n_hidden=2, n_restarts=16).alpha
    # in the end one choice is left on every edge: nothing is lost by the argmax
    assert set(alpha.weights[-1].max(axis=-1).ravel()) == {1.0}
    np.testing.assert_allclose(alpha.loss_discrete, alpha.loss_relaxed, rtol=1e-6)
    assert np.nanmedian(alpha.loss_refitted / alpha.loss_relaxed) <= 1
    assert np.nanmin(alpha.loss_refitted) < 0.05


@pytest.mark.parametrize("order", ["first", "second", "implicit"])
def test_each_order_brings_the_loss_down(order: str) -> None:
    data = product_data(n=200)
    before, after = (trained(data, n_steps=n, n_restarts=12, order=order).alpha.loss_relaxed for n in (0, 40))
    assert np.nanmedian(after) < np.nanmedian(before)
    assert np.nanmin(after) < 0.5 * np.nanmin(before)


def test_own_functions_and_other_types_are_trained_by_torch() -> None:
    own = make_primitive("bump", lambda u: u**2 / (1 + u**2), lambda u: u**2 / (1 + u**2))
    for dtype, order in (("float32", "first"), ("float64", "implicit")):
        result = train_supernet(
            product_data(), (PRIMITIVES["linear"], own), n_hidden=1, n_restarts=3,
            rng=np.random.default_rng(0), options=RelaxedOptions(n_steps=6, dtype=dtype, order=order),
        )  # fmt: skip
        assert result.proposals
        assert np.isfinite(result.alpha.loss_refitted).all()


def test_the_schedule_follows_the_time_where_it_runs_out() -> None:
    used = iter(np.linspace(0.0, 1.0, 5))
    result = trained(
        product_data(), n_steps=1000, spent=lambda: next(used), should_stop=iter([False] * 5 + [True]).__next__
    )
    assert result.n_steps == 5
    assert result.alpha.steps[-1] == 5
    assert set(result.alpha.weights[-1].max(axis=-1).ravel()) == {1.0}


def test_should_stop_is_asked_every_step() -> None:
    data = product_data()
    asked: list[int] = []

    def after_three() -> bool:
        asked.append(1)
        return len(asked) > 3

    result = trained(data, n_steps=1000, should_stop=after_three)
    assert result.n_steps == 3
    assert result.stopped
    assert result.proposals
    at_once = trained(data, n_steps=1000, should_stop=lambda: True)
    assert at_once.n_steps == 0
    assert at_once.proposals
    done = trained(data)
    assert done.n_steps == 12
    assert not done.stopped


def test_progress() -> None:
    seen: list[float] = []
    trained(product_data(), n_steps=4, on_progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_proposals_are_distinct_and_finite() -> None:
    result = trained(product_data(), n_hidden=2, n_restarts=12, n_samples=5)
    keys = [graph.key for graph, _ in result.proposals]
    assert len(set(keys)) == len(keys) > 20
    for graph, coefficients in result.proposals:
        assert len(coefficients) == graph.n_coefficients
        assert all(map(math.isfinite, coefficients))


@pytest.mark.parametrize("n", [3, 10, 25])
def test_few_rows(n: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (n, 1))
    data = prepare(X, X[:, 0] ** 2, None, 0.25, rng)
    result = trained(data)
    assert result.proposals
    assert np.isfinite(result.alpha.loss_relaxed).all()


def test_constant_target_and_weightless_validation_rows() -> None:
    data = product_data()
    flat = Data(data.X, np.ones_like(data.y), data.weight, data.train, data.validation, data.x_scale, 1.0)
    assert np.nanmax(trained(flat).alpha.loss_relaxed) < 1e-6
    zero = Data(data.X, np.zeros_like(data.y), data.weight, data.train, data.validation, data.x_scale, 1.0)
    assert np.nanmax(trained(zero).alpha.loss_relaxed) < 1e-6
    weight = data.weight.copy()
    weight[data.validation] = 0.0
    weightless = Data(data.X, data.y, weight, data.train, data.validation, data.x_scale, data.y_scale)
    assert np.isfinite(trained(weightless).alpha.loss_relaxed).all()


def test_none_among_the_primitives_is_the_absent_edge() -> None:
    result = train_supernet(
        product_data(), (PRIMITIVES["none"], PRIMITIVES["linear"]), n_hidden=1, n_restarts=2,
        rng=np.random.default_rng(0), options=RelaxedOptions(n_steps=2),
    )  # fmt: skip
    assert result.alpha.primitives == ("none", "linear")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_hidden": 0}, r"n_hidden must be at least 1\. Got 0\."),
        ({"n_restarts": -1}, r"n_restarts must be at least 1\. Got -1\."),
    ],
)
def test_errors(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(product_data(), **wrong)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("law", "low", "complexity"),
    [
        (lambda X: X[:, 0] * X[:, 1], -2.0, 7),
        (lambda X: 0.2 * np.log(1 + 3 * X[:, 0]), 0.0, 20),  # 10, perhaps with a superfluous term
    ],
    ids=["product", "log"],
)
def test_recovery(law: Callable[[np.ndarray], np.ndarray], low: float, complexity: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(low, 2, (200, 2))
    data = prepare(X, law(X), None, 0.25, rng)
    options = RelaxedOptions(n_active=18)
    result = train_supernet(data, resolve("default"), n_hidden=1, n_restarts=96, rng=rng, options=options)
    fits = refit(
        [g for g, _ in result.proposals],
        [c for _, c in result.proposals],
        torch.as_tensor(data.X[data.train]),
        torch.as_tensor(data.y[data.train]),
    )
    exact = [fit for fit in fits if fit.loss < 1e-20]
    assert min(fit.graph.complexity for fit in exact) <= complexity
