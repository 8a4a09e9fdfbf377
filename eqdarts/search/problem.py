"""The problem of a search: training and held-back rows of the data as given, or of a reduced form of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from eqdarts._typing import Array
from eqdarts.data import Data, draw_rows

__all__ = ["Problem", "Rows", "training_problem"]

WIDE = 8  # as many training rows for what is fitted seldom


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs X (N, D), target y (N,) and weight (N,)."""

    X: Array
    y: Array
    weight: Array

    @cached_property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """X, y and weight as tensors on the same memory."""
        X, y, weight = (torch.from_numpy(np.ascontiguousarray(a)) for a in (self.X, self.y, self.weight))
        return X, y, weight


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows to fit and rows to judge by.

    Parameters
    ----------
    train, held : Rows
    wide : Rows
        More training rows, for what is not refitted thousands of times.
    variance : float
        Weighted variance of the target, the yardstick of every loss.
    units : ndarray of shape (D,)
        What one unit of each input is worth in the units of the data.
    y_unit : float
        The same of the target.
    most_coefficients : int
    dimensions : ndarray of shape (B, D + 1) or None
        Exponents of B independent base units for the inputs and the target, if they are known.
    noise : float, default=0.0
        Weighted mean square of the noise that was taken away from the target. It is part of every loss: what fits the
        target closer than that does not fit the rows better.
    """

    train: Rows
    held: Rows
    wide: Rows
    variance: float
    units: Array
    y_unit: float
    most_coefficients: int
    dimensions: Array | None = None
    noise: float = 0.0

    @property
    def n_inputs(self) -> int:
        """Number of inputs, D."""
        return int(self.train.X.shape[1])

    @cached_property
    def two_valued(self) -> frozenset[int]:
        """The inputs that have two values at most, in training rows and in those held back."""
        X = np.concatenate([self.wide.X, self.held.X])
        return frozenset(i for i in range(self.n_inputs) if len(np.unique(X[:, i])) <= 2)


def training_problem(data: Data, most_rows: int, rng: np.random.Generator) -> Problem:
    """Return the problem of `data` with at most `most_rows` training rows, and four times as many held back."""
    wide = draw_rows(data.train, WIDE * most_rows, rng)
    train = draw_rows(wide, most_rows, rng)
    held = draw_rows(data.validation, 4 * most_rows, rng)  # the first would be one end of a sorted table
    distinct = data.count_distinct(len(train))
    most_coefficients = max(min(max(distinct // 3, 3), distinct - 1), 1)  # tiny tables: one row to spare
    train_rows, held_rows, wide_rows = (Rows(data.X[k], data.y[k], data.weight[k]) for k in (train, held, wide))
    variance = max(data.variance, 1e-300)
    scales = data.x_scale, data.y_scale
    return Problem(train_rows, held_rows, wide_rows, variance, *scales, most_coefficients, data.dimensions)
