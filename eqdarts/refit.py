r"""Batched Levenberg-Marquardt: the inner problem solved exactly for many models at once, each with its own damping.

With residual :math:`r = y - f(\theta)`, weights folded in, Jacobian J of f and D the largest column norms seen so far,
a step solves

.. math:: (J^T J + \lambda D^2)\, s = J^T r,

is accepted if the loss falls, and :math:`\lambda` follows the gain ratio (Nielsen 1999; Moré 1978 for the scaling D).
A step to where a model is undefined has infinite loss and is rejected like any other that does not help.

Axes: G models, K coefficients (padded), N rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from eqdarts.batch import Batch
from eqdarts.graph import Graph

__all__ = ["RESULTS", "Fit", "Model", "Refit", "levenberg_marquardt", "refit"]

RUNNING, CONVERGED, EXACT, STALLED, ITERATIONS, UNDEFINED = range(6)
RESULTS: dict[int, str] = {
    RUNNING: "still running",
    CONVERGED: "converged: the loss no longer falls",
    EXACT: "exact: the loss is at rounding level",
    STALLED: "stalled: no step lowers the loss, however short",
    ITERATIONS: "stopped at the largest number of iterations: give a better start or more iterations",
    UNDEFINED: "the model is undefined or infinite at the start: give another start",
}

DAMPING_START, DAMPING_LEAST, DAMPING_MOST = 1e-2, 1e-15, 1e16
LINEAR_STIFFNESS = 1e-6  # coefficients that the output is linear in need no damping but for a singular matrix
COMPACT_AT = 0.25  # a batch is compiled anew when this share of it is finished: compiling costs about three steps
EXACT_LOSS = 1e-31  # relative to the mean square of y: a few hundred times machine epsilon squared


class Model(Protocol):
    """What can be refitted: G models of up to K coefficients on the same N rows."""

    n_coefficients: Tensor  # (G,)
    linear: Tensor  # (G, K) which coefficients the prediction is linear in, jointly

    def evaluate(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions (G, N) and Jacobian (G, K, N) at coefficients (G, K)."""

    def subset(self, keep: Tensor) -> Model:
        """Return the models for which the boolean tensor `keep` (G,) is true."""


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


class _Normal(NamedTuple):
    """The linearised problem in scaled coefficients: factor and right side, for one of the two solvers.

    For "cholesky" the factor is J^T J (G, K, K) and the right side J^T r (G, K); for "qr" they are R of the economic QR
    decomposition of J and Q^T r.
    """

    factor: Tensor
    right: Tensor


class _State(NamedTuple):
    """Everything a model carries from step to step; axis 0 is G in every tensor."""

    place: Tensor  # (G,) place in the result
    theta: Tensor  # (G, K)
    loss: Tensor  # (G,)
    factor: Tensor  # (G, K, K)
    right: Tensor  # (G, K)
    scale: Tensor  # (G, K)
    damping: Tensor  # (G,)
    growth: Tensor  # (G,) factor by which the next rejection raises the damping
    slow: Tensor  # (G,) consecutive steps that gained next to nothing
    padding: Tensor  # (G, K) 1 where there is no coefficient
    stiffness: Tensor  # (G, K) share of the damping that each coefficient feels
    scale_y: Tensor  # (G,) mean square of y, the yardstick of an exact loss
    finished: Tensor  # (G,) stored already, carried along until the batch is compacted

    def select(self, rows: Tensor) -> _State:
        """Return the state of the models in `rows`, padded no further than they need."""
        chosen = _State(*(tensor[rows] for tensor in self))
        k = int((chosen.padding == 0).sum(1).amax()) if len(chosen.place) else 0
        k = max(k, 1)
        return chosen._replace(
            theta=chosen.theta[:, :k],
            factor=chosen.factor[:, :k, :k],
            right=chosen.right[:, :k],
            scale=chosen.scale[:, :k],
            padding=chosen.padding[:, :k],
            stiffness=chosen.stiffness[:, :k],
        )


