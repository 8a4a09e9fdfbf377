"""The rows as each of the searches of a fit sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.fitting.front import Entry
from eqdarts.fitting.lens import Lens
from eqdarts.fitting.scatter import with_weights
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.search.screen import GraphScreen

__all__ = [
    "FIRST_SEARCH",
    "View",
    "is_weighted",
    "members_of",
    "parted",
    "screen_of",
    "weighted_later",
    "with_lens",
    "with_weighted",
]

WITHOUT_LENS = 0.4  # share of the time before the search that sees other columns
LATER = 0.7  # share of the time before a search with weights that only the laws found have shown
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
    lens : Lens, optional
        The columns that the search sees in place of those of the table.
    after_groups : bool, default=False
        Whether the rows were searched in dimensionless groups before.
    """

    data: Data
    first: float  # share of the budget that was spent before it
    share: float
    starts: list[Start]
    is_weighted: bool = False  # by relative errors, which may turn out not to be
    lens: Lens | None = None
    after_groups: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether a checkpoint keeps the graphs of this search: those of the first view have the same units."""
        return self.after_groups or (self.first == 0.0 and self.data.seen_as is None)


def with_lens(views: Sequence[View], lens: Lens | None, table: Table) -> list[View]:
    """Return the views with less time each, and one with the columns of a lens, if there is one."""
    if lens is None:
        return list(views)
    shorter = [replace(v, first=WITHOUT_LENS * v.first, share=WITHOUT_LENS * v.share) for v in views]
    data = lens.data(views[0].data, table)
    return [*shorter, View(data, WITHOUT_LENS, 1 - WITHOUT_LENS, [], lens=lens)]


def screen_of(view: View, table: Table, logistic: bool) -> GraphScreen | None:
    """Return what is known of the law, as the graphs of a view must obey it."""
    screen, lens = table.screen, view.lens
    if screen is None or lens is None:
        return GraphScreen.of(screen, view.data.scales, view.data.y_scale, logistic)
    banned = {table.names[k] for k in screen.banned}
    used = [{str(s.name) for s in column.free_symbols} for column in lens.columns.values()]
    own = frozenset(k for k, names in enumerate(used) if names & banned)
    points = lens.values(table.names, screen.points)
    part = lens.known_part(table.names, screen.points) / table.y_unit
    # Whether a column that must be used is used is seen on the equation.
    seen = replace(screen, points=points, needed=frozenset(), banned=own)
    found = GraphScreen.of(seen, view.data.scales, view.data.y_scale, logistic)
    return None if found is None else replace(found, known_part=part)


def parted(
    members: tuple[FittedGraph, ...], view: View, table: Table, logistic: bool
) -> tuple[tuple[FittedGraph, ...], tuple[FittedGraph, ...]]:
    """Return the members that contradict nothing that is known, and the others."""
    screen = screen_of(view, table, logistic)
    if screen is None:
        return members, ()
    obeys = screen.obeyed(members)
    own = tuple(member for member, fine in zip(members, obeys, strict=True) if fine)
    return own, tuple(member for member, fine in zip(members, obeys, strict=True) if not fine)


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


def weighted_later(views: Sequence[View], entries: Sequence[Entry], weight: Array) -> View:
    """Return a view with the weights (N,) that the laws found show, which starts from these laws."""
    own = [(entry.member.graph, entry.member.coefficients) for entry in entries if entry.data is views[0].data]
    return View(with_weights(views[0].data, weight), LATER, 1 - LATER, [*views[0].starts, *own], is_weighted=True)
