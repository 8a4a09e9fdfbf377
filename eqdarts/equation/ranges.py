"""The range of the rows that an equation was fitted to, and the rows that lie outside of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.arrays import as_floats
from eqdarts.errors import explain, visible

__all__ = ["MARGIN", "Range", "any_outside", "checked_range", "extrapolation_words", "outside_by_input"]

Range = tuple[str, float, float]
"""An input's name, smallest and largest value."""

# Where a table is split at random, some rows of one part lie a little outside the range of the other. They need no
# warning: a law bends little over a twentieth of the range that it was fitted to.
MARGIN = 0.05
MOST_NAMED = 3  # inputs in one sentence


def checked_range(name: str, ends: Any) -> Range:
    """Return the range of an input from its two ends.

    Raises
    ------
    ValueError
        If they are not two finite numbers in order.
    """
    values = as_floats(ends, f"The range of {name!r}")
    if values.shape != (2,) or not np.isfinite(values).all() or values[0] > values[1]:
        todo = "Pass the smallest and the largest value."
        raise ValueError(explain(f"The range of {name!r} must be two finite numbers in order.", repr(ends)[:60], todo))
    return name, float(values[0]), float(values[1])


def outside_by_input(
    ranges: Sequence[Range], columns: Mapping[str, Array], margin: float
) -> dict[str, NDArray[np.bool_]]:
    """Return for each input with a range which of its rows (n,) lie outside.

    Parameters
    ----------
    ranges : sequence of (str, float, float)
    columns : mapping of str to ndarray of shape (n,)
        Inputs that are not in it are left out.
    margin : float
        How far outside the range a row may lie, as a share of the range's width.

    Raises
    ------
    ValueError
        If the margin is not a number of zero or more.
    """
    if not margin >= 0:
        raise ValueError(explain("margin must be 0 or more.", margin, "Try 0.05: a twentieth of the range."))
    masks = {}
    for name, low, high in ranges:
        if name in columns:
            slack = margin * (high - low)
            masks[name] = (columns[name] < low - slack) | (columns[name] > high + slack)
    return masks


def any_outside(masks: Mapping[str, NDArray[np.bool_]], n_rows: int) -> NDArray[np.bool_]:
    """Return which rows (n,) lie outside in at least one input."""
    return np.asarray(np.any([np.zeros(n_rows, dtype=bool), *masks.values()], axis=0))


def extrapolation_words(ranges: Sequence[Range], masks: Mapping[str, NDArray[np.bool_]], n_rows: int) -> str:
    """Return a sentence with the number of rows outside and the inputs with most of them; "" if there is no such row.

    Parameters
    ----------
    ranges : sequence of (str, float, float)
    masks : mapping of str to ndarray of bool, shape (n,)
        As `outside_by_input` gives them.
    n_rows : int
        n.
    """
    n_outside = int(any_outside(masks, n_rows).sum())
    if not n_outside:
        return ""
    worst = sorted((name for name in masks if masks[name].any()), key=lambda name: -int(masks[name].sum()))
    ends = {name: (low, high) for name, low, high in ranges}
    named = [f"{visible(name)}: {ends[name][0]:.4g} to {ends[name][1]:.4g}" for name in worst[:MOST_NAMED]]
    more = [f"and {len(worst) - MOST_NAMED} more"] if len(worst) > MOST_NAMED else []
    return (
        f"{n_outside} of {n_rows} row(s) lie outside the range of the rows that the equation was fitted to "
        f"({'; '.join(named + more)}): an extrapolation."
    )
