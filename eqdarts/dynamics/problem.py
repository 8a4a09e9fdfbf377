"""The fits by shooting of one set of trajectories: of one state with the others smoothed, or of the whole system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.flow import Formula, Sides
from eqdarts.dynamics.laws import FLOOR, Law, Measured, length_of, sides_of
from eqdarts.dynamics.poles import meets_pole
from eqdarts.dynamics.rate_units import RateUnits
from eqdarts.dynamics.scatter import sizes_of
from eqdarts.dynamics.shooting import MOST_ITERATIONS, Fitted, Shots, fit_shots
from eqdarts.dynamics.smoothing import Smooth, smooth_states
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.expression.build import symbol
from eqdarts.inference.noise import Noise

__all__ = ["Problem", "Tie", "fitted_starts"]

Tie = tuple[int, int, float]

ROUGHLY = 1e-5  # accuracy of the flow of one state, as a share of its spread: the others are only smoothed
ROUGH_FLOOR = 1e-7  # residual below which nothing is gained there


@dataclass(frozen=True, eq=False)
class Problem:
    """Trajectories with their smooth courses, and fits of laws to them.

    Parameters
    ----------
    data : Trajectories
    smooth : Smooth
    horizon : int or None
        Largest number of intervals that one integration spans; None for whole runs.
    units : RateUnits or None
        Those of the equations, for which laws pay.
    kinds : tuple of Noise
        How the errors of each state depend on its value; none if they do not.
    fixed : tuple of int
        States whose form the user knows: their laws are not made simpler.
    inflation : float
        Of the variances, where runs differ by more than their noise; by it the evidence of the rows is divided.
    """

    data: Trajectories
    smooth: Smooth
    horizon: int | None = None
    units: RateUnits | None = None
    kinds: tuple[Noise, ...] = ()
    fixed: tuple[int, ...] = ()
    inflation: float = 1.0

    @cached_property
    def measured(self) -> Measured:
        """Facts of the measured values."""
        return Measured.of(self.data.values, self.inflation)

    @cached_property
    def runs(self) -> tuple[slice, ...]:
        """The rows of each run."""
        ends = np.cumsum([0, *(len(part.t) for part in self.data.parts)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Names of what is known at all times: inputs and the time."""
        return (*self.data.inputs, self.data.time)

    @cached_property
    def shots(self) -> Shots:
        """The rows of the whole system."""
        data = self.data
        y, spread = data.values, data.spread
        if data.order == 2:  # nobody measured the velocities
            y = np.column_stack([y, np.full_like(y, np.nan)])
            spread = np.concatenate([spread, self.smooth.at([part.t for part in data.parts], 1).std(axis=0)])
        shots = Shots(data.t, y, self.smooth.flow, self.runs, self._known_at, FLOOR * spread)
        if any(noise.kind != "constant" for noise in self.kinds):
            sizes = [sizes_of(data, self.smooth.values), np.ones(shots.y.shape)]
            kinds = (*self.kinds, *(Noise() for _ in data.velocities))
            shots = replace(shots, kinds=kinds, sizes=np.column_stack(sizes)[:, : len(kinds)])
        return shots if self.horizon is None else shots.cut(self.horizon)

    @cached_property
    def columns(self) -> dict[str, Array]:
        """The smooth courses of all that a right-hand side may contain, at the times of the rows."""
        return self._columns_of(self.smooth.flow)

    def _columns_of(self, flow: Array) -> dict[str, Array]:
        rows = np.column_stack([flow, self.data.signals, self.data.t])
        return dict(zip(self.data.variables, rows.T, strict=True))

    def _meets_pole(self, laws: Sequence[Law], flow: Array, noise: Mapping[str, float]) -> bool:
        """Whether a law has a pole along the runs of a flow (N, D), whose states have errors."""
        columns = self._columns_of(flow)
        # Of a course through n values, the error is that of one value, divided by the root of n, or somewhat more.
        errors = {name: error / float(np.sqrt(len(self.data.t))) for name, error in noise.items()}
        return any(meets_pole(law.equation.expr, columns, self.runs, errors) for law in laws)

    @cached_property
    def error_of_velocities(self) -> Array:
        """How certain the smooth velocities are: their scale in a fit, where no measured value gives one."""
        if self.data.order == 1:
            return np.zeros(0)
        return np.median(self.smooth.slope_errors([part.t for part in self.data.parts]), axis=0)

    def _places(self, states: Sequence[int]) -> list[int]:
        """Return the columns of some states in the flow: themselves, and their velocities."""
        n_states = len(self.data.states)
        return [k + shift for shift in range(0, n_states * self.data.order, n_states) for k in states]

    def _known_at(self, rows: NDArray[np.intp], t: Array) -> Array:
        """Return inputs, linear between the rows, and the time."""
        u, times = self.data.signals, self.data.t
        share = ((t - times[rows]) / (times[rows + 1] - times[rows]))[:, None]
        return np.column_stack([u[rows] + share * (u[rows + 1] - u[rows]), t])

    def _one(self, k: int) -> Shots:
        """Return the rows of state k, with the smooth courses of the others as signals."""
        others = [j for j in range(len(self.data.states)) if j != k]
        shots = self.shots
        run_of = np.concatenate([np.full(run.stop - run.start, i) for i, run in enumerate(self.runs)])

        def signals(rows: NDArray[np.intp], t: Array) -> Array:
            smooth = np.empty((len(t), len(others) * self.data.order))
            order = np.argsort(run_of[rows], kind="stable")
            edges = np.flatnonzero(np.diff(run_of[rows][order], prepend=-1, append=-1))
            for first, last in pairwise(edges):
                own = order[first:last]
                courses = self.smooth.courses[run_of[rows[own[0]]]]
                for place, j in enumerate(others):
                    smooth[own, place] = courses[j](t[own])
                    if self.data.order == 2:
                        smooth[own, len(others) + place] = courses[j].slope(t[own])
            return np.column_stack([smooth, self._known_at(rows, t)])

        own = self._places([k])
        found = Shots(shots.t, shots.y[:, own], shots.start[:, own], shots.runs, signals, shots.floor[own])
        if shots.sizes is None:
            return found
        return replace(found, kinds=tuple(shots.kinds[place] for place in own), sizes=shots.sizes[:, own])

    @cached_property
    def _ones(self) -> list[Shots]:
        return [self._one(k) for k in range(len(self.data.states))]

    def fit_one(
        self,
        law: Law,
        k: int,
        go_on: Callable[[], bool] = lambda: True,
        most_iterations: int = 12,
        settled: bool = False,
    ) -> tuple[Law, Fitted, float] | None:
        """Fit the law of state k with the others smoothed; return it, its fit and its description length.

        None if it is undefined, or has a pole along the runs; where `settled`, also if the fit has not converged.
        """
        data = self.data
        others = [name for names in (data.states, data.velocities) for j, name in enumerate(names) if j != k]
        own = data.velocities[k : k + 1]
        sides = sides_of([law], [data.states[k]], [*others, *self.known], velocities=own)
        noise = np.concatenate([self.smooth.noise, self.error_of_velocities])[self._places([k])]
        fitted = fit_shots(sides, self._ones[k], noise, None, go_on, 1, most_iterations, ROUGHLY, settled)
        found = None if fitted is None else law.with_coefficients(fitted.theta)
        if fitted is None or found is None or not np.isfinite(fitted.square).all():
            return None
        flow = np.array(self.smooth.flow)
        flow[:, self._places([k])] = fitted.states
        if self._meets_pole([found], flow, {data.states[k]: float(fitted.noise[0])}):
            return None
        square = max(float(fitted.square[0]), (ROUGH_FLOOR * float(self.data.spread[k])) ** 2)
        return found, fitted, length_of(law, square, self.measured, k) + self.price(law, k)

    def price(self, law: Law, k: int) -> float:
        """Return the nats that the law of state k pays for its units."""
        return 0.0 if self.units is None else self.units.price(law, k)

    def fit_all(
        self,
        laws: Sequence[Law],
        ties: Sequence[Tie] = (),
        go_on: Callable[[], bool] = lambda: True,
        noise: Array | None = None,
        rounds: int = 2,
        most_iterations: int = MOST_ITERATIONS,
        start: Array | None = None,
    ) -> tuple[tuple[Law, ...], Fitted, float] | None:
        """Fit the laws of all states together; return them, their fit and the description length of the system.

        The fit begins at the smooth courses, or at the states `start` (N, D) of another fit.
        """
        shots = self.shots if start is None else replace(self.shots, start=start)
        sides = sides_of(laws, self.data.states, self.known, ties, self.data.velocities)
        noise = np.concatenate([self.smooth.noise if noise is None else noise, self.error_of_velocities])
        fitted = fit_shots(sides, shots, noise, None, go_on, rounds, most_iterations)
        if fitted is None or not np.isfinite(fitted.square).all():
            return None
        places = np.cumsum([law.n_coefficients for law in laws])[:-1]
        own = np.split(sides.spread @ fitted.theta, places)
        moved = (law.with_coefficients(theta) for law, theta in zip(laws, own, strict=True))
        found = tuple(law for law in moved if law is not None)
        errors = dict(zip(self.data.states, fitted.noise.tolist(), strict=False))
        if len(found) < len(laws) or self._meets_pole(found, fitted.states, errors):
            return None
        n_states = len(self.data.states)
        fitted = replace(
            fitted,
            noise=fitted.noise[:n_states],
            square=fitted.square[:n_states],
            kinds=fitted.kinds[:n_states],
        )
        return found, fitted, self.length(found, fitted, ties)

    def fit_fixed(self, sides: Sequence[Expr]) -> Fitted | None:
        """Fit the first states only, with right-hand sides that are known."""
        data = self.data
        of_positions = [symbol(name) for name in data.velocities]
        formulas = [Formula(side, (), ()) for side in (*of_positions, *sides)]
        noise = np.concatenate([self.smooth.noise, self.error_of_velocities])
        return fit_shots(Sides(formulas, (*data.states, *data.velocities), self.known), self.shots, noise)

    def length(self, laws: Sequence[Law], fitted: Fitted, ties: Sequence[Tie] = ()) -> float:
        """Return the description length of a fitted system; a coefficient that is tied to another costs nothing."""
        ends = np.cumsum([law.n_coefficients for law in laws])
        tied = np.bincount([int(np.searchsorted(ends, k, side="right")) for k, _, _ in ties], minlength=len(laws))
        parts = [
            length_of(law, float(fitted.square[k]), self.measured, k, law.n_coefficients - int(tied[k]))
            + self.price(law, k)
            for k, law in enumerate(laws)
        ]
        return float(sum(parts))


def fitted_starts(system: System, data: Trajectories) -> list[Array]:
    """Return for each run the first states from which a system comes closest to its measured values."""
    problem = Problem(data, smooth_states(data))
    fitted = problem.fit_fixed([equation.expr for equation in system.equations])
    found = fitted is not None and np.isfinite(fitted.states).all()
    states = fitted.states if fitted is not None and found else problem.smooth.flow
    return [states[run.start] for run in problem.runs]
