"""The last refit: the chosen law gets its coefficients, and they get their errors, from all rows of a long table.

The search and the choice use 10,000 rows. Their coefficients are close to those of all rows, so a few steps of Gauss
and Newton are enough, each of them a pass over the table in blocks.

Axes: N rows, K coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.fitting.by_loss import with_estimates
from eqdarts.fitting.front import Front
from eqdarts.fitting.table import Table
from eqdarts.inference.all_rows import AllRows, Blocks, TimeIsUpError
from eqdarts.inference.constants import Snap
from eqdarts.inference.constants_exponents import LEAD
from eqdarts.inference.intervals import quantile
from eqdarts.inference.linearised import SMALLEST_ERROR, form_of
from eqdarts.inference.noise import Noise
from eqdarts.losses import SQUARED, Loss
from eqdarts.solver.formula import FitResult

__all__ = ["Last", "Settled", "Weights", "refit_to_all", "settled_on_all"]

CONSTANT = Noise()
MOST_STEPS = 10
DAMPINGS = (0.0, 1e-3, 1e-1, 10.0)  # of a step, each tried if the one before makes the fit worse
CLOSE = 1e-4  # distance from the least squares estimate, in standard errors, at which the steps end
NEAR = 0.05  # the same, at which the estimate is kept if no step makes it better
EXACT = 1e-10  # residuals below this share of y are rounding errors
SLACK = 0.1  # nats that the last coefficients may lose: weights that follow from the law move with it
STATUS = "the law was refitted to all rows, block by block"


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of all rows of a table as given, at the values of a law.

    Parameters
    ----------
    table : Table
    loss : Loss
        That of squares, or a likelihood, whose variance gives the weights.
    noise : Noise
        If its kind is not "constant", it gives them.
    """

    table: Table
    loss: Loss = SQUARED
    noise: Noise = CONSTANT

    @property
    def counts(self) -> Array:
        """The weights (N,) that do not depend on the law."""
        table = self.table
        if table.sigma is not None:
            return np.asarray(np.maximum(table.sigma, SMALLEST_ERROR) ** -2.0)
        return np.ones(len(table.y)) if table.weight is None else table.weight

    def at(self, f: Array) -> Array:
        """Return the weights (N,) at the law's values f (N,); zero where the counts are zero."""
        counts = self.counts
        if self.loss.variance is not None:
            variance = np.where(counts > 0, self.loss.variance(f), 1.0)
            return np.asarray(counts / variance)
        if self.noise.kind == "constant":
            return counts
        return np.asarray(counts * self.noise.weights(f))

    def loss_at(self, f: Array) -> float:
        """Return the loss of the law with the values f (N,), as the table of the front shows it."""
        table = self.table
        weight = None if table.sigma is None and table.weight is None else self.counts
        if self.noise.kind == "constant":
            return self.loss.mean(table.y, f, weight)
        return math.exp(2 * self.noise.around(table.y, f, weight)[1] / float(self.counts.sum()))


class Settled(NamedTuple):
    """A law with coefficients from all rows, what is known of them there, and its loss."""

    equation: Equation
    all_rows: AllRows
    loss: float
    noise: Noise


class Last(NamedTuple):
    """The front after the last refit, what became exact in its law, the scatter, and what is known of all rows."""

    front: Front
    snaps: tuple[Snap, ...]
    noise: Noise
    all_rows: AllRows | None


def refit_to_all(equation: Equation, weights: Weights, go_on: Callable[[], bool] = lambda: True) -> Settled | None:
    """Return an equation with coefficients from all rows; None if there is no time, or no steps lead to them.

    Parameters
    ----------
    equation : Equation
        With coefficients that are close, such as those of a sample of the rows.
    weights : Weights
    go_on : callable, optional
        Asked before each block of rows whether there is time for it.

    Notes
    -----
    Weights that follow from the law are those of its values before the step, as in repeatedly reweighted least squares.

    Raises
    ------
    FormulaError
        If the numbers that are found cannot be written.
    """
    table = weights.table
    names = equation.variables
    blocks = Blocks(form_of(equation), table.X, names, table.y, go_on)
    try:
        theta = _steps(blocks, weights)
        if theta is None:
            return None
        found = with_estimates(equation, blocks.form, theta) if len(theta) else equation
        # Writing may have put the coefficients into another order.
        blocks = replace(blocks, form=form_of(found))
        f = blocks.values(blocks.form.estimate)
        all_rows = blocks.at_estimate(np.sqrt(weights.at(f)))
    except TimeIsUpError:
        return None
    if found.fit_result_ is not None:
        record = FitResult(all_rows.facts.squares, STATUS, found.fit_result_.iterations, all_rows.facts.n_rows)
        found = replace(found, fit_result_=record)
    noise = weights.noise if weights.noise.by in ("sigma", "weights") else _around(weights, f)
    return Settled(found, all_rows, weights.loss_at(f), noise)


def _around(weights: Weights, f: Array) -> Noise:
    return weights.noise.around(weights.table.y, f, weights.counts)[0]


