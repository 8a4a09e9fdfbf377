"""Linear coefficients solved for at every evaluation."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import torch
from hypothesis import given, settings

from eqdarts.solver.batch import Batch
from eqdarts.solver.projection import LINEAR, Projection, multipliers
from eqdarts.solver.refit import levenberg_marquardt
from tests.solver.laws import exponential, rows
from tests.strategies import Pair, graphs


@settings(deadline=None, max_examples=60)
@given(graphs(min_inputs=2, max_inputs=2), st.floats(0.2, 5.0))
def test_columns_follow_their_multiplier_alone(pair: Pair, factor: float) -> None:
    graph, start = pair
    batch = Batch([graph], rows())
    theta = batch.pad([start])
    (multiplier,) = multipliers([graph], batch.n_columns)
    before = batch.evaluate(theta).jacobian[0].clone()
    for place in torch.nonzero(batch.linear[0]).flatten().tolist():
        assert multiplier[place] == LINEAR
        moved = theta.clone()
        moved[0, place] *= factor
        after = batch.evaluate(moved).jacobian[0]
        for k in torch.nonzero(multiplier >= LINEAR).flatten().tolist():
            expected = before[k] * (factor if multiplier[k] == place else 1.0)
            torch.testing.assert_close(after[k], expected, rtol=1e-9, atol=1e-12, equal_nan=True)


@settings(deadline=None, max_examples=60)
@given(graphs(min_inputs=2, max_inputs=2, primitives="psychology"), st.integers(0, 99))
def test_projection_is_the_linear_least_squares_solution(pair: Pair, seed: int) -> None:
    graph, start = pair
    X = rows()
    y = torch.from_numpy(np.random.default_rng(seed).normal(size=60))
    batch = Batch([graph], X)
    theta = batch.pad([start])

    def normal(theta: torch.Tensor) -> tuple[torch.Tensor, ...]:
        prediction, jacobian = batch.evaluate(theta)
        residual = y - prediction
        right = (jacobian @ residual.unsqueeze(2)).squeeze(2)
        return theta, residual.square().sum(1), jacobian @ jacobian.mT, right

    projection = Projection.plan(batch.linear, multipliers([graph], batch.n_columns), theta.dtype)
    given_ = normal(theta)
    moved = projection.solve(*given_)
    if torch.equal(moved[0], theta):  # not safe: nothing may change at all
        for old, new in zip(given_, moved, strict=True):
            torch.testing.assert_close(new, old, rtol=0, atol=0, equal_nan=True)
        return
    _, total, matrix, right = normal(moved[0])
    assert float(moved[1]) <= float(given_[1]) * (1 + 1e-9)
    torch.testing.assert_close(moved[1], total, rtol=1e-4, atol=0)
    size = matrix.diagonal(dim1=1, dim2=2).sqrt()
    unit = torch.where(size > 0, size, 1.0)
    torch.testing.assert_close(
        moved[2] / (unit.unsqueeze(2) * unit.unsqueeze(1)),
        matrix / (unit.unsqueeze(2) * unit.unsqueeze(1)), rtol=1e-6, atol=1e-6,
    )  # fmt: skip
    torch.testing.assert_close(moved[3] / unit, right / unit, rtol=1e-4, atol=1e-4 * float(given_[1]) ** 0.5)


def test_projection_finds_the_law_where_joint_steps_lose_the_way() -> None:
    X = rows()
    y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
    graph, start = exponential(0.5, -3.0, 2.0)
    batch, theta = Batch([graph], X), torch.tensor([start], dtype=torch.float64)
    joint = levenberg_marquardt(batch, theta, y, scaling="unit")
    projected = levenberg_marquardt(batch, theta, y, scaling="unit", multiplier=multipliers([graph], 3))
    assert float(projected.loss) < 1e-28
    assert float(joint.loss) > 1e-3
