r"""Fitting a system to measured trajectories by multiple shooting.

The unknowns are the coefficients :math:`\theta` and the states :math:`s_k` at all measured times. The flow over an
interval must lead from one to the next, :math:`s_{k+1} = \Phi_k(s_k, \theta)`. Each step of Gauss and Newton linearises
these conditions and eliminates all states but the first of each run, so that it solves a small least squares problem
in the coefficients and the first states (Bock 1983). It starts at the smooth trajectories, where a single shot from the
first state could diverge. At the solution the conditions hold, and the residuals are those of the integrated system.

Axes: N rows, M intervals, D states, P coefficients, L runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.dynamics.flow import STAGES, Sides, flow
from eqdarts.dynamics.scatter import scales, settled
from eqdarts.inference.noise import Noise

__all__ = ["ACCURATE", "MOST_ITERATIONS", "Fitted", "Shots", "fit_shots", "standard_errors"]

MOST_ITERATIONS = 30
FIRST_DAMPING, MOST_DAMPING = 1e-8, 1e4
LEAST_DAMPING = 1e-14
TOLERANCE = 1e-6  # relative gain of a step below which a fit has converged
NEARLY = 1e-5  # gain after which a step without a gain shows that the fit has converged
NOTHING_LEFT = 1e-6  # squared residual, in units of the noise, below which nothing is gained
STEPS = (1, 2, 4, 8, 16, 32)  # steps of an interval that are tried until the flow is accurate
MOST_ROUGH_STEPS = 8  # where less accuracy is asked for
ACCURATE = 1e-8  # error of the flow as a share of the spread
OF_NOISE = 1e-2  # or as a share of the noise
OF_DEFECTS = 10.0  # weight of squared defects of the flow, times the squared length of a run: closing them must gain
SETTLED = 1e-2  # largest defect at the solution, in units of the noise


@dataclass(frozen=True, eq=False)
class Shots:
    """The measured rows as a fit by shooting sees them.

    Parameters
    ----------
    t : ndarray of shape (N,)
    y : ndarray of shape (N, D)
        NaN where a state was not measured.
    start : ndarray of shape (N, D)
        States from which the fit starts.
    runs : tuple of slice
        The rows of each run; states at the start of each are free.
    signals : callable
        ``signals(row, t)`` -> values (n, Q) at times between the rows `row` and the next ones.
    floor : ndarray of shape (D,)
        Smallest noise of each state.
    kinds : tuple of Noise
        How the errors of each state depend on its value; none if they do not.
    sizes : ndarray of shape (N, D), optional
        The sizes of the states, with which the errors start.
    """

    t: Array
    y: Array
    start: Array
    runs: tuple[slice, ...]
    signals: Callable[[NDArray[np.intp], Array], Array]
    floor: Array
    kinds: tuple[Noise, ...] = ()
    sizes: Array | None = None

    @property
    def intervals(self) -> NDArray[np.intp]:
        """The rows (M,) at which an interval begins."""
        return np.concatenate([np.arange(run.start, run.stop - 1) for run in self.runs])

    def cut(self, most: int) -> Shots:
        """Return the rows in runs of at most `most` intervals, each with its own first states."""
        runs: list[slice] = []
        for run in self.runs:
            n_parts = max(-(-(run.stop - run.start) // (most + 1)), 1)
            edges = np.linspace(run.start, run.stop, n_parts + 1).astype(int).tolist()
            runs += [slice(a, b) for a, b in pairwise(edges)]
        return replace(self, runs=tuple(runs))

    def at_stages(self, n_steps: int) -> Array:
        """Return the signals (S, 6, M, Q) at the stages of each of S steps of all intervals."""
        rows = self.intervals
        length = self.t[rows + 1] - self.t[rows]
        places = (np.arange(n_steps)[:, None] + STAGES) / n_steps
        times = self.t[rows] + places.reshape(-1, 1) * length  # (6 S, M)
        found = self.signals(np.tile(rows, len(times)), times.ravel())
        return found.reshape(n_steps, len(STAGES), len(rows), -1)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A system fitted by shooting.

    Parameters
    ----------
    theta : ndarray of shape (P,)
    states : ndarray of shape (N, D)
    noise : ndarray of shape (D,)
        Root mean squared residual of each state, corrected for the number of unknowns.
    square : ndarray of shape (D,)
        Mean squared residual.
    converged : bool
    information : ndarray of shape (P, P)
        R of the coefficients' whitened slopes, after the first states are eliminated; R'R is their information.
    n_steps : int
        Steps of the flow for each interval.
    freedom : int
        Measured values minus unknowns.
    by_run : ndarray of shape (L, P, P + 1)
        R of the whitened slopes of each run alone, and its residuals in the same directions; rows of zeros where a run
        has fewer values.
    kinds : tuple of Noise
        The errors of each state at the solution, where they depend on its value. Then `noise` is their geometric mean,
        and residuals are divided by the errors over it.
    """

    theta: Array
    states: Array
    noise: Array
    square: Array
    converged: bool
    information: Array
    n_steps: int
    freedom: int
    by_run: Array
    kinds: tuple[Noise, ...] = ()


