r"""Least squares for one formula whose constants may differ between groups of rows.

A constant is shared, with one value for all rows, or own, with one value for each group. The normal equations then have
the form of an arrow: a block for each group, and a border for the shared constants,

.. math:: \begin{pmatrix} A & B_1 & B_2 & \cdots \\ B_1^T & C_1 & & \\ B_2^T & & C_2 & \\ \vdots & & & \ddots
   \end{pmatrix}.

A step costs one small solution for each group and one for the border (Schur complement), so that its time grows with
the number of rows only. All of these blocks are parts of one Gram matrix for each group, whichever constants are own.

Axes: S starts, K constants, N rows, L groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts._typing import Array, Expr
from eqdarts.expression.build import symbol
from eqdarts.expression.program import compile_expression
from eqdarts.solver.formula import FormulaModel, linear_parameters

__all__ = ["Grams", "GroupedProblem", "arrow"]

STEPS = 100
TOLERANCE = 1e-10
ROUNDING = 1e-28  # squares, as a share of those of y, that are rounding errors
LARGEST = 1e150  # of squared slopes
FIRST_DAMPING = 1e-2
LARGEST_DAMPING, SMALLEST_DAMPING = 1e10, 1e-12
OF_LINEAR = 1e-9  # damping of linear constants: almost none, which is close to variable projection
MOST_PADDING = 3  # times the rows that groups filled up with zeros may take
WITHOUT_GAIN = 2  # steps without a visible gain after which a fit ends


@dataclass(frozen=True)
class Grams:
    """The squares of residuals and slopes of each group at constants (S, K, L).

    Parameters
    ----------
    squares : ndarray of shape (S, L)
        Weighted residual sum of squares; infinite where the formula is undefined.
    slope : ndarray of shape (S, L, K)
        J^T r.
    gram : ndarray of shape (S, L, K, K)
        J^T J.
    """

    squares: Array
    slope: Array
    gram: Array


class GroupedProblem:
    """One formula on rows in groups.

    Parameters
    ----------
    formula : sympy.Expr
    names : sequence of str
        The K constants to fit.
    columns : mapping of str to ndarray of shape (n,)
    y : ndarray of shape (n,)
    place : ndarray of int, shape (n,)
        The group of each row, from 0 to L - 1; every group has rows.
    weight : ndarray of shape (n,), optional
    """

    def __init__(
        self,
        formula: Expr,
        names: Sequence[str],
        columns: Mapping[str, Array],
        y: Array,
        place: NDArray[np.intp],
        weight: Array | None = None,
    ) -> None:
        self._given = columns, y, place, weight
        order = np.argsort(place, kind="stable")
        program = compile_expression(formula)
        self.names = tuple(names)
        self.place = place[order]
        self.first = np.flatnonzero(np.diff(self.place, prepend=-1))
        self.n_groups = len(self.first)
        self.y = y[order]
        self._padded = _padded(self.place, self.first)
        self.root = np.ones(len(y)) if weight is None else np.sqrt(weight[order])
        self.linear = np.array(linear_parameters(formula, [symbol(name) for name in names]), dtype=bool)
        tensors = {name: torch.tensor(columns[name][order]) for name in program.names if name in columns}
        self.used = program.names
        self._program = program
        self._model = self._modelled(tensors, len(y))

    def _modelled(self, columns: Mapping[str, torch.Tensor], n_rows: int) -> FormulaModel:
        return FormulaModel(
            self._program, self.names, columns, n_rows, torch.zeros((1, len(self.names)), dtype=torch.bool)
        )

    def of(self, formula: Expr, names: Sequence[str]) -> GroupedProblem:
        """Return the problem of another formula on the same rows."""
        return GroupedProblem(formula, names, *self._given)

    def at(self, theta: Array, columns: Mapping[str, Array], n_rows: int) -> Array:
        """Return the slopes (n, K) at other rows, each with its own constants (K, n)."""
        tensors = {name: torch.tensor(column) for name, column in columns.items()}
        with torch.inference_mode(), np.errstate(all="ignore"):
            slopes: Array = self._modelled(tensors, n_rows).evaluate(torch.tensor(theta[None]))[1][0].T.numpy()
        return slopes

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Return the weighted residuals (S, N) and slopes (S, K, N) of the rows in the order of groups."""
        by_row = torch.tensor(theta[:, :, self.place])
        with torch.inference_mode(), np.errstate(all="ignore"):
            value, jacobian = (part.numpy() for part in self._model.evaluate(by_row))
        return (self.y - value) * self.root, jacobian * self.root

    def grams(self, theta: Array) -> Grams:
        """Return the blocks of the normal equations at constants (S, K, L)."""
        residual, jacobian = self.slopes(theta)
        defined = np.isfinite(residual) & np.isfinite(jacobian).all(axis=1)
        # One row where a slope is infinite must not make the blocks of its group undefined.
        jacobian = np.where(defined[:, None], jacobian, 0.0)
        known = np.where(defined, residual, 0.0)
        with np.errstate(all="ignore"):
            # One product of all slopes and residuals with themselves has all blocks.
            both = self._products(np.concatenate([jacobian, known[:, None]], axis=1))
            gram, slope = both[..., :-1, :-1], both[..., :-1, -1]
            squares = self._by_group(np.where(np.isfinite(residual), residual, np.inf) ** 2)
        # What no float holds is as bad as what is undefined, and LAPACK may not come back from it.
        whole = np.abs(gram).max(axis=(2, 3), initial=0.0) < LARGEST
        whole &= np.isfinite(slope).all(axis=2)
        squares = np.where(whole, squares, np.inf)
        return Grams(squares, np.where(whole[..., None], slope, 0.0), np.where(whole[..., None, None], gram, 0.0))

    def _products(self, columns: Array) -> Array:
        """Return for columns (S, K, N) of rows their products with each other, summed by group (S, L, K, K)."""
        if self._padded is not None:
            # Small groups are filled up with zeros, so that one call multiplies all.
            n_starts, k = columns.shape[:2]
            wide = np.concatenate([columns, np.zeros((n_starts, k, 1))], axis=2)[:, :, self._padded]
            by_group = wide.transpose(0, 2, 1, 3)  # (S, L, K, rows of the largest group)
            return np.asarray(by_group @ by_group.transpose(0, 1, 3, 2))
        ends = [*self.first[1:], columns.shape[2]]
        parts = (columns[:, :, first:last] for first, last in zip(self.first, ends, strict=True))
        return np.stack([part @ part.transpose(0, 2, 1) for part in parts], axis=1)

    def _by_group(self, values: Array) -> Array:
        """Return the sums of rows (S, N) by group (S, L)."""
        return np.asarray(np.add.reduceat(values, self.first, axis=1))

    def fit_each(self, start: Array, steps: int = STEPS, tolerance: float = TOLERANCE) -> tuple[Array, Array]:
        """Fit every group by itself.

        Parameters
        ----------
        start : ndarray of shape (S, K, L)
        steps : int
            Largest number of steps.
        tolerance : float
            Relative change of the squares below which a step counts as none.

        Returns
        -------
        theta : ndarray of shape (S, K, L)
        squares : ndarray of shape (S, L)
        """
        theta, at = start.copy(), self.grams(start)
        damping = np.full(at.squares.shape, FIRST_DAMPING)
        idle = np.zeros(at.squares.shape, dtype=np.intp)
        floor = self._by_group((self.y * self.root)[None] ** 2)
        for _ in range(steps):
            step = _solved(at.gram, at.slope, damping[..., None], self.linear)
            trial = theta + step.transpose(0, 2, 1)
            new = self.grams(trial)
            better = new.squares < at.squares
            settled = _settled(new.squares, at.squares, floor, tolerance)
            idle = np.where(settled, idle + 1, np.where(better, 0, idle))
            theta = np.where(better[:, None], trial, theta)
            at = Grams(
                np.where(better, new.squares, at.squares),
                np.where(better[..., None], new.slope, at.slope),
                np.where(better[..., None, None], new.gram, at.gram),
            )
            damping = np.clip(np.where(better, damping / 5, damping * 4), SMALLEST_DAMPING, LARGEST_DAMPING)
            if ((idle >= WITHOUT_GAIN) | (damping >= LARGEST_DAMPING)).all():
                break
        return theta, at.squares

    def fit(
        self, start: Array, own: NDArray[np.bool_], steps: int = STEPS, tolerance: float = TOLERANCE
    ) -> tuple[Array, float]:
        """Fit all groups together from one start, with some constants shared.

        Parameters
        ----------
        start : ndarray of shape (K, L)
            Shared constants have the same value in all groups.
        own : ndarray of bool, shape (K,)
            Which constants have a value for each group.
        steps : int
            Largest number of steps.
        tolerance : float
            Relative change of the squares below which a step counts as none.

        Returns
        -------
        theta : ndarray of shape (K, L)
        squares : float
            Weighted residual sum of squares; infinite if the formula is undefined at the start.
        """
        if own.all():
            theta, squares = self.fit_each(start[None], steps, tolerance)
            return theta[0], float(squares[0].sum())
        theta, at = start, self.grams(start[None])
        least = float(at.squares.sum())
        damping, idle = FIRST_DAMPING, 0
        floor = float(np.square(self.y * self.root).sum())
        for _ in range(steps):
            trial = theta + self._step(at, own, damping)
            new = self.grams(trial[None])
            total = float(new.squares.sum())
            # Near the minimum a step that gains nothing says as much as one that gains little.
            settled = bool(_settled(total, least, floor, tolerance))
            idle = idle + 1 if settled else 0 if total < least else idle
            if total < least:
                theta, at = trial, new
                least = total
                damping = max(damping / 5, SMALLEST_DAMPING)
            else:
                damping *= 4
            if idle >= WITHOUT_GAIN or damping >= LARGEST_DAMPING:
                break
        return theta, least

    def _step(self, at: Grams, own: NDArray[np.bool_], damping: float) -> Array:
        """Return the change (K, L) of the constants, by the Schur complement of the border."""
        gram, slope = at.gram[0], at.slope[0]  # (L, K, K), (L, K)
        border, between, corner = arrow(gram, own)
        corner = _damped(corner, damping, self.linear[own])
        # (L, Q, P + 1): the reaction of the own constants to the shared ones, and to the residuals.
        reaction = _solution(corner, np.concatenate([between, slope[:, own, None]], axis=2))
        schur = _damped(border.sum(axis=0)[None], damping, self.linear[~own])[0]
        schur = schur - np.einsum("lqp,lqr->pr", between, reaction[..., :-1])
        right = slope[:, ~own].sum(axis=0) - np.einsum("lqp,lq->p", between, reaction[..., -1])
        shared = _solution(schur[None], right[None, :, None])[0, :, 0]
        change = np.empty((len(own), self.n_groups))
        change[~own] = shared[:, None]
        change[own] = (reaction[..., -1] - reaction[..., :-1] @ shared).T
        return change


