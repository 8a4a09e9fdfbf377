"""One step: what is accepted and what is not, and what a model carries on."""

from __future__ import annotations

import pytest
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.solver.batch import Batch
from eqdarts.solver.step import (
    DAMPING_MOST,
    EXACT,
    RUNNING,
    STALLED,
    UNDEFINED,
    Problem,
    Solver,
    State,
    begin,
    try_step,
)
from tests.solver.laws import exponential, rows

X = rows()
Y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
SCALES = (-0.3, -3.0, 0.8)
PROBLEMS = [Problem(Y, None, solver, scaling) for solver in ("cholesky", "qr") for scaling in ("columns", "unit")]


def begun(problem: Problem) -> tuple[Batch, State, torch.Tensor]:
    graphs, starts = zip(*(exponential(scale, 1.0) for scale in SCALES), strict=True)
    batch = Batch(graphs, X)
    return (batch, *begin(batch, batch.pad(starts), problem, None))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"{p.solver}, {p.scaling}")
def test_a_step_lowers_the_loss_or_changes_nothing_but_the_damping(problem: Problem) -> None:
    batch, state, status = begun(problem)
    assert status.tolist() == [RUNNING] * 3
    for _ in range(60):
        new, _ = try_step(batch, state, problem, 1e-10, 2)
        better = new.loss < state.loss
        assert bool((new.loss <= state.loss).all())
        assert torch.equal(new.theta[~better], state.theta[~better])
        assert bool((new.damping[~better] > state.damping[~better]).all())
        assert bool((new.growth[~better] == (2 * state.growth[~better]).clamp(max=1e6)).all())
        residual = Y - batch.predict(new.theta)
        torch.testing.assert_close(residual.square().mean(1), new.loss, rtol=1e-9, atol=1e-25)
        state = new
    assert float(state.loss.min()) < 1e-20


@pytest.mark.parametrize("scaling", ["columns", "unit"])
def test_both_solvers_take_the_same_step(scaling: str) -> None:
    steps = []
    for solver in ("cholesky", "qr"):
        problem = Problem(Y, torch.linspace(0.5, 1.5, 60, dtype=torch.float64), solver, scaling)  # type: ignore[arg-type]
        batch, state, _ = begun(problem)
        steps.append(try_step(batch, state, problem, 1e-10, 2)[0].theta)
    torch.testing.assert_close(*steps, rtol=1e-7, atol=1e-9)


def test_an_exact_start_and_an_undefined_one_are_seen_at_once() -> None:
    log = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["log"])], 0.0)]).build()
    problem = PROBLEMS[0]
    for (graph, start), expected in ((exponential(-1.7, 2.5, 0.4), EXACT), (exponential(-1.7, 2.5), RUNNING)):
        batch = Batch([graph], X)
        assert begin(batch, batch.pad([start]), problem, None)[1].tolist() == [expected]
    batch = Batch([log[0]], -X)
    state, status = begin(batch, batch.pad([log[1]]), problem, None)
    assert status.tolist() == [UNDEFINED]
    assert state.loss.tolist() == [float("inf")]


@pytest.mark.parametrize("solver", ["cholesky", "qr"])
def test_a_model_that_no_step_helps_stalls(solver: Solver) -> None:
    problem = Problem(Y, None, solver, "columns")
    batch, state, _ = begun(problem)
    stuck = state._replace(loss=torch.zeros_like(state.loss), damping=torch.full_like(state.damping, DAMPING_MOST))
    stuck = stuck._replace(scale_y=torch.zeros_like(state.scale_y), right=state.right + 1.0)
    _, status = try_step(batch, stuck._replace(loss=stuck.loss + 1e-9), problem, 0.0, 2)
    assert STALLED in status.tolist()


def test_a_selection_carries_the_chosen_models_and_no_more_padding_than_they_need() -> None:
    wide = Draft(2, [DraftNode("sum", [DraftEdge(k, PRIMITIVES["exp"], 1.0, [0.1]) for k in range(2)], 0.1)]).build()
    (narrow, start) = exponential(-0.3, 1.0)
    batch = Batch([narrow, wide[0], narrow], X)
    state, _ = begin(batch, batch.pad([start, wide[1], start]), PROBLEMS[0], None)
    keep = torch.tensor([True, False, True])
    part = state.select(keep)
    assert part.theta.shape == (2, 3)
    assert part.factor.shape == (2, 3, 3)
    assert part.place.tolist() == [0, 2]
    torch.testing.assert_close(part.theta[0], torch.tensor(start, dtype=torch.float64))
    whole, again = (
        try_step(model, given, PROBLEMS[0], 1e-10, 2)[0].theta
        for model, given in ((batch, state), (batch.subset(keep), part))
    )
    torch.testing.assert_close(again, whole[keep][:, :3])
