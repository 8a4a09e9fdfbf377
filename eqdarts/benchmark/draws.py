"""Random draws for the inputs of benchmark problems: one row for each kind of draw.

A draw is a coordinate, uniform between two ends, and a number computed from it. All inputs of a problem therefore come
from one call of the generator, whatever their kinds are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import closest, explain

__all__ = ["DRAWS", "Draw", "draw_rows", "get_draw"]

UNIFORM = "uniform"


@dataclass(frozen=True)
class Draw:
    """One kind of draw.

    Parameters
    ----------
    name : str
    ends : callable
        ``ends(low, high, widened)`` -> both ends of the uniform coordinate; the range is `widened` times as wide.
    number : callable
        ``number(coordinate, low, high, widened)`` -> the numbers, an array of the shape of the coordinate.
    """

    name: str
    ends: Callable[[float, float, float], tuple[float, float]]
    number: Callable[[Array, float, float, float], Array]


def _about_the_middle(low: float, high: float, widened: float) -> tuple[float, float]:
    middle, half = (low + high) / 2, (high - low) / 2 * widened
    return middle - half, middle + half


def _whole_ends(low: float, high: float, widened: float) -> tuple[float, float]:
    wide_low, wide_high = _about_the_middle(low, high, widened)
    return max(wide_low, 1.0) if low >= 1 else wide_low, wide_high  # a count stays a count


def _decades(share: Array, low: float, high: float) -> Array:
    return np.asarray(low * (high / low) ** share)


def _either_sign(coordinate: Array, low: float, high: float, widened: float) -> Array:
    share = (1 - widened) / 2 + np.abs(coordinate) * widened
    return np.where(coordinate < 0, -1.0, 1.0) * _decades(share, low, high)


_ROWS = (
    Draw(UNIFORM, _about_the_middle, lambda u, *_: u),
    # Widened on the scale of its logarithm: 1 to 100 becomes 0.3 to 316.
    Draw("log-uniform", lambda *ends: _about_the_middle(0.0, 1.0, ends[2]), lambda u, lo, hi, _: _decades(u, lo, hi)),
    Draw("log-uniform, either sign", lambda *_: (-1.0, 1.0), _either_sign),
    # Whole numbers from `low` to `high`, without `high`.
    Draw("integer", _whole_ends, lambda u, *_: np.floor(u)),
)
DRAWS: dict[str, Draw] = {row.name: row for row in _ROWS}


def get_draw(name: str) -> Draw:
    """Return the kind of draw called `name`."""
    if name not in DRAWS:
        raise ValueError(explain("There is no such kind of draw.", repr(name), closest(name, DRAWS)))
    return DRAWS[name]


def draw_rows(
    rng: np.random.Generator,
    ranges: Sequence[tuple[str, float, float]],
    draws: Sequence[str],
    n_rows: int,
    widened: float = 1.0,
) -> Array:
    """Return rows (n_rows, d), each column drawn between its ends.

    Parameters
    ----------
    rng : Generator
    ranges : sequence of (str, float, float)
        Name, lower and upper end of each of the d inputs.
    draws : sequence of str
        Keys of `DRAWS`, one for each input; empty: all uniform.
    n_rows : int
    widened : float, default=1
        Factor by which the ranges are widened about their middle (that of the logarithms if the draw is log-uniform).
    """
    kinds = [get_draw(name) for name in draws or [UNIFORM] * len(ranges)]
    ends = [kind.ends(low, high, widened) for kind, (_, low, high) in zip(kinds, ranges, strict=True)]
    lower, upper = (np.array(side) for side in zip(*ends, strict=True))
    coordinates = rng.uniform(lower, upper, (n_rows, len(ranges)))
    columns = [
        kind.number(coordinate, low, high, widened)
        for kind, coordinate, (_, low, high) in zip(kinds, coordinates.T, ranges, strict=True)
    ]
    return np.column_stack(columns)