Solver = Literal["cholesky", "qr"]


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
        Steps tried per model at most.
    tolerance : float, default=1e-10
        A step that lowers the loss by a smaller share gains next to nothing.
    patience : int, default=2
        A model is finished after this many such steps in a row.
    solver : {"cholesky", "qr"}, default="cholesky"
        Normal equations (quick), or orthogonal decomposition, which squares no condition number (exact to the last
        digits of ill-conditioned problems).

    Returns
    -------
    Refit
    """
    with torch.inference_mode():
        problem = _Problem(y, sqrt_weight, solver)
        theta = torch.where(_padding(model, start) > 0, 0.0, start)
        state, result = _begin(model, theta, problem)
        state, model = _keep(model, state, result.status == RUNNING)
        for iteration in range(1, max_iterations + 1):
            if not len(state.place):
                break
            state, status = _step(model, state, problem, tolerance, patience)
            if iteration == max_iterations:
                status = torch.where(status == RUNNING, ITERATIONS, status)
            state, model = _retire(model, state, result, status, iteration)
        return result


class _Problem(NamedTuple):
    y: Tensor  # (N,) or (G, N)
    sqrt_weight: Tensor | None  # (N,)
    solver: Solver

    def linearise(self, model: Model, state_index: Tensor, theta: Tensor) -> tuple[Tensor, _Normal]:
        """Return the loss (G,) at `theta` and the linearised problem, not yet scaled."""
        prediction, jacobian = model.evaluate(theta)
        residual = (self.y if self.y.ndim == 1 else self.y[state_index]) - prediction  # (G, N)
        if self.sqrt_weight is not None:
            residual = residual * self.sqrt_weight
            jacobian = jacobian * self.sqrt_weight
        loss = residual.square().mean(1)
        if self.solver == "cholesky":
            normal = _Normal(jacobian @ jacobian.mT, (jacobian @ residual.unsqueeze(2)).squeeze(2))
        else:
            finite = jacobian.nan_to_num(0.0, 0.0, 0.0)
            q, r = torch.linalg.qr(finite.mT)
            normal = _Normal(r, (residual.nan_to_num(0.0, 0.0, 0.0).unsqueeze(1) @ q).squeeze(1))
        finite_model = torch.isfinite(normal.right).all(1) & torch.isfinite(normal.factor).flatten(1).all(1)
        return torch.where(torch.isfinite(loss) & finite_model, loss, torch.inf), normal


def _padding(model: Model, start: Tensor) -> Tensor:
    columns = torch.arange(start.shape[1], device=start.device)
    padded: Tensor = columns >= model.n_coefficients[:, None]
    return padded.to(start.dtype)


def _column_norms(normal: _Normal, solver: Solver) -> Tensor:
    if solver == "cholesky":
        return normal.factor.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
    norms: Tensor = torch.linalg.vector_norm(normal.factor, dim=1)
    return norms


def _begin(model: Model, theta: Tensor, problem: _Problem) -> tuple[_State, Refit]:
    """Evaluate the starts; return the state of all models and the result with what is known so far."""
    index = torch.arange(len(theta), device=theta.device)
    loss, normal = problem.linearise(model, index, theta)
    weighted = problem.y if problem.sqrt_weight is None else problem.y * problem.sqrt_weight
    scale_y = weighted.square().mean(-1).expand(len(theta))
    status = torch.where(torch.isfinite(loss), RUNNING, UNDEFINED)
    status = torch.where(loss <= EXACT_LOSS * scale_y, EXACT, status)
    state = _State(
        index, theta, loss, normal.factor, normal.right, _column_norms(normal, problem.solver),
        torch.full_like(loss, DAMPING_START), torch.full_like(loss, 2.0), torch.zeros_like(loss),
        _padding(model, theta), torch.where(model.linear, LINEAR_STIFFNESS, 1.0).to(theta), scale_y,
        torch.zeros_like(status, dtype=torch.bool),
    )  # fmt: skip
    return state, Refit(theta.clone(), loss.clone(), torch.zeros_like(status), status)


def _solve(state: _State, solver: Solver) -> tuple[Tensor, Tensor]:
    """Return the damped step (G, K) and the fall of the loss times N that the linear model predicts (G,)."""
    scale = torch.where(state.scale > 0, state.scale, 1.0)
    damping = state.damping[:, None] * state.stiffness
    if solver == "cholesky":
        matrix = state.factor / (scale.unsqueeze(2) * scale.unsqueeze(1))
        right = state.right / scale
        matrix.diagonal(dim1=1, dim2=2).add_(damping + state.padding)
        factor, failed = torch.linalg.cholesky_ex(matrix)
        step = torch.cholesky_solve(right.unsqueeze(2), factor).squeeze(2)
        step = torch.where((failed == 0)[:, None], step, torch.nan)
        predicted = (step * (right + damping * step)).sum(1)
        return step / scale, predicted
    g, k = state.theta.shape
    root = (damping + state.padding).sqrt()
    augmented = torch.cat([state.factor / scale.unsqueeze(1), torch.diag_embed(root)], dim=1)
    right = torch.cat([state.right, state.right.new_zeros(g, k)], dim=1)
    q, r = torch.linalg.qr(augmented)
    step = torch.linalg.solve_triangular(r, (right.unsqueeze(1) @ q).mT, upper=True).squeeze(2)
    gradient = (state.right.unsqueeze(1) @ (state.factor / scale.unsqueeze(1))).squeeze(1)
    return step / scale, (step * (gradient + damping * step)).sum(1)


def _step(model: Model, state: _State, problem: _Problem, tolerance: float, patience: int) -> tuple[_State, Tensor]:
    """Try one step for every model; return the new state and each model's status (G,)."""
    step, predicted = _solve(state, problem.solver)
    theta = state.theta + torch.where(state.padding > 0, 0.0, step)
    loss, normal = problem.linearise(model, state.place, theta)
    loss = torch.where(torch.isfinite(theta).all(1), loss, torch.inf)
    fall = state.loss - loss
    better = fall > 0
    n_rows = problem.y.shape[-1]
    ratio = (fall * n_rows / predicted.clamp(min=1e-300)).clamp(-1e3, 1e3)
    shrink = (1 - (2 * ratio - 1) ** 3).clamp(min=1 / 9)
    damping = state.damping * torch.where(better, shrink, state.growth)
    one, two = better[:, None], better[:, None, None]
    slow = torch.where(better, torch.where(fall < tolerance * state.loss, state.slow + 1, 0.0), state.slow)
    new = _State(
        state.place,
        torch.where(one, theta, state.theta),
        torch.where(better, loss, state.loss),
        torch.where(two, normal.factor, state.factor),
        torch.where(one, normal.right, state.right),
        torch.where(one, torch.maximum(state.scale, _column_norms(normal, problem.solver)), state.scale),
        damping.clamp(min=DAMPING_LEAST),
        torch.where(better, 2.0, state.growth * 2).clamp(max=1e6),
        slow,
        state.padding,
        state.stiffness,
        state.scale_y,
        state.finished,
    )
    status = torch.full_like(state.place, RUNNING)
    status = torch.where(damping > DAMPING_MOST, STALLED, status)
    # A rejected step whose predicted gain is within the tolerance: nothing is left to gain.
    negligible = predicted < tolerance * 1e-2 * state.loss * n_rows
    status = torch.where((slow >= patience) | (~better & negligible), CONVERGED, status)
    return new, torch.where(new.loss <= EXACT_LOSS * state.scale_y, EXACT, status)


