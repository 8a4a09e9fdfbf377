"""The searches of a fit: one for each view of the rows, each within its share of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eqdarts.clock import now
from eqdarts.data import Data
from eqdarts.equation.equation import Equation
from eqdarts.equation.to_graph import rescaled
from eqdarts.expression.build import composed
from eqdarts.fitting.front import Entry, Front, with_factor
from eqdarts.fitting.guard import Guard
from eqdarts.fitting.progress import Watch
from eqdarts.fitting.run import Run
from eqdarts.fitting.scatter import Scatter
from eqdarts.fitting.settings import FitSettings, time_for_search
from eqdarts.fitting.starts import (
    BENT,
    PEAKED,
    best_line,
    broken_line,
    constant,
    peak,
    starts_of_fit,
    starts_of_guesses,
)
from eqdarts.fitting.table import Table
from eqdarts.fitting.views import View, screen_of, weighted_later
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph
from eqdarts.history import SearchHistory, with_totals
from eqdarts.search.in_groups import InGroups, in_groups
from eqdarts.search.parallel import search_many
from eqdarts.search.result import Config
from eqdarts.search.search import search

__all__ = ["Searches", "in_given_units"]

LEAST_SEARCH = 0.5  # share of its time that a search gets at least, however long the preparation took
A_GROUP, IN_GROUPS = 0.12, 0.5  # share of a search with units that each dimensionless group gets, and all of them
IF_EXACT = 0.15  # the same of all groups where the rows have no noise
AT_ONCE = ("exact", "interrupt", "callback")  # why a search of groups ended, if no other follows
AFTER = 0.25  # share that the columns as they are get after groups of which nothing more was expected
FROM_ORIGINS = 0.65  # share of the search that columns with an origin are counted from there
QUICK_ROWS = 200  # rows on which an equation shown during the search must agree with its graph


def in_given_units(data: Data, table: Table) -> np.float64:
    """Return what y is divided by for the search, in the unit that was given."""
    return np.float64(data.y_scale) * table.y_unit


@dataclass
class Searches:
    """The searches of one fit; the parameters are those of `eqdarts.fitting.stages.Stages`.

    Attributes
    ----------
    guesses : list of str
        Keys of the graphs of the user's guesses, in their order.
    in_groups : dict of str to Graph
        Graphs of dimensionless groups, by the keys of those that they are in the inputs.
    """

    table: Table
    settings: FitSettings
    rng: np.random.Generator
    began: float
    watch: Watch
    before: Run | None
    guard: Guard
    guesses: list[str] = field(default_factory=list)
    in_groups: dict[str, Graph] = field(default_factory=dict)

    def views(self, data: Data, logistic: bool = False) -> list[View]:
        """Return the rows as each of the searches sees them, with its starts."""
        table, checkpoint = self.table, self.watch.checkpoint
        if table.units is not None and not logistic:
            data = replace(data, dimensions=table.units.exponents(table.names, table.target or "y"))
        starts = self._starts(data, logistic)
        origin = np.array([table.origins.get(name, 0) for name in table.names], dtype=np.float64)
        if origin.any():
            moved = data.seen_from(origin, table.X)
            there = [rescaled(*start, data.scales, moved.scales) for start in starts]
            views = [View(moved, 0.0, FROM_ORIGINS, there), View(data, FROM_ORIGINS, 1 - FROM_ORIGINS, starts)]
        else:
            views = [View(data, 0.0, 1.0, starts)]
        if checkpoint is not None:
            kept = checkpoint.read(views[0].data, self.settings.primitives)
            views[0].starts.extend((m.graph, m.coefficients) for m in kept)
        most = self.settings.max_complexity
        return [replace(v, starts=[start for start in v.starts if start[0].complexity <= most]) for v in views]

    def _starts(self, data: Data, logistic: bool = False) -> list[Start]:
        """Return the starts of the search: guesses, and the graphs of the previous fit."""
        # From here on there is at least a constant, which the search adds first.
        self.watch.interrupts.open = False
        settings = self.settings
        given = (data, self.table, settings.constants, logistic, settings.max_complexity)
        starts = starts_of_guesses(settings.guesses, *given)
        self.guesses = [with_factor(FittedGraph(g, theta, np.inf)).graph.key for g, theta in starts]
        if self.before is not None:
            before = replace(self.before, y_scale=self.before.y_scale / self.table.y_unit)
            starts += starts_of_fit(before, data, self.table.names, logistic)
        # A break is worth a try unless the user's own list of functions has none.
        if BENT in settings.primitives or "primitives" not in settings.changed:
            starts += self.guard.stage("break in the slope", partial(broken_line, data), list[Start])
        if set(settings.primitives) >= PEAKED:
            starts += self.guard.stage("peak on a level", partial(peak, data), list[Start])
        return starts

    def run(
        self, views: list[View], k: int = 0, n: int = 1, logistic: bool = False
    ) -> tuple[list[tuple[FittedGraph, ...]], SearchHistory]:
        """Search from each view in part `k` of `n` of the budget; after an interrupt there are fewer results."""
        found: list[tuple[FittedGraph, ...]] = []
        histories: list[SearchHistory] = []
        for view in views:
            if view.is_weighted and any(history.stop_reason == "exact" for history in histories):
                found.append(())
                continue
            view, shown = self._groups_first(view, k, n)
            if any(history.stop_reason in AT_ONCE for history in shown):
                found.append(self._joined((), view.starts, view.data))
                history = shown[0]
            else:
                graphs, history = self._search(view, (k + view.first) / n, view.share / n, logistic=logistic)
                found.append(self._joined(graphs, view.starts if k == 0 or shown else [], view.data))
            histories += [history, *(other for other in shown if other is not history)]
            if history.stop_reason in ("interrupt", "callback") or self.watch.interrupts.seen:
                return found, with_totals(history, histories)
        return found, with_totals(histories[0], histories)

    def _groups_first(self, view: View, k: int, n: int) -> tuple[View, list[SearchHistory]]:
        """Search the dimensionless groups; return the view with what was found as starts, and the time that is left."""
        if view.lens is not None or view.data.dimensions is None or self.table.screen is not None:
            return view, []
        seen = self.guard.stage("dimensionless groups", lambda: in_groups(view.data, self.rng), lambda: None)
        if seen is None:
            return view, []
        share = min(A_GROUP * seen.data.n_inputs, IN_GROUPS if seen.is_noisy else IF_EXACT) * view.share
        graphs, history = self._search(View(seen.data, view.first, share, []), (k + view.first) / n, share / n, seen)
        starts = [*view.starts]
        if not seen.is_noisy and history.stop_reason not in AT_ONCE:
            # Without noise what is not exact is no law of these groups: they would only be in the way.
            graphs, view = (), replace(view, data=replace(view.data, dimensions=None))
        for member in graphs:
            graph, coefficients = seen.lifted(member)
            if graph.complexity <= self.settings.max_complexity:
                starts.append((graph, coefficients))
                self.in_groups[with_factor(FittedGraph(graph, coefficients, np.inf)).graph.key] = member.graph
        is_settled = seen.is_noisy and history.stop_reason not in ("time", "budget")
        first, share = view.first + share, AFTER * view.share if is_settled else view.share - share
        return replace(view, first=first, share=share, starts=starts, after_groups=view.is_kept), [history]

    def by_scatter(
        self,
        scatter: Scatter,
        front: Front,
        entries: list[Entry],
        views: list[View],
        history: SearchHistory,
        rows: NDArray[np.intp],
    ) -> tuple[View, tuple[FittedGraph, ...], SearchHistory] | None:
        """Search again by a scatter that the laws show and the search did not know, if it ended before its time.

        Where the scatter grows with the value, a search that takes it as constant sees the largest values only.
        """
        if not scatter.is_open or history.stop_reason != "settled" or any(view.is_weighted for view in views):
            return None
        noise, f = scatter.told(entries, rows)
        if f is None:
            return None
        view = weighted_later(views, front.entries, np.asarray(scatter.weighted(noise, f).weight))
        found, more = self.run([view])
        return (view, found[0], with_totals(history, [history, more])) if found else None

    def _search(
        self, view: View, first: float, share: float, groups: InGroups | None = None, logistic: bool = False
    ) -> tuple[tuple[FittedGraph, ...], SearchHistory]:
        """Search within a `share` of the budget; another search used the part before the share `first`."""
        settings, watch = self.settings, self.watch
        data, starts = view.data, view.starts
        most = max(round(share * settings.max_refits), 1)
        config = Config(
            settings.primitives,
            settings.search,
            settings.max_complexity,
            self._limit(first, share),
            most,
            settings.n_restarts,
            data.seen_as or self.table.names,
            settings.relaxed,
            screen_of(view, self.table, logistic),
            view.is_weighted,
        )
        watch.first, watch.share = first, share
        watch.is_kept = view.is_kept
        given, variance = (data, data.variance) if groups is None else (groups.given, groups.variance)
        watch.unit = variance * in_given_units(given, self.table) ** 2
        watch.write = self._writer(view, logistic, groups)
        if settings.n_jobs is None:
            # `watch` allows an interrupt as soon as there is an equation.
            result = search(data, config, self.rng, watch, starts)
        else:
            # The results of the workers are in their files, so an interrupt loses nothing.
            self.watch.interrupts.open = True
            parts = watch.checkpoint.parts if watch.checkpoint is not None and view.is_kept else None
            result = search_many(data, config, self.rng, settings.n_searches, settings.n_jobs, watch, starts, parts)
        self.watch.interrupts.open = False
        # An interrupt that a worker or the search has handled counts for the later stages too.
        if result.history.stop_reason == "interrupt" and not self.watch.interrupts.seen:
            self.watch.interrupts.note()
        return (*result.front, *result.close), result.history

    def _limit(self, first: float, share: float) -> float | None:
        """Return the seconds that a search has: the rest of its share, with a minimum."""
        if self.settings.time_limit is None:
            return None
        whole = time_for_search(self.settings.time_limit, len(self.table.y))
        return max((first + share) * whole - (now() - self.began), LEAST_SEARCH * share * whole)

    def _writer(self, view: View, logistic: bool, groups: InGroups | None) -> Callable[[FittedGraph], Equation | None]:
        """Return a function that writes a graph as an equation and remembers the equations it has written."""
        written: dict[FittedGraph, Equation | None] = {}
        table, lens = self.table, view.lens
        data = view.data if groups is None else groups.given
        scales = data.scales._replace(y=float(in_given_units(data, table)))
        seen = table if lens is None else lens.seen(table)

        def write(member: FittedGraph) -> Equation | None:
            if member not in written:
                try:
                    rows = seen.telling[:QUICK_ROWS]
                    start = (member.graph, member.coefficients) if groups is None else groups.lifted(member)
                    found = Equation.from_graph(*start, scales, seen.names, table.target, rows=rows)
                    found = found if lens is None else lens.given_back(found, table)
                    written[member] = replace(found, expr=composed("logistic", found.expr)) if logistic else found
                except (ValueError, ArithmeticError):  # it is only shown: the search goes on
                    written[member] = None
            return written[member]

        return write

    def _joined(self, found: tuple[FittedGraph, ...], starts: list[Start], data: Data) -> tuple[FittedGraph, ...]:
        """Return the graphs found, the starts, a constant and a line, so that no sample of rows can lose these."""
        known = {member.graph.key for member in found}
        starts = [*starts, constant(data), best_line(data)]
        return (*found, *(FittedGraph(g, theta, np.inf) for g, theta in starts if g.key not in known))
