r"""Profile likelihood intervals, quantiles, and the test for lack of fit.

The profile of coefficient k is :math:`\tau(\theta_k) = \sqrt{(S(\theta_k) - S)/s^2}` with :math:`S(\theta_k)` the
smallest sum of squares at that value of the coefficient. The interval ends where the profile equals the quantile of t
(Bates and Watts 1988, ch. 6). All ends of all coefficients are sought at once: each refit is a row of one batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.expression.program import compile_expression
from eqdarts.inference.linearised import Form, Rows

__all__ = ["LackOfFit", "groups_of", "lack_of_fit", "profile_bounds", "quantile"]


MOST_STEPS = 30
STEEP = 10  # steps after which the profile is assumed to jump, and every further step halves the bracket
REFIT_STEPS = 60
TOLERANCE = 1e-4  # relative tolerance of the profile at the ends of the interval
MOST_NUMBERS = 20_000_000  # numbers in the Jacobians of one batch: 160 MB
LOWER = 0.01  # sum of squares, in sigma**2, below that of the estimate at which this is not the minimum
JUMP = 0.2  # of the profile between neighbouring points, as a share of the quantile, at which refits have failed
FARTHEST = 1e4  # a coefficient that far out, in units of the t interval, without reaching the quantile has no bound


@dataclass(frozen=True)
class LackOfFit:
    """The F test of an equation against the scatter of replicate rows.

    Parameters
    ----------
    pure_error : float
        Standard deviation of y among rows with equal inputs (at weight one).
    dof_pure, dof_lack : int
        Degrees of freedom of the pure error and of the lack of fit.
    statistic : float
        Mean square of the lack of fit over that of the pure error.
    p_value : float
        Probability of a larger statistic if the equation is correct.
    """

    pure_error: float
    dof_pure: int
    dof_lack: int
    statistic: float
    p_value: float


def quantile(coverage: float, dof: float) -> float:
    """Return the two-sided quantile of Student's t, of the normal distribution for infinite `dof`; NaN for 0."""
    from scipy import special

    if not dof > 0:
        return math.nan
    upper = 0.5 + coverage / 2
    return float(special.ndtri(upper) if math.isinf(dof) else special.stdtrit(dof, upper))


def lack_of_fit(group: NDArray[np.intp], y: Array, weight: Array, squares: float, rank: int) -> LackOfFit | None:
    """Test the equation against replicate rows; None if no two rows have equal inputs or no degree of freedom is left.

    Parameters
    ----------
    group : ndarray of int, shape (N,)
        A number for each row, equal for rows with equal inputs, as `groups_of` gives it.
    y, weight : ndarray of shape (N,)
    squares : float
        Weighted residual sum of squares.
    rank : int
        Number of coefficients that were estimated.
    """
    from scipy import special

    if not len(y):
        return None
    total = np.bincount(group, weight)
    mean = np.bincount(group, weight * y) / np.where(total > 0, total, 1.0)
    pure, n_groups = float(weight @ (y - mean[group]) ** 2), int(np.count_nonzero(total))
    dof_pure, dof_lack = len(y) - n_groups, n_groups - rank
    if dof_pure < 1 or dof_lack < 1 or not pure > 0:
        return None
    statistic = max(squares - pure, 0.0) / dof_lack / (pure / dof_pure)
    p_value = float(special.fdtrc(dof_lack, dof_pure, statistic))
    return LackOfFit(math.sqrt(pure / dof_pure), dof_pure, dof_lack, statistic, p_value)


def groups_of(inputs: Array, go_on: Callable[[], bool] = lambda: True) -> NDArray[np.intp] | None:
    """Number the rows (N,) of (N, D) so that equal rows have equal numbers. Stops as soon as all are different.

    If `go_on`, which is asked before each column, returns False, the result is None.
    """
    group = np.zeros(len(inputs), dtype=np.intp)
    for column in inputs.T:
        if not go_on():
            return None
        _, codes = np.unique(column, return_inverse=True)
        found, group = np.unique(group * len(codes) + codes, return_inverse=True)
        if len(found) == len(inputs):
            break
    return group


