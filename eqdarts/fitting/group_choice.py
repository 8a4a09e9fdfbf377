r"""Which constants of a form are shared, and which differ between groups: the choice with the shortest description.

All constants are first fitted to each group by itself. The normal equations at that point give, without another fit,
about how much the squares grow if some constants are shared,

.. math:: \sum_g (\theta_g - s)^T (A_g - B_g C_g^{-1} B_g^T)\,(\theta_g - s),

so that every set of shared constants has an estimate of its length. Those that promise most are fitted, and the best is
changed by one constant at a time until that makes no description shorter.

Axes: S starts, K constants, N rows, L groups.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.solver.grouped import GroupedProblem, arrow

__all__ = ["Choice", "Length", "choose", "promising", "quick_length"]

Length = Callable[[float, NDArray[np.bool_]], float]
"""``length(squares, own)`` -> nats."""

MOST_ENUMERATED = 8  # constants up to which all sets are compared
MOST_FITTED = 4  # sets that are fitted because they promise most
MOST_PROMISING = 2  # of these, for a form that is not looked at closely
MOST_ROUNDS = 6
QUICK_STEPS, FEW_STEPS = 25, 12
TRIAL_STEPS = 40
QUICK_STARTS = 2
ROUGH = 1e-7  # relative change of the squares that is too small to change the choice
MOST_STARTS = 4
TOGETHER = 1.01  # a group leaves the start that fits the others best if another one fits it so much better
TYPICAL_GROUPS = 3  # whose constants all groups start from in the second round


@dataclass(frozen=True)
class Choice:
    """Constants of a form with a value for each group, and those that are shared.

    Parameters
    ----------
    theta : ndarray of shape (K, L)
    own : ndarray of bool, shape (K,)
    squares : float
        Weighted residual sum of squares.
    length : float
        Description length in nats.
    """

    theta: Array
    own: NDArray[np.bool_]
    squares: float
    length: float


def quick_length(problem: GroupedProblem, starts: Sequence[Array], length: Length) -> tuple[float, Array]:
    """Return about the length of the best choice, and the constants (K, L) of each group by itself."""
    theta = _each(problem, starts[:MOST_STARTS], QUICK_STEPS)
    best = [estimate for estimate, _ in _estimates(problem, theta, length)]
    # Groups of few rows say nothing by themselves. The choices with one own constant at most are fitted.
    best += [length(squares, own) for own, _, squares in _simple_fits(problem, starts[:QUICK_STARTS], FEW_STEPS)]
    return min(best, default=np.inf), theta


def _simple_fits(
    problem: GroupedProblem, starts: Sequence[Array], steps: int
) -> Iterator[tuple[NDArray[np.bool_], Array, float]]:
    """Yield choices without own constants, and those with one, each with its constants (K, L) and the squares."""
    none = np.zeros(len(problem.names), dtype=bool)
    if not len(none):
        return
    middles = [start if start.ndim == 1 else np.median(start, axis=1) for start in starts]
    pooled = [np.repeat(middle[:, None], problem.n_groups, axis=1) for middle in middles]
    theta, squares = min((problem.fit(start, none, steps, ROUGH) for start in pooled), key=lambda fit: fit[1])
    yield none, theta, squares
    for own in _changed_by_one(none):
        yield own, *problem.fit(theta, own, steps, ROUGH)


def choose(
    problem: GroupedProblem,
    starts: Sequence[Array],
    length: Length,
    go_on: Callable[[float], bool] = lambda _: True,
) -> Choice:
    """Return the choice with the shortest description.

    Parameters
    ----------
    problem : GroupedProblem
    starts : sequence of ndarray of shape (K,) or (K, L)
        Constants to start from, the best first.
    length : callable
        ``length(squares, own)`` -> nats.
    go_on : callable, optional
        ``go_on(length)`` -> whether to look for a shorter one than this; otherwise the best so far is returned.
    """
    k = len(problem.names)
    if k == 0:
        return _without_constants(problem, length)
    tried: dict[tuple[bool, ...], Choice] = {}

    def fitted(own: NDArray[np.bool_], start: Array) -> Choice:
        key = tuple(own.tolist())
        theta, squares = problem.fit(_with_shared(problem, start, own), own, TRIAL_STEPS, ROUGH)
        found = Choice(theta, own, squares, length(squares, own))
        if key not in tried or found.length < tried[key].length:
            tried[key] = found
        return tried[key]

    each = _each(problem, starts[:QUICK_STARTS], TRIAL_STEPS)
    fitted(np.ones(k, dtype=bool), each)
    for own, theta, _ in _simple_fits(problem, starts[:MOST_STARTS], FEW_STEPS):
        fitted(own, theta)
    for _, marks in sorted(_estimates(problem, each, length), key=lambda pair: pair[0])[:MOST_FITTED]:
        fitted(np.array(marks), each)
    best = min(tried.values(), key=lambda found: found.length)
    for _ in range(MOST_ROUNDS):
        for own in _changed_by_one(best.own):
            if go_on(best.length) and tuple(own.tolist()) not in tried:
                fitted(own, best.theta)
        before, best = best, min(tried.values(), key=lambda found: found.length)
        if best is before:
            break
    theta, squares = problem.fit(best.theta, best.own)
    return Choice(theta, best.own, squares, length(squares, best.own))


def promising(problem: GroupedProblem, theta: Array, length: Length) -> Choice:
    """Return one of the choices that promise the shortest descriptions, fitted from constants (K, L) of each group."""
    if not len(problem.names):
        return _without_constants(problem, length)
    everything = np.ones(len(theta), dtype=bool)
    squares = float(problem.grams(theta[None]).squares.sum())
    best = Choice(theta, everything, squares, length(squares, everything))
    for _, marks in sorted(_estimates(problem, theta, length), key=lambda pair: pair[0])[:MOST_PROMISING]:
        own = np.array(marks)
        fitted, squares = problem.fit(_with_shared(problem, theta, own), own, TRIAL_STEPS, ROUGH)
        if (found := length(squares, own)) < best.length:
            best = Choice(fitted, own, squares, found)
    return best


def _without_constants(problem: GroupedProblem, length: Length) -> Choice:
    none = np.zeros(0, dtype=bool)
    theta = np.zeros((0, problem.n_groups))
    squares = float(problem.grams(theta[None]).squares.sum())
    return Choice(theta, none, squares, length(squares, none))


def _changed_by_one(own: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    for k in range(len(own)):
        other = own.copy()
        other[k] = not own[k]
        yield other


def _with_shared(problem: GroupedProblem, theta: Array, own: NDArray[np.bool_]) -> Array:
    """Return constants (K, L) in which those that are shared have one value: the mean, by what the rows say of it."""
    start = theta.copy()
    if own.all() or np.ptp(theta[~own], axis=1).max(initial=0.0) == 0:
        return start
    gram = problem.grams(theta[None]).gram[0]
    values = _shared_values(gram, theta, own)[0]
    # Where the normal equations are nearly singular the mean is safer than their solution.
    low, high = theta[~own].min(axis=1), theta[~own].max(axis=1)
    inside = (values >= low) & (values <= high)
    start[~own] = np.where(inside, values, np.median(theta[~own], axis=1))[:, None]
    return start


def _shared_values(gram: Array, theta: Array, own: NDArray[np.bool_]) -> tuple[Array, float]:
    """Return the best values (P,) of the shared constants, and by how much the squares grow, by the linear model."""
    # Slopes of constants of very different size would overflow in the inverses.
    size = np.sqrt(np.einsum("lkk->k", gram))
    size = np.where((size > 0) & np.isfinite(size), size, 1.0)
    border, between, corner = arrow(gram / size[:, None] / size, own)
    told = border - between.transpose(0, 2, 1) @ np.linalg.pinv(corner, rcond=1e-12, hermitian=True) @ between
    values = (theta * size[:, None])[~own].T  # (L, P)
    if not (np.isfinite(told).all() and np.isfinite(values).all()):
        return np.median(theta[~own], axis=1), math.inf
    shared = np.linalg.lstsq(told.sum(axis=0), np.einsum("lpq,lq->p", told, values), rcond=1e-14)[0]
    apart = values - shared
    return shared / size[~own], float(max(np.einsum("lp,lpq,lq->", apart, told, apart), 0.0))


def _estimates(problem: GroupedProblem, theta: Array, length: Length) -> Iterator[tuple[float, tuple[bool, ...]]]:
    """Yield the estimated length of each choice, from the constants (K, L) of each group by itself."""
    at = problem.grams(theta[None])
    squares, gram = float(at.squares.sum()), at.gram[0]
    k = len(problem.names)
    if not np.isfinite(squares) or k == 0:
        return
    sets = (
        itertools.product((False, True), repeat=k) if k <= MOST_ENUMERATED else _shrinking(gram, theta, squares, length)
    )
    for own in sets:
        mask = np.array(own)
        grown = 0.0 if mask.all() else _shared_values(gram, theta, mask)[1]
        yield length(squares + grown, mask), tuple(own)


def _shrinking(gram: Array, theta: Array, squares: float, length: Length) -> Iterator[tuple[bool, ...]]:
    """Yield sets of own constants: all, and then without the one whose sharing makes the description shortest."""
    own = np.ones(len(theta), dtype=bool)
    yield tuple(own.tolist())
    while own.any():
        smaller = [mask for mask in _changed_by_one(own) if mask.sum() < own.sum()]
        own = min(smaller, key=lambda mask: length(squares + _shared_values(gram, theta, mask)[1], mask))
        yield tuple(own.tolist())


def _each(problem: GroupedProblem, starts: Sequence[Array], steps: int = 100) -> Array:
    """Return the constants (K, L) of each group by itself, from the starts and from those of typical groups."""
    if not len(problem.names):
        return np.zeros((0, problem.n_groups))
    shape = (len(problem.names), problem.n_groups)
    first = np.stack([np.broadcast_to(s if s.ndim == 2 else s[:, None], shape) for s in starts])
    theta, squares = _best(*problem.fit_each(first, steps, ROUGH))
    # The constants of a group that fits well are good starts for the others: one minimum is then described alike.
    size = np.bincount(problem.place, problem.root**2)
    typical = np.argsort(squares / size)[: TYPICAL_GROUPS * 2 : 2]
    again = np.stack([theta, *(np.repeat(theta[:, [g]], problem.n_groups, axis=1) for g in typical)])
    return _best(*problem.fit_each(again, steps, ROUGH))[0]


def _best(theta: Array, squares: Array) -> tuple[Array, Array]:
    """Return for each group the constants (K, L) of its best start (S, K, L), of the start best for all if it can."""
    usual = squares.sum(axis=1).argmin()
    squares = np.where(np.isfinite(squares), squares, np.inf)
    best = np.where(squares[usual] <= TOGETHER * squares.min(axis=0), usual, squares.argmin(axis=0))
    groups = np.arange(theta.shape[2])
    return theta[best, :, groups].T, squares[best, groups]
