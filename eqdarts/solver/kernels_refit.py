"""Levenberg-Marquardt refits of single graphs, compiled: the steps of `refit_step` and `refit_projection`.

Each graph is refitted to its own end, by normal equations, with one scale for all coefficients, and with linear
coefficients solved for at every evaluation. Axes: G graphs, K coefficients, N rows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqdarts.solver.kernels import compile_, normal_equations, workspace
from eqdarts.solver.projection import CANCELLATION, LONGEST, RIDGE, SEVERAL, SHORTEST
from eqdarts.solver.step import (
    CONVERGED,
    DAMPING_LEAST,
    DAMPING_MOST,
    DAMPING_START_UNIT,
    EXACT,
    EXACT_LOSS,
    ITERATIONS,
    LINEAR_STIFFNESS,
    RUNNING,
    STALLED,
    UNDEFINED,
)

__all__ = ["refit_graphs"]


@compile_()
def _cholesky_solve(matrix: Any, right: Any, out: Any, k: int) -> bool:
    """Solve the system of the first k rows; return whether it is positive. `out` may be `right`; `matrix` is lost."""
    for i in range(k):
        for j in range(i + 1):
            total = matrix[i, j]
            for m in range(j):
                total -= matrix[i, m] * matrix[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                matrix[i, i] = math.sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    for i in range(k):
        total = right[i]
        for m in range(i):
            total -= matrix[i, m] * out[m]
        out[i] = total / matrix[i, i]
    for i in range(k - 1, -1, -1):
        total = out[i]
        for m in range(i + 1, k):
            total -= matrix[m, i] * out[m]
        out[i] = total / matrix[i, i]
    return True


@compile_()
def _project(
    theta: Any, total: float, matrix: Any, right: Any, linear: Any, multiplier: Any, block: Any, step: Any, change: Any,
    factors: Any,
) -> float:  # fmt: skip
    """Move to the best linear coefficients where the way there is safe, as `Projection.solve`; return the new total."""
    k = len(theta)
    for a in range(k):
        step[a] = right[a] if linear[a] else 0.0
        for b in range(k):
            block[a, b] = matrix[a, b] if linear[a] and linear[b] else 0.0
        block[a, a] = matrix[a, a] * (1.0 + RIDGE) if linear[a] else 1.0
    if not _cholesky_solve(block, step, step, k):
        return total
    left, parts = total, 0.0
    for a in range(k):
        change[a] = 0.0
        for b in range(k):
            change[a] += matrix[a, b] * step[b]
        parts += step[a] * step[a] * matrix[a, a]
    for a in range(k):
        left -= step[a] * (2.0 * right[a] - change[a])
    if not left > CANCELLATION * parts:
        return total
    for a in range(k):
        m = multiplier[a]
        factors[a] = (theta[m] + step[m]) / theta[m] if m >= 0 else 1.0
        if not (abs(factors[a]) > SHORTEST and abs(factors[a]) < LONGEST):
            return total
    for a in range(k):
        theta[a] += step[a]
        right[a] = (right[a] - change[a]) * factors[a]
        for b in range(k):
            matrix[a, b] *= factors[a] * factors[b]
    return left


@compile_()
def _damped_step(
    matrix: Any, right: Any, scale: Any, linear: Any, damping: float, block: Any, scaled: Any, step: Any, k: int
) -> float:
    """Write the damped step; return the fall of the sum of squares that the linear model predicts, NaN for none."""
    for a in range(k):
        s = scale[a] if scale[a] > 0.0 else 1.0
        scaled[a] = right[a] / s
        for b in range(a + 1):
            block[a, b] = matrix[a, b] / (s * (scale[b] if scale[b] > 0.0 else 1.0))
        block[a, a] += damping * (LINEAR_STIFFNESS if linear[a] else 1.0)
    if not _cholesky_solve(block, scaled, step, k):
        for a in range(k):
            step[a] = np.nan
        return np.nan
    predicted = 0.0
    for a in range(k):
        own = damping * (LINEAR_STIFFNESS if linear[a] else 1.0)
        predicted += step[a] * (scaled[a] + own * step[a])
        step[a] /= scale[a] if scale[a] > 0.0 else 1.0
    return predicted


@compile_()
def _known(theta: Any, total: float, matrix: Any, right: Any) -> bool:
    for a in range(len(theta)):
        total += right[a] + matrix[a, a] + theta[a]
    return math.isfinite(total)


@compile_()
def _refit(
    nodes: Any, edges: Any, powers: Any, theta: Any, linear: Any, multiplier: Any, X: Any, y: Any, root: Any,
    work: Any, arrays: Any, max_iterations: int, tolerance: float, patience: int,
) -> Any:  # fmt: skip
    """Refit one graph in place; return loss, iterations and status."""
    k, n = len(theta), len(y)
    matrices, vectors = arrays
    matrix = matrices[0]
    trial = matrices[1]
    block = matrices[2]
    right = vectors[0][:k]
    trial_right = vectors[1][:k]
    step = vectors[2][:k]
    scaled = vectors[3][:k]
    candidate = vectors[4][:k]
    scale = vectors[5][:k]
    change = vectors[6][:k]
    factors = vectors[7][:k]
    possible = False
    for a in range(k):
        possible = possible or linear[a]
    for a in range(k):
        possible = possible and multiplier[a] > SEVERAL
    total = normal_equations(nodes, edges, powers, theta, X, y, root, matrix, right, work)
    if possible:
        total = _project(theta, total, matrix, right, linear, multiplier, block, step, change, factors)
    if not _known(theta, total, matrix, right):
        return np.inf, 0, UNDEFINED
    loss, scale_y = total / n, 0.0
    for i in range(n):
        scale_y += (y[i] * root[i]) ** 2
    scale_y /= n
    if loss <= EXACT_LOSS * scale_y:
        return loss, 0, EXACT
    for a in range(k):
        fixed = scale_y > 0.0 and not linear[a]
        scale[a] = math.sqrt(scale_y * n) if fixed else math.sqrt(max(matrix[a, a], 0.0))
    damping = DAMPING_START_UNIT
    growth = 2.0
    slow = 0
    for iteration in range(1, max_iterations + 1):
        predicted = _damped_step(matrix, right, scale, linear, damping, block, scaled, step, k)
        for a in range(k):
            candidate[a] = theta[a] + step[a]
        fresh = normal_equations(nodes, edges, powers, candidate, X, y, root, trial, trial_right, work)
        if possible:
            fresh = _project(candidate, fresh, trial, trial_right, linear, multiplier, block, step, change, factors)
        new_loss = fresh / n if _known(candidate, fresh, trial, trial_right) else np.inf
        fall = loss - new_loss
        before = loss
        if fall > 0.0:
            ratio = min(max(fall * n / max(predicted, 1e-300), -1e3), 1e3)
            damping *= max(1.0 - (2.0 * ratio - 1.0) ** 3, 1.0 / 9.0)
            growth = 2.0
            slow = slow + 1 if fall < tolerance * before else 0
            loss = new_loss
            for a in range(k):
                theta[a], right[a] = candidate[a], trial_right[a]
                for b in range(k):
                    matrix[a, b] = trial[a, b]
                if linear[a] or not scale_y > 0.0:
                    scale[a] = max(scale[a], math.sqrt(max(matrix[a, a], 0.0)))
        else:
            damping *= growth
            growth = min(2.0 * growth, 1e6)
        status = RUNNING
        if damping > DAMPING_MOST:
            status = STALLED
        negligible = predicted < tolerance * 1e-2 * loss * n
        if slow >= patience or (fall <= 0.0 and negligible):
            status = CONVERGED
        if loss <= EXACT_LOSS * scale_y:
            status = EXACT
        damping = max(damping, DAMPING_LEAST)
        if status != RUNNING:
            return loss, iteration, status
    return loss, max_iterations, ITERATIONS


@compile_(entry=True)
def refit_graphs(
    nodes: Any, edges: Any, powers: Any, node_starts: Any, edge_starts: Any, counts: Any, linear: Any, multiplier: Any,
    theta: Any, X: Any, Y: Any, root: Any, most_nodes: int, most_edges: int, max_iterations: int, tolerance: float,
    patience: int, loss: Any, iterations: Any, status: Any,
) -> None:  # fmt: skip
    """Refit graphs from theta (G, K), in place, on X (D, N) and Y (G, N) or, the same for all, (1, N).

    `root` (N,) are the square roots of weights; `loss`, `iterations` and `status` (G,) are written.
    """
    k = max(theta.shape[1], 1)
    work = workspace(len(X), most_nodes, most_edges, k)
    arrays = np.empty((3, k, k)), np.empty((8, k))
    for g in range(len(counts)):
        own = slice(node_starts[g], node_starts[g + 1])
        mine = slice(edge_starts[g], edge_starts[g + 1])
        count = counts[g]
        loss[g], iterations[g], status[g] = _refit(
            nodes[own], edges[mine], powers[mine], theta[g, :count], linear[g, :count], multiplier[g, :count], X,
            Y[g if len(Y) > 1 else 0], root, work, arrays, max_iterations, tolerance, patience,
        )  # fmt: skip