class _Held:
    """A formula at G coefficient vectors; in each of them one coefficient is held fixed."""

    def __init__(self, model: Any, held: Any, values: Any) -> None:
        self.model = model
        self.held = held  # (G, 1): which coefficient
        self.values = values  # (G, 1): the value at which it is held
        self.n_coefficients, self.linear = model.n_coefficients, model.linear

    def evaluate(self, theta: Any) -> tuple[Any, Any]:
        prediction, jacobian = self.model.evaluate(theta.scatter(1, self.held, self.values))
        index = self.held[:, :, None].expand(-1, -1, jacobian.shape[2])
        return prediction, jacobian.scatter(1, index, 0.0)

    def subset(self, keep: Any) -> _Held:
        return _Held(self.model.subset(keep), self.held[keep], self.values[keep])


def _refits(form: Form, rows: Rows) -> Callable[[Array, NDArray[np.intp]], tuple[Array, Array]]:
    """Return the function (starts (G, K), held (G,)) -> (refitted coefficients (G, K), sums of squares (G,))."""
    import torch

    from eqdarts.solver.formula import FormulaModel
    from eqdarts.solver.refit import levenberg_marquardt

    program = compile_expression(form.formula)
    known: Mapping[str, Any] = {k: torch.tensor(v, dtype=torch.float64) for k, v in form.known.items()}
    columns = {**known, **{name: torch.tensor(column) for name, column in rows.columns.items()}}
    target, root = torch.tensor(rows.y), torch.tensor(rows.root)

    most = max(MOST_NUMBERS // max(len(form.names) * len(rows.y), 1), 1)

    def refit(starts: Array, held: NDArray[np.intp]) -> tuple[Array, Array]:
        parts = [part(starts[g : g + most], held[g : g + most]) for g in range(0, len(starts), most)]
        coefficients, squares = zip(*parts, strict=True)
        return np.concatenate(coefficients), np.concatenate(squares)

    def part(starts: Array, held: NDArray[np.intp]) -> tuple[Array, Array]:
        linear = torch.zeros(starts.shape, dtype=torch.bool)
        theta, position = torch.tensor(starts), torch.tensor(held)[:, None]
        model = FormulaModel(program, form.names, columns, len(rows.y), linear)
        result = levenberg_marquardt(
            _Held(model, position, theta.gather(1, position)),
            theta,
            target,
            root,
            max_iterations=REFIT_STEPS,
            tolerance=1e-12,
            solver="qr",
        )
        return result.coefficients.numpy(), result.loss.numpy() * len(rows.y)

    return refit


class _Ends(NamedTuple):
    """The G ends that are sought, two for each coefficient."""

    held: NDArray[np.intp]  # (G,)
    sign: Array  # (G,)
    unit: Array  # (G,) distance at which the end would be if the profile were straight
    direction: Array  # (G, K) change of all coefficients with the one held, in the linear model


def profile_bounds(form: Form, rows: Rows, covariance: Array, squares: float, sigma: float, critical: float) -> Array:
    """Return the ends (K, 2) of the profile likelihood intervals.

    Parameters
    ----------
    form, rows
        The equation at its estimate, and the rows to which it was fitted.
    covariance : ndarray of shape (K, K)
        Of the coefficients. The rows of coefficients that are not identified are infinite, and so is their interval.
    squares : float
        Weighted residual sum of squares at the estimate.
    sigma : float
        Standard deviation of y at weight one.
    critical : float
        Value of the profile at the ends.

    Notes
    -----
    An end is infinite if the profile does not reach `critical` within 10000 times the distance at which the linear
    model would: the data do not bound the coefficient on that side. If the equation becomes undefined before that, the
    interval ends there. An end is NaN if the refits cannot be trusted, because one of them fits better than the
    estimate or the sum of squares jumps. This happens if the rows hardly distinguish some coefficients.
    """
    theta, k = form.estimate, len(form.estimate)
    bounds = np.tile([-np.inf, np.inf], (k, 1))
    spread = np.sqrt(np.diag(covariance))
    usable = np.flatnonzero(np.isfinite(spread) & (critical * spread > 1e-13 * np.abs(theta)))
    fixed = np.isfinite(spread) & ~np.isin(np.arange(k), usable)
    bounds[fixed] = theta[fixed, None] + critical * spread[fixed, None] * np.array([-1.0, 1.0])
    if not len(usable) or not math.isfinite(critical):
        return bounds
    finite = np.where(np.isfinite(covariance), covariance, 0.0)
    held = np.repeat(usable, 2)
    sign = np.tile([-1.0, 1.0], len(usable))
    ends = _Ends(held, sign, critical * spread[held], finite[held] / np.diag(finite)[held, None])
    distance = _search(_refits(form, rows), theta, ends, squares, sigma, critical)
    bounds[held, np.tile([0, 1], len(usable))] = theta[held] + sign * distance
    return bounds


def _search(
    refit: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]],
    theta: Array,
    ends: _Ends,
    squares: float,
    sigma: float,
    critical: float,
) -> Array:
    """Return the distances (G,) from the estimate to the ends, by brackets, secants and halvings; NaN if unknown."""
    n_ends = len(ends.held)
    low, low_height = np.zeros(n_ends), np.full(n_ends, -critical)
    high, high_height = np.full(n_ends, np.inf), np.full(n_ends, np.inf)
    trial, found = ends.unit.copy(), np.full(n_ends, np.nan)
    best = np.tile(theta, (n_ends, 1))  # (G, K) the last refit of each end
    at = np.zeros(n_ends)
    lowest = np.full(n_ends, np.inf)
    for step in range(MOST_STEPS):
        open_ = np.flatnonzero(np.isnan(found))
        if not len(open_):
            break
        move = (trial - at)[open_, None] * ends.sign[open_, None] * ends.direction[open_]
        starts = best[open_] + move
        starts[np.arange(len(open_)), ends.held[open_]] = (theta[ends.held] + ends.sign * trial)[open_]
        fitted, loss = refit(starts, ends.held[open_])
        height = np.sqrt(np.maximum(loss - squares, 0.0)) / sigma - critical
        defined = np.isfinite(loss)
        lowest[open_] = np.fmin(lowest[open_], loss)
        best[open_[defined]], at[open_[defined]] = fitted[defined], trial[open_[defined]]
        below = height < 0
        low[open_[below]], low_height[open_[below]] = trial[open_[below]], height[below]
        high[open_[~below]], high_height[open_[~below]] = trial[open_[~below]], height[~below]
        done = np.abs(height) <= TOLERANCE * critical
        found[open_[done]] = trial[open_[done]]
        narrow = np.isfinite(high) & (high - low <= TOLERANCE * high)
        found = np.where(np.isnan(found) & narrow, low, found)
        found = np.where(np.isnan(found) & (low > FARTHEST * ends.unit), np.inf, found)
        trial = _next(low, low_height, high, high_height, critical, halve=step % 4 == 3 or step > STEEP)
    ends_at = np.where(np.isnan(found), np.where(np.isfinite(high), low, np.inf), found)
    jumps = np.isfinite(high_height) & (ends_at == low) & (high_height - low_height > JUMP * critical)
    return np.where(jumps | (squares - lowest.min() > LOWER * sigma**2), np.nan, ends_at)


def _next(low: Array, low_height: Array, high: Array, high_height: Array, critical: float, halve: bool) -> Array:
    """Return the distances to try: farther out until the end is enclosed, then inside the bracket."""
    with np.errstate(all="ignore"):
        straight = low * critical / (critical + low_height) * 1.02  # where the profile, if straight, would end
        outward = np.clip(np.where(np.isfinite(straight), straight, np.inf), 1.1 * low, 4 * low)
        share = -low_height / (high_height - low_height)
        inside = low + np.where(np.isfinite(high_height), np.clip(share, 0.02, 0.98), 0.5) * (high - low)
        inside = np.where(halve, (low + high) / 2, inside)
    return np.where(np.isfinite(high), inside, outward)
