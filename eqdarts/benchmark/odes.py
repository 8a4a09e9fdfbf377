"""A system of differential equations to be found again from one trajectory, and its judge.

A method sees 150 times from 0 to the end of the system, from the first of two starts. A found system is

- reconstructed if R2 of its trajectory, the mean over the states, is above 0.9 from the start that was given;
- generalised if it is so from the other start;
- recovered if each right-hand side is that of the system, by `eqdarts.benchmark.judge` in the box of both trajectories.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.benchmark.judge import judge
from eqdarts.benchmark.problems import Problem
from eqdarts.dynamics.record import r_squared
from eqdarts.dynamics.system import System
from eqdarts.errors import EqdartsWarning, FormulaError

__all__ = ["ENOUGH", "OdeProblem", "judge_system", "mean_r2", "nearest"]

N_TIMES = 150
ENOUGH = 0.9  # R2 of a trajectory
SAME = 0.002  # R2 within which the system with fewer symbols counts


@dataclass(frozen=True)
class OdeProblem:
    """A known system, and the two states from which it starts.

    Parameters
    ----------
    name : str
        Different from those of all other suites.
    title : str
    sides : tuple of str
        The right-hand sides in the states x_0, x_1, ...
    starts : tuple of tuple of float
    end : float, default=10
        The last time; the first is 0.
    """

    name: str
    title: str
    sides: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    end: float = 10.0

    @property
    def times(self) -> Array:
        """The times (150,) of both trajectories."""
        return np.linspace(0.0, self.end, N_TIMES)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states."""
        return tuple(f"x_{k}" for k in range(len(self.sides)))

    @cached_property
    def system(self) -> System:
        """The system itself."""
        return System.parse(dict(zip(self.states, self.sides, strict=True)))

    @cached_property
    def truths(self) -> tuple[Array, ...]:
        """The trajectory (150, d) from each start."""
        return tuple(self.system.simulate(start, self.times) for start in self.starts)

    def sample(self, noise: float, thinned: bool, seed: int) -> tuple[Array, Array]:
        """Return the times and the states that a method sees.

        Parameters
        ----------
        noise : float
            Standard deviation of the errors, as a share of that of each state.
        thinned : bool
            Whether a random half of the times is left out.
        seed : int
        """
        rng = np.random.default_rng([seed, round(1000 * noise), int(thinned)])
        truth = self.truths[0]
        values = truth + noise * truth.std(axis=0) * rng.standard_normal(truth.shape)
        rows = np.sort(rng.choice(N_TIMES, N_TIMES // 2, replace=False)) if thinned else np.arange(N_TIMES)
        return self.times[rows], values[rows]


def mean_r2(truth: Array, path: Array) -> float:
    """Return the mean R2 over the states; minus infinity where the system cannot be simulated."""
    return float(np.mean(np.nan_to_num(r_squared(truth, path), nan=-np.inf)))


def judge_system(found: System, problem: OdeProblem, noisy: bool) -> dict[str, Any]:
    """Return the columns of a row that say how good a system is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)  # about poles
        r2 = [
            mean_r2(truth, found.simulate(start, problem.times))
            for truth, start in zip(problem.truths, problem.starts, strict=True)
        ]
        reasons = [_judged(found, problem, k, noisy) for k in range(len(problem.states))]
    return {
        "reconstructed": int(r2[0] > ENOUGH),
        "generalised": int(r2[1] > ENOUGH),
        "recovered": int(all(reason == "recovered" for reason in reasons)),
        "r2": r2[0],
        "r2_other": r2[1],
        "reason": "; ".join(reasons),
        "found": found.format().replace("\n", "; "),
    }


def _judged(found: System, problem: OdeProblem, k: int, noisy: bool) -> str:
    """Return the judge's reason for one right-hand side."""
    both = np.concatenate([truth[np.isfinite(truth).all(axis=1)] for truth in problem.truths])
    low, high = both.min(axis=0).tolist(), both.max(axis=0).tolist()
    ranges = tuple(zip(problem.states, low, high, strict=True))
    law = Problem(problem.name, str(problem.system.equations[k]), ranges)
    return judge(found.equations[k], law, noisy=noisy).reason


def nearest(candidates: Sequence[Sequence[str]], states: Sequence[str], t: Array, x: Array) -> System:
    """Return the system whose trajectory is nearest to the measured values; the shortest of those within 0.002 of R2.

    A user who has several systems and no more to choose by would choose so.
    """
    rated: list[tuple[float, int, System]] = []
    for sides in dict.fromkeys(map(tuple, candidates)):
        try:
            system = System.parse(dict(zip(states, sides, strict=True)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EqdartsWarning)
                r2 = mean_r2(x, system.simulate(x[0], t))
        except FormulaError:
            continue
        rated.append((r2, sum(equation.complexity for equation in system.equations), system))
    best = max((r2 for r2, _, _ in rated), default=-np.inf)
    near = [one for one in rated if one[0] >= best - SAME]
    return min(near, key=lambda one: one[1])[2] if near else System.parse(dict.fromkeys(states, "0.0"))
