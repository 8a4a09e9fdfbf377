"""Batched Levenberg-Marquardt: a minimum, by either solver."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import resolve
from eqdarts.solver.batch import Batch
from eqdarts.solver.refit import levenberg_marquardt
from tests.solver.laws import exponential, rows


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