def fit_shots(
    sides: Sides,
    shots: Shots,
    noise: Array,
    theta: Array | None = None,
    go_on: Callable[[], bool] = lambda: True,
    rounds: int = 2,
    most_iterations: int = MOST_ITERATIONS,
    accuracy: float = ACCURATE,
    settled: bool = False,
) -> Fitted | None:
    """Fit the coefficients and the first states; None if the right-hand sides are undefined at the start.

    Parameters
    ----------
    sides : Sides
    shots : Shots
    noise : ndarray of shape (D,)
        Errors by which the states are weighted; they are estimated anew `rounds` - 1 times.
    theta : ndarray of shape (P,), optional
        Default: the coefficients that the formulas have.
    go_on : callable, optional
        When it returns False, the fit ends where it is.
    rounds, most_iterations : int
    accuracy : float
        Largest error of the flow over an interval, as a share of the spread.
    settled : bool, default=False
        Whether a fit that has not converged is none.
    """
    with np.errstate(all="ignore"):
        start = sides.start if theta is None else theta
        solver = _Solver(sides, shots, np.maximum(noise, shots.floor), start, accuracy)
        if not solver.is_defined:
            return None
        for k in range(rounds):
            solver.run(go_on, most_iterations)
            if k + 1 < rounds:
                solver.weigh()
        return None if settled and not solver.converged else solver.result()


@dataclass(frozen=True, eq=False)
class _Point:
    """Coefficients and states, with the flow from there."""

    theta: Array
    states: Array  # (N, D)
    defect: Array  # (M, D) flow minus the next state
    slope: Array  # (M, D, D + P), empty where it is not needed


