"""From a supernet back to discrete graphs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from eqdarts._typing import Array
from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.discretise import (
    Choices,
    argmax_choices,
    build_graph,
    discretise,
    one_hot,
    sample_choices,
)
from eqdarts.search.relaxed.engine import place_target
from eqdarts.search.relaxed.steps import Bilevel, make_bilevel
from eqdarts.search.relaxed.supernet import Supernet, initial_parameters, keep_in_domain, make_supernet
from eqdarts.search.relaxed.supernet_values import hidden_values
from eqdarts.search.relaxed.torch_engine import TorchEngine
from eqdarts.solver.batch import Batch
from tests.search.relaxed.tables import MINIMAL, product_data


def _hand_set(net: Supernet, edges: dict[tuple[int, int], str], product: tuple[bool, ...]) -> Array:
    alpha = np.zeros((1, net.n_alpha))
    names = ["none", *(p.name for p in net.primitives)]
    for e, edge in enumerate(net.edges):
        net.edge_logits(alpha)[0, e, names.index(edges.get(edge, "none"))] = 1.0
    net.node_logits(alpha)[0] = [1.0 if p else -1.0 for p in product]
    return alpha


def test_argmax_of_a_hand_set_alpha_is_the_right_graph() -> None:
    net = Supernet(2, 2, MINIMAL)
    w, _ = initial_parameters(net, 1, np.random.default_rng(0))
    edges = {(0, 0): "linear", (1, 0): "reciprocal", (0, 1): "exp", (2, 1): "log"}
    alpha = _hand_set(net, edges, (True, False))
    choices = argmax_choices(net, alpha)
    c = np.array([2.0, 3.0, -1.0])
    built = build_graph(net, choices.edge[0], choices.product[0], w[0].numpy(), c)
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
    only_first = build_graph(net, choices.edge[0], choices.product[0], w[0].numpy(), np.array([2.0, 0.0, 0.0]))
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
    built = build_graph(net, choices.edge[0], choices.product[0], w[0].numpy(), c)
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


@pytest.mark.parametrize("seed", range(6))
def test_a_discrete_graph_is_the_supernet_at_one_hot_logits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_inputs, n_hidden = 1 + seed % 3, 1 + seed // 2
    X = rng.uniform(0.2, 2, (40, n_inputs))
    data = prepare(X, X.sum(axis=1) + X[:, 0] ** 2, None, 0.25, rng)
    net = make_supernet(n_inputs, n_hidden, resolve("default"))
    problem = make_bilevel(net, data, torch.float64, "cpu")
    drawn, logits = initial_parameters(net, 2, rng)
    choices = sample_choices(net, logits.numpy(), 2, rng)
    w = np.repeat(drawn.numpy(), 2, axis=0)
    z = TorchEngine(problem).hidden(w, one_hot(net, choices))
    found = discretise(place_target(data), z)
    assert len(found.loss) == 4 * n_hidden
    order = np.concatenate([data.train, data.validation])
    for i, b in enumerate(found.row):
        built = build_graph(net, choices.edge[b], choices.product[b], w[b], found.c[i])
        if built is None:
            continue
        graph, coefficients = built
        batch = Batch([graph], torch.as_tensor(data.X[order]))
        theta = torch.zeros(1, batch.n_columns, dtype=torch.float64)
        theta[0, : len(coefficients)] = torch.tensor(coefficients)
        actual = batch.predict(theta)[0]
        expected = torch.as_tensor(found.c[i][:-1] @ z[b] + found.c[i][-1])
        scale = float(np.abs(found.c[i][:-1, None] * z[b]).max()) + 1
        # where an argument is moved into the domain the graph is another function: NaN, or larger
        if _unclamped(net, choices, torch.as_tensor(w), problem, int(b)):
            # pruning reorders operations: nested exponentials magnify the rounding
            torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-6 * scale)


def _unclamped(net: Supernet, choices: Choices, w: torch.Tensor, problem: Bilevel, b: int) -> bool:
    """Say whether no edge of architecture `b` needs its argument moved."""
    z = hidden_values(net, w, torch.as_tensor(one_hot(net, choices)), problem.both)[b]
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
    data = product_data(n=80)
    net = Supernet(2, 3, MINIMAL)
    engine = TorchEngine(make_bilevel(net, data, torch.float64, "cpu"))
    w, _ = initial_parameters(net, 1, np.random.default_rng(3))
    # node 2 is the product that the data are made of; nodes 1 and 3 are one input each
    alpha = _hand_set(net, {(0, 0): "linear", (0, 1): "linear", (1, 1): "linear", (1, 2): "log"}, (False, True, False))
    z = engine.hidden(w.numpy(), one_hot(net, argmax_choices(net, alpha)))
    found = discretise(place_target(data), z)
    assert [int((c[:-1] != 0).sum()) for c in found.c] == [3, 2, 1]
    assert found.c[2][1] != 0
    assert found.loss[2] < 0.05


def test_samples_follow_the_softmax() -> None:
    net = Supernet(1, 1, MINIMAL)
    alpha = np.zeros((2, net.n_alpha))
    net.edge_logits(alpha)[0, 0] = np.log([0.5, 0.3, 0.2, 1e-9, 1e-9, 1e-9])
    net.edge_logits(alpha)[1, 0, 4] = 50.0
    net.node_logits(alpha)[:] = [[math.log(3)], [-50.0]]
    drawn = sample_choices(net, alpha, 2000, np.random.default_rng(0))
    assert drawn.edge.shape == (4000, 1)
    shares = np.bincount(drawn.edge[:2000, 0], minlength=6) / 2000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2, 0, 0, 0], atol=0.04)
    assert drawn.product[:2000].mean() == pytest.approx(0.75, abs=0.04)
    assert (drawn.edge[2000:] == 4).all()
    assert not drawn.product[2000:].any()
    assert len(sample_choices(net, alpha, 0, np.random.default_rng(0)).edge) == 0
