"""Where a statement must hold: the box of the rows, and a little beyond."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MARGIN", "Box", "widened"]

MARGIN = 0.05  # of the width of the box, on each side
TOWARDS_ZERO = 0.5  # share of the way to zero that the margin may take

Box = dict[str, tuple[float, float]]


def widened(box: Mapping[str, tuple[float, float]]) -> Box:
    """Return a box with a margin of 5 % on each side, that takes no column more than half of its way to zero.

    A mass, a time or a concentration has no negative values, and laws may be singular at its zero.

    >>> widened({"x": (0.0, 10.0), "t": (1.0, 101.0), "d": (-1.0, 1.0)})
    {'x': (0.0, 10.5), 't': (0.5, 106.0), 'd': (-1.1, 1.1)}
    """
    return {name: _widened(*ends) for name, ends in box.items()}


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = MARGIN * (high - low)
    lower, upper = low - margin, high + margin
    if low >= 0:
        lower = max(lower, TOWARDS_ZERO * low)
    if high <= 0:
        upper = min(upper, TOWARDS_ZERO * high)
    return lower, upper
