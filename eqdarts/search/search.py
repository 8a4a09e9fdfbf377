"""One entry: ``search(data, config)`` runs the stages within the budget and returns what they found.

Every stage proposes graphs; all proposals are refitted in batches by the same solver and end in the same archive.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from eqdarts.data import Data, draw_rows
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph, Node
from eqdarts.graph.random_graphs import random_graph
from eqdarts.graph.small_graphs import small_graphs
from eqdarts.history import AlphaHistory, SearchHistory
from eqdarts.primitives.table import Primitive
from eqdarts.search.evaluator import EXACT, THOROUGH, Budget, Trials
from eqdarts.search.implicit.implicit import implicit_search
from eqdarts.search.problem import training_problem
from eqdarts.search.relaxed.relaxed import RelaxedResult, relaxed_search

__all__ = ["Config", "Moment", "OnProgress", "SearchResult", "StopSearch", "search"]

BATCH = 256
MOST_CLOSE = 300  # fits besides the front that all rows are asked about
MOST_ROWS = 150  # training rows that the refits of the search see; the front is refitted on all rows afterwards
HIDDEN_NODES = 1, 2, 3  # of the supernets that the relaxed search trains in turn
TRAINING = 0.6  # share of what is left of the budget that one of them may take


class StopSearch(Exception):  # noqa: N818  (not an error)
    """Raised by `on_progress` to end the search and keep what was found."""


@dataclass(frozen=True)
class Moment:
    """How far a search is: the spent share of the budget, refits, the best member, and what gives the front."""

    share: float
    n_refits: int
    best: FittedGraph
    front: Callable[[], Sequence[FittedGraph]]


OnProgress = Callable[[Moment], None]


@dataclass(frozen=True)
class Config:
    """What a search may use.

    Parameters
    ----------
    primitives : tuple of Primitive
    kind : {"auto", "implicit", "relaxed", "random"}
    max_complexity : int
    time_limit : float or None
        Seconds of wall time; None for no limit.
    max_refits : int
        Graphs refitted at most.
    n_restarts : int
        Restarts of the relaxed stage.
    names : tuple of str
        Names of the inputs, for the labels of alpha.
    """

    primitives: tuple[Primitive, ...]
    kind: str
    max_complexity: int
    time_limit: float | None
    max_refits: int
    n_restarts: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class SearchResult:
    """The archive's front, simplest first, how the search went, and what all rows might prefer to the front."""

    front: tuple[FittedGraph, ...]
    history: SearchHistory
    close: tuple[FittedGraph, ...] = ()