class _Solver:
    def __init__(self, sides: Sides, shots: Shots, noise: Array, theta: Array, accuracy: float) -> None:
        self.sides, self.shots = sides, shots
        self.accuracy = accuracy
        self.noise = noise
        self.rows = shots.intervals
        self.length = shots.t[self.rows + 1] - shots.t[self.rows]
        self.known = np.isfinite(shots.y)
        self.y = np.where(self.known, shots.y, 0.0)
        self.kinds = shots.kinds
        self.scale = np.ones(shots.y.shape)
        if shots.sizes is not None:
            self.scale = scales(self.kinds, shots.sizes, self.known)
        self.damping = FIRST_DAMPING
        self.converged = False
        self.n_steps = self._accurate_steps(shots.start, theta)
        self.signals = shots.at_stages(self.n_steps)
        self.point = self._at(theta, np.array(shots.start))
        # For each position in a run, the rows of all runs that are long enough.
        lengths = np.array([run.stop - run.start for run in shots.runs])
        firsts = np.array([run.start for run in shots.runs])
        self.order = [firsts[lengths > p] + p for p in range(1, int(lengths.max()))]
        self.of_defects = OF_DEFECTS * int(lengths.max()) ** 2
        self.interval_of = np.full(len(shots.t), -1)
        self.interval_of[self.rows] = np.arange(len(self.rows))

    @property
    def is_defined(self) -> bool:
        return bool(np.isfinite(self.point.defect).all() and np.isfinite(self.point.slope).all())

    def _accurate_steps(self, states: Array, theta: Array) -> int:
        """Return how many steps an interval needs, up to a limit."""
        before = None
        measured = self.known.any(axis=0)
        spread = np.std(self.shots.start, axis=0)
        spread[measured] = np.nanstd(self.shots.y[:, measured], axis=0)
        wanted = np.maximum(self.accuracy * spread, OF_NOISE * self.noise * self.scale[self.rows + 1])
        steps = [n for n in STEPS if n <= MOST_ROUGH_STEPS or self.accuracy <= ACCURATE]
        for n_steps in steps:
            ends, _ = flow(
                self.sides, states[self.rows], self.shots.at_stages(n_steps), self.length, theta, slopes=False
            )
            if before is not None and bool((np.abs(ends - before) < wanted).all()):
                return n_steps
            before = ends
        return steps[-1]

    def _at(self, theta: Array, states: Array, slopes: bool = True) -> _Point:
        ends, slope = flow(self.sides, states[self.rows], self.signals, self.length, theta, slopes)
        return _Point(theta, states, ends - states[self.rows + 1], np.zeros(0) if slope is None else slope)

    def _merit(self, point: _Point) -> float:
        residual = np.where(self.known, self.y - point.states, 0.0) / self.scale / self.noise
        defect = point.defect / self.scale[self.rows + 1] / self.noise
        total = float(np.square(residual).sum() + self.of_defects * np.square(defect).sum())
        return total if np.isfinite(total) else np.inf

    def run(self, go_on: Callable[[], bool], most_iterations: int) -> None:
        """Take steps until nothing is gained, or nothing is left."""
        merit = self._merit(self.point)
        gain, idle = 1.0, 0
        for _ in range(most_iterations):
            trial = self._better(merit, gain)
            if trial is None:
                break
            new = self._merit(trial)
            gain = (merit - new) / merit
            self.point, merit = trial, new
            self.damping = max(self.damping / 30, LEAST_DAMPING)
            idle = idle + 1 if gain < TOLERANCE else 0
            if idle >= 2 or merit < NOTHING_LEFT * self.known.sum() or not go_on():
                break
        self.damping = min(self.damping, FIRST_DAMPING)
        self.converged = bool((np.abs(self.point.defect) < SETTLED * self.noise * self.scale[self.rows + 1]).all())

    def _better(self, merit: float, gain: float) -> _Point | None:
        """Return a point with a smaller merit; None where damping finds none, or near the solution, where none is."""
        chain = self._chain(self.point)
        triangles = self._triangles(self.point, chain)
        is_first = True
        while triangles and self.damping < MOST_DAMPING:
            # Most steps succeed at once. After one that did not, the slopes are computed for the next point only.
            trial = self._moved(chain, triangles, is_first)
            if self._merit(trial) < merit:
                return trial if is_first else self._at(trial.theta, trial.states)
            if gain < NEARLY:
                return None
            self.damping = max(self.damping * 100, FIRST_DAMPING)
            is_first = False
        return None

    def _chain(self, point: _Point) -> Array:
        """Return how the states (N, D, D + P + 1) follow the first states and the coefficients; the last is shift."""
        n_states = self.y.shape[1]
        chain = np.zeros((len(self.y), n_states, n_states + self.sides.n_coefficients + 1))
        chain[[run.start for run in self.shots.runs], :, :n_states] = np.eye(n_states)
        for rows in self.order:
            before = rows - 1
            k = self.interval_of[before]
            own = point.slope[k]
            found = own[:, :, :n_states] @ chain[before]
            found[:, :, n_states:-1] += own[:, :, n_states:]
            found[:, :, -1] += point.defect[k]
            chain[rows] = found
        return chain

    def _triangles(self, point: _Point, chain: Array) -> list[Array]:
        """Return the triangular factor (D + P + 1 columns) of the whitened slopes and residuals of each run."""
        weight = np.where(self.known, 1.0, 0.0) / self.scale / self.noise
        design = chain * weight[:, :, None]
        residual = np.where(self.known, self.y - point.states, 0.0) / self.scale / self.noise
        design[:, :, -1] = residual - design[:, :, -1]
        if not np.isfinite(design).all():
            return []
        width = design.shape[-1]
        return [_triangle(design[run].reshape(-1, width)) for run in self.shots.runs]

    def _moved(self, chain: Array, triangles: list[Array], slopes: bool) -> _Point:
        """Return the point after one step with the present damping."""
        n_states, p = self.y.shape[1], self.sides.n_coefficients
        step = np.zeros(p)
        if p:
            rest = np.concatenate([r[n_states:] for r in triangles])
            left, right = rest[:, n_states : n_states + p], rest[:, -1]
            size = np.sqrt(np.square(left).sum(axis=0)) + 1e-300
            damped = np.vstack([left / size, np.sqrt(self.damping) * np.eye(p)])
            step = np.linalg.lstsq(damped, np.concatenate([right, np.zeros(p)]), rcond=1e-13)[0] / size
        states = self.point.states + chain[:, :, n_states:-1] @ step + chain[:, :, -1]
        for run, r in zip(self.shots.runs, triangles, strict=True):
            right = r[:n_states, -1] - r[:n_states, n_states : n_states + p] @ step
            first = np.linalg.lstsq(r[:n_states, :n_states], right, rcond=1e-13)[0]
            states[run] += chain[run][:, :, :n_states] @ first
        return self._at(self.point.theta + step, states, slopes)

    def weigh(self) -> None:
        """Weight the states by their residuals, and the rows by the values of the states there."""
        if self.kinds:
            self.kinds = tuple(self._settled())
            self.scale = scales(self.kinds, self.point.states, self.known, self.shots.sizes)
        noise = np.maximum(np.sqrt(self._squares()), self.shots.floor)
        self.noise = np.where(self.known.any(axis=0), noise, self.noise)  # where nothing was measured, as before
        n_steps = self._accurate_steps(self.point.states, self.point.theta)
        if n_steps != self.n_steps:
            self.n_steps, self.signals = n_steps, self.shots.at_stages(n_steps)
            self.point = self._at(self.point.theta, self.point.states)

    def _squares(self) -> Array:
        residual = np.where(self.known, self.y - self.point.states, 0.0) / self.scale
        return np.asarray(np.square(residual).sum(axis=0) / np.maximum(self.known.sum(axis=0), 1))

    def _integrated(self) -> _Point:
        """Return the point with the states of one integration from the first states of each run."""
        states = np.array(self.point.states)
        for rows in self.order:
            k = self.interval_of[rows - 1]
            own = states[rows - 1], self.signals[:, :, k], self.length[k], self.point.theta
            states[rows] = flow(self.sides, *own, slopes=False)[0]
        return replace(self.point, states=states)

    def result(self) -> Fitted:
        """Return the fit; residuals are always those of integrated trajectories."""
        n_states, p = self.y.shape[1], self.sides.n_coefficients
        if not self.converged:
            self.point = self._integrated()
        square = self._squares()
        # Freedom is shared among the states by their numbers of values.
        n_values = int(self.known.sum())
        freedom = n_values - p - n_states * len(self.shots.runs)
        noise = np.sqrt(square * n_values / max(freedom, 1))
        self.noise = np.maximum(np.where(np.isfinite(noise), noise, np.inf), self.shots.floor * 1e-3)
        triangles = self._triangles(self.point, self._chain(self.point))
        by_run = np.zeros((len(triangles), p, p + 1))
        for own, r in zip(by_run, triangles, strict=True):
            rows = r[n_states : n_states + p, n_states:]
            own[: len(rows)] = rows
        information = _triangle(by_run[:, :, :p].reshape(-1, p)) if triangles and p else np.zeros((p, p))
        return Fitted(
            self.point.theta,
            self.point.states,
            noise,
            square,
            self.converged,
            information,
            self.n_steps,
            freedom,
            by_run,
            tuple(self._settled(np.sqrt(n_values / max(freedom, 1)))),
        )

    def _settled(self, factor: float = 1.0) -> Iterator[Noise]:
        """Yield how the errors of each state depend on its value, their sizes times a factor."""
        for k, own in enumerate(self.kinds):
            found = settled(own, self.shots.y[:, k], self.point.states[:, k])
            yield replace(found, size=found.size * factor)