def _retire(model: Model, state: _State, result: Refit, status: Tensor, iteration: int) -> tuple[_State, Model]:
    """Store the models that have just finished; drop the finished ones when there are enough of them."""
    fresh = (status != RUNNING) & ~state.finished
    if not bool(fresh.any()):
        return state, model
    rows = state.place[fresh]
    result.coefficients[rows, : state.theta.shape[1]] = state.theta[fresh]
    result.loss[rows] = state.loss[fresh]
    result.iterations[rows] = iteration
    result.status[rows] = status[fresh]
    state = state._replace(finished=state.finished | fresh)
    n_done = int(state.finished.sum())
    if n_done < COMPACT_AT * len(state.place):
        return state, model
    return _keep(model, state, ~state.finished)


def _keep(model: Model, state: _State, keep: Tensor) -> tuple[_State, Model]:
    """Return the state and the model of the models in `keep`; with none left the model is not asked for again."""
    if bool(keep.all()):
        return state, model
    return state.select(keep), model.subset(keep) if bool(keep.any()) else model


@dataclass(frozen=True)
class Fit:
    """One refitted graph: its coefficients, training loss (mean weighted squared residual) and status text."""

    graph: Graph
    coefficients: tuple[float, ...]
    loss: float
    status: str


def refit(
    graphs: Sequence[Graph],
    starts: Sequence[Sequence[float]],
    X: Tensor,
    y: Tensor,
    weight: Tensor | None = None,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-10,
    patience: int = 2,
) -> list[Fit]:
    """Refit graphs from their starting coefficients, in one batch.

    Parameters
    ----------
    graphs : sequence of Graph
    starts : sequence of sequences of float
        One flat coefficient vector per graph.
    X : Tensor of shape (N, D)
    y : Tensor of shape (N,)
    weight : Tensor of shape (N,), optional
    max_iterations, tolerance, patience
        As in `levenberg_marquardt`.

    Returns
    -------
    list of Fit
        In the order of `graphs`.
    """
    if not graphs:
        return []
    batch = Batch(graphs, X)
    sqrt_weight = None if weight is None else weight.sqrt()
    result = levenberg_marquardt(
        batch, batch.pad(starts), y, sqrt_weight, max_iterations=max_iterations, tolerance=tolerance, patience=patience
    )
    rows = result.coefficients.tolist()
    return [
        Fit(graph, tuple(row[: graph.n_coefficients]), loss, RESULTS[status])
        for graph, row, loss, status in zip(graphs, rows, result.loss.tolist(), result.status.tolist(), strict=True)
    ]
