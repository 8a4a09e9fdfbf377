"""One step of the batched Levenberg-Marquardt iteration, and the state that every model keeps from step to step.

Axes: G models, K coefficients (padded), N rows.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from eqdarts.solver.projection import Projection

__all__ = ["Model", "Problem", "Scaling", "Solver", "State", "begin", "try_step"]

RUNNING, CONVERGED, EXACT, STALLED, ITERATIONS, UNDEFINED = range(6)

DAMPING_START = 1e-2
DAMPING_START_UNIT = 0.1  # where all coefficients are scaled alike
DAMPING_LEAST, DAMPING_MOST = 1e-15, 1e16
LINEAR_STIFFNESS = 1e-6  # coefficients in which the output is linear need damping only if the matrix is singular
EXACT_LOSS = 1e-31  # relative to the mean square of y: a few hundred times machine epsilon squared

Solver = Literal["cholesky", "qr"]
Scaling = Literal["columns", "unit"]


class Model(Protocol):
    """The interface of a model that can be refitted: G models of up to K coefficients on the same N rows."""

    n_coefficients: Tensor  # (G,)
    linear: Tensor  # (G, K) whether the prediction is linear in the coefficient, jointly with the others

    def evaluate(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions (G, N) and Jacobian (G, K, N) at coefficients (G, K)."""

    def subset(self, keep: Tensor) -> Model:
        """Return the models for which the boolean tensor `keep` (G,) is true."""


class Normal(NamedTuple):
    """The problem linearised at coefficients: factor and right side, for one of the two solvers.

    For "cholesky" the factor is J^T J (G, K, K) and the right side J^T r (G, K); for "qr" they are R of the economic QR
    decomposition of J and Q^T r. After a projection, `theta` has the coefficients to which it moved.
    """

    theta: Tensor  # (G, K)
    loss: Tensor  # (G,) infinite where the model or its derivatives are not finite
    factor: Tensor
    right: Tensor

    def column_norms(self, solver: Solver) -> Tensor:
        """Return the norms (G, K) of the columns of J."""
        if solver == "cholesky":
            return self.factor.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
        norms: Tensor = torch.linalg.vector_norm(self.factor, dim=1)
        return norms


class State(NamedTuple):
    """The state of every model between two steps; axis 0 is G in every tensor."""

    place: Tensor  # (G,) place in the result
    theta: Tensor  # (G, K)
    loss: Tensor  # (G,)
    factor: Tensor  # (G, K, K)
    right: Tensor  # (G, K)
    scale: Tensor  # (G, K)
    fixed: Tensor  # (G, K) whether the scale is fixed
    damping: Tensor  # (G,)
    growth: Tensor  # (G,) factor by which the next rejection raises the damping
    slow: Tensor  # (G,) number of consecutive steps that gained nothing
    padding: Tensor  # (G, K) 1 where there is no coefficient
    stiffness: Tensor  # (G, K) share of the damping that applies to each coefficient
    scale_y: Tensor  # (G,) mean square of y, to which an exact loss is compared
    finished: Tensor  # (G,) stored already, kept until the batch is compacted
    projection: Projection | None

    def select(self, rows: Tensor) -> State:
        """Return the state of the models in `rows`, with no more padding than necessary."""
        padding = self.padding[rows]
        k = max(int((padding == 0).sum(1).amax()) if len(padding) else 0, 1)
        per_coefficient = ("theta", "right", "scale", "fixed", "padding", "stiffness")
        chosen = {
            name: tensor[rows][:, :k] if name in per_coefficient else tensor[rows]
            for name, tensor in zip(self._fields[:-1], self[:-1], strict=True)
        }
        chosen["factor"] = chosen["factor"][:, :k, :k]
        return State(**chosen, projection=self.projection and self.projection.select(rows, k))


