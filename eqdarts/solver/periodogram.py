r"""The periodogram of a residual along one input: the frequencies at which a sine explains most of it.

A climb over frequencies from a grid of a few finds a wave of a few periods; the minimum of the loss around the
frequency of a wave of a hundred periods is far narrower than the distances of such a grid. The periodogram looks
everywhere: for an input :math:`x` with n different values over a range R, the frequencies are :math:`k / (4 R)` from
one period over the range up to half a period for each value (Nyquist's limit on average), and at each of them sine and
cosine are solved for by least squares (Lomb 1976, Scargle 1982). It depends on range and spacing of the input, not on
where its zero is.

A peak is a wave only if it is higher than the highest of as many independent frequencies of noise.

Axes: N rows, F frequencies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array

__all__ = ["OVERSAMPLING", "Peak", "Periodogram", "periods_shown", "waves_on"]

OVERSAMPLING = 4  # frequencies for each more period over the range
FEWEST_VALUES = 8  # of an input, below which there is no periodogram
BY_CHANCE = 0.5  # chance that the highest peak of noise is as high as the lowest that is taken for a wave


class Peak(NamedTuple):
    """sin(frequency x + phase), and the share of the residual that it explains with the best weight."""

    frequency: float
    phase: float
    share: float


def periods_shown(x: Array) -> float:
    """Return the largest number of periods that the values of an input can show; 0 for too few of them."""
    n_values = len(np.unique(x))
    return n_values / 2 if n_values >= FEWEST_VALUES else 0.0


class Periodogram:
    """Cosines and sines of an input on the rows, made once, to look for waves in many residuals.

    Parameters
    ----------
    x : ndarray of shape (N,)
    root : ndarray of shape (N,)
        Square roots of the weights.
    limit : float
        Largest number of periods over the range.
    """

    def __init__(self, x: Array, root: Array, limit: float) -> None:
        low, span = float(x.min()), float(np.ptp(x))
        most = math.floor(OVERSAMPLING * limit) if span > 0 else 0
        self.low = low
        self.frequencies = 2 * math.pi / (span or 1.0) * np.arange(OVERSAMPLING, most + 1) / OVERSAMPLING  # (F,)
        angle = self.frequencies[:, None] * (x - low)
        self.cosines, self.sines = np.cos(angle) * root, np.sin(angle) * root  # (F, N)
        self._squares = tuple(
            np.einsum("fn,fn->f", one, other)
            for one, other in ((self.cosines, self.cosines), (self.sines, self.sines), (self.cosines, self.sines))
        )
        freedom = max(int(np.count_nonzero(root)) - 3, 1)
        self.by_chance = 1 - (BY_CHANCE / max(limit, 1.0)) ** (2 / freedom)
        self.root = root

    def peaks(self, residual: Array, most: int) -> list[Peak]:
        """Return at most `most` waves that explain most of a residual (N,), the best first."""
        target = residual * self.root
        size = float(np.linalg.norm(target))
        if not len(self.frequencies) or not np.isfinite(size) or size == 0.0:
            return []
        a, b, share = self._solved(target / size)
        around = np.concatenate([[0.0], share, [0.0]])
        is_peak = (share >= around[:-2]) & (share >= around[2:]) & (share > self.by_chance)
        places = np.flatnonzero(is_peak)
        found = []
        for k in places[np.argsort(-share[places], kind="stable")][:most].tolist():
            # a cos w (x - low) + b sin w (x - low) is a multiple of sin(w (x - low) + phase)
            frequency = float(self.frequencies[k])
            phase = math.atan2(float(a[k]), float(b[k])) - frequency * self.low
            found.append(Peak(frequency, phase % (2 * math.pi), float(share[k])))
        return found

    def _solved(self, target: Array) -> tuple[Array, Array, Array]:
        """Return weights of cosine and sine, and the share that they explain of a target of length one, (F,) each."""
        cc, ss, cs = self._squares
        ct, st = self.cosines @ target, self.sines @ target
        scale = cc * ss
        determinant = scale - cs**2
        sound = determinant > 1e-9 * scale
        determinant = np.where(sound, determinant, 1.0)
        a, b = (ss * ct - cs * st) / determinant, (cc * st - cs * ct) / determinant
        return a, b, np.where(sound, a * ct + b * st, 0.0)


def waves_on(trend: Array, x: Array, y: Array, along: Periodogram, most: int) -> Iterator[tuple[list[Peak], Array]]:
    """Yield more and more waves on a trend, each the best of what those before it leave, and the sum's solution.

    Parameters
    ----------
    trend : ndarray of shape (N, T)
        Columns of a sum with free weights.
    x, y : ndarray of shape (N,)
    along : Periodogram
        Of x.
    most : int
        Largest number of waves.

    Yields
    ------
    list of Peak
    ndarray of shape (T + 2 waves,)
        The weights of the trend, then of the sine at each peak's phase and of the cosine.
    """
    design = trend
    found: list[Peak] = []
    solution = _weights(design, y, along.root)
    for _ in range(most):
        peaks = along.peaks(y - design @ solution, 1)
        if not peaks:
            return
        found = [*found, peaks[0]]
        angle = peaks[0].frequency * x + peaks[0].phase
        design = np.column_stack([design, np.sin(angle), np.cos(angle)])
        solution = _weights(design, y, along.root)
        yield found, solution


def _weights(design: Array, y: Array, root: Array) -> Array:
    with np.errstate(all="ignore"):
        size = np.sqrt(np.mean(design**2, axis=0))
        size[size == 0] = 1.0
        scaled = design / size * root[:, None]
    if not np.isfinite(scaled).all():
        return np.zeros(design.shape[1])
    return np.asarray(np.linalg.lstsq(scaled, y * root, rcond=None)[0] / size)
