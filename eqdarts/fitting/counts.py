"""Rows that are repeated, or counted by weights: each different row once, with the number of times that it was seen.

A fit must not depend on whether a row stands in the table three times or once with the weight 3, nor on rows of weight
zero. So both tables become the same table before anything else is done with them: the different rows, in an order that
their values determine, weighted by their numbers.

Axes: N rows, D inputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import are_counts

__all__ = ["Counted", "counted"]

AT_ONCE = 2**18  # numbers of the table that are mixed in one step: they stay in the cache
STEP = np.uint64(0x9E3779B97F4A7C15)  # the constants of splitmix64, a random number generator (Steele et al. 2014)
FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Counted(NamedTuple):
    """The different rows of a table.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        The number of the first row of each kind in the given table.
    weight : ndarray of shape (n,) or None
        How often it was seen, or its relative weight; None if all were seen once.
    place : ndarray of int, shape (N,)
        For each given row, its position in `rows`; -1 for a row of weight zero.
    """

    rows: NDArray[np.intp]
    weight: Array | None
    place: NDArray[np.intp]


def counted(X: Array, y: Array, weight: Array | None, has_sigma: bool = False) -> Counted | None:
    """Return the different rows of a table with their numbers; None if these are the rows as given.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y : ndarray of shape (N,)
    weight : ndarray of shape (N,) or None
        Whole numbers count rows. Other weights, and those of known errors, are the relative precision of single
        measurements: equal rows are then different measurements and stay apart, and only rows of weight zero go.
    has_sigma : bool, default=False
        Whether the weights are those of known errors.
    """
    n = len(y)
    count = np.ones(n) if weight is None else weight
    seen = np.flatnonzero(count > 0)
    if has_sigma or not are_counts(count):
        if len(seen) == n:
            return None
        place = np.full(n, -1)
        place[seen] = np.arange(len(seen))
        return Counted(seen, count[seen], place)
    code = _codes(X, y)
    # The order of the codes has nothing to do with that of the values, and is the same for each order of the table.
    order = seen[np.argsort(code[seen], kind="stable")]
    is_new = _differs_from_previous(order, code, X, y)
    kind = np.cumsum(is_new) - 1
    total = np.bincount(kind, count[order]).astype(np.float64)
    first = order[is_new]
    if (total == 1).all():  # nothing is repeated: the order of the table stays
        if len(first) == n:
            return None
        first = np.sort(first)
        place = np.full(n, -1)
        place[first] = np.arange(len(first))
        return Counted(first, None, place)
    place = np.full(n, -1)
    place[order] = kind
    return Counted(first, total, place)


def _codes(X: Array, y: Array) -> NDArray[np.uint64]:
    """Return a code (N,) of each row, by its values: of 10**19 pairs of different rows one has equal codes."""
    n, d = X.shape
    code = _mixed(_bits(y))
    size = max(AT_ONCE // max(d, 1), 1)
    for first in range(0, n, size):
        part = slice(first, first + size)
        place = np.arange(1, d + 1, dtype=np.uint64) * STEP
        code[part] += _mixed(_bits(X[part]) + place).sum(axis=1, dtype=np.uint64)
    return _mixed(code)


def _bits(values: Array) -> NDArray[np.uint64]:
    """Return the bits of floats; 0 and -0 are equal."""
    return np.ascontiguousarray(values + 0.0).view(np.uint64)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return bits that all depend on all given ones, as splitmix64 mixes its state."""
    bits = bits + STEP
    bits = (bits ^ (bits >> np.uint64(30))) * FACTORS[0]
    bits = (bits ^ (bits >> np.uint64(27))) * FACTORS[1]
    return bits ^ (bits >> np.uint64(31))


def _differs_from_previous(order: NDArray[np.intp], code: NDArray[np.uint64], X: Array, y: Array) -> NDArray[np.bool_]:
    """Return whether each row, in this order, is another one than the row before it."""
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = code[order[1:]] != code[order[:-1]]
    alike = np.flatnonzero(~is_new)
    this, previous = order[alike], order[alike - 1]
    size = max(AT_ONCE // max(X.shape[1], 1), 1)
    for first in range(0, len(alike), size):
        part = slice(first, first + size)
        same = (X[this[part]] == X[previous[part]]).all(axis=1) & (y[this[part]] == y[previous[part]])
        is_new[alike[part]] = ~same
    return is_new
