r"""The flow of a system over many short intervals at once, with its exact slopes.

An interval leads from one measured time to the next. All intervals of all runs are integrated together by the method of
Dormand and Prince of order five with equal steps, so that each stage is one vectorised evaluation of the right-hand
sides. The variational equation is integrated along: the slopes in the state at the start of the interval, and in the
coefficients.

Axes: M intervals, D states, P coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.slopes import FormulaSlopes

__all__ = ["STAGES", "Formula", "Sides", "flow"]

# Dormand and Prince 1980: the first six stages, and the weights of order five.
STAGES = np.array([0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0])
_WEIGHTS = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
_LAST = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)


@dataclass(frozen=True, eq=False)
class Formula:
    """The right-hand side of one state: an expression, and its coefficients by name."""

    expr: Expr
    names: tuple[str, ...]
    start: tuple[float, ...]


class Sides:
    """The right-hand sides of several states, with their slopes.

    Parameters
    ----------
    formulas : sequence of Formula
        One for each state.
    states : sequence of str
    signals : sequence of str
        Names of what is known at all times: inputs, the time, other states.
    ties : sequence of (int, int, float)
        Coefficients that others determine: ``(2, 0, -1.0)`` makes the third minus the first one.
    """

    def __init__(
        self,
        formulas: Sequence[Formula],
        states: Sequence[str],
        signals: Sequence[str],
        ties: Sequence[tuple[int, int, float]] = (),
    ) -> None:
        self.formulas, self.states = tuple(formulas), tuple(states)
        self.signals, self.ties = tuple(signals), tuple(ties)
        self.places = np.cumsum([0, *(len(formula.names) for formula in formulas)])
        self._programs = [FormulaSlopes(formula.expr, (*self.states, *formula.names)) for formula in formulas]
        n = int(self.places[-1])
        tied = {k for k, _, _ in ties}
        self.free = np.array([k for k in range(n) if k not in tied], dtype=np.intp)
        self.spread = np.zeros((n, len(self.free)))  # from free coefficients to all
        self.spread[self.free, range(len(self.free))] = 1.0
        for k, source, factor in ties:
            self.spread[k] = factor * self.spread[source]

    @property
    def n_coefficients(self) -> int:
        """P, the free coefficients of all right-hand sides together."""
        return len(self.free)

    @property
    def start(self) -> Array:
        """The free coefficients (P,) that the formulas have."""
        return np.array([value for formula in self.formulas for value in formula.start])[self.free]

    def values(self, x: Array, signals: Array, theta: Array) -> Array:
        """Return the right-hand sides (M, D) at states (M, D) and signals (M, Q)."""
        columns, theta = self._columns(x, signals), self.spread @ theta
        found = np.empty((len(x), len(self.formulas)))
        for k, (formula, program) in enumerate(zip(self.formulas, self._programs, strict=True)):
            own = theta[self.places[k] : self.places[k + 1]].tolist()
            found[:, k] = program.value({**columns, **dict(zip(formula.names, own, strict=True))})
        return found

    def slopes(self, x: Array, signals: Array, theta: Array) -> tuple[Array, Array]:
        """Return the right-hand sides (M, D), and their slopes (M, D, D + P) in states and coefficients."""
        n_rows, n_states = x.shape
        columns, theta = self._columns(x, signals), self.spread @ theta
        value = np.empty((n_rows, n_states))
        slope = np.zeros((n_rows, n_states, n_states + len(theta)))
        for k, (formula, program) in enumerate(zip(self.formulas, self._programs, strict=True)):
            first, last = int(self.places[k]), int(self.places[k + 1])
            given = {**columns, **dict(zip(formula.names, theta[first:last].tolist(), strict=True))}
            own = np.zeros((n_rows, n_states + last - first))
            program.into(given, value[:, k], own)
            slope[:, k, :n_states] = own[:, :n_states]
            slope[:, k, n_states + first : n_states + last] = own[:, n_states:]
        if self.ties:
            slope = np.concatenate([slope[:, :, :n_states], slope[:, :, n_states:] @ self.spread], axis=2)
        return value, slope

    def _columns(self, x: Array, signals: Array) -> dict[str, Array]:
        # Columns that lie together in memory are several times as fast.
        rows = (*np.ascontiguousarray(x.T), *np.ascontiguousarray(signals.T))
        return dict(zip((*self.states, *self.signals), rows, strict=True))


def flow(
    sides: Sides, x: Array, signals: Array, length: Array, theta: Array, slopes: bool = True
) -> tuple[Array, Array | None]:
    """Return the states (M, D) at the ends of the intervals, and their slopes (M, D, D + P).

    Parameters
    ----------
    sides : Sides
    x : ndarray of shape (M, D)
        States at the starts.
    signals : ndarray of shape (S, 6, M, Q)
        The signals at the stages of each of the S steps of an interval.
    length : ndarray of shape (M,)
        Lengths of the intervals.
    theta : ndarray of shape (P,)
    slopes : bool, default=True
    """
    n_rows, n_states = x.shape
    h = (length / len(signals))[:, None]
    track = np.zeros((n_rows, n_states, n_states + sides.n_coefficients))
    track[:, range(n_states), range(n_states)] = 1.0
    if not slopes:
        for step in signals:
            x, _ = _step(sides, x, None, step, h, theta)
        return x, None
    now: Array | None = track
    for step in signals:
        x, now = _step(sides, x, now, step, h, theta)
    return x, now


def _step(
    sides: Sides, x: Array, track: Array | None, signals: Array, h: Array, theta: Array
) -> tuple[Array, Array | None]:
    """Return the states and slopes after one step."""
    n_states = x.shape[1]
    speeds: list[Array] = []
    turns: list[Array] = []
    wide = h[:, :, None]
    for k, weights in enumerate(_WEIGHTS):
        at = x + h * _sum(weights, speeds) if k else x
        if track is None:
            speeds.append(sides.values(at, signals[k], theta))
            continue
        moved = track + wide * _sum(weights, turns) if k else track
        speed, slope = sides.slopes(at, signals[k], theta)
        turn = slope[:, :, :n_states] @ moved
        turn[:, :, n_states:] += slope[:, :, n_states:]
        speeds.append(speed)
        turns.append(turn)
    end = x + h * _sum(_LAST, speeds)
    return end, None if track is None else track + wide * _sum(_LAST, turns)


def _sum(weights: Sequence[float], parts: Sequence[Array]) -> Array:
    total = weights[0] * parts[0]
    for weight, part in zip(weights[1:], parts[1:], strict=True):
        if weight:
            total = total + weight * part
    return np.asarray(total)