def _steps(blocks: Blocks, weights: Weights) -> Array | None:
    """Return the coefficients (K,) at which the weighted squares of all rows are smallest; None if not found."""
    theta = blocks.form.estimate
    f = blocks.values(theta)
    start = weights.loss_at(f)
    for _ in range(MOST_STEPS):
        weight = weights.at(f)
        if not np.isfinite(f[weight > 0]).all():
            return None
        triangle, facts = blocks.triangle(theta, np.sqrt(weight))
        parts = AllRows(triangle, facts).parts
        size = math.sqrt(facts.squares / max(facts.n_rows - parts.rank, 1))
        distance = math.sqrt(parts.slope_squares / max(parts.rank, 1)) / size if size > 0 else 0.0
        if distance <= CLOSE or math.sqrt(facts.squares) <= EXACT * facts.size:
            break
        better = _step(blocks, theta, triangle, weight, facts.squares)
        if better is None:
            if distance > NEAR:
                return None
            break
        theta, f = better
    return theta if weights.loss_at(f) <= start * math.exp(2 * SLACK / len(f)) else None


def _step(blocks: Blocks, theta: Array, triangle: Array, weight: Array, squares: float) -> tuple[Array, Array] | None:
    """Return coefficients (K,) with a smaller weighted sum of squares, and the values there; None if not found."""
    seen = weight > 0
    scale = np.linalg.norm(triangle[:, :-1], axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    wide = len(theta)
    for damping in DAMPINGS:
        design = np.vstack([triangle[:, :-1] / scale, math.sqrt(damping) * np.eye(wide)])
        target = np.concatenate([triangle[:, -1], np.zeros(wide)])
        new = theta + np.linalg.lstsq(design, target, rcond=1e-12)[0] / scale
        f = blocks.values(new)
        if float(weight[seen] @ (blocks.y[seen] - f[seen]) ** 2) <= squares:
            return new, f
    return None


def settled_on_all(
    front: Front,
    snaps: tuple[Snap, ...],
    free: Front,
    table: Table,
    kept: FitRows,
    weights: Weights,
    go_on: Callable[[], bool] = lambda: True,
) -> Last:
    """Return the front with coefficients of the chosen law from all rows, if there are more than the fit keeps.

    Parameters
    ----------
    front : Front
    snaps : tuple of Snap
        Which coefficients of its chosen law have become exact.
    free : Front
        The front before that. Its law is chosen if all rows say that the exact one has the longer description.
    table : Table
        In the unit of the fit. If that is not the unit as given, nothing is done.
    kept : FitRows
        The rows that the fit keeps.
    weights : Weights
    go_on : callable, optional
        Asked before each block of rows whether there is time for it.

    Returns
    -------
    Last
        Without changes, and without `all_rows`, if there is no time.
    """
    unchanged = Last(front, snaps, weights.noise, None)
    if table.y_unit != 1.0 or np.count_nonzero(weights.counts) <= len(kept.y):
        return unchanged
    found = refit_to_all(front.best.equation, weights, go_on)
    if found is None:
        return unchanged
    if front is not free and (own := [snap for snap in snaps if not snap.coefficient.startswith(LEAD)]):
        before = refit_to_all(free.best.equation, weights, go_on)
        if before is None:
            return unchanged
        others = tuple(snap for snap in snaps if snap not in own)
        told = _told_by_all(own, found, before, len(kept.y))
        if sum(snap.saved for snap in told) < 0:
            front, found = free, before
            told = []
        snaps = (*others, *told)
    candidate = replace(front.best.candidate, loss=found.loss)
    return Last(front.with_chosen(found.equation, candidate), snaps, found.noise, found.all_rows)


def _told_by_all(snaps: Sequence[Snap], exact: Settled, free: Settled, n_kept: int) -> list[Snap]:
    """Return what became exact with the numbers that all rows give, instead of those of the rows that are kept."""
    n_rows = free.all_rows.facts.n_rows
    names, parts = form_of(free.equation), free.all_rows.parts
    error = np.linalg.norm(parts.factor, axis=1) * math.sqrt(free.all_rows.facts.squares / (n_rows - parts.rank))
    spread = dict(zip(names.names, zip(names.estimate.tolist(), error.tolist(), strict=True), strict=True))
    cost = 0.5 * n_rows * _log_ratio(exact.loss, free.loss)
    cost -= 0.5 * n_kept * _log_ratio(snaps[-1].loss_after, snaps[0].loss_before)
    each = 0.5 * math.log(n_rows / n_kept) - cost / len(snaps)
    told = []
    for snap in snaps:
        value, std = spread.get(snap.coefficient, (snap.estimate, snap.standard_error))
        half = quantile(0.95, n_rows - parts.rank) * std
        ends, saved = (value - half, value + half), snap.saved + each
        more = {"estimate": value, "standard_error": std, "interval": ends, "saved": saved}
        told.append(replace(snap, **more, loss_before=free.loss, loss_after=exact.loss))
    return told


def _log_ratio(after: float, before: float) -> float:
    return math.log(max(after, 1e-300) / max(before, 1e-300))