@dataclass
class _Search:
    """State of a running search."""

    data: Data
    config: Config
    rng: np.random.Generator
    on_progress: OnProgress | None
    starts: Sequence[Start] = ()
    alpha: AlphaHistory | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.config.time_limit, self.config.max_refits)
        problem = training_problem(self.data, MOST_ROWS, self.rng)
        self.trials = Trials(problem, self.budget, self.config.max_complexity, self._on_best)

    def _on_best(self, member: FittedGraph) -> None:
        self.budget.note(member.loss)
        self.report(member)

    def report(self, member: FittedGraph | None = None) -> None:
        """Report progress with `member` as the best."""
        member = member or self.trials.archive.best_member
        if self.on_progress is not None and member is not None:
            self.on_progress(Moment(self.budget.spent(), self.budget.n_refits, member, self.trials.archive.front))

    def run(self, stage: str, starts: Iterator[Start], until: float = 1.0) -> None:
        """Refit what `starts` yields, in batches, until the share `until` of the budget is spent."""
        self.budget.stage, began = stage, time.process_time()
        stream = self.trials.admissible(starts)
        while self.trials.stop_reason() is None and self.budget.spent() < until:
            left = max(self.config.max_refits - self.budget.n_refits, 1)
            chunk = list(itertools.islice(stream, min(BATCH, left)))
            if not chunk:
                break
            self.trials.refine(self.trials.add(chunk))
            self.report()
        self.budget.book(stage, began)

    def constant(self) -> None:
        """Fit the constant, the member that is always there."""
        graph = Graph(self.data.n_inputs, (Node("sum", (), constant=True),))
        self.trials.archive.is_new(graph)
        self.trials.add([(graph, (float(np.average(self.data.y, weights=self.data.weight)),))])

    def begin(self) -> None:
        """Fit the constant, and what the search is to start from."""
        self.constant()
        new = [start for start in self.starts if self.trials.is_admissible(start[0])]
        self.trials.refine(self.trials.add(new, THOROUGH))

    def random(self) -> None:
        """Spend what is left on random graphs."""
        config = self.config

        def starts() -> Iterator[Start]:
            while True:
                yield random_graph(self.rng, self.data.n_inputs, config.primitives, config.max_complexity)

        self.run("random", starts())

    def implicit(self) -> None:
        """Grow graphs by closed-form gains."""
        self.budget.stage, began = "implicit", time.process_time()
        implicit_search(self.trials, self.config.primitives, self.rng, self.report)
        self.budget.book("implicit", began)

    def relaxed(self) -> None:
        """Train supernets of one, two and three hidden nodes in turn, with new restarts, and refit what each proposes.

        The weights that are kept are those of the supernet that proposed the best member so far.
        """
        train, validation = (draw_rows(rows, MOST_ROWS, self.rng) for rows in (self.data.train, self.data.validation))
        data = replace(self.data, train=train, validation=validation)
        idle = 0  # supernets in a row that proposed nothing new
        for n_hidden in itertools.cycle(HIDDEN_NODES):
            if self.trials.stop_reason() is not None or self.trials.is_stale() or idle == len(HIDDEN_NODES):
                return
            best, n_refits = self.trials.archive.best_loss, self.budget.n_refits
            result = self._trained(data, n_hidden)
            self.run("relaxed", iter(result.proposals))
            if self.alpha is None or self.trials.archive.best_loss < best:
                self.alpha = result.alpha
            idle = idle + 1 if self.budget.n_refits == n_refits else 0

    def _trained(self, data: Data, n_hidden: int) -> RelaxedResult:
        """Train one supernet, with part of what is left of the budget, so that there is time for the refits."""
        self.budget.stage, began = "relaxed", time.process_time()
        until = self.budget.spent() + TRAINING * (1 - self.budget.spent())
        result = relaxed_search(
            data,
            self.config.primitives,
            n_hidden=n_hidden,
            n_restarts=self.config.n_restarts,
            n_steps=100,
            rng=self.rng,
            should_stop=lambda: self.budget.spent() >= until,
            on_progress=lambda _: self.report(),
            names=self.config.names,
        )
        self.budget.book("relaxed", began)
        return result


def search(
    data: Data,
    config: Config,
    rng: np.random.Generator,
    on_progress: OnProgress | None = None,
    starts: Sequence[Start] = (),
) -> SearchResult:
    """Search for graphs that fit `data`, within the budget of `config`.

    "random" enumerates the smallest graphs, then draws random ones; "relaxed" refits what supernets propose;
    "implicit" grows graphs by closed-form gains, and "auto" is the same. A KeyboardInterrupt ends the search and keeps
    what was found.

    Parameters
    ----------
    data : Data
    config : Config
    rng : numpy.random.Generator
    on_progress : callable, optional
        Called with the `Moment`; `StopSearch` raised by it ends the search.
    starts : sequence of (Graph, coefficients)
        Graphs to start from, with coefficients on the scaled rows of `data`. Those that are small enough are refitted
        first; the archive begins with them.
    """
    with _one_thread():
        return _search(_Search(data, config, rng, on_progress, starts))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let numpy and torch use one thread: the arrays are small, and threads that wait for each other only burn time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)


def _search(state: _Search) -> SearchResult:
    data, config = state.data, state.config
    reason: str | None = None
    try:
        state.begin()
        if config.kind == "random":
            state.run("small", small_graphs(data.n_inputs, config.primitives), until=0.35)
            state.random()
        elif config.kind == "relaxed":
            state.relaxed()
        else:
            state.implicit()
    except KeyboardInterrupt:
        reason = "interrupt"
    except StopSearch:
        reason = "callback"
    budget = state.budget
    reason = reason or state.trials.stop_reason() or "finished"
    history = SearchHistory(
        tuple(budget.best), budget.n_refits, time.process_time() - budget.cpu_began, reason, state.alpha,
        budget.stage_seconds,
    )  # fmt: skip
    close = state.trials.close(MOST_CLOSE) if state.trials.archive.best_loss > EXACT else []
    return SearchResult(tuple(state.trials.archive.front()), history, tuple(close))
