r"""Smooth trajectories: splines whose stiffness and noise are chosen by restricted maximum likelihood.

Each measured state is modelled as a spline of degree five plus noise, with the penalty :math:`\lambda \int s'''^2 dt`.
All runs of one state share :math:`\lambda` and the noise, so that short runs borrow strength from each other. Where
there is no noise the spline interpolates, and its slope has an error of the fifth power of the step. The posterior
covariance of the coefficients gives the standard error of the slope at each time (Wahba 1983).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import cho_solve_banded, cholesky_banded

from eqdarts._typing import Array
from eqdarts.dynamics.trajectories import Trajectories

__all__ = ["Smooth", "smooth_states"]

DEGREE = 5
ORDER = 3  # of the derivative that is penalised
MOST_KNOTS = 3000  # of one run
LEAST_LOG, MOST_LOG = -14.0, 8.0  # decades of the stiffness, in units of the typical step
N_GRID = 45
ROUNDING = 1e-9  # noise as a share of the spread that counts as none


@dataclass(frozen=True, eq=False)
class _Fit:
    """The spline of one state in one run, as a banded least squares problem in scaled time."""

    knots: Array
    gram: Array  # (6, K) upper banded B'B
    penalty: Array  # (6, K)
    right: Array  # (K,)
    square: float
    n_values: int
    rank: int

    def at(self, stiffness: float) -> tuple[float, float, Array, Array]:
        """Return the deviance, the log determinant, the coefficients and the Cholesky factor at a stiffness."""
        band = self.gram + stiffness * self.penalty
        band[-1] += 1e-13 * band[-1].max()
        factor = cholesky_banded(band)
        coefficients = cho_solve_banded((factor, False), self.right)
        deviance = max(self.square - float(coefficients @ self.right), 0.0)
        log_det = 2 * float(np.log(factor[-1]).sum()) - self.rank * math.log(stiffness)
        return deviance, log_det, coefficients, factor


@dataclass(frozen=True, eq=False)
class SmoothState:
    """The smooth course of one state in one run."""

    spline: BSpline
    first: float
    unit: float
    factor: Array
    noise: float

    def __call__(self, t: Array) -> Array:
        """Return the state at times (n,)."""
        return np.asarray(self.spline((t - self.first) / self.unit))

    def slope(self, t: Array, order: int = 1) -> Array:
        """Return the time derivative of an order at times (n,)."""
        return np.asarray(self.spline((t - self.first) / self.unit, nu=order)) / self.unit**order

    def slope_error(self, t: Array, order: int = 1) -> Array:
        """Return the standard error of `slope`."""
        s = (t - self.first) / self.unit
        lower = BSpline(self.spline.t, np.eye(len(self.spline.c)), DEGREE)
        design = np.asarray(lower(s, nu=order)).T  # (K, n)
        variance = np.einsum("kn,kn->n", design, cho_solve_banded((self.factor, False), design))
        return np.asarray(self.noise * np.sqrt(np.maximum(variance, 0.0)) / self.unit**order)


@dataclass(frozen=True, eq=False)
class Smooth:
    """The smooth courses of all states in all runs, and the noise of each state."""

    data: Trajectories
    courses: tuple[tuple[SmoothState, ...], ...]  # by run, then by state
    noise: Array  # (d,)
    cost: Array  # (d,) minus twice the logarithm of the restricted likelihood

    @cached_property
    def values(self) -> Array:
        """The smooth states (n, d) at the times of the rows."""
        return self.at([part.t for part in self.data.parts])

    @cached_property
    def flow(self) -> Array:
        """The states (n, D) that a system integrates, at the times of the rows: with velocities for order two."""
        return self.flow_at([part.t for part in self.data.parts])

    def flow_at(self, times: Sequence[Array]) -> Array:
        """Return the states, and the velocities for equations of order two, at other times of each run."""
        return np.column_stack([self.at(times, order) for order in range(self.data.order)])

    def at(self, times: Sequence[Array], order: int = 0) -> Array:
        """Return the states (n, d), or their time derivatives of an order, at other times of each run."""
        runs = [
            np.column_stack([course.slope(t, order) if order else course(t) for course in courses])
            for courses, t in zip(self.courses, times, strict=True)
        ]
        return np.concatenate(runs)

    def slope_errors(self, times: Sequence[Array], order: int = 1) -> Array:
        """Return the standard errors (n, d) of time derivatives."""
        return np.concatenate(
            [
                np.column_stack([course.slope_error(t, order) for course in courses])
                for courses, t in zip(self.courses, times, strict=True)
            ]
        )


def smooth_states(data: Trajectories, scale: Array | None = None) -> Smooth:
    """Return the smooth courses of all states.

    Parameters
    ----------
    data : Trajectories
    scale : ndarray of shape (n, d), optional
        The errors of the rows are in proportion to it. Default: they are the same.
    """
    unit = float(np.median(np.concatenate([np.diff(part.t) for part in data.parts])))
    ends = np.cumsum([len(part.t) for part in data.parts])[:-1]
    scales = np.split(np.ones(data.values.shape) if scale is None else scale, ends)
    by_state, noises = [], []
    costs = []
    for k, spread in enumerate(data.spread.tolist()):
        runs = [(part.t, part.states[:, k], own[:, k]) for part, own in zip(data.parts, scales, strict=True)]
        courses, noise, cost = _smooth_one(runs, unit, spread)
        by_state.append(courses)
        noises.append(noise)
        costs.append(cost)
    return Smooth(data, tuple(zip(*by_state, strict=True)), np.array(noises), np.array(costs))


def _smooth_one(
    runs: Sequence[tuple[Array, Array, Array]], unit: float, spread: float
) -> tuple[list[SmoothState], float, float]:
    """Return the courses of one state in all runs, its noise, and their cost."""
    fits: list[_Fit] = []
    firsts: list[float] = []
    means: list[float] = []
    for t, y, scale in runs:
        known = np.isfinite(y)
        mean = float(y[known].mean()) if known.any() else 0.0
        fits.append(_problem((t - t[0]) / unit, (y - mean) / spread, known, scale))
        firsts.append(float(t[0]))
        means.append(mean / spread)
    freedom = max(sum(fit.n_values - min(ORDER, fit.n_values) for fit in fits), 1)

    def cost(log: float) -> float:
        parts = [fit.at(10.0**log)[:2] for fit in fits]
        deviance = max(sum(part[0] for part in parts), freedom * ROUNDING**2)
        return freedom * math.log(deviance / freedom) + sum(part[1] for part in parts)

    grid = np.linspace(LEAST_LOG, MOST_LOG, N_GRID)
    costs = [cost(log) for log in grid]
    best = float(grid[int(np.argmin(costs))])
    ends = [fit.at(10.0**best) for fit in fits]
    noise = math.sqrt(max(sum(end[0] for end in ends) / freedom, ROUNDING**2))
    courses = []
    for fit, end, first, mean in zip(fits, ends, firsts, means, strict=True):
        spline = BSpline(fit.knots, (end[2] + mean) * spread, DEGREE)
        courses.append(SmoothState(spline, first, unit, end[3], noise * spread))
    return courses, noise * spread, min(costs)


def _problem(s: Array, y: Array, known: Array, scale: Array) -> _Fit:
    """Return the least squares problem of one run; knots lie at the times, without those next to the ends."""
    at = s[known] if known.sum() > DEGREE + 1 else s
    inner = at[3:-3] if len(at) > DEGREE + 1 else at[:0]
    if len(inner) > MOST_KNOTS:
        inner = inner[np.linspace(0, len(inner) - 1, MOST_KNOTS).astype(np.intp)]
    knots = np.concatenate([np.full(DEGREE + 1, s[0]), inner, np.full(DEGREE + 1, s[-1])])
    n_basis = len(knots) - DEGREE - 1
    design = BSpline.design_matrix(s[known], knots, DEGREE)
    y = y[known]
    if (scale != 1.0).any():
        design, y = design.multiply(1 / scale[known, None]).tocsr(), y / scale[known]
    gram = _band(design.T @ design, n_basis)
    right = np.asarray(design.T @ y)
    return _Fit(knots, gram, _penalty(knots, n_basis), right, float(y @ y), int(known.sum()), n_basis - ORDER)


def _penalty(knots: Array, n_basis: int) -> Array:
    """Return the banded matrix of the integrals of products of third derivatives, exact by Gauss quadrature."""
    ends = np.unique(knots)
    nodes, weights = np.polynomial.legendre.leggauss(3)
    half = np.diff(ends) / 2
    times = ((ends[:-1] + half)[:, None] + half[:, None] * nodes).ravel()
    root = np.sqrt((half[:, None] * weights).ravel())
    # The derivative of a basis function is found from its local coefficients: a matrix with few entries a row.
    design = _derivatives(times, knots, n_basis, ORDER).multiply(root[:, None]).tocsr()
    return _band(design.T @ design, n_basis)


def _derivatives(times: Array, knots: Array, n_basis: int, order: int):  # type: ignore[no-untyped-def]
    """Return the sparse matrix (n, K) of a derivative of all basis functions at times."""
    from scipy.sparse import diags_array, eye_array

    matrix = eye_array(n_basis, format="csr")
    degree = DEGREE
    left = knots
    for _ in range(order):
        gap = left[degree + 1 : -1] - left[1 : -degree - 1]
        scale = np.divide(degree, gap, out=np.zeros_like(gap), where=gap > 0)
        n = len(gap) + 1
        step = diags_array([-scale, scale], offsets=[0, 1], shape=(n - 1, n))
        matrix = step @ matrix
        left = left[1:-1]
        degree -= 1
    return BSpline.design_matrix(times, left, degree) @ matrix


def _band(matrix, n: int) -> Array:  # type: ignore[no-untyped-def]
    """Return the upper band (6, K) of a sparse symmetric matrix."""
    band = np.zeros((DEGREE + 1, n))
    for k in range(min(DEGREE + 1, n)):
        band[DEGREE - k, k:] = matrix.diagonal(k)
    return band
