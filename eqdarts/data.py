"""The rows as a search uses them: scaled, and split into training and validation rows.

Columns are not shifted, because powers and logarithms would be others. A column whose spread is small against its size,
such as years, is searched from an origin beside its range too: see `origins_of`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array

__all__ = [
    "LARGE",
    "Data",
    "FitRows",
    "Scaled",
    "Scales",
    "are_counts",
    "draw_rows",
    "moments",
    "origins_of",
    "prepare",
    "rows_of_extremes",
    "scales_of",
    "typical_magnitude",
    "weighted_rows",
]


class Scales(NamedTuple):
    """The units in which a graph sees the columns: it maps (X - origin) / x to y / self.y.

    Parameters
    ----------
    x : ndarray of shape (d,)
    y : float
    origin : ndarray of shape (d,)
        Whole numbers; 0 for most columns.
    """

    x: Array
    y: float
    origin: Array

    def same_origin(self, other: Scales) -> bool:
        """Whether both have the same origin."""
        return bool((self.origin == other.origin).all())

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the inputs of the graph, such as "year - 1990".

        >>> Scales(np.ones(3), 1.0, np.array([1990.0, 0, -5])).names(["year", "a", "b"])
        ('year - 1990', 'a', 'b + 5')
        """
        origins = map(int, self.origin)
        shown = zip(columns, origins, strict=True)
        return tuple(f"{name} {'-' if o > 0 else '+'} {abs(o)}" if o else name for name, o in shown)


AT_ONCE = 2**18  # numbers of a large table that are looked at in one step: they stay in the cache
LARGE = 2**22  # numbers of a table that is not copied as a whole


class Scaled:
    """The columns of a large table, minus origins and divided by scales, computed for the rows that are asked for.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    scale : ndarray of shape (d,)
    origin : ndarray of shape (d,), optional
    """

    def __init__(self, X: Array, scale: Array, origin: Array | None = None) -> None:
        self.X = X
        self.scale = scale
        self.origin = origin
        self.shape = X.shape

    def __getitem__(self, rows: Any) -> Array:
        part = self.X[rows]
        return np.asarray((part if self.origin is None else part - self.origin) / self.scale)

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True, eq=False)
class Data:
    """Scaled rows and their split.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Inputs minus `origin`, divided by `x_scale`. Their typical magnitude is then one.
    y : ndarray of shape (n,)
        Target divided by `y_scale`.
    weight : ndarray of shape (n,)
        Weights with mean one.
    train, validation : ndarray of int
        Row numbers. The two are disjoint, unless there are too few rows to hold any back; then both are all rows.
    x_scale : ndarray of shape (d,)
    y_scale : float
    origin : ndarray of shape (d,) or None
        None: zeros.
    dimensions : ndarray of shape (b, d + 1) or None
        Exponents of b independent base units for the inputs and the target, if all units are known.
    seen_as : tuple of str or None
        The names of the inputs if they are formulas of the columns of the table.
    """

    X: Array | Scaled
    y: Array
    weight: Array
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    x_scale: Array
    y_scale: float
    origin: Array | None = None
    dimensions: Array | None = None
    seen_as: tuple[str, ...] | None = None

    @property
    def n_inputs(self) -> int:
        """Number of input columns, D."""
        return int(self.X.shape[1])

    @cached_property
    def scales(self) -> Scales:
        """The units of X and y."""
        return Scales(self.x_scale, self.y_scale, np.zeros(self.n_inputs) if self.origin is None else self.origin)

    def seen_from(self, origin: Array, X: Array) -> Data:
        """Return the same rows, of which X (n, d) are the inputs as given, with another origin of each column."""
        if X.size > LARGE:
            x_scale = _scales_of_columns(X, self.weight, origin)
            return replace(self, X=Scaled(X, x_scale, origin), x_scale=x_scale, origin=origin, dimensions=None)
        moved = X - origin
        x_scale = typical_magnitude(moved, self.weight)
        # An origin is a constant with a unit in every law.
        return replace(self, X=moved / x_scale, x_scale=x_scale, origin=origin, dimensions=None)

    @cached_property
    def variance(self) -> float:
        """Weighted variance of the scaled target, the loss of the best constant."""
        return moments(self.y, self.weight)[1]

    def count_distinct(self, at_most: int) -> int:
        """Return the number of different inputs among the rows with weight, counted up to `at_most`."""
        return _count_distinct(self.X, np.flatnonzero(self.weight > 0), at_most)


def scales_of(given: Data | Scales | tuple[Array, float], n_inputs: int) -> Scales:
    """Return the units of data, of a graph, or of a pair (x_scale, y_scale) without origins."""
    if isinstance(given, Data):
        return given.scales
    return given if isinstance(given, Scales) else Scales(*given, np.zeros(n_inputs))


LARGEST_ORIGIN = 2.0**53  # larger numbers are not whole
NARROW = 0.1  # spread over size, below which a column is searched from an origin too


def origins_of(X: Array) -> Array:
    """Return an origin (d,) for each column: a whole number below its range if its spread is small, otherwise 0.

    The origin is round: a multiple of the power of ten that is at most the spread.

    >>> years, ratios = np.arange(1993.0, 2025.0), np.linspace(0.2, 0.9, 32)
    >>> origins_of(np.column_stack([years, ratios, years + 273.4, 1e6 + ratios]))
    array([   1990.,       0.,    2260., 1000000.])
    """
    low, high = X.min(axis=0), X.max(axis=0)
    spread = high - low
    with np.errstate(all="ignore"):
        unit = 10.0 ** np.maximum(np.floor(np.log10(spread)), 0)
        origin = np.floor(low / unit) * unit
    narrow = (spread > 0) & (spread < NARROW * np.maximum(np.abs(low), np.abs(high)))
    return np.where(narrow & (np.abs(origin) < LARGEST_ORIGIN), origin, 0.0)


