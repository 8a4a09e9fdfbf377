r"""Batched Levenberg-Marquardt: the inner problem solved exactly for many models at once, each with its own damping.

With residual :math:`r = y - f(\theta)`, weights folded in, Jacobian J of f and a diagonal D, a step solves

.. math:: (J^T J + \lambda D^2)\, s = J^T r,

is accepted if the loss falls, and :math:`\lambda` follows the gain ratio (Nielsen 1999). There are two choices of D.
The largest column norms seen so far (Moré 1978) make the units of the coefficients irrelevant. The same D for all
coefficients is for coefficients of magnitude one: a coefficient that loses its influence then cannot run away.
Coefficients in which the model is linear are hardly damped, and are solved for at every evaluation if that is possible
(`eqdarts.solver.projection`). A step to coefficients at which a model is undefined has infinite loss and is rejected.

Axes: G models, K coefficients (padded), N rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from eqdarts.graph.graph import Graph
from eqdarts.solver.batch import Batch
from eqdarts.solver.compiled import can_compile, refit_compiled
from eqdarts.solver.projection import multipliers
from eqdarts.solver.step import (
    CONVERGED,
    EXACT,
    ITERATIONS,
    RUNNING,
    STALLED,
    UNDEFINED,
    Model,
    Problem,
    Scaling,
    Solver,
    State,
    begin,
    try_step,
)

__all__ = ["RESULTS", "Limits", "Model", "Refit", "levenberg_marquardt", "solve"]

RESULTS: dict[int, str] = {
    RUNNING: "still running",
    CONVERGED: "converged: the loss no longer falls",
    EXACT: "exact: the loss is at rounding level",
    STALLED: "stalled: no step lowers the loss, however short",
    ITERATIONS: "stopped at the largest number of iterations: give a better start or more iterations",
    UNDEFINED: "the model is undefined or infinite at the start: give another start",
}
# Finished models stay in the batch until the steps wasted on them cost as much as compiling the others again.
COMPILE_STEPS, COMPILE_MODELS = 0.5, 100  # the price: steps of the whole batch, and steps of single models


@dataclass(frozen=True)
class Refit:
    """Result of a batched refit.

    Parameters
    ----------
    coefficients : Tensor of shape (G, K)
    loss : Tensor of shape (G,)
        Mean of the weighted squared residuals, in units of y squared; infinite where the start is undefined.
    iterations : Tensor of shape (G,)
        Steps tried, accepted or not.
    status : Tensor of shape (G,)
        Keys of `RESULTS`.
    """

    coefficients: Tensor
    loss: Tensor
    iterations: Tensor
    status: Tensor


def levenberg_marquardt(
    model: Model,
    start: Tensor,
    y: Tensor,
    sqrt_weight: Tensor | None = None,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-10,
    patience: int = 2,
    solver: Solver = "cholesky",
    scaling: Scaling = "columns",
    multiplier: Tensor | None = None,
) -> Refit:
    r"""Minimise the weighted mean squared residual of every model from its start.

    Parameters
    ----------
    model : Model
        G models; `Batch` for graphs.
    start : Tensor of shape (G, K)
        Starting coefficients; padded ones are ignored.
    y : Tensor of shape (N,) or (G, N)
        Targets.
    sqrt_weight : Tensor of shape (N,), optional
        Square roots of the rows' weights.
    max_iterations : int, default=100
        Largest number of steps tried for each model.
    tolerance : float, default=1e-10
        A step that lowers the loss by a smaller share counts as gaining nothing.
    patience : int, default=2
        A model is finished after this many such steps in a row.
    solver : {"cholesky", "qr"}, default="cholesky"
        "cholesky" solves the normal equations (fast). "qr" uses an orthogonal decomposition, which does not square the
        condition number (exact to the last digits of ill-conditioned problems).
    scaling : {"columns", "unit"}, default="columns"
        D of the damping. "columns": the norms of the columns of J, for coefficients of any magnitude. "unit": one, for
        coefficients of magnitude one.
    multiplier : Tensor of shape (G, K), optional
        From `eqdarts.solver.projection.multipliers`. With the solver "cholesky", linear coefficients are then solved
        for at every evaluation.

    Returns
    -------
    Refit
    """
    with torch.inference_mode():
        problem = Problem(y, sqrt_weight, solver, scaling)
        state, status = begin(model, start, problem, multiplier if solver == "cholesky" else None)
        result = Refit(state.theta.clone(), state.loss.clone(), torch.zeros_like(status), status)
        state, model = _drop(model, state._replace(finished=status != RUNNING))
        idle = 0  # steps of finished models since the last compilation
        for iteration in range(1, max_iterations + 1):
            state, status = try_step(model, state, problem, tolerance, patience)
            if iteration == max_iterations:
                status = torch.where(status == RUNNING, ITERATIONS, status)
            state = _store(result, state, status, iteration)
            n_finished = int(state.finished.sum())
            idle += n_finished
            if n_finished == len(state.place):
                break
            if n_finished and idle > COMPILE_STEPS * len(state.place) + COMPILE_MODELS:
                state, model = _drop(model, state)
                idle = 0
        return result


def _store(result: Refit, state: State, status: Tensor, iteration: int) -> State:
    """Store the models that have just finished in `result`; return the state in which they are marked as stored."""
    fresh = (status != RUNNING) & ~state.finished
    if not bool(fresh.any()):
        return state
    rows = state.place[fresh]
    result.coefficients[rows, : state.theta.shape[1]] = state.theta[fresh]
    result.loss[rows] = state.loss[fresh]
    result.iterations[rows] = iteration
    result.status[rows] = status[fresh]
    return state._replace(finished=state.finished | fresh)


def _drop(model: Model, state: State) -> tuple[State, Model]:
    """Return the state and the model without the finished models; unchanged if none or all are finished."""
    running = ~state.finished
    if bool(running.all()) or not bool(running.any()):
        return state, model
    return state.select(running), model.subset(running)


class Limits(NamedTuple):
    """Conditions under which `levenberg_marquardt` ends."""

    max_iterations: int
    tolerance: float
    patience: int


def solve(
    graphs: Sequence[Graph], start: Tensor, X: Tensor, y: Tensor, sqrt_weight: Tensor | None, limits: Limits
) -> Refit:
    """Refit graphs whose inputs and coefficients are of magnitude one, from `start` (G, K)."""
    if can_compile(graphs, X):
        return Refit(*map(torch.from_numpy, refit_compiled(graphs, start, X, y, sqrt_weight, limits)))
    batch = Batch(graphs, X)
    multiplier = multipliers(graphs, batch.n_columns).to(start.device)
    result = levenberg_marquardt(
        batch, start[:, : batch.n_columns], y, sqrt_weight, scaling="unit", multiplier=multiplier, **limits._asdict()
    )
    spare = start.shape[1] - batch.n_columns
    return replace(result, coefficients=torch.nn.functional.pad(result.coefficients, (0, spare)))
