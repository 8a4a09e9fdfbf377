"""The batched values and Jacobians against one graph at a time and against automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian as jacobian_of

from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import resolve
from eqdarts.solver.batch import Batch

SMOOTH = resolve("physics")


def reference(graph: Graph, theta: Tensor, X: Tensor) -> Tensor:
    """Return the value (n,) of one graph, edge by edge."""
    values = [X[:, i] for i in range(graph.n_inputs)]
    for node, slots in graph.slots():
        terms = []
        for edge, own in zip(node.edges, slots.edges, strict=True):
            coefficients = [theta[own.first + k] for k in range(own.count)]
            if own.neutral:
                coefficients = [*map(torch.tensor, edge.primitive.neutral), *coefficients]
            term = edge.primitive(values[edge.source], *coefficients)
            terms.append(theta[own.weight] * term if own.weight >= 0 else term)
        is_sum = node.aggregator == "sum"
        constant = theta[slots.constant] if slots.constant >= 0 else torch.tensor(0.0 if is_sum else 1.0)
        stacked = torch.stack([constant.to(X).expand(len(X)), *terms])
        values.append(stacked.sum(0) if is_sum else stacked.prod(0))
    return values[-1]


def batch_of(seed: int, count: int = 60) -> tuple[list[Graph], Tensor, Tensor]:
    """Return random graphs, padded coefficients (G, K) and rows (30, 3)."""
    rng = np.random.default_rng(seed)
    pairs = [random_graph(rng, 3, SMOOTH) for _ in range(count)]
    theta = torch.zeros((count, max(graph.n_coefficients for graph, _ in pairs)), dtype=torch.float64)
    for row, (_, start) in zip(theta, pairs, strict=True):
        row[: len(start)] = torch.tensor(start, dtype=torch.float64)
    X = torch.from_numpy(rng.uniform(0.3, 1.5, (30, 3)))
    return [graph for graph, _ in pairs], theta, X


@pytest.mark.parametrize("seed", range(4))
def test_values_and_jacobian_agree_with_autograd(seed: int) -> None:
    graphs, theta, X = batch_of(seed)
    prediction, jacobian = Batch(graphs, X).evaluate(theta)
    compared = 0
    for g, graph in enumerate(graphs):
        own = theta[g, : graph.n_coefficients]
        value = reference(graph, own, X)
        expected = jacobian_of(lambda t, graph=graph: reference(graph, t, X), own).T
        if not (torch.isfinite(value).all() and torch.isfinite(expected).all()):
            continue
        compared += 1
        torch.testing.assert_close(prediction[g].clone(), value, rtol=1e-10, atol=1e-10)
        scale = float(expected.abs().max()) if expected.numel() else 1.0
        torch.testing.assert_close(
            jacobian[g, : graph.n_coefficients].clone(), expected, rtol=1e-8, atol=1e-9 * max(scale, 1.0)
        )
        assert not jacobian[g, graph.n_coefficients :].any()
    assert compared > 20


def test_predict_equals_evaluate() -> None:
    graphs, theta, X = batch_of(7)
    batch = Batch(graphs, X)
    torch.testing.assert_close(
        batch.predict(theta).clone(), batch.evaluate(theta).prediction.clone(), rtol=1e-12, atol=0, equal_nan=True
    )


def test_subset_is_the_batch_of_the_kept_graphs() -> None:
    graphs, theta, X = batch_of(3)
    keep = torch.arange(len(graphs)) % 3 == 0
    part = Batch(graphs, X).subset(keep)
    alone = Batch([graph for graph, kept in zip(graphs, keep.tolist(), strict=True) if kept], X)
    start = theta[keep][:, : part.n_columns]
    assert part.n_columns == alone.n_columns
    for ours, theirs in zip(part.evaluate(start), alone.evaluate(start), strict=True):
        torch.testing.assert_close(ours.clone(), theirs.clone(), rtol=0, atol=0, equal_nan=True)


def test_the_output_is_linear_in_its_linear_coefficients() -> None:
    graphs, theta, X = batch_of(5)
    batch = Batch(graphs, X)
    linear = batch.linear.clone()
    one, two, three = (batch.predict(torch.where(linear, k * theta, theta)).clone() for k in (1, 2, 3))
    finite = torch.isfinite(one)
    assert int(linear.sum()) > len(graphs)
    torch.testing.assert_close((three - two)[finite], (two - one)[finite], rtol=1e-7, atol=1e-9)
