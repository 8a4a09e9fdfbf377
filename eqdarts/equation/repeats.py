"""Whether the rows of one input are a curve that repeats.

A rise and a fall repeat nothing. Many exact rows of such a curve pay for a sum of waves, which is a Fourier series of
the curve and says nothing beyond the rows.
"""

from __future__ import annotations

import numpy as np

from eqdarts._typing import Array

__all__ = ["repeats"]

FEWEST_VALUES = 12  # of the input that show whether a curve repeats
FEWEST_TURNS = 3  # of a curve that goes up and down one and a half times
ROUNDING = 1e-9  # share of the spread that is a rounding error
LEAST_SWING = 0.1  # of a turn, as a share of the spread of the curve


def repeats(x: Array, y: Array) -> bool | None:
    """Return whether a curve (n,) turns three times, as it is or without its slope; None where too few rows tell.

    Turns of less than a tenth of the spread do not count, so that errors may make a curve look as if it repeats, but
    never the other way round. Rows with the same x count as their mean.

    Examples
    --------
    >>> t = np.linspace(0, 10, 50)
    >>> repeats(t, np.sin(2 * t) + t), repeats(t, t * np.exp(-t)), repeats(t[:5], t[:5])
    (True, False, None)
    """
    values, place = np.unique(x, return_inverse=True)
    if len(values) < FEWEST_VALUES:
        return None
    size = float(np.abs(y).max())
    curve = np.bincount(place, y / size if size > 0 else y) / np.bincount(place)
    # half of each, as the difference of two large numbers may be none
    along = (values / 2 - values[0] / 2) / (values[-1] / 2 - values[0] / 2)
    along -= along.mean()
    level = curve - along * float(along @ curve) / float(along @ along)
    is_line = np.ptp(level) <= ROUNDING * np.ptp(curve)
    return max(_n_turns(curve), 0 if is_line else _n_turns(level)) >= FEWEST_TURNS


def _n_turns(y: Array) -> int:
    """Return how often a curve (n,) turns from up to down or back, without small swings."""
    least = LEAST_SWING * float(np.ptp(y))
    n_turns, direction = 0, 0
    low = high = float(y[0])
    for value in y.tolist():
        low, high = min(low, value), max(high, value)
        # The curve has turned once it has come back from its last extreme by more than a small swing.
        if direction >= 0 and value < high - least:
            n_turns += direction > 0
            direction, low = -1, value
        elif direction <= 0 and value > low + least:
            n_turns += direction < 0
            direction, high = 1, value
    return n_turns
