"""The rows as a search uses them: scaled, never shifted, and split into training and validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array

__all__ = ["Data", "FitRows", "are_counts", "draw_rows", "moments", "prepare", "typical_magnitude", "weighted_rows"]


@dataclass(frozen=True, eq=False)
class Data:
    """Scaled rows and their split.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Inputs divided by `x_scale`. Their typical magnitude is then one; zero and signs are unchanged.
    y : ndarray of shape (n,)
        Target divided by `y_scale`.
    weight : ndarray of shape (n,)
        Weights with mean one.
    train, validation : ndarray of int
        Row numbers. The two are disjoint, unless there are too few rows to hold any back; then both are all rows.
    x_scale : ndarray of shape (d,)
    y_scale : float
    """

    X: Array
    y: Array
    weight: Array
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    x_scale: Array
    y_scale: float

    @property
    def n_inputs(self) -> int:
        """Number of input columns, D."""
        return int(self.X.shape[1])

    @cached_property
    def variance(self) -> float:
        """Weighted variance of the scaled target, the loss of the best constant."""
        return moments(self.y, self.weight)[1]

    def count_distinct(self, at_most: int) -> int:
        """Return the number of different inputs among the rows with weight, counted up to `at_most`."""
        return _count_distinct(self.X, np.flatnonzero(self.weight > 0), at_most)


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


def _count_distinct(X: Array, rows: NDArray[np.intp], at_most: int) -> int:
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
    x_scale, y_scale = typical_magnitude(X, weight), float(typical_magnitude(y[:, None], weight)[0])
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
    return Data(X / x_scale, y / y_scale, weight, train, validation, x_scale, y_scale)


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows to which the coefficients were fitted, kept for inference, with weights and errors as given."""

    X: Array  # (n, D)
    y: Array  # (n,)
    weight: Array | None  # (n,)
    sigma: Array | None  # (n,) known errors, in place of weights
    n_all: int  # rows of the whole table