def standard_errors(information: Array, spread: Array) -> Array:
    """Return the standard errors (A,) of combinations of coefficients; infinite where no rows determine one.

    Parameters
    ----------
    information : ndarray of shape (R, P)
        R of the whitened slopes, as in `Fitted`.
    spread : ndarray of shape (A, P)
        From the free coefficients to all.
    """
    if not information.shape[1]:
        return np.zeros(len(spread))
    size = np.sqrt(np.square(information).sum(axis=0))
    unit = np.where(size > 0, size, 1.0)
    _, singular, right = np.linalg.svd(information / unit, full_matrices=False)
    seen = singular > 1e-10 * max(float(singular.max(initial=0.0)), 1e-300)
    # Rows of what is known and of what is not, in terms of all coefficients.
    known = (right[seen] / singular[seen, None] / unit) @ spread.T
    lost = (right[~seen] / unit) @ spread.T
    size_all = np.abs(spread) @ (1 / unit)
    is_lost = (np.square(lost).sum(axis=0) > 1e-12 * size_all**2) | (np.abs(spread) @ (size == 0) > 0)
    return np.asarray(np.where(is_lost, np.inf, np.sqrt(np.square(known).sum(axis=0))))


def _triangle(matrix: Array) -> Array:
    """Return R of the QR decomposition."""
    return np.asarray(np.linalg.qr(matrix, mode="r"))
