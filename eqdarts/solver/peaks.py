r"""A peak or a dip: :math:`\exp(-(x - c)^2 / (2 w^2))` on a level.

The squares have many local minima in c and w, so both are looked for on a grid first. A smooth bend looks like a part
of a peak too. So a peak counts only if it leaves less than a polynomial of one coefficient more.

Axes: N rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array

__all__ = ["Peak", "peak_of"]

FEWEST_VALUES = 8  # of an input, below which there is no peak
PLACES = 40
WIDTHS = np.geomspace(0.01, 0.4, 12)  # as shares of the range
ROUNDS, FINER = 40, 0.5  # of the search around the best of the grid
EDGE = 0.05  # share of the range: half a peak is a decay
DEGREE = 4  # of the polynomial
BETTER = 0.9  # share of what that leaves


class Peak(NamedTuple):
    """A peak: its level, height (negative for a dip), place and width, and the sum of squares that it leaves."""

    level: float
    height: float
    place: float
    width: float
    squares: float


def peak_of(x: Array, y: Array, root: Array) -> Peak | None:
    """Return the peak in x that fits y best; None if a polynomial fits it as well.

    Parameters
    ----------
    x, y : ndarray of shape (N,)
    root : ndarray of shape (N,)
        Square roots of the weights.
    """
    span = float(np.ptp(x))
    if len(np.unique(x[root > 0])) < FEWEST_VALUES or not span > 0 or len(y) <= DEGREE + 2:
        return None
    places, widths = np.linspace(x.min(), x.max(), PLACES), span * WIDTHS
    best = min(
        (_fitted(x, y, root, place, width) for place in places for width in widths), key=lambda peak: peak.squares
    )
    step, stretch = span / PLACES, float(WIDTHS[1] / WIDTHS[0])
    for _ in range(ROUNDS):
        near = [best.place - step, best.place, best.place + step]
        sizes = [best.width / stretch, best.width, best.width * stretch]
        before, best = (
            best,
            min((_fitted(x, y, root, p, w) for p in near for w in sizes), key=lambda peak: peak.squares),
        )
        if best == before:
            step, stretch = FINER * step, stretch**FINER
    powers = np.vander((x - x.mean()) / span, DEGREE + 1) * root[:, None]
    bent = y * root - powers @ np.linalg.lstsq(powers, y * root, rcond=None)[0]
    inside = x.min() + EDGE * span < best.place < x.max() - EDGE * span
    return best if inside and best.squares < BETTER * float(bent @ bent) else None


def _fitted(x: Array, y: Array, root: Array, place: float, width: float) -> Peak:
    """Return the peak of this place and width with the best level and height."""
    bump = np.exp(-0.5 * ((x - place) / width) ** 2)
    weight = root**2
    mean, level = float(np.average(bump, weights=weight)), float(np.average(y, weights=weight))
    rest = bump - mean
    squares = float(weight @ rest**2)
    height = float(weight @ (rest * (y - level))) / squares if squares > 0 else 0.0
    left = y - level - height * rest
    return Peak(level - height * mean, height, place, width, float(weight @ left**2))