def moments(y: Array, weight: Array | None) -> tuple[float, float]:
    """Return the weighted mean square and variance of y (n,)."""
    mean = np.average(y, weights=weight)
    return float(np.average(y**2, weights=weight)), float(np.average((y - mean) ** 2, weights=weight))


MOST_COUNTED = 2.0**53  # beyond, every float is a whole number


def are_counts(weight: Array) -> bool:
    """Return whether weights (n,) count repeated rows: whether all are whole numbers."""
    return bool((weight == np.round(weight)).all() and weight.max(initial=0.0) <= MOST_COUNTED)


def weighted_rows(weight: Array) -> float:
    """Return the number of rows that weights (n,) represent: whole numbers count repeated rows, others are relative."""
    return float(weight.sum() if are_counts(weight) else np.count_nonzero(weight))


def draw_rows(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return `most` rows drawn at random, in order; all rows if there are no more."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def typical_magnitude(values: Array, weight: Array | None = None) -> Array:
    """Return the weighted mean absolute value of each column, computed without overflow; 1 for a column of zeros."""
    if weight is not None and not (weight > 0).all():
        values, weight = values[weight > 0], weight[weight > 0]
    size = np.abs(values)
    peak = size.max(axis=0)
    peak = np.where(peak > 0, peak, 1.0)
    mean = np.average(size / peak, axis=0, weights=weight)
    magnitude = peak * np.where(mean > 0, mean, 1.0)
    return np.asarray(np.where(magnitude > 0, magnitude, peak), dtype=np.float64)


def _scales_of_columns(X: Array, weight: Array, origin: Array) -> Array:
    """Return the typical magnitude of each column of X - origin, without a copy of the table."""
    seen = weight > 0
    peak, total = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for part in _blocks(X):
        np.maximum(peak, _sizes(X, part, origin, seen).max(axis=0, initial=0.0), out=peak)
    peak = np.where(peak > 0, peak, 1.0)
    for part in _blocks(X):
        total += weight[part][seen[part]] @ (_sizes(X, part, origin, seen) / peak)
    mean = total / weight.sum()
    return np.asarray(peak * np.where(mean > 0, mean, 1.0))


def _sizes(X: Array, part: slice, origin: Array, seen: NDArray[np.bool_]) -> Array:
    """Return the magnitudes (n, d) of X - origin at the rows of a block that are seen."""
    block = X[part] if seen[part].all() else X[part][seen[part]]
    return np.abs(block - origin if origin.any() else block)


def _blocks(X: Array) -> Iterator[slice]:
    """Yield the rows of a large table in blocks of `AT_ONCE` numbers."""
    size = max(AT_ONCE // max(X.shape[1], 1), 1)
    yield from (slice(first, min(first + size, len(X))) for first in range(0, len(X), size))


def rows_of_extremes(X: Array) -> NDArray[np.intp]:
    """Return the first row of the least value of each column, and that of the largest (2 d,), without a copy of X."""
    found = np.zeros((2, X.shape[1]), dtype=np.intp)
    ends = np.array([X[0], X[0]])
    for part in _blocks(X):
        block = X[part]
        for k, (own, is_farther) in enumerate(((block.min(axis=0), np.less), (block.max(axis=0), np.greater))):
            for j in np.flatnonzero(is_farther(own, ends[k])):
                found[k, j] = part.start + int(np.flatnonzero(block[:, j] == own[j])[0])
                ends[k, j] = own[j]
    return found.ravel()


def _count_distinct(X: Array | Scaled, rows: NDArray[np.intp], at_most: int) -> int:
    """Count the different rows of X among `rows`, looking at no more of a large table than necessary."""
    n_seen = 2 * at_most
    while (found := len(np.unique(X[rows[:n_seen]], axis=0))) < at_most and n_seen < len(rows):
        n_seen *= 8
    return min(found, at_most)


FEWEST_TO_SPLIT = 20


def prepare(
    X: Array, y: Array, sample_weight: Array | None, validation_fraction: float, rng: np.random.Generator
) -> Data:
    """Scale and split a validated table.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,) or None
        Not negative, not all zero.
    validation_fraction : float
        Share of the rows held back for alpha, in (0, 1): at least one row, and not all. With fewer than 20 rows nothing
        is held back. Rows of weight zero have no influence; they are among the training rows.
    rng : numpy.random.Generator
    """
    n = len(y)
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    weight = weight / typical_magnitude(weight[:, None])[0]
    is_large = X.size > LARGE
    x_scale = _scales_of_columns(X, weight, np.zeros(X.shape[1])) if is_large else typical_magnitude(X, weight)
    y_scale = float(typical_magnitude(y[:, None], weight)[0])
    weighted = np.flatnonzero(weight > 0)
    if (
        _count_distinct(X, weighted, FEWEST_TO_SPLIT) < FEWEST_TO_SPLIT
    ):  # a repeated row is the same row with more weight
        train = validation = np.arange(n)
    else:
        held_back = min(max(round(validation_fraction * len(weighted)), 1), len(weighted) - 1)
        validation = np.sort(rng.permutation(weighted)[:held_back])
        is_train = np.ones(n, dtype=bool)
        is_train[validation] = False
        train = np.flatnonzero(is_train)
    inputs = Scaled(X, x_scale) if is_large else X / x_scale
    return Data(inputs, y / y_scale, weight, train, validation, x_scale, y_scale)


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows to which the coefficients were fitted, kept for inference, with weights and errors as given."""

    X: Array  # (n, D)
    y: Array  # (n,)
    weight: Array | None  # (n,)
    sigma: Array | None  # (n,) known errors, in place of weights
    n_all: int  # rows of the whole table