def _padded(place: NDArray[np.intp], first: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return the rows of each group (L, most rows), and N where it has fewer; None if most of these were."""
    n_rows = len(place)
    size = np.diff([*first, n_rows])
    if size.max(initial=0) * len(first) > MOST_PADDING * n_rows:
        return None
    rows = np.full((len(first), size.max(initial=0)), n_rows, dtype=np.intp)
    rows[place, np.arange(n_rows) - first[place]] = np.arange(n_rows)
    return rows


def _settled(new: Array | float, old: Array | float, floor: Array | float, tolerance: float) -> NDArray[np.bool_]:
    """Return whether squares are about the same as before, or those of rounding errors."""
    return np.asarray((np.abs(new - old) <= tolerance * old) | np.asarray(old <= ROUNDING * floor))


def arrow(gram: Array, own: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return of Gram matrices (L, K, K) the blocks of shared constants, of own with shared ones, and of own ones."""
    return gram[:, ~own][:, :, ~own], gram[:, own][:, :, ~own], gram[:, own][:, :, own]


def _damped(gram: Array, damping: Array | float, linear: NDArray[np.bool_]) -> Array:
    """Return Gram matrices (..., K, K) with a damping (...) relative to their diagonals."""
    diagonal = np.einsum("...kk->...k", gram)
    least = 1e-14 * diagonal.max(axis=-1, initial=0.0, keepdims=True)
    added = np.asarray(damping) * np.where(linear, OF_LINEAR, 1.0) * diagonal + least + 1e-300
    return np.asarray(gram + added[..., None] * np.eye(gram.shape[-1]))


def _solved(gram: Array, slope: Array, damping: Array, linear: NDArray[np.bool_]) -> Array:
    return _solution(_damped(gram, damping, linear), slope[..., None])[..., 0]


def _solution(gram: Array, right: Array) -> Array:
    """Return the solutions of symmetric systems, scaled to a diagonal of one first; zero where there is none."""
    diagonal = np.einsum("...kk->...k", gram)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = gram * scale[..., :, None] * scale[..., None, :]
    try:
        found = np.linalg.solve(scaled, right * scale[..., None]) * scale[..., None]
    except np.linalg.LinAlgError:
        found = np.linalg.pinv(scaled, hermitian=True) @ (right * scale[..., None]) * scale[..., None]
    return np.asarray(np.nan_to_num(found, posinf=0.0, neginf=0.0))
