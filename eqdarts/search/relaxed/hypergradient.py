r"""The inner problem solved, and the gradient of the validation loss in alpha: three orders of it.

Inner problem: :math:`w^*(\alpha) = \arg\min_w L_{train}(w, \alpha) + \tfrac{\lambda}{2} |w|^2`, with the output weights
eliminated. Without the ridge, w would undo whatever alpha does to a sum. Outer problem: :math:`L_{val}(w^*(\alpha),
\alpha)` falls along its gradient in alpha, which is

- first order: :math:`\nabla_\alpha L_{val}(w, \alpha)`, w taken as constant;
- second order: the same at :math:`w' = w - \xi \nabla_w L_{train}`, differentiated through this step,
  :math:`\nabla_\alpha L_{val} - \xi \nabla^2_{\alpha w} L_{train} \nabla_w L_{val}` (Liu, Simonyan, Yang 2018);
- implicit: by the implicit-function theorem at the solved inner problem,
  :math:`\nabla_\alpha L_{val} - \nabla^2_{\alpha w} L_{train} (\nabla^2_w L_{train} + \lambda)^{-1} \nabla_w L_{val}`,
  the system solved by conjugate gradients, with the Gauss-Newton matrix as preconditioner.

Axes: R restarts, K coefficients, A logits, Q coefficients that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Ints
from eqdarts.search.relaxed.engine import Evaluation

__all__ = ["Differentiable", "Inner", "implicit", "second_order", "solve_inner"]

FIRST_DAMPING, DAMPING = 1e-3, 5.0


class Differentiable(Protocol):
    """What gives losses and derivatives: compiled code, or torch."""

    def evaluate(self, w: Array, alpha: Array, temperature: float, wanted: int = 2) -> Evaluation:
        """Return losses and gradients."""

    def curvature(self, w: Array, alpha: Array, temperature: float, along: Array) -> tuple[Array, Array]:
        """Return products of second derivatives of the training loss with `along`."""

    def gauss_newton(self, w: Array, alpha: Array, temperature: float) -> tuple[Array, Ints, Ints]:
        """Return Gauss-Newton matrices of the training loss."""

    def hidden(self, w: Array, alpha: Array) -> Array:
        """Return the hidden nodes' values."""


class Inner(NamedTuple):
    """The state of the inner problem: coefficients (R, K), and the damping (R,) that the last step had."""

    w: Array
    damping: Array


def second_order(
    engine: Differentiable, w: Array, alpha: Array, temperature: float, rate: float, by_w: Array
) -> tuple[Array, Array]:
    """Return the validation loss (R,) and its gradient (R, A) through one step of w down `by_w`, the training slope."""
    after = engine.evaluate(w - rate * by_w, alpha, temperature)
    _, mixed = engine.curvature(w, alpha, temperature, after.by_w[1])
    return after.loss[1], after.by_alpha[1] - rate * mixed


def implicit(
    engine: Differentiable, w: Array, alpha: Array, temperature: float, ridge: float, n_iterations: int = 4
) -> tuple[Array, Array]:
    """Return the validation loss (R,) and its gradient (R, A) at the solved inner problem, by the implicit function."""
    at = engine.evaluate(w, alpha, temperature)
    system = _System(engine, w, alpha, temperature, ridge)
    adjoint = _conjugate_gradients(system.product, system.precondition, system.free * at.by_w[1], n_iterations)
    _, mixed = engine.curvature(w, alpha, temperature, adjoint)
    return at.loss[1], at.by_alpha[1] - mixed


