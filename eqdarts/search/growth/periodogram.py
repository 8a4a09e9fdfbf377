r"""Waves in a residual: the frequencies at which a sine and a cosine of one input explain most of it.

A climb over frequencies from a grid of a few finds a wave of a few periods; the minimum of the loss around the
frequency of a wave of a hundred periods is a hundredth of the grid's distance wide. The periodogram looks everywhere:
at an input :math:`x` with range R over distinct values n, the frequencies are :math:`k / (4 R)` up to half a period
for each value (Nyquist's limit on average), and at each of them sine and cosine are solved for by least squares
(Lomb and Scargle). The result depends on range and spacing of the input, not on where its zero is.

A peak is a wave only if it is higher than the highest of as many independent frequencies of noise.

Axes: N rows, F frequencies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import Primitive
from eqdarts.search.growth.features import Combination, Feature

__all__ = ["Periodogram", "Wave", "most_periods"]

OVERSAMPLING = 4  # frequencies for each more period over the range
FEWEST_VALUES = 8  # of an input, below which there is no periodogram
MOST_NUMBERS = 2**19  # of cosines that are kept, for all inputs together
BY_CHANCE = 0.5  # chance that the highest peak of noise is as high as the lowest that is taken for a wave


class Wave(NamedTuple):
    """sin(frequency x + phase) of one input, and the share of the residual that it explains with its weight."""

    source: int
    frequency: float
    phase: float
    share: float

    def feature(self, primitive: Primitive) -> Feature:
        """Return it as a feature, by the sine or the cosine."""
        argument = Combination("sum", (self.source,), (self.frequency,), (LINEAR, ()), self._phase_of(primitive))
        return Feature(primitive, primitive.neutral, argument)

    def edges(self, primitive: Primitive, position: int) -> tuple[DraftNode, DraftEdge]:
        """Return the node of the argument and the edge that reads it, where the node stands at source `position`."""
        node = DraftNode("sum", [DraftEdge(self.source, LINEAR, self.frequency)], self._phase_of(primitive))
        return node, DraftEdge(position, primitive, 1.0, list(primitive.neutral))

    def _phase_of(self, primitive: Primitive) -> float:
        import torch

        starts_high = float(primitive(torch.zeros(1, dtype=torch.float64), *primitive.neutral)) > 0.5
        return (self.phase - math.pi / 2 if starts_high else self.phase) % (2 * math.pi)


def most_periods(values: Array, n_rows: int, most_numbers: int = MOST_NUMBERS) -> list[float]:
    """Return the largest number of periods that the values of each input can show; 0 for too few of them.

    Parameters
    ----------
    values : ndarray of shape (n, D)
        All rows that are known.
    n_rows : int
        The number of rows on which residuals are looked at.
    most_numbers : int
        Largest number of cosines on these rows.
    """
    n_inputs = values.shape[1]
    affordable = most_numbers / (OVERSAMPLING * n_rows * n_inputs)
    counts = [len(np.unique(values[:, i])) for i in range(n_inputs)]
    return [min(count / 2, affordable) if count >= FEWEST_VALUES else 0.0 for count in counts]


class Periodogram:
    """Cosines and sines of the inputs on the rows, made once, to look for waves in many residuals.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    weight : ndarray of shape (N,)
    limits : sequence of float
        The largest number of periods over the range of each input.
    """

    def __init__(self, X: Array, weight: Array, limits: Sequence[float]) -> None:
        self.X = X
        self.root = np.sqrt(weight)
        self.limits = tuple(limits)
        self._tables: dict[int, tuple[Array, Array, Array]] = {}

    def peaks(self, residual: Array, most: int) -> list[Wave]:
        """Return the waves that explain most of a residual (N,), the best first; `most` of them at each input."""
        target = residual * self.root
        total = float(target @ target)
        if not np.isfinite(total) or total == 0.0:
            return []
        found = [w for i in range(self.X.shape[1]) for w in self._peaks_of(i, target / math.sqrt(total), most)]
        return sorted(found, key=lambda wave: -wave.share)

    def _peaks_of(self, i: int, target: Array, most: int) -> Iterator[Wave]:
        frequencies, cosines, sines = self._table(i)
        if not len(frequencies):
            return
        a, b, share = _solved(cosines, sines, target)
        inside = np.concatenate([[0.0], share, [0.0]])
        is_peak = (share >= inside[:-2]) & (share >= inside[2:]) & (share > self._by_chance(i))
        low = float(self.X[:, i].min())
        for k in sorted(np.flatnonzero(is_peak), key=lambda k: -share[k])[:most]:
            # a cos w (x - low) + b sin w (x - low) is a multiple of sin(w (x - low) + phase)
            phase = math.atan2(float(a[k]), float(b[k])) - float(frequencies[k]) * low
            yield Wave(i, float(frequencies[k]), phase % (2 * math.pi), float(share[k]))

    def _by_chance(self, i: int) -> float:
        """Return the share that the highest of the independent frequencies explains of noise, by the chance above."""
        freedom = max(np.count_nonzero(self.root) - 3, 1)
        return float(1 - (BY_CHANCE / max(self.limits[i], 1.0)) ** (2 / freedom))

    def _table(self, i: int) -> tuple[Array, Array, Array]:
        """Return the angular frequencies (F,), and cosines and sines times the root of the weight, each (F, N)."""
        if i not in self._tables:
            x = self.X[:, i]
            span = float(np.ptp(x))
            most = math.floor(OVERSAMPLING * self.limits[i]) if span > 0 else 0
            frequencies = 2 * math.pi / (span or 1.0) * np.arange(OVERSAMPLING, most + 1) / OVERSAMPLING
            angle = frequencies[:, None] * (x - x.min())
            self._tables[i] = frequencies, np.cos(angle) * self.root, np.sin(angle) * self.root
        return self._tables[i]


def _solved(cosines: Array, sines: Array, target: Array) -> tuple[Array, Array, Array]:
    """Return weights a and b of cosine and sine, and the share that they explain of a target of length one, (F,)."""
    cc, ss, cs = (cosines**2).sum(1), (sines**2).sum(1), (cosines * sines).sum(1)
    ct, st = cosines @ target, sines @ target
    scale = cc * ss
    determinant = scale - cs**2
    sound = determinant > 1e-9 * scale
    determinant = np.where(sound, determinant, 1.0)
    a, b = (ss * ct - cs * st) / determinant, (cc * st - cs * ct) / determinant
    return a, b, np.where(sound, a * ct + b * st, 0.0)
