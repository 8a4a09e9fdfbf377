"""The relaxed search: its two steps, its way back to discrete graphs, and what it reports."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.data import Data, prepare
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.relaxed import relaxed
from eqdarts.search.relaxed.discretise import (
    Choices,
    argmax_choices,
    build_graph,
    discretise,
    one_hot,
    sample_choices,
)
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.steps import (
    Adam,
    Bilevel,
    alpha_gradient,
    coefficient_gradient,
    make_bilevel,
    training_loss,
    validation_loss,
)
from eqdarts.search.relaxed.supernet import Supernet, admissible, initial_parameters, keep_in_domain, make_supernet
from eqdarts.search.relaxed.supernet_values import hidden_values, output_weights, place_rows, predictions
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet
from eqdarts.search.result import Config
from eqdarts.search.search import search
from eqdarts.solver.batch import Batch
from eqdarts.solver.refit import refit

MINIMAL = resolve("minimal")


def _data(n: int = 60, n_inputs: int = 2, seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.5, 3.0, (n, n_inputs))
    weight = rng.uniform(0.5, 1.5, n)
    return prepare(X, X[:, 0] * X[:, -1] + 0.1 * rng.normal(size=n), weight, 0.25, rng)


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


# --- the two steps ---


def test_losses_are_weighted_shares_of_the_variance() -> None:
    data = _data()
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
    problem, w, alpha = _problem(_data())
    loss, gradient = coefficient_gradient(problem, w, alpha, 0.5)
    torch.testing.assert_close(loss, training_loss(problem, w, alpha, 0.5))
    along = _direction(w)
    expected = _slope(lambda p: training_loss(problem, p, alpha, 0.5), w, along)
    torch.testing.assert_close((gradient * along).sum(dim=1), expected, rtol=1e-4, atol=1e-6)


def test_first_order_gradient_sees_the_output_weights_move() -> None:
    problem, w, alpha = _problem(_data())
    _, gradient = alpha_gradient(problem, w, alpha, 0.5)
    along = _direction(alpha)
    expected = _slope(lambda p: validation_loss(problem, w, p, 0.5), alpha, along)
    torch.testing.assert_close((gradient * along).sum(dim=1), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("names", ["minimal", ["linear", "tanh", "sin", "square"]])
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_second_order_gradient_is_that_of_the_unrolled_step(names: str | list[str], rate: float) -> None:
    problem, w, alpha = _problem(_data(), names=names)

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
    data = _data()
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


# --- back to discrete graphs ---


def _hand_set(net: Supernet, edges: dict[tuple[int, int], str], product: tuple[bool, ...]) -> torch.Tensor:
    alpha = torch.zeros(1, net.n_alpha, dtype=torch.float64)
    names = ["none", *(p.name for p in net.primitives)]
    for e, edge in enumerate(net.edges):
        net.edge_logits(alpha)[0, e, names.index(edges.get(edge, "none"))] = 1.0
    net.node_logits(alpha)[0] = torch.tensor([1.0 if p else -1.0 for p in product])
    return alpha


def test_argmax_of_a_hand_set_alpha_is_the_right_graph() -> None:
    net = Supernet(2, 2, MINIMAL)
    w, _ = initial_parameters(net, 1, np.random.default_rng(0))
    edges = {(0, 0): "linear", (1, 0): "reciprocal", (0, 1): "exp", (2, 1): "log"}
    alpha = _hand_set(net, edges, (True, False))
    choices = argmax_choices(net, alpha)
    c = np.array([2.0, 3.0, -1.0])
    built = build_graph(net, choices.edge[0].numpy(), choices.product[0].numpy(), w[0].numpy(), c)
    assert built is not None
    graph, coefficients = built
    X = torch.as_tensor(np.random.default_rng(1).uniform(0.5, 2, (9, 2)))
    e = {edge: k for k, edge in enumerate(net.edges)}
    names = [p.name for p in net.primitives]
    weights, exp = net.weights(w)[0], names.index("exp")
    first = X[:, 0] / X[:, 1]
    second = (
        net.constants(w)[0, 1]
        + weights[e[0, 1], exp] * torch.exp(net.coefficients(w, exp)[0, e[0, 1], 0] * X[:, 0])
        + weights[e[2, 1], names.index("log")] * first.log()
    )
    expected = 2 * first + 3 * second - 1
    actual = Batch([graph], X).predict(torch.tensor([coefficients], dtype=torch.float64))[0]
    torch.testing.assert_close(actual, expected)
    only_first = build_graph(
        net, choices.edge[0].numpy(), choices.product[0].numpy(), w[0].numpy(), np.array([2.0, 0.0, 0.0])
    )
    assert only_first is not None
    assert sorted(e.primitive.name for e in only_first[0].nodes[-1].edges) == ["linear", "reciprocal"]
    assert only_first[0].complexity < graph.complexity


def test_an_affine_choice_becomes_a_node_of_its_own() -> None:
    net = make_supernet(2, 2, MINIMAL)
    w, _ = initial_parameters(net, 1, np.random.default_rng(0))
    keep_in_domain(net, w, torch.zeros(2).double(), torch.ones(2).double())
    # the second node's own choice reads the first node, behind a node that comes in between
    alpha = _hand_set(net, {(0, 0): "log(a x + b)", (2, 1): "linear", (1, 1): "reciprocal(a x + b)"}, (False, True))
    choices = argmax_choices(net, alpha)
    c = np.array([0.0, 1.0, 0.5])
    built = build_graph(net, choices.edge[0].numpy(), choices.product[0].numpy(), w[0].numpy(), c)
    assert built is not None
    graph, coefficients = built
    X = torch.as_tensor(np.random.default_rng(1).uniform(0, 1, (9, 2)))
    names, e = [p.name for p in net.primitives], {edge: k for k, edge in enumerate(net.edges)}
    log, reciprocal = names.index("log(a x + b)"), names.index("reciprocal(a x + b)")
    a, b = net.coefficients(w, log)[0, e[0, 0]]
    p, q = net.coefficients(w, reciprocal)[0, e[1, 1]]
    first = net.constants(w)[0, 0] + net.weights(w)[0, e[0, 0], log] * torch.log(a * X[:, 0] + b)
    expected = first / (p * X[:, 1] + q) + 0.5
    actual = Batch([graph], X).predict(torch.tensor([coefficients], dtype=torch.float64))[0]
    torch.testing.assert_close(actual, expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_discrete_graph_is_the_supernet_at_one_hot_logits(n_inputs: int, n_hidden: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.2, 2, (40, n_inputs))
    data = prepare(X, X.sum(axis=1) + X[:, 0] ** 2, None, 0.25, rng)
    net = make_supernet(n_inputs, n_hidden, resolve("default"))
    problem = make_bilevel(net, data, torch.float64, "cpu")
    w, alpha = initial_parameters(net, 2, rng)
    choices = sample_choices(net, alpha, 2, torch.Generator().manual_seed(seed))
    rows = w.repeat_interleave(2, dim=0)
    found = discretise(problem, rows, choices)
    assert len(found.loss) == 4 * n_hidden
    logits = one_hot(net, choices, torch.float64)
    z = hidden_values(net, rows, logits, problem.both)
    torch.testing.assert_close(z, hidden_values(net, rows, logits, problem.both, temperature=0.1))
    order = np.concatenate([data.train, data.validation])
    for i, b in enumerate(found.row):
        built = build_graph(net, choices.edge[b].numpy(), choices.product[b].numpy(), rows[b].numpy(), found.c[i])
        if built is None:
            continue
        graph, coefficients = built
        batch = Batch([graph], torch.as_tensor(data.X[order]))
        theta = torch.zeros(1, batch.n_columns, dtype=torch.float64)
        theta[0, : len(coefficients)] = torch.tensor(coefficients)
        actual = batch.predict(theta)[0]
        expected = predictions(z[b : b + 1], torch.as_tensor(found.c[i])[None])[0]
        scale = float((torch.as_tensor(found.c[i][:-1])[:, None] * z[b]).abs().max()) + 1
        # where an argument is moved into the domain the graph is another function: NaN, or larger
        if _unclamped(net, choices, rows, problem, int(b)):
            # pruning reorders operations: nested exponentials magnify the rounding
            torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-6 * scale)


def _unclamped(net: Supernet, choices: Choices, w: torch.Tensor, problem: Bilevel, b: int) -> bool:
    """Say whether no edge of architecture `b` needs its argument moved."""
    z = hidden_values(net, w, one_hot(net, choices, w.dtype), problem.both)[b]
    sources = [*problem.both.x, *z]
    for e, (source, _) in enumerate(net.edges):
        m = int(choices.edge[b, e]) - 1
        if m < 0:
            continue
        primitive = net.primitives[m]
        own = list(net.coefficients(w, m)[b, e]) if primitive.n_coefficients else []
        u = primitive.inner_value(sources[source], own)
        if not torch.equal(primitive.domain.clamp(u), u) or float(u.abs().max()) > net.reaches[m]:
            return False
    return float(z.abs().max()) < 50


def test_output_terms_are_dropped_cheapest_first() -> None:
    data = _data(n=80)
    net = Supernet(2, 3, MINIMAL)
    problem = make_bilevel(net, data, torch.float64, "cpu")
    w, _ = initial_parameters(net, 1, np.random.default_rng(3))
    # node 2 is the product that the data are made of; nodes 1 and 3 are one input each
    alpha = _hand_set(net, {(0, 0): "linear", (0, 1): "linear", (1, 1): "linear", (1, 2): "log"}, (False, True, False))
    found = discretise(problem, w, argmax_choices(net, alpha))
    assert [int((c[:-1] != 0).sum()) for c in found.c] == [3, 2, 1]
    assert found.c[2][1] != 0
    assert found.loss[2] < 0.05


def test_samples_follow_the_softmax() -> None:
    net = Supernet(1, 1, MINIMAL)
    alpha = torch.zeros(2, net.n_alpha, dtype=torch.float64)
    net.edge_logits(alpha)[0, 0] = torch.log(torch.tensor([0.5, 0.3, 0.2, 1e-9, 1e-9, 1e-9], dtype=torch.float64))
    net.edge_logits(alpha)[1, 0, 4] = 50.0
    net.node_logits(alpha)[:] = torch.tensor([[math.log(3)], [-50.0]])
    drawn = sample_choices(net, alpha, 2000, torch.Generator().manual_seed(0))
    assert drawn.edge.shape == (4000, 1)
    shares = torch.bincount(drawn.edge[:2000, 0], minlength=6) / 2000
    np.testing.assert_allclose(shares.numpy(), [0.5, 0.3, 0.2, 0, 0, 0], atol=0.04)
    assert float(drawn.product[:2000].double().mean()) == pytest.approx(0.75, abs=0.04)
    assert bool((drawn.edge[2000:] == 4).all())
    assert not bool(drawn.product[2000:].any())
    assert len(sample_choices(net, alpha, 0, torch.Generator()).edge) == 0


# --- the search ---


def _search(data: Data, seed: int = 0, n_hidden: int = 1, n_restarts: int = 6, **given: Any) -> TrainedSupernet:
    names = {item.name for item in fields(RelaxedOptions)}
    options = RelaxedOptions(**{"n_steps": 12, "n_samples": 2} | {k: v for k, v in given.items() if k in names})
    more = {k: v for k, v in given.items() if k not in names}
    rng = np.random.default_rng(seed)
    return train_supernet(data, MINIMAL, n_hidden=n_hidden, n_restarts=n_restarts, rng=rng, options=options, **more)


@pytest.mark.parametrize("order", [1, 2])
def test_same_state_same_result_bit_for_bit(order: int) -> None:
    data = _data()
    before = torch.random.get_rng_state()
    first, second = _search(data, order=order), _search(data, order=order)
    assert torch.equal(before, torch.random.get_rng_state())
    assert [(g.key, c) for g, c in first.proposals] == [(g.key, c) for g, c in second.proposals]
    for name in ("steps", "weights", "aggregators", "loss_relaxed", "loss_discrete", "loss_refitted"):
        np.testing.assert_array_equal(getattr(first.alpha, name), getattr(second.alpha, name))
    other = _search(data, seed=1, order=order)
    assert not np.array_equal(first.alpha.weights, other.alpha.weights)


@pytest.mark.parametrize("n_steps", [0, 1, 12, 250])
def test_history(n_steps: int) -> None:
    data = _data(n=24)
    result = _search(data, n_steps=n_steps, n_restarts=3, n_hidden=2, names=("a", "b"))
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
    data = _data()
    result = _search(data, n_steps=60, n_hidden=2, n_restarts=8)
    alpha = result.alpha
    assert np.nanmedian(alpha.loss_relaxed) < np.nanmedian(
        _search(data, n_steps=0, n_hidden=2, n_restarts=8).alpha.loss_relaxed
    )
    assert np.nanmedian(alpha.loss_refitted) < np.nanmedian(alpha.loss_discrete)
    assert np.nanmin(alpha.loss_refitted) < 0.05


def test_should_stop_is_asked_every_step() -> None:
    data = _data()
    asked: list[int] = []

    def after_three() -> bool:
        asked.append(1)
        return len(asked) > 3

    result = _search(data, n_steps=1000, should_stop=after_three)
    assert result.n_steps == 3
    assert result.stopped
    assert result.proposals
    at_once = _search(data, n_steps=1000, should_stop=lambda: True)
    assert at_once.n_steps == 0
    assert at_once.proposals
    done = _search(data)
    assert done.n_steps == 12
    assert not done.stopped


def test_progress() -> None:
    seen: list[float] = []
    _search(_data(), n_steps=4, on_progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_proposals_are_distinct_and_finite() -> None:
    result = _search(_data(), n_hidden=2, n_restarts=12, n_samples=5)
    keys = [graph.key for graph, _ in result.proposals]
    assert len(set(keys)) == len(keys) > 20
    for graph, coefficients in result.proposals:
        assert len(coefficients) == graph.n_coefficients
        assert all(map(math.isfinite, coefficients))


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
    options = RelaxedOptions(n_steps=60)
    result = train_supernet(data, resolve("default"), n_hidden=1, n_restarts=24, rng=rng, options=options)
    fits = refit(
        [g for g, _ in result.proposals],
        [c for _, c in result.proposals],
        torch.as_tensor(data.X[data.train]),
        torch.as_tensor(data.y[data.train]),
    )
    exact = [fit for fit in fits if fit.loss < 1e-20]
    assert min(fit.graph.complexity for fit in exact) <= complexity


@pytest.mark.parametrize("n", [3, 10, 25])
def test_few_rows(n: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (n, 1))
    data = prepare(X, X[:, 0] ** 2, None, 0.25, rng)
    result = _search(data)
    assert result.proposals
    assert np.isfinite(result.alpha.loss_relaxed).all()


def test_constant_target_and_weightless_validation_rows() -> None:
    data = _data()
    flat = Data(data.X, np.ones_like(data.y), data.weight, data.train, data.validation, data.x_scale, 1.0)
    assert np.nanmax(_search(flat).alpha.loss_relaxed) < 1e-6
    zero = Data(data.X, np.zeros_like(data.y), data.weight, data.train, data.validation, data.x_scale, 1.0)
    assert np.nanmax(_search(zero).alpha.loss_relaxed) < 1e-6
    weight = data.weight.copy()
    weight[data.validation] = 0.0
    weightless = Data(data.X, data.y, weight, data.train, data.validation, data.x_scale, data.y_scale)
    assert np.isfinite(_search(weightless).alpha.loss_relaxed).all()


def test_none_among_the_primitives_is_the_absent_edge() -> None:
    result = train_supernet(
        _data(), (PRIMITIVES["none"], PRIMITIVES["linear"]), n_hidden=1, n_restarts=2,
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
        _search(_data(), **wrong)


# --- the stage of a search ---


@pytest.mark.parametrize("max_refits", [40, 300])
def test_supernets_are_trained_in_turn_until_the_budget_is_spent(
    max_refits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []
    rows: set[tuple[int, int]] = set()

    def train(data: Data, *args: Any, **given: Any) -> TrainedSupernet:
        trained.append(given["n_hidden"])
        rows.add((len(data.train), len(data.validation)))
        return train_supernet(data, *args, **given)

    monkeypatch.setattr(relaxed, "train_supernet", train)
    config = Config(MINIMAL, "relaxed", 40, None, max_refits, 2, ("a", "b"), RelaxedOptions(n_steps=2))
    found = search(_data(n=1000), config, np.random.default_rng(0))
    assert trained == [1 + k % 3 for k in range(len(trained))]
    assert (len(trained) > 3) == (max_refits == 300)
    assert rows == {(relaxed.MOST_ROWS, relaxed.MOST_ROWS)}
    assert found.history.n_refits >= max_refits
    assert found.history.stop_reason == "budget"
    assert found.history.alpha is not None


def test_a_supernet_leaves_time_for_its_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(10**6))
    monkeypatch.setattr("eqdarts.search.budget.now", lambda: float(next(seconds)))  # each look at the clock takes one
    config = Config(MINIMAL, "relaxed", 40, 60.0, 10**6, 4, ("a", "b"))
    found = search(_data(n=100), config, np.random.default_rng(0))
    assert found.history.stop_reason == "time"
    assert found.history.n_refits > 1


def test_supernets_that_propose_nothing_new_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = _search(_data()).alpha
    calls: list[object] = []

    def train(*_: object, **options: object) -> TrainedSupernet:
        calls.append(options)
        return TrainedSupernet((), alpha, 100, False)

    monkeypatch.setattr(relaxed, "train_supernet", train)
    config = Config(MINIMAL, "relaxed", 40, None, 1000, 4, ("a", "b"))
    assert search(_data(), config, np.random.default_rng(0)).history.stop_reason == "finished"
    assert len(calls) == 3