class Problem(NamedTuple):
    """The rows of a fit, and its solver."""

    y: Tensor  # (N,) or (G, N)
    sqrt_weight: Tensor | None  # (N,)
    solver: Solver
    scaling: Scaling

    def linearise(self, model: Model, place: Tensor, theta: Tensor, projection: Projection | None) -> Normal:
        """Return the linearised problem at `theta`, or at the coefficients to which `projection` moves."""
        prediction, jacobian = model.evaluate(theta)
        residual = (self.y if self.y.ndim == 1 else self.y[place]) - prediction  # (G, N)
        if self.sqrt_weight is not None:
            residual = residual * self.sqrt_weight
            jacobian = jacobian * self.sqrt_weight
        n = residual.shape[1]
        total = residual.square().sum(1)
        if self.solver == "cholesky":
            factor = jacobian @ jacobian.mT
            right = (residual.unsqueeze(1) @ jacobian.mT).squeeze(1)  # three times as fast as J @ r
            if projection is not None:
                theta, total, factor, right = projection.solve(theta, total, factor, right)
        else:
            q, factor = torch.linalg.qr(jacobian.nan_to_num(0.0, 0.0, 0.0).mT)
            right = (residual.nan_to_num(0.0, 0.0, 0.0).unsqueeze(1) @ q).squeeze(1)
        # a sum is finite only if all its terms are
        known = torch.isfinite(total + right.sum(1) + factor.diagonal(dim1=1, dim2=2).sum(1) + theta.sum(1))
        return Normal(theta, torch.where(known, total / n, torch.inf), factor, right)


def begin(model: Model, start: Tensor, problem: Problem, multiplier: Tensor | None) -> tuple[State, Tensor]:
    """Evaluate the starts; return the state of all models and their status (G,)."""
    columns = torch.arange(start.shape[1], device=start.device)
    padding = (columns >= model.n_coefficients[:, None]).to(start.dtype)
    projection = None if multiplier is None else Projection.plan(model.linear, multiplier, start.dtype)
    place = torch.arange(len(start), device=start.device)
    normal = problem.linearise(model, place, torch.where(padding > 0, 0.0, start), projection)
    weighted = problem.y if problem.sqrt_weight is None else problem.y * problem.sqrt_weight
    scale_y = weighted.square().mean(-1).expand(len(start))
    status = torch.where(torch.isfinite(normal.loss), RUNNING, UNDEFINED)
    status = torch.where(normal.loss <= EXACT_LOSS * scale_y, EXACT, status)
    scale, fixed = normal.column_norms(problem.solver), torch.zeros_like(model.linear)
    if problem.scaling == "unit":
        fixed = ~model.linear & (scale_y > 0)[:, None]
        scale = torch.where(fixed, (scale_y * problem.y.shape[-1]).sqrt()[:, None], scale)
    damping = DAMPING_START_UNIT if problem.scaling == "unit" else DAMPING_START
    state = State(
        place, *normal, scale, fixed,
        torch.full_like(scale_y, damping), torch.full_like(scale_y, 2.0), torch.zeros_like(scale_y),
        padding, torch.where(model.linear, LINEAR_STIFFNESS, 1.0).to(start), scale_y,
        torch.zeros_like(status, dtype=torch.bool), projection,
    )  # fmt: skip
    return state, status


def _solve(state: State, solver: Solver) -> tuple[Tensor, Tensor]:
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


def try_step(model: Model, state: State, problem: Problem, tolerance: float, patience: int) -> tuple[State, Tensor]:
    """Try one step for every model; return the new state and each model's status (G,)."""
    step, predicted = _solve(state, problem.solver)
    theta = state.theta + torch.where(state.padding > 0, 0.0, step)
    normal = problem.linearise(model, state.place, theta, state.projection)
    fall = state.loss - normal.loss
    better = fall > 0
    n_rows = problem.y.shape[-1]
    ratio = (fall * n_rows / predicted.clamp(min=1e-300)).clamp(-1e3, 1e3)
    shrink = (1 - (2 * ratio - 1) ** 3).clamp(min=1 / 9)
    damping = state.damping * torch.where(better, shrink, state.growth)
    one, two = better[:, None], better[:, None, None]
    slow = torch.where(better, torch.where(fall < tolerance * state.loss, state.slow + 1, 0.0), state.slow)
    grows = one & ~state.fixed
    new = state._replace(
        theta=torch.where(one, normal.theta, state.theta),
        loss=torch.where(better, normal.loss, state.loss),
        factor=torch.where(two, normal.factor, state.factor),
        right=torch.where(one, normal.right, state.right),
        scale=torch.where(grows, torch.maximum(state.scale, normal.column_norms(problem.solver)), state.scale),
        damping=damping.clamp(min=DAMPING_LEAST),
        growth=torch.where(better, 2.0, state.growth * 2).clamp(max=1e6),
        slow=slow,
    )
    status = torch.full_like(state.place, RUNNING)
    status = torch.where(damping > DAMPING_MOST, STALLED, status)
    # A rejected step whose predicted gain is within the tolerance: the model has converged.
    negligible = predicted < tolerance * 1e-2 * state.loss * n_rows
    status = torch.where((slow >= patience) | (~better & negligible), CONVERGED, status)
    return new, torch.where(new.loss <= EXACT_LOSS * state.scale_y, EXACT, status)
