"""The stages of a fit: prepare -> search -> refit the front -> choose -> weigh -> make constants exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.data import Data, FitRows, Scales, prepare
from eqdarts.equation.equation import Equation
from eqdarts.evidence.edges import Evidence
from eqdarts.evidence.structure import Finding
from eqdarts.failures import Failures
from eqdarts.fitting.all_rows import Last, Weights, settled_on_all
from eqdarts.fitting.by_loss import ROUNDS, Reweighting, snap_reweighted, working_data, working_target
from eqdarts.fitting.checkpoint import Checkpoint
from eqdarts.fitting.checks import checked_held_out, checked_loss
from eqdarts.fitting.choice import (
    LEAST_WRITTEN,
    ExactForms,
    Weighing,
    about_guesses,
    always_told,
    by_exact_constants,
    no_longer_than,
    price_all,
    select_front,
    snap_chosen,
    structure_of,
    with_held_out,
    without_cancelling,
    write_all,
)
from eqdarts.fitting.exponents import with_exponents
from eqdarts.fitting.front import (
    MOST_ROWS,
    Entry,
    Front,
    best_of,
    fitted_rows,
    front_of,
    measured,
    refit_front,
    screened,
    with_factor,
)
from eqdarts.fitting.guard import Guard
from eqdarts.fitting.known import is_broken, knowledge_of, known_in_words, without_broken
from eqdarts.fitting.lens import lens_of
from eqdarts.fitting.progress import Callback, Watch, watched
from eqdarts.fitting.robust_scatter import relative_loss
from eqdarts.fitting.robust_start import robust_polynomial
from eqdarts.fitting.run import Run
from eqdarts.fitting.scatter import ByKind, Scatter, by_own_weights, relative_model, with_weights
from eqdarts.fitting.searches import Searches
from eqdarts.fitting.settings import FitSettings, share_until, spent, until_constants
from eqdarts.fitting.starts import in_units
from eqdarts.fitting.table import Table
from eqdarts.fitting.units import in_given_unit, in_safe_unit
from eqdarts.fitting.views import View, is_weighted, members_of, parted, with_lens, with_weighted
from eqdarts.graph.fitted import FittedGraph
from eqdarts.history import SearchHistory, with_totals
from eqdarts.inference.constants import Snap
from eqdarts.inference.noise import Noise
from eqdarts.losses import SQUARED, Loss, loss_of, resolve_loss
from eqdarts.selection import CRITERIA

__all__ = ["Stages", "fit_table", "laws_of"]

Snapped = tuple[Front, tuple[Snap, ...]]

NO_EVIDENCE = Evidence((), (), np.zeros((0, 0)), (), None)


def fit_table(
    table: Table,
    settings: FitSettings,
    rng: np.random.Generator,
    *,
    before: Run | None = None,
    checkpoint: str | Path | None = None,
    callback: Callback | None = None,
    shows_bar: bool = False,
    began: float | None = None,
) -> Run:
    """Search for the law of a table, and choose it.

    Parameters
    ----------
    table : Table
    settings : FitSettings
    rng : numpy.random.Generator
        The only source of randomness.
    before : Run, optional
        A fit from which the search starts.
    checkpoint : str or Path, optional
        A folder for the best graphs so far. The fit continues from the graphs that an earlier fit saved there.
    callback : callable, optional
        Called with a `FitProgress` at most once a second; the search stops if it returns True.
    shows_bar : bool, default=False
        Whether there is a progress bar on stderr.
    began : float, optional
        When the time limit began to count, by `eqdarts.clock.now`. Default: now.

    Raises
    ------
    ValueError
        If guesses, a checkpoint or an earlier fit do not belong to the table. It is raised before any search starts.
    """
    began = now() if began is None else began
    # Before anything else: the fit must not see whether a row is repeated or has a whole number as its weight.
    table = table.counted()
    if loss_of(settings.loss).is_equivariant:
        table = in_safe_unit(table)
    if table.y_unit != 1.0:
        settings = replace(settings, constants={})  # they are in the given units
    given = table, settings.loss_name, settings.written()
    kept_in = None if checkpoint is None else Checkpoint(Path(checkpoint), *given)
    with watched(callback, shows_bar, settings.search, kept_in) as (watch, seconds):
        return Stages(table, settings, rng, began + seconds, watch, before).run()


def laws_of(
    table: Table,
    settings: FitSettings,
    rng: np.random.Generator,
    *,
    callback: Callback | None = None,
    shows_bar: bool = False,
    began: float | None = None,
) -> tuple[list[Entry], SearchHistory]:
    """Search a table by least squares, and return all laws that were written, with their prices, without a choice.

    The parameters are those of `fit_table`. It is for laws that are chosen by something else than these rows.
    """
    began = now() if began is None else began
    with watched(callback, shows_bar, settings.search) as (watch, seconds):
        stages = Stages(table, settings, rng, began + seconds, watch)
        laws, history = stages.laws()
        return laws, stages.ended(history)


@dataclass(frozen=True, eq=False)
class _Remarks:
    """The evidence and the structure of the chosen law."""

    evidence: Evidence
    structure: tuple[Finding, ...]
    last: Last


@dataclass
class Stages:
    """One fit.

    Parameters
    ----------
    table : Table
    settings : FitSettings
    rng : numpy.random.Generator
    began : float
        By `eqdarts.clock.now`.
    watch : Watch
        Receives the progress of the fit; its `interrupts` may end a stage.
    before : Run, optional
        A fit to start from.
    """

    table: Table
    settings: FitSettings
    rng: np.random.Generator
    began: float
    watch: Watch
    before: Run | None = None

    def __post_init__(self) -> None:
        self.interrupts = self.watch.interrupts
        self.failures = Failures()
        self.guard = Guard(self.interrupts, self.failures)
        own = (self.table, self.settings, self.rng, self.began, self.watch, self.before)
        self.searches = Searches(*own, self.guard)
        self.unwritten = 0  # graphs of the last choice that were not written as equations, because the time was up
        self.loss: Any = self.settings.loss  # or, where errors turn out to be relative, the loss of these
        self.chosen: set[str] = set()  # keys of the graphs that earlier choices took, which later ones must see
        self.settled: dict[Any, Array] = {}  # coefficients of forms by another loss, where the next fit of them begins

    def run(self) -> Run:
        """Fit by the loss of the settings."""
        return self._by_squares() if loss_of(self.settings.loss).is_least_squares else self._by_loss()

    def laws(self) -> tuple[list[Entry], SearchHistory]:
        """Search by least squares, and return the laws with their prices on all rows."""
        table = self.table
        data = prepare(table.X, table.y, table.weight, self.settings.validation_fraction, self.rng)
        views = self.searches.views(data)
        found, history = self.searches.run(views)
        rows = fitted_rows(data, self.rng)
        members = [self._refitted(*pair, rows) for pair in zip(found, views, strict=False)]
        return self._priced(members, views), history

    def _by_squares(self) -> Run:
        table, settings = self.table, self.settings
        scatter = Scatter(table, settings.noise)
        data = prepare(table.X, table.y, table.weight, settings.validation_fraction, self.rng)
        # Errors are raised now, and not after the search.
        checked_held_out(data, settings.selection)
        views = self._weighted_too(with_lens(self.searches.views(data), lens_of(table), table), scatter)
        found, history = self.searches.run(views)
        # The search has used a small sample. From here on all rows count, or 10,000 of them.
        rows = fitted_rows(data, self.rng)
        members = [self._refitted(*pair, rows) for pair in zip(found, views, strict=False)]
        # Writing takes seconds and may be cut short. All written equations are priced and compared together.
        entries, criterion = self._ready_for_choice(self._priced(members, views))
        plain = [entry for entry in entries if not is_weighted(entry, views)]
        front = select_front(plain, data, table, criterion)
        found_so_far = views, members, entries, history
        views, members, entries, history = self._with_later(scatter, front, *found_so_far, rows)
        told = partial(self._by_scatter, scatter, front, entries, views, criterion, rows)
        front, noise = self.guard.stage("kind of scatter", told, lambda: (front, Noise()))
        table, data = self.table, front.best.data
        weighing = Weighing(data, rows, table, settings.primitives, criterion, self.rng, settings.max_complexity)
        settled = partial(weighing.settled if noise.kind == "constant" else weighing.held, front, self._has_time)
        front, evidence = self.guard.stage("evidence for the primitives", settled, lambda: (front, NO_EVIDENCE))
        fit_rows = table.drawn(rows)
        latest = until_constants(self.began, settings.time_limit)
        forms = ExactForms(table, fit_rows, settings.constants, partial(self._has_time, latest))
        others = plain if noise.kind == "constant" else []
        exact = self._by_exact_constants(front, forms, criterion, others)
        if exact.best is not front.best:
            evidence = self.guard.stage("evidence for the primitives", partial(weighing.of, exact), lambda: NO_EVIDENCE)
        front = exact
        seen = partial(structure_of, front, data, table, self.rng)
        structure = self.guard.stage("structure of the law", seen, tuple[Finding, ...])
        # Exact constants come last, because the equation then differs from its graph.
        price = None if noise.kind == "constant" else ByKind(noise.kind, scatter.table, fit_rows).candidate
        front, snaps = self._snapped(free := front, partial(snap_chosen, front, forms, settings.primitives, price))
        kept = scatter.table.kept(rows)
        own = partial(by_own_weights, front, noise, kept, table)
        before = front, noise, kept
        front, noise, kept = self.guard.stage("last refit by the scatter", own, lambda: before)
        front, noise, kept = (front, noise, kept) if self._still_obeys(before[0], front) else before
        last, kept = self._on_all(front, snaps, free, kept, Weights(scatter.table.as_given, noise=noise))
        remarks, front = _Remarks(evidence, structure, last), self._with_digits(last.front, fit_rows, SQUARED)
        return self._recorded(front, remarks, self._together(members, views, front), kept, history, criterion)

    def _weighted_too(self, views: list[View], scatter: Scatter) -> list[View]:
        """Return the views, and that with the weights of relative errors where these are suspected."""
        weight = self.guard.stage("scatter before the search", scatter.suspected, lambda: None)
        return views if weight is None else with_weighted(views, weight)

    def _with_later(
        self,
        scatter: Scatter,
        front: Front,
        views: list[View],
        members: list[tuple[FittedGraph, ...]],
        entries: list[Entry],
        history: SearchHistory,
        rows: NDArray[np.intp],
    ) -> tuple[list[View], list[tuple[FittedGraph, ...]], list[Entry], SearchHistory]:
        """Return what is found, with that of a search by a scatter that the first one did not know."""
        again = partial(self.searches.by_scatter, scatter, front, entries, views, history, rows)
        later = self.guard.stage("search by the scatter", again, lambda: None)
        if later is None:
            return views, members, entries, history
        view, graphs, history = later
        own = self._refitted(graphs, view, rows)
        priced, _ = self._ready_for_choice(self._priced([own], [view]))
        return [*views, view], [*members, own], [*entries, *priced], history

    def _by_scatter(
        self,
        scatter: Scatter,
        front: Front,
        entries: list[Entry],
        views: list[View],
        criterion: str,
        rows: NDArray[np.intp],
    ) -> tuple[Front, Noise]:
        """Choose with the kind of scatter that the laws found show, or leave the front as it is."""
        if not scatter.is_open:
            return front, scatter.given
        noise, f = scatter.told(entries, rows)
        if f is None:
            return front, noise
        own = ByKind(noise.kind, scatter.table, scatter.table.drawn(rows))
        is_open = self._has_time(self._until("writing"))
        worth = scatter.promising(noise.kind, entries, rows, in_haste=not is_open)
        if not is_open:
            worth = list({id(entry): entry for entry in (*front.entries, *worth)}.values())
        again = members_of(worth, views)
        self.table = scatter.weighted(noise, f)
        views = [replace(view, data=with_weights(view.data, np.asarray(self.table.weight))) for view in views]
        pairs = zip(again, views, strict=False)
        seen = [refit_front(graphs, view.data, rows, self.rng, self._has_time) for graphs, view in pairs]
        priced, _ = self._ready_for_choice(self._priced(seen, views, by=own))
        # The zero law, to which a constant is compared, has the mean square of y as given.
        front = select_front(priced, views[0].data, scatter.table, criterion)
        noise = scatter.again(noise, f := scatter.table.predicted(front.best.equation))
        self.table = scatter.weighted(noise, f)
        weight = np.asarray(self.table.weight)
        chosen = [replace(entry, data=with_weights(entry.data, weight)) for entry in front.entries]
        return replace(front, entries=tuple(chosen)), noise

    def _by_exact_constants(self, front: Front, forms: ExactForms, criterion: str, entries: Sequence[Entry]) -> Front:
        """Return the front chosen by what its members, and other entries, are with exact constants."""
        if not self.settings.snap:
            return front
        chosen = partial(by_exact_constants, front, forms, criterion, entries)
        after = self.guard.stage("choice by exact constants", chosen, lambda: front)
        return after if self._still_obeys(front, after) else front

    def _snapped(self, front: Front, snap: Callable[[], Snapped]) -> Snapped:
        """Return the front with exact constants in its chosen equation, and what became exact."""
        if not self.settings.snap:
            return front, ()
        after, snaps = self.guard.stage("exact constants", snap, lambda: (front, ()))
        return (after, snaps) if self._still_obeys(front, after) else (front, ())

    def _still_obeys(self, before: Front, after: Front) -> bool:
        """Whether the chosen equation obeys what is known after a refit, if it did before."""
        if not self.table.knowledge or after.best.equation is before.best.equation:
            return True
        return not is_broken(after.best.equation, self.table) or is_broken(before.best.equation, self.table)

    def _on_all(
        self, front: Front, snaps: tuple[Snap, ...], free: Front, kept: FitRows, weights: Weights
    ) -> tuple[Last, FitRows]:
        """Return the front with the chosen law refitted to all rows that it can use, with what changes by that."""
        # Rows with gaps in other columns have waited until the law was known.
        names = {str(name) for one in (front, free) for name in one.best.equation.expr.free_symbols}
        weights = replace(weights, table=weights.table.with_partial(names))
        few = len(weights.table.y) <= MOST_ROWS  # a refit to few rows takes no time
        last = partial(
            settled_on_all, front, snaps, free, self.table, kept, weights, (lambda: True) if few else self._has_time
        )
        unchanged = Last(front, snaps, weights.noise, None)
        found = self.guard.stage("last refit to all rows", last, lambda: unchanged)
        if found.all_rows is None or not self._still_obeys(front, found.front):
            return unchanged, kept
        return found, replace(kept, n_all=len(weights.table.y))

    def _ready_for_choice(self, entries: list[Entry]) -> tuple[list[Entry], str]:
        """Return the entries with what the criterion looks at, and its name, or that of the one that stands in."""
        criterion = CRITERIA[self.settings.selection]
        if not criterion.needs_held_out:
            return entries, criterion.name
        return self.failures.attempt(
            "losses on the rows held back",
            lambda: (with_held_out(entries, self.rng), criterion.name),
            lambda: (entries, criterion.stand_in.name),
        )

    def _by_loss(self) -> Run:
        table, settings = self.table, self.settings
        f = np.full(len(table.y), np.average(table.y, weights=table.weight))
        loss = checked_loss(settings.loss, settings.selection, table.y, f)
        loss, data, f = self._without_outliers(loss, working_target(loss, table.y, f), f)
        views = self.searches.views(data, loss.logistic)
        self.chosen |= {with_factor(FittedGraph(*start, np.inf)).graph.key for view in views for start in view.starts}
        rows = fitted_rows(data, self.rng)
        members: list[tuple[FittedGraph, ...]] = [() for _ in views]
        histories: list[SearchHistory] = []
        noise = Noise(by="logs") if loss.of_logs else Noise()
        for k in range(ROUNDS):
            found, history = self.searches.run(views, k, ROUNDS, loss.logistic)
            histories.append(history)
            for v, graphs in enumerate(found):
                members[v] += self._refitted(graphs, views[v], rows)
            given = members, views, table.drawn(rows)
            front, reweighting, f = self._chosen_by_loss(*given, f, (k + 1) / ROUNDS)
            if (kind := self._relative(front, given[-1])) is not None:
                self.loss, noise = kind
                front, reweighting, f = self._chosen_by_loss(*given, f, (k + 1) / ROUNDS)
            # The next search uses the weights that the law of this one gives the rows.
            views = [replace(v, data=working_data(reweighting.loss, v.data, table, f)) for v in views]
            if history.stop_reason in ("interrupt", "callback") or self.interrupts.seen:
                break
        # Almost converged coefficients were enough for the choice. The printed ones must converge.
        front = self.guard.stage("last refit by the loss", partial(reweighting.finish, front), lambda: front)
        data = next(v.data for v in views if v.data.scales.same_origin(front.best.data.scales))
        weighing = Weighing(data, rows, table, settings.primitives, "bic", self.rng, settings.max_complexity)
        evidence = self.guard.stage("evidence for the primitives", partial(weighing.of, front), lambda: NO_EVIDENCE)
        told = partial(structure_of, front, data, table, self.rng, loss.logistic)
        structure = self.guard.stage("structure of the law", told, tuple[Finding, ...])
        snap = partial(snap_reweighted, front, reweighting, settings.constants, self._has_time)
        front, snaps = self._snapped(free := front, snap)
        last, given_rows = Last(front, snaps, noise, None), table.kept(rows)
        if loss.is_likelihood:
            last, given_rows = self._on_all(front, snaps, free, given_rows, Weights(table.as_given, reweighting.loss))
        remarks = _Remarks(evidence, structure, last)
        history = with_totals(histories[-1], histories)
        front = self._with_digits(last.front, reweighting.rows, reweighting.loss)
        kept = self._together(members, views, front)
        return self._recorded(front, remarks, kept, given_rows, history, settings.selection, loss.logistic)

    def _without_outliers(self, loss: Loss, target: Array, f: Array) -> tuple[Loss, Data, Array]:
        """Return the loss, the data and the predictions (N,) from a law that outliers do not move.

        Without it the outliers would lead the first search, and its law the second one.
        """
        table, settings = self.table, self.settings
        data = prepare(table.X, target, table.weight, settings.validation_fraction, self.rng)
        if loss.of_logs:
            model = self.guard.stage(
                "scatter before the search", partial(relative_model, table.X, table.y, False), lambda: None
            )
            f = table.y if model is None else model
            return loss, working_data(loss, data, table, f), f
        if loss.is_likelihood:
            return loss, data, f
        first = partial(robust_polynomial, table.X, table.y, table.weight, self.rng)
        f = self.guard.stage("first law without outliers", first, lambda: f)
        loss = checked_loss(settings.loss, settings.selection, table.y, f)
        return loss, working_data(loss, data, table, f), f

    def _relative(self, front: Front, rows: FitRows) -> tuple[Loss, Noise] | None:
        """Return the loss of relative errors if a robust fit shows these, and the noise to tell."""
        told = partial(relative_loss, self.loss, self.settings.noise, front, self.table, rows)
        return self.guard.stage("kind of scatter", told, lambda: None)

    def _chosen_by_loss(
        self, members: list[tuple[FittedGraph, ...]], views: list[View], rows: FitRows, f: Array, until: float
    ) -> tuple[Front, Reweighting, Array]:
        """Return the front, what fits it, and predictions (N,) for the next weights; after `until` few are written."""
        table, settings = self.table, self.settings
        has_scale = loss_of(self.loss).has_scale
        # A loss with a scale takes that scale from the first choice, and chooses again.
        for _ in range(2 if has_scale else 1):
            reweighting = Reweighting(resolve_loss(self.loss, table.y, table.y - f), table, rows, self.settled)
            entries = self._priced(members, views, until, reweighting)
            front = select_front(entries, views[-1].data, table, settings.selection)
            self.chosen.add(front.best.member.graph.key)
            f = reweighting.closest(front, self.loss) if has_scale else table.predicted(front.best.equation)
        return front, reweighting, f

    # --- the parts of both ---

    def _refitted(
        self, members: tuple[FittedGraph, ...], view: View, rows: NDArray[np.intp]
    ) -> tuple[FittedGraph, ...]:
        """Return the best of the members with coefficients from all rows."""
        data = view.data
        # From here on a kill loses none of the graphs that the search has found.
        if self.watch.checkpoint is not None and view.is_kept:
            self.watch.checkpoint.keep(members)
        front = front_of(members)
        told = always_told([with_factor(m) for m in members], self.table.n_rows, (*self.searches.guesses, *self.chosen))
        always = [member for member in members if with_factor(member).graph.key in told]

        def refitted() -> tuple[FittedGraph, ...]:
            # The first half of the time that is left goes to finding the best, the second to their coefficients.
            until = self._until("refits")
            half = (spent(self.began, self.settings.time_limit) + until) / 2
            obeying, others = parted(members, view, self.table, loss_of(self.settings.loss).logistic)
            in_half, in_groups = partial(self._has_time, half), self.searches.in_groups
            best = screened(obeying, data, rows, self.settings.primitives, in_half, in_groups)
            best = (*best, *best_of(others))
            in_time = partial(self._has_time, until)
            return refit_front(tuple(dict.fromkeys((*best, *always))), data, rows, self.rng, in_time)

        return self.guard.stage("refit to all rows", refitted, lambda: measured(front, data, rows))

    def _priced(
        self,
        members: list[tuple[FittedGraph, ...]],
        views: list[View],
        until: float | None = None,
        by: Reweighting | ByKind | None = None,
    ) -> list[Entry]:
        """Return the members of all views as priced equations; when the share `until` of the time is spent only some.

        `by` fits and prices them by another loss than squares, or by a kind of scatter.
        """
        table, settings = self.table, self.settings
        entries: list[Entry] = []
        self.unwritten = 0

        def back(view: View) -> Callable[[Equation], Equation]:
            """Return what fits an equation of the columns that the view sees by the loss, as one of the table's."""
            lens, settle = view.lens, (lambda equation: equation) if by is None else by.settle
            return settle if lens is None else lambda equation: settle(lens.given_back(equation, table))

        price = None if by is None else by.candidate
        for graphs, view in zip(members, views, strict=False):
            always = always_told(graphs, table.n_rows, (*self.searches.guesses, *self.chosen))
            may_write = partial(self._may_write, until=self._until("writing") if until is None else until)
            seen = table if view.lens is None else view.lens.seen(table)
            known = self.failures, self.searches.in_groups
            written = write_all(graphs, view.data, seen, always, may_write, back(view), *known)
            self.unwritten += 0 if may_write(len(written)) else len(graphs) - len(written)
            entries += price_all(written, view.data, table, settings.primitives, price, always, self.failures)
        entries = with_exponents(without_cancelling(entries, table), settings.exponents)
        return no_longer_than(entries, settings.max_complexity)

    def _together(
        self, members: list[tuple[FittedGraph, ...]], views: list[View], front: Front
    ) -> tuple[FittedGraph, ...]:
        """Return the members of all views in the units of the chosen one, and keep those of the first in a file."""
        # Graphs of other columns than those of the table are no starts of another fit.
        plain = [entry for entry in front.entries if entry.data.seen_as is None]
        if self.watch.checkpoint is not None:
            own = [e.member for e in plain if e.data.scales.same_origin(views[0].data.scales)]
            self.watch.checkpoint.finish(members[0], own)
        units = self._units(front)
        pairs = ((ms, v) for ms, v in zip(members, views, strict=False) if v.lens is None)
        moved = [in_units(m, v.data.scales, units) for ms, v in pairs for m in ms] if plain else []
        return (*moved, *(in_units(entry.member, entry.data.scales, units) for entry in plain))

    def _with_digits(self, front: Front, rows: FitRows, loss: Loss) -> Front:
        """Return the front without rivals that break what is known, printed with as many digits as the rows need."""
        box, front = self.table.box, without_broken(front, self.table)
        return self.failures.attempt("digits of the numbers", lambda: front.with_digits(rows, loss, box), lambda: front)

    def _recorded(
        self,
        front: Front,
        remarks: _Remarks,
        members: tuple[FittedGraph, ...],
        rows: FitRows,
        history: SearchHistory,
        criterion: str,
        logistic: bool = False,
    ) -> Run:
        """Return the record of the fit; `members` are those that the next fit may start from."""
        table, settings = self.table, self.settings
        units, plain = self._units(front), all(entry.data.seen_as is None for entry in front.entries)
        front = in_given_unit(front.with_exact(remarks.last.snaps), table, loss_of(self.loss).power_of_unit)
        return Run(
            equations=tuple(table.told(entry.equation) for entry in front.entries),
            table=front.as_table(),
            chosen=front.chosen,
            selection=self._in_words(front, criterion, history.n_refits, remarks.last.noise),
            knowledge=knowledge_of(front, table),
            snaps=remarks.last.snaps,
            noise=remarks.last.noise,
            all_rows=remarks.last.all_rows,
            structure=remarks.structure,
            rows=rows,
            names=table.names,
            named=table.named,
            loss=settings.loss if isinstance(settings.loss, str) else repr(settings.loss),
            x_scale=units.x,
            y_scale=units.y * table.y_unit,
            x_origin=units.origin,
            logistic=logistic,
            graph=None if front.best.data.seen_as else front.best.member,
            members=tuple(in_units(e.member, e.data.scales, units) for e in front.entries) if plain else (),
            kept=best_of(members),
            alpha=remarks.evidence.as_table(),
            history=self.ended(history),
            params=settings.given,
            settings=settings.written(),
            changed=settings.changed,
        )

    def _units(self, front: Front) -> Scales:
        """Return the units of the graphs that are kept: those of the chosen one, unless it has other columns."""
        plain = [entry.data for entry in (front.best, *front.entries) if entry.data.seen_as is None]
        n_inputs = len(self.table.names)
        return plain[0].scales if plain else Scales(np.ones(n_inputs), 1.0, np.zeros(n_inputs))

    def ended(self, history: SearchHistory) -> SearchHistory:
        """Return the course of the search with what ended the fit and what was left out."""
        reason = "interrupt" if self.interrupts.seen else history.stop_reason
        return replace(history, stop_reason=reason, left_out={**history.left_out, **self.failures.left_out})

    def _in_words(self, front: Front, criterion: str, n_refits: int, noise: Noise) -> str:
        """Say why the law was chosen, what became of the guesses, and with which scatter if it is not the same."""
        words = [front.in_words(criterion, n_refits, self.table.n_rows)]
        words += [f"{noise}."] if noise.kind != "constant" else []
        words += about_guesses(front, self.settings.guesses, self.searches.guesses)
        words += [] if self.table.units is None else self.table.units.in_words(front.best.equation)
        if self.unwritten:
            words.append(f"The time was up before {self.unwritten} of the refitted graphs were written as equations.")
        return " ".join([*words, *known_in_words(front, self.table)])

    def _may_write(self, n_written: int, until: float = 1.0) -> bool:
        """Whether another equation is written: one always is, and `LEAST_WRITTEN` are unless there was an interrupt."""
        if n_written == 0:
            return True
        return self.interrupts.has_time() and (n_written < LEAST_WRITTEN or self._has_time(until))

    def _until(self, step: str) -> float:
        return share_until(step, self.settings.time_limit, len(self.table.y))

    def _has_time(self, until: float = 1.0) -> bool:
        """Whether less than the share `until` of the time limit is spent."""
        return spent(self.began, self.settings.time_limit) < until
