"""Batched Levenberg-Marquardt: exact where the law is in the graph, a minimum elsewhere, safe where undefined."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.batch import Batch
from eqdarts.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives import get_primitive as primitive
from eqdarts.primitives import resolve
from eqdarts.refit import RESULTS, levenberg_marquardt, refit
from eqdarts.search.random_graphs import random_graph


def rows(seed: int = 0, n: int = 60) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0.3, 2.0, (n, 2)))


def exponential(scale: float, weight: float, constant: float = 0.1):  # type: ignore[no-untyped-def]
    edge = DraftEdge(0, primitive("exp"), weight, [scale])
    return Draft(2, [DraftNode("sum", [edge], constant)]).build()


def test_coefficients_of_the_law_are_found_to_rounding() -> None:
    X = rows()
    graph, start = exponential(-0.3, 1.0)
    (fit,) = refit([graph], [start], X, 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4)
    assert fit.loss < 1e-28
    assert fit.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-10)


def test_loss_never_rises_and_gradient_vanishes_at_the_minimum() -> None:
    rng = np.random.default_rng(2)
    X, y = rows(), torch.from_numpy(rng.normal(size=60))
    pairs = [random_graph(rng, 2, resolve("minimal"), 12) for _ in range(40)]
    graphs = [graph for graph, _ in pairs]
    batch = Batch(graphs, X)
    start = X.new_zeros((len(graphs), batch.n_columns))
    for row, (_, values) in zip(start, pairs, strict=True):
        row[: len(values)] = torch.tensor(values, dtype=torch.float64)
    before = (y - batch.predict(start)).square().mean(1)
    result = levenberg_marquardt(batch, start, y, max_iterations=300, tolerance=1e-13, patience=4)
    finite = torch.isfinite(result.loss)
    assert bool((result.loss[finite] <= before[finite]).all())
    prediction, jacobian = batch.evaluate(result.coefficients)
    residual = y - prediction
    norms = jacobian.square().sum(2).sqrt() * residual.square().sum(1).sqrt()[:, None]
    cosine = ((jacobian @ residual.unsqueeze(2)).squeeze(2).abs() / norms.clamp(min=1e-300)).amax(1)
    converged = result.status == 1
    assert int(converged.sum()) > 10
    assert float(cosine[converged].median()) < 1e-5


def test_weights_of_zero_leave_rows_out() -> None:
    X = rows()
    y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
    weight = torch.ones(60, dtype=torch.float64)
    y[:10], weight[:10] = 1e6, 0.0
    graph, start = exponential(-0.3, 1.0)
    (fit,) = refit([graph], [start], X, y, weight)
    assert fit.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-9)


def test_a_start_outside_the_domain_is_reported() -> None:
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("log"))], 0.0)]).build()
    (fit,) = refit([graph], [start], -rows(), torch.ones(60, dtype=torch.float64))
    assert fit.status == RESULTS[5]
    assert fit.loss == float("inf")


def test_both_solvers_reach_the_same_minimum() -> None:
    X = rows()
    y = torch.sin(X[:, 0]) + X[:, 1]
    graph, start = exponential(-0.3, 1.0)
    theta = torch.tensor([start], dtype=torch.float64)
    losses = [
        float(levenberg_marquardt(Batch([graph], X), theta, y, solver=solver).loss)
        for solver in ("cholesky", "qr")  # type: ignore[arg-type]
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-8)


def test_no_graphs_give_no_fits() -> None:
    assert refit([], [], rows(), torch.ones(60, dtype=torch.float64)) == []
