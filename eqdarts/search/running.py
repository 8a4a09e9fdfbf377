"""A running search: the rows, the budget and the archive that every strategy uses."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts.data import Data
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph, Node
from eqdarts.history import AlphaHistory
from eqdarts.search.budget import Budget
from eqdarts.search.evaluator import EXACT, THOROUGH, Trials
from eqdarts.search.problem import training_problem
from eqdarts.search.result import Config, Moment, OnProgress, SearchResult

__all__ = ["MOST_ROWS", "Running"]

BATCH = 256
MOST_CLOSE = 300  # number of fits besides the front that are compared on all rows
MOST_ROWS = 150  # training rows for the refits of the search; the front is refitted on all rows afterwards


@dataclass
class Running:
    """A running search.

    Parameters
    ----------
    data : Data
    config : Config
    rng : numpy.random.Generator
    on_progress : callable, optional
        Called with each `Moment`.
    starts : sequence of (Graph, coefficients)
        Graphs to start from.
    alpha : AlphaHistory or None
        The trajectories left by a strategy with architecture weights.
    settled : bool
        Whether the strategy has ended because more search would hardly pay.
    """

    data: Data
    config: Config
    rng: np.random.Generator
    on_progress: OnProgress | None = None
    starts: Sequence[Start] = ()
    alpha: AlphaHistory | None = None
    settled: bool = False

    def __post_init__(self) -> None:
        self.budget = Budget(self.config.time_limit, self.config.max_refits)
        problem = training_problem(self.data, MOST_ROWS, self.rng)
        self.trials = Trials(problem, self.budget, self.config.max_complexity, self._on_best, screen=self.config.screen)

    def _on_best(self, member: FittedGraph) -> None:
        self.budget.note(member.loss)
        self.report(member)

    def report(self, member: FittedGraph | None = None) -> None:
        """Report progress with `member` as the best."""
        best = member or self.trials.obeying.best_member
        tell = self.on_progress
        if tell is None or best is None:
            return
        moment = Moment(self.budget.spent(), self.budget.n_refits, best, self.trials.obeying.front)
        self.budget.failures.call(lambda: tell(moment))

    def begin(self) -> None:
        """Fit the constant, which is always a member, and the starts of the search."""
        graph = Graph(self.data.n_inputs, (Node("sum", (), constant=True),))
        self.trials.archive.is_new(graph)
        self.trials.add([(graph, (float(np.average(self.data.y, weights=self.data.weight)),))])
        new = [start for start in self.starts if self.trials.is_admissible(start[0])]
        self.trials.refine(self.trials.add(new, THOROUGH))

    def refit(self, stage: str, starts: Iterator[Start], until: float = 1.0) -> None:
        """Refit the items of `starts` in batches, until the share `until` of the budget is spent."""
        self.budget.stage = stage
        began = time.process_time()
        stream = self.trials.admissible(starts)
        while self.trials.stop_reason() is None and self.budget.spent() < until:
            chunk = self.budget.failures.attempt(f"{stage} graphs", lambda: self._chunk(stream), list[Start])
            if not chunk:
                break
            self.trials.refine(self.trials.add(chunk))
            self.report()
        self.budget.book(stage, began)

    def _chunk(self, stream: Iterator[Start]) -> list[Start]:
        """Return the next starts, limited by the size of a batch and by the budget."""
        left = max(self.config.max_refits - self.budget.n_refits, 1)
        return list(itertools.islice(stream, min(BATCH, left)))

    def result(self, stop_reason: str) -> SearchResult:
        """Return the result."""
        archive = self.trials.obeying
        close = self.trials.close(MOST_CLOSE) if archive.best_loss > EXACT else []
        # What contradicts the user's knowledge is kept to say what that costs.
        free = [] if self.config.screen is None else self.trials.archive.front()
        history = self.budget.history(stop_reason, self.alpha)
        return SearchResult(tuple(archive.front()), history, tuple(dict.fromkeys((*close, *free))))
