"""Waves that a residual shows, as features: sines of one input at the frequencies of its periodogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from eqdarts._typing import Array
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import Primitive
from eqdarts.search.growth.features import Combination, Feature
from eqdarts.solver.periodogram import OVERSAMPLING, Periodogram, periods_shown

__all__ = ["Wave", "Waves", "most_periods"]

MOST_NUMBERS = 2**19  # of cosines that are kept, for all inputs together


class Wave(NamedTuple):
    """sin(frequency x + phase) of one input."""

    source: int
    frequency: float
    phase: float

    def feature(self, primitive: Primitive) -> Feature:
        """Return it as a feature, by the sine or the cosine."""
        starts_high = float(primitive(torch.zeros(1, dtype=torch.float64), *primitive.neutral)) > 0.5
        phase = (self.phase - math.pi / 2 if starts_high else self.phase) % (2 * math.pi)
        argument = Combination("sum", (self.source,), (self.frequency,), (LINEAR, ()), phase)
        return Feature(primitive, primitive.neutral, argument)


def most_periods(values: Array, n_rows: int, most_numbers: int = MOST_NUMBERS) -> tuple[float, ...]:
    """Return the largest number of periods of each input that are looked for; 0 for too few values.

    Parameters
    ----------
    values : ndarray of shape (n, D)
        All rows that are known.
    n_rows : int
        The number of rows on which residuals are looked at.
    most_numbers : int
        Largest number of cosines on these rows.
    """
    affordable = most_numbers / (OVERSAMPLING * n_rows * values.shape[1])
    return tuple(min(periods_shown(column), affordable) for column in values.T)


class Waves:
    """Looks for waves of each input in the residuals of many graphs on the same rows.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    weight : ndarray of shape (N,)
    limits : sequence of float
        The largest number of periods over the range of each input.
    """

    def __init__(self, X: Array, weight: Array, limits: Sequence[float]) -> None:
        root = np.sqrt(weight)
        self._along = {i: Periodogram(X[:, i], root, limit) for i, limit in enumerate(limits) if limit > 0}

    def of(self, residual: Array, most: int) -> list[Wave]:
        """Return the waves that explain most of a residual (N,), at most `most` for each input."""
        peaks = [(i, peak) for i, along in self._along.items() for peak in along.peaks(residual, most)]
        return [Wave(i, peak.frequency, peak.phase) for i, peak in peaks]
