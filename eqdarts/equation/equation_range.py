"""Where an equation was learned: the range of its rows, and which others lie outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqdarts.equation.rows import as_columns
from eqdarts.expression.build import symbol

if TYPE_CHECKING:
    from eqdarts.equation.equation import Equation

__all__ = ["MARGIN", "RangeMixin"]

# Of a table split at random, some rows of the one part lie a little outside the other's range, and nobody need hear of
# it: a law bends little over a twentieth of the range that it was fitted to.
MARGIN = 0.05
MOST_NAMED = 3


class RangeMixin:
    """What an equation knows of the rows that it was fitted to."""

    ranges: tuple[tuple[str, float, float], ...]

    def with_ranges(self: Any, box: Mapping[str, tuple[float, float]]) -> Equation:
        """Return the equation with the smallest and largest value of each of its inputs."""
        names = {str(s.name) for s in self.expr.free_symbols}
        kept = tuple((name, *map(float, box[name])) for name in self.variables if name in names and name in box)
        equation: Equation = replace(self, ranges=kept)
        return equation

    def outside(self: Any, X: Any, margin: float = MARGIN) -> NDArray[np.bool_]:
        """Return which rows lie outside the range of the rows that the equation was fitted to.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
            As for `predict`. Only inputs that are in the equation count.
        margin : float, default=0.05
            How far outside is not outside yet, as a share of the width of the range.

        Returns
        -------
        ndarray of bool, shape (n,)
            All false where no range is known, as for an equation typed by hand.
        """
        masks, n_rows = self._outside_by_input(X, margin)
        return np.asarray(np.any([np.zeros(n_rows, dtype=bool), *masks.values()], axis=0))

    def extrapolation(self: Any, X: Any, margin: float = MARGIN) -> str:
        """Return the sentence that says how many rows lie outside the range, and in what; "" if none does."""
        masks, n_rows = self._outside_by_input(X, margin)
        n_outside = int(np.any([np.zeros(n_rows, dtype=bool), *masks.values()], axis=0).sum())
        if not n_outside:
            return ""
        worst = sorted((name for name in masks if masks[name].any()), key=lambda name: -int(masks[name].sum()))
        ends = {name: (low, high) for name, low, high in self.ranges}
        named = [f"{name}: {ends[name][0]:.4g} to {ends[name][1]:.4g}" for name in worst[:MOST_NAMED]]
        more = [f"and {len(worst) - MOST_NAMED} more"] if len(worst) > MOST_NAMED else []
        return (
            f"{n_outside} of {n_rows} row(s) lie outside the range of the rows that the equation was fitted to "
            f"({'; '.join(named + more)}): an extrapolation."
        )

    def _outside_by_input(self: Any, X: Any, margin: float) -> tuple[dict[str, NDArray[np.bool_]], int]:
        free = self.expr.free_symbols
        needed = [name for name, _, _ in self.ranges if symbol(name) in free]
        columns, n_rows = as_columns(X, self.variables, needed)
        masks = {}
        for name, low, high in self.ranges:
            if name in columns:
                slack = margin * (high - low)
                masks[name] = (columns[name] < low - slack) | (columns[name] > high + slack)
        return masks, n_rows