class _System:
    """The Hessian of the inner problem in the coefficients that are left, and its Gauss-Newton approximation."""

    def __init__(self, engine: Differentiable, w: Array, alpha: Array, temperature: float, ridge: float) -> None:
        self.engine = engine
        self.at = w, alpha, temperature
        self.ridge = ridge
        matrices, self.places, counts = engine.gauss_newton(w, alpha, temperature)
        self.used = np.arange(self.places.shape[1]) < counts[:, None]
        self.free = np.zeros(w.shape, dtype=bool)
        rows, columns = np.nonzero(self.used)
        self.free[rows, self.places[rows, columns]] = True
        diagonal = np.einsum("rqq->rq", matrices)
        diagonal += np.where(self.used, ridge, 1.0)
        self.inverse = np.linalg.inv(matrices)

    def product(self, v: Array) -> Array:
        """Return the Hessian times v (R, K)."""
        curved, _ = self.engine.curvature(*self.at, v)
        return np.where(self.free, curved + self.ridge * v, 0.0)

    def precondition(self, v: Array) -> Array:
        """Return the inverse of the Gauss-Newton matrix times v (R, K)."""
        packed = np.where(self.used, np.take_along_axis(v, self.places, axis=1), 0.0)
        return _scattered(v, self.places, self.used, (self.inverse @ packed[..., None])[..., 0])


def _scattered(like: Array, places: Ints, used: NDArray[np.bool_], packed: NDArray[Any]) -> Array:
    """Return `packed` (R, Q) at its places in rows of K."""
    found = np.zeros_like(like)
    rows, columns = np.nonzero(used)
    found[rows, places[rows, columns]] = packed[rows, columns]
    return found


def _conjugate_gradients(
    product: Callable[[Array], Array], precondition: Callable[[Array], Array], right: Array, n_iterations: int
) -> Array:
    """Solve a system for every restart; one whose curvature is not positive stays where it is."""
    x = np.zeros_like(right)
    residual = right.copy()
    z = precondition(residual)
    direction = z.copy()
    size = (residual * z).sum(axis=1, keepdims=True)
    for _ in range(n_iterations):
        along = product(direction)
        curved = (direction * along).sum(axis=1, keepdims=True)
        with np.errstate(all="ignore"):
            step = np.where(curved > 0, size / curved, 0.0)
        step[~np.isfinite(step)] = 0.0
        x += step * direction
        residual -= step * along
        z = precondition(residual)
        before, size = size, (residual * z).sum(axis=1, keepdims=True)
        with np.errstate(all="ignore"):
            kept = np.where(before > 0, size / before, 0.0)
        kept[~np.isfinite(kept)] = 0.0
        direction = z + kept * direction
    return x


def solve_inner(
    engine: Differentiable,
    start: Inner,
    alpha: Array,
    temperature: float,
    ridge: float,
    n_iterations: int,
    allow: Callable[[Array], Array] = lambda w: w,
) -> Inner:
    """Take Levenberg-Marquardt steps in w (R, K); `allow` moves coefficients into their bounds."""
    w, damping = start.w.copy(), start.damping.copy()
    at = engine.evaluate(w, alpha, temperature, 1)
    for _ in range(n_iterations):
        matrices, places, counts = engine.gauss_newton(w, alpha, temperature)
        used = np.arange(places.shape[1]) < counts[:, None]
        own = np.where(used, np.take_along_axis(w, places, axis=1), 0.0)
        right = np.where(used, np.take_along_axis(at.by_w[0], places, axis=1) + ridge * own, 0.0)
        diagonal = np.einsum("rqq->rq", matrices)
        diagonal += np.where(used, ridge + damping[:, None] * (diagonal + ridge), 1.0)
        step = _scattered(w, places, used, np.linalg.solve(matrices, right[..., None])[..., 0])
        trial = allow(w - step)
        after = engine.evaluate(trial, alpha, temperature, 1)
        penalty = [0.5 * ridge * (_taken(v, places, used) ** 2).sum(axis=1) for v in (w, trial)]
        better = after.loss[0] + penalty[1] < at.loss[0] + penalty[0]
        w[better] = trial[better]
        for old, new in zip(at, after, strict=True):
            rows = (slice(None), better) if old.ndim == 3 or len(old) == 2 else (better,)
            old[rows] = new[rows]
        damping = np.clip(np.where(better, damping / DAMPING, damping * DAMPING), 1e-9, 1e6)
    return Inner(w, damping)


def _taken(v: Array, places: NDArray[np.int64], used: NDArray[np.bool_]) -> Array:
    return np.where(used, np.take_along_axis(v, places, axis=1), 0.0)
