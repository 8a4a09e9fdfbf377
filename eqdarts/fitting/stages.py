"""The stages of a fit: prepare -> search -> refit the front -> choose -> weigh -> make constants exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.data import Data, FitRows, prepare
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.evidence.edges import Evidence
from eqdarts.evidence.structure import Finding
from eqdarts.expression.build import composed
from eqdarts.fitting.alpha import Alpha, structure_of
from eqdarts.fitting.by_loss import ROUNDS, Reweighting, snap_reweighted, working_data, working_target
from eqdarts.fitting.checks import checked_held_out, checked_loss
from eqdarts.fitting.choice import Front, choose, snap_chosen
from eqdarts.fitting.front import best_of, fitted_rows, front_of, held_out_losses, measured, refit_front, screened
from eqdarts.fitting.interrupts import Interrupts
from eqdarts.fitting.progress import Watch
from eqdarts.fitting.starts import Kept, starts_of_guesses
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.history import SearchHistory, with_totals
from eqdarts.inference.constants import Snap
from eqdarts.losses import loss_of, resolve_loss
from eqdarts.primitives.table import Primitive
from eqdarts.search.parallel import search_many
from eqdarts.search.result import Config
from eqdarts.search.search import search
from eqdarts.selection import CRITERIA

__all__ = ["Outcome", "Stages", "time_for_search"]

T = TypeVar("T")


# What of a time limit is left for what follows the search: seconds, a share, and the largest share.
FOR_THE_REST, SHARE_FOR_THE_REST, LARGEST_REST = 2.5, 0.03, 0.25
LEAST_SEARCH = 0.5  # share of its time that a search gets, however long it took to prepare the table
QUICK_ROWS = 200  # rows on which an equation that is shown during the search must be what its graph is
NO_EVIDENCE = Evidence((), (), np.zeros((0, 0)), (), None)


def time_for_search(limit: float) -> float:
    """Return the seconds of a time limit after which the search ends."""
    return limit - min(FOR_THE_REST + SHARE_FOR_THE_REST * limit, LARGEST_REST * limit)


def _closest(front: Front, table: Table) -> Array:
    """Return the predictions (N,) of the member with the least median absolute residual for its coefficients.

    How large a residual must be to be an outlier's is better read off the best fit than off the shortest description,
    for which a wrong scale makes the outliers of a simple law rows like others.
    """
    n = len(table.y)
    predictions = [table.predicted(equation) for equation in front.equations]
    spare = [max(n - len(equation.coefficients), 1) for equation in front.equations]
    medians = [np.median(np.abs(table.y - f)) * (n / k) ** 0.5 for f, k in zip(predictions, spare, strict=True)]
    return predictions[int(np.nanargmin(medians))]


class Outcome(NamedTuple):
    """What one fit has found."""

    front: Front
    snaps: tuple[Snap, ...]
    data: Data
    rows: FitRows
    history: SearchHistory
    evidence: Evidence
    structure: tuple[Finding, ...]
    kept: Kept


@dataclass
class Stages:
    """One fit.

    Parameters
    ----------
    model : DARTSRegressor
        For its parameters, which have been checked.
    table : Table
    sigma : ndarray of shape (n,), optional
        Known errors of the rows.
    primitives : tuple of Primitive
    constants : dict of str to float
    rng : numpy.random.Generator
    began : float
        By `eqdarts.clock.now`.
    watch : Watch
    interrupts : Interrupts
    before : Kept, optional
        What a fit before has left, to start from.
    """

    model: Any
    table: Table
    sigma: Array | None
    primitives: tuple[Primitive, ...]
    constants: dict[str, float]
    rng: np.random.Generator
    began: float
    watch: Watch
    interrupts: Interrupts
    before: Kept | None = None

    def run(self) -> Outcome:
        """Fit by the loss of the model."""
        import sympy  # noqa: F401  (here, so that an interrupt need not wait for it)

        return self._by_squares() if loss_of(self.model.loss).is_least_squares else self._by_loss()

    def _by_squares(self) -> Outcome:
        table, rng, model = self.table, self.rng, self.model
        data = prepare(table.X, table.y, table.weight, model.validation_fraction, rng)
        checked_held_out(data, model.selection)
        starts = self._starts(data)
        found, history = self._search(data, starts)
        rows = fitted_rows(data, rng)
        members = self._joined(found, starts)
        members = self._refitted(members, data, rows)
        held_out = held_out_losses(members, data, rng) if CRITERIA[model.selection].needs_held_out else None
        kept_rows = table.kept(rows, self.sigma)
        limits = self.interrupts.has_time, self._has_time
        front = choose(members, data, table, self.primitives, model.selection, held_out, None, *limits)
        alpha = Alpha(data, rows, table, self.primitives, model.selection, rng)
        stage, chosen = self._stage, front
        front, evidence = stage(lambda: alpha.settled(chosen, self._has_time), lambda: (chosen, NO_EVIDENCE))
        settled = front
        structure = stage(lambda: structure_of(settled, data, table, rng), tuple[Finding, ...])
        snapped = stage(
            lambda: snap_chosen(settled, table, kept_rows, self.constants, self.primitives, self._has_time),
            lambda: (settled, ()),
        )
        kept = self._kept((*members, *front.members), data)
        return Outcome(*snapped, data, kept_rows, self._told(history), evidence, structure, kept)

    def _by_loss(self) -> Outcome:
        table, rng, model = self.table, self.rng, self.model
        f = np.full(len(table.y), np.average(table.y, weights=table.weight))
        loss = checked_loss(model.loss, model.selection, table.y, f)
        first = data = prepare(table.X, working_target(loss, table.y, f), table.weight, model.validation_fraction, rng)
        starts = self._starts(data, loss.logistic)
        rows = fitted_rows(data, rng)
        kept_rows = table.kept(rows, None)
        members: tuple[FittedGraph, ...] = ()
        histories: list[SearchHistory] = []
        for k in range(ROUNDS):
            found, history = self._search(data, starts, k / ROUNDS, 1 / ROUNDS, loss.logistic)
            histories.append(history)
            members += self._refitted(self._joined(found, starts if k == 0 else []), data, rows)
            for _ in range(2 if loss.has_scale else 1):  # what is large is known after the first choice
                reweighting = Reweighting(resolve_loss(model.loss, table.y, table.y - f), table, kept_rows)
                by_loss = None, reweighting, self.interrupts.has_time
                front = choose(members, data, table, self.primitives, model.selection, *by_loss)
                f = _closest(front, table) if loss.has_scale else table.predicted(front.equations[front.chosen])
            data = working_data(reweighting.loss, data, table, f)
            if history.stop_reason in ("interrupt", "callback") or self.interrupts.seen:
                break
        stage, chosen = self._stage, front
        front = settled = stage(lambda: reweighting.finish(chosen), lambda: chosen)
        alpha = Alpha(data, rows, table, self.primitives, "bic", rng)
        evidence = stage(lambda: alpha.of(settled), lambda: NO_EVIDENCE)
        structure = stage(lambda: structure_of(settled, data, table, rng, loss.logistic), tuple[Finding, ...])
        snapped = stage(
            lambda: snap_reweighted(settled, reweighting, self.constants, self._has_time), lambda: (settled, ())
        )
        history = self._told(with_totals(histories[-1], histories))
        kept = self._kept((*members, *front.members), first, loss.logistic)
        return Outcome(*snapped, data, kept_rows, history, evidence, structure, kept)

    # --- the parts of both ---

    def _starts(self, data: Data, logistic: bool = False) -> list[Start]:
        """Return what the search starts from: guesses, the fit before, and what a checkpoint has."""
        self.interrupts.open = False  # from here on there will be at least a constant, which the search adds first
        model, checkpoint = self.model, self.watch.checkpoint
        given = (data, self.table, self.constants, logistic, model.max_complexity)
        starts = starts_of_guesses(model.guesses, *given)
        if self.before is not None:
            starts += self.before.starts(data, self.table.names, logistic)
        if checkpoint is not None:
            starts += [(m.graph, m.coefficients) for m in checkpoint.read(data, self.primitives)]
        return [start for start in starts if start[0].complexity <= model.max_complexity]

    def _search(
        self, data: Data, starts: list[Start], first: float = 0.0, share: float = 1.0, logistic: bool = False
    ) -> tuple[tuple[FittedGraph, ...], SearchHistory]:
        """Search within a `share` of the budget, the part of which before the share `first` was another search's."""
        model, limit = self.model, None
        if model.time_limit is not None:
            whole = time_for_search(model.time_limit)
            limit = max((first + share) * whole - (now() - self.began), LEAST_SEARCH * share * whole)
        most = max(round(share * model.max_refits), 1)
        config = Config(
            self.primitives, model.search, model.max_complexity, limit, most, model.n_restarts, self.table.names
        )
        watch = self.watch
        watch.first, watch.share = first, share
        watch.unit, watch.write = data.variance * data.y_scale**2, self._writer(data, logistic)
        if model.n_jobs is None:  # `watch` opens it
            result = search(data, config, self.rng, watch, starts)
        else:
            self.interrupts.open = True
            parts = None if watch.checkpoint is None else watch.checkpoint.parts
            result = search_many(data, config, self.rng, model.n_searches, model.n_jobs, watch, starts, parts)
        self.interrupts.open = False
        if result.history.stop_reason == "interrupt" and not self.interrupts.seen:
            self.interrupts.note()
        return (*result.front, *result.close), result.history

    def _writer(self, data: Data, logistic: bool) -> Callable[[FittedGraph], Equation | None]:
        """Return what writes a graph as an equation, remembering those that it has written."""
        written: dict[FittedGraph, Equation | None] = {}
        table, scales = self.table, (data.x_scale, data.y_scale)

        def write(member: FittedGraph) -> Equation | None:
            if member not in written:
                try:
                    rows = table.telling[:QUICK_ROWS]
                    found = Equation.from_graph(
                        member.graph, member.coefficients, scales, table.names, table.target, rows=rows
                    )
                    written[member] = replace(found, expr=composed("logistic", found.expr)) if logistic else found
                except FormulaError:
                    written[member] = None
            return written[member]

        return write

    def _joined(self, found: tuple[FittedGraph, ...], starts: list[Start]) -> tuple[FittedGraph, ...]:
        """Return what was found and what the search started from: no sample of rows can make the fit lose that."""
        known = {member.graph.key for member in found}
        return (*found, *(FittedGraph(g, theta, np.inf) for g, theta in starts if g.key not in known))

    def _refitted(
        self, members: tuple[FittedGraph, ...], data: Data, rows: NDArray[np.intp]
    ) -> tuple[FittedGraph, ...]:
        if self.watch.checkpoint is not None:
            self.watch.checkpoint.keep(members)
        front = front_of(members)
        return self.interrupts.stage(
            lambda: refit_front(screened(members, data, rows, self.primitives), data, rows, self.rng),
            lambda: measured(front, data, rows),
        )

    def _stage(self, compute: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return ``compute()``; ``otherwise()`` after an interrupt, or if what it writes leaves the real line."""

        def attempt() -> T:
            try:
                return compute()
            except FormulaError:
                return otherwise()

        return self.interrupts.stage(attempt, otherwise)

    def _kept(self, members: tuple[FittedGraph, ...], data: Data, logistic: bool = False) -> Kept:
        """Return what the next fit may start from, and leave it in the checkpoint."""
        if self.watch.checkpoint is not None:
            self.watch.checkpoint.finish(members)
        return Kept(best_of(members), self.table.names, data.x_scale, data.y_scale, logistic)

    def _told(self, history: SearchHistory) -> SearchHistory:
        return replace(history, stop_reason="interrupt") if self.interrupts.seen else history

    def _has_time(self) -> bool:
        limit = self.model.time_limit
        return limit is None or now() - self.began < limit
