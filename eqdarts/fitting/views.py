"""The rows as each of the searches of a fit sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.fitting.front import Entry
from eqdarts.fitting.scatter import with_weights
from eqdarts.graph.fitted import FittedGraph, Start

__all__ = ["FIRST_SEARCH", "View", "is_weighted", "members_of", "with_weighted"]

FIRST_SEARCH = 0.65  # share of the time before the search with the weights of relative errors


@dataclass(frozen=True, eq=False)
class View:
    """The rows as one of the searches sees them, and its place in the budget.

    A column whose spread is small against its size, such as years, is counted from an origin in the first search, and
    as it is given in the second. Both give candidates for one choice. Where relative errors are suspected, a last
    search sees the rows with the weights of these.

    Parameters
    ----------
    data : Data
    first : float
        Share of the budget that was spent before it.
    share : float
        Its own share.
    starts : list of (Graph, sequence of float)
    is_weighted : bool, default=False
        Whether the rows have the weights of relative errors, which may turn out not to be there.
    """

    data: Data
    first: float  # share of the budget that was spent before it
    share: float
    starts: list[Start]
    is_weighted: bool = False  # by relative errors, which may turn out not to be

    @property
    def is_kept(self) -> bool:
        """Whether a checkpoint keeps the graphs of this search: those of the first view have the same units."""
        return self.first == 0.0


def is_weighted(entry: Entry, views: Sequence[View]) -> bool:
    """Whether an entry comes from the view with weights."""
    return any(view.is_weighted and entry.data is view.data for view in views)


def members_of(entries: Sequence[Entry], views: Sequence[View]) -> list[tuple[FittedGraph, ...]]:
    """Return the members of the entries that each of the views has found."""
    return [tuple(entry.member for entry in entries if entry.data is view.data) for view in views]


def with_weighted(views: Sequence[View], weight: Array) -> list[View]:
    """Return the views with less time each, and a last one with the weights (N,) of relative errors."""
    shorter = [replace(v, first=FIRST_SEARCH * v.first, share=FIRST_SEARCH * v.share) for v in views]
    seen = with_weights(views[0].data, weight)
    return [*shorter, View(seen, FIRST_SEARCH, 1 - FIRST_SEARCH, views[0].starts, is_weighted=True)]
