"""The configuration of a search, its progress, and its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eqdarts.graph.fitted import FittedGraph
from eqdarts.history import SearchHistory
from eqdarts.primitives.table import Primitive
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.screen import GraphScreen

__all__ = ["Config", "Moment", "OnProgress", "SearchResult", "StopSearch"]


class StopSearch(Exception):  # noqa: N818  (not an error)
    """Raised by `on_progress` to end the search and keep what was found."""


@dataclass(frozen=True)
class Moment:
    """The progress of a search: spent share of the budget, refits, best member, and a function for the front."""

    share: float
    n_refits: int
    best: FittedGraph
    front: Callable[[], Sequence[FittedGraph]]


OnProgress = Callable[[Moment], None]


@dataclass(frozen=True)
class Config:
    """The configuration of a search.

    Parameters
    ----------
    primitives : tuple of Primitive
    kind : str
        A key of `eqdarts.search.strategies.SEARCHES`.
    max_complexity : int
    time_limit : float or None
        Seconds of wall time; None for no limit.
    max_refits : int
        Maximum number of graphs to refit.
    n_restarts : int
        Number of restarts of each supernet of the relaxed search.
    names : tuple of str
        Names of the inputs, for the labels of alpha.
    relaxed : RelaxedOptions
        How the relaxed search trains its supernets.
    screen : GraphScreen, optional
        What is known of the law. Graphs that contradict it cannot be the result.
    is_again : bool, default=False
        Whether another search has seen the rows, with other weights.
    """

    primitives: tuple[Primitive, ...]
    kind: str
    max_complexity: int
    time_limit: float | None
    max_refits: int
    n_restarts: int
    names: tuple[str, ...]
    relaxed: RelaxedOptions = field(default_factory=RelaxedOptions)
    screen: GraphScreen | None = None
    is_again: bool = False


@dataclass(frozen=True)
class SearchResult:
    """The front of the archive, simplest first, the history, and fits that may be better than the front on all rows."""

    front: tuple[FittedGraph, ...]
    history: SearchHistory
    close: tuple[FittedGraph, ...] = ()
