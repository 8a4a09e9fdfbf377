"""Batched Levenberg-Marquardt: exact where the law is in the graph, a minimum elsewhere, safe where undefined."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import get_primitive as primitive
from eqdarts.primitives.table import resolve
from eqdarts.solver import restarts as refit_restarts
from eqdarts.solver.batch import Batch
from eqdarts.solver.projection import LINEAR, Projection, multipliers
from eqdarts.solver.refit import RESULTS, levenberg_marquardt, refit
from eqdarts.solver.restarts import draw_starts
from tests.strategies import Pair, graphs


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


def test_all_undefined_starts_end_the_refit() -> None:
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("log"))], 0.0)]).build()
    fits = refit([graph, graph], [start, start], -rows(), torch.ones(60, dtype=torch.float64), restarts=3)
    assert [fit.status for fit in fits] == [RESULTS[5]] * 2


def test_a_target_for_each_graph() -> None:
    X = rows()
    graph, start = exponential(-0.3, 1.0)
    y = torch.stack([2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4, torch.exp(0.5 * X[:, 0])])
    fits = refit([graph, graph], [start, start], X, y)
    assert fits[0].coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-10)
    assert fits[1].coefficients == pytest.approx((0.0, 1.0, 0.5), rel=1e-10, abs=1e-10)


def test_weights_of_one_change_nothing() -> None:
    X = rows()
    y = torch.sin(X[:, 0]) + X[:, 1]
    graph, start = exponential(-0.3, 1.0)
    assert refit([graph], [start], X, y) == refit([graph], [start], X, y, torch.ones(60, dtype=torch.float64))


@pytest.mark.parametrize("factor", [1e-9, 1e7])
def test_units_of_the_target_do_not_matter(factor: float) -> None:
    X = rows()
    y = torch.sin(X[:, 0]) + X[:, 1]
    graph, start = exponential(-0.3, 1.0)
    moved = [start[0] * factor, start[1] * factor, start[2]]
    (fit,), (scaled,) = refit([graph], [start], X, y), refit([graph], [moved], X, y * factor)
    assert scaled.loss == pytest.approx(fit.loss * factor**2, rel=1e-9)
    assert scaled.coefficients[2] == pytest.approx(fit.coefficients[2], rel=1e-6)


def test_a_model_does_not_depend_on_the_others_of_its_batch() -> None:
    """Those that finish early are dropped while the others go on."""
    X = rows()
    scales = np.linspace(-3.0, 1.5, 40)
    graphs_, starts = zip(*(exponential(scale, 1.0) for scale in scales), strict=True)
    y = torch.stack([2.5 * torch.exp(-1.7 * X[:, 0]) + 0.1 * torch.sin(k * X[:, 1]) for k in range(40)])
    together = refit(graphs_, starts, X, y)
    alone = [refit([g], [s], X, row)[0] for g, s, row in zip(graphs_, starts, y, strict=True)]
    assert [fit.loss for fit in together] == pytest.approx([fit.loss for fit in alone], rel=1e-9)


# --- variable projection ---


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


# --- restarts ---


def sine_of_another_period() -> tuple[list[Graph], list[tuple[float, ...]], torch.Tensor, torch.Tensor]:
    X = rows(n=100) * 5
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("sin"), 1.0, [0.4])], 0.0)]).build()
    return [graph], [start], X, 2 * torch.sin(2.9 * X[:, 0]) - 1


def test_restarts_find_the_minimum_that_one_start_misses() -> None:
    problem = sine_of_another_period()
    (once,) = refit(*problem)
    (often,) = refit(*problem, restarts=80)
    assert once.loss > 1e-2
    assert often.loss < 1e-28
    assert abs(often.coefficients[2]) == pytest.approx(2.9, rel=1e-10)


@settings(deadline=None, max_examples=15)
@given(st.lists(graphs(min_inputs=2, max_inputs=2), min_size=1, max_size=4), st.integers(1, 6), st.integers(0, 99))
def test_restarts_never_make_it_worse_and_are_reproducible(pairs: list[Pair], restarts: int, seed: int) -> None:
    structures, starts = [graph for graph, _ in pairs], [start for _, start in pairs]
    y = torch.from_numpy(np.random.default_rng(seed).normal(size=60))
    problem = structures, starts, rows(), y
    plain = refit(*problem, max_iterations=40)
    first, second = (
        refit(*problem, max_iterations=40, restarts=restarts, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    assert first == second
    for fit, one in zip(first, plain, strict=True):
        assert fit.loss <= one.loss * (1 + 1e-6)


def test_portions_have_graphs_of_different_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    pairs = [random_graph(rng, 2, resolve("default")) for _ in range(7)]
    structures, starts = [graph for graph, _ in pairs], [start for _, start in pairs]
    y = torch.from_numpy(rng.normal(size=60))
    whole = refit(structures, starts, rows(), y, restarts=3)
    monkeypatch.setattr(refit_restarts, "MOST_NUMBERS", 1)
    parts = refit(structures, starts, rows(), y, restarts=3)
    assert [len(fit.coefficients) for fit in parts] == [graph.n_coefficients for graph in structures]
    assert [fit.loss for fit in parts] == pytest.approx([fit.loss for fit in whole], rel=1e-3)


def test_starts_are_drawn_about_the_initial_coefficients() -> None:
    graph, _ = exponential(0.0, 1.0)
    starts = draw_starts(graph, 4000, np.random.default_rng(0))  # columns: constant, weight, scale inside exp
    assert starts[:, :2].std(axis=0) == pytest.approx(1.0, abs=0.05)
    initial = np.abs(primitive("exp").initial).flatten()
    assert np.median(np.abs(starts[:, 2])) == pytest.approx(np.exp(np.log(initial).mean()), rel=0.1)
    assert 0.4 < (starts[:, 2] > 0).mean() < 0.6
