"""Trials: refits of graphs on one problem, and the archive that collects them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import torch

from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph
from eqdarts.graph.two_valued import is_straight_in
from eqdarts.search.archive import Archive
from eqdarts.search.budget import Budget
from eqdarts.search.growth.moves import simple_exponents
from eqdarts.search.problem import Problem
from eqdarts.search.screen import GraphScreen
from eqdarts.solver.compiled import predict_all
from eqdarts.solver.refit import refit

__all__ = ["EXACT", "QUICK", "SCREEN", "THOROUGH", "Trials"]

EXACT = 1e-24  # loss, as a share of the variance, below which a law is exact: rounding level, beyond lookalikes
PATIENCE, LEAST_REFITS = 3, 12_000  # a search is stale at this many times the refits of its last progress, and more
NATS_PER_SYMBOL = 2.0
SYMBOLS_OF_A_SCALE = 2  # a number and the sign of a product
MOST_MISSES = 3000  # number of consecutive proposals that were tried before or are too large, after which a stage ends

# iterations and tolerance of a refit
SCREEN = 15, 1e-2
QUICK = 30, 1e-3
THOROUGH = 200, 1e-12


@dataclass
class Trials:
    """Refits on one problem, and the archive that collects them.

    Parameters
    ----------
    problem : Problem
    budget : Budget
    max_complexity : int
        Largest number of symbols of a graph.
    on_best : callable, optional
        Called with each member that is better than all previous ones.
    shortest, shortest_at : float, int
        The shortest rough description so far, and the number of refits at which it was found: the last progress, by
        which `is_stale` judges.
    archive : Archive
    screen : GraphScreen, optional
        What is known of the law. Graphs that contradict it stay in the archive, and others grow from them.
    obeying : Archive
        The graphs that contradict nothing that is known: those that may be chosen.
    """

    problem: Problem
    budget: Budget
    max_complexity: int
    on_best: Callable[[FittedGraph], None] | None = None
    shortest: float = math.inf
    shortest_at: int = 0
    archive: Archive = field(default_factory=Archive)
    screen: GraphScreen | None = None
    obeying: Archive = field(init=False)

    def __post_init__(self) -> None:
        self.obeying = self.archive if self.screen is None else Archive()

    def stop_reason(self) -> str | None:
        """Return why to stop: an exact law, or a limit of the budget; None to continue."""
        return "exact" if self.obeying.best_loss <= EXACT else self.budget.stop_reason()

    def is_small(self, graph: Graph) -> bool:
        """Return whether `graph` has no more symbols and coefficients than are allowed."""
        return graph.complexity <= self.max_complexity and graph.n_coefficients <= self.problem.most_coefficients

    def is_sensible(self, graph: Graph) -> bool:
        """Return whether `graph` is small enough, and bends nothing that the rows show at two values only."""
        fine = self.screen is None or self.screen.admits(graph)
        return fine and self.is_small(graph) and is_straight_in(graph, self.problem.two_valued)

    def length(self, member: FittedGraph) -> float:
        """Return a rough description length in nats, to tell progress from overfitting.

        It is that of the held-back rows, or of all rows if the noise was taken away from the target.
        """
        n = len(self.problem.held.y) + (len(self.problem.wide.y) if self.problem.noise else 0)
        symbols = member.graph.complexity - SYMBOLS_OF_A_SCALE * member.graph.n_redundant
        return 0.5 * n * math.log(max(member.loss, EXACT)) + symbols * NATS_PER_SYMBOL

    def close(self, most: int) -> list[FittedGraph]:
        """Return at most `most` fits that may beat the front on other rows: those with the shortest description.

        Fits of equal loss are one law in different forms; only the simplest is returned.
        """
        fits = sorted(self.obeying.recent.values(), key=lambda m: (m.graph.complexity, m.graph.n_coefficients))
        different: dict[str, FittedGraph] = {}
        for member in fits:
            if math.isfinite(member.loss) and self.is_small(member.graph):
                different.setdefault(f"{member.loss:.6e}", member)
        return sorted(different.values(), key=self.length)[:most]

    def is_stale(self) -> bool:
        """Return whether nothing better was found for a long time and noise explains this."""
        return self.budget.n_refits > PATIENCE * self.shortest_at + LEAST_REFITS

    def is_admissible(self, graph: Graph) -> bool:
        """Return whether `graph` is sensible and was not tried before, and remember it."""
        return self.is_sensible(graph) and self.archive.is_new(graph)

    def admissible(self, starts: Iterable[Start]) -> Iterator[Start]:
        """Yield the starts that are new and small enough; end when the source seems to have no more of them."""
        misses = 0
        for graph, start in starts:
            if self.is_admissible(graph):
                misses = 0
                yield graph, start
                continue
            misses += 1
            if misses >= MOST_MISSES or (misses % 50 == 0 and self.stop_reason() is not None):
                return

    def add(self, starts: list[Start], limits: tuple[int, float] = QUICK) -> list[FittedGraph]:
        """Refit `starts` in one batch and offer them to the archive; return those that it kept."""
        return [member for member, kept in self.fit(starts, limits) if kept]

    def fit(self, starts: list[Start], limits: tuple[int, float] = QUICK) -> list[tuple[FittedGraph, bool]]:
        """Refit `starts` in one batch and offer them to the archive; return all, and whether it kept them."""
        if not starts:
            return []
        members = self._refitted(starts, limits)
        self.budget.n_refits += len(members)
        offered = []
        best = self.obeying.best_loss
        for member, obeys in zip(members, self._obeyed(members), strict=True):
            offered.append((member, self._add(member, obeys)))
            if not obeys:
                continue
            if (length := self.length(member)) < self.shortest - 1:
                self.shortest, self.shortest_at = length, self.budget.n_refits
            if member.loss < best:
                best = member.loss
                if self.on_best is not None:
                    self.on_best(member)
        return offered

    def _obeyed(self, members: list[FittedGraph]) -> list[bool]:
        """Return whether each of the members contradicts nothing that is known."""
        if self.screen is None:
            return [True] * len(members)
        checked = partial(self.screen.obeyed, members)
        return list(self.budget.failures.attempt("check of what is known", checked, lambda: [False] * len(members)))

    def _add(self, member: FittedGraph, obeys: bool) -> bool:
        kept = self.archive.add(member)
        if obeys and self.obeying is not self.archive:
            kept |= self.obeying.add(member)
        return kept

    def _refitted(self, starts: list[Start], limits: tuple[int, float]) -> list[FittedGraph]:
        """Refit in one batch or, after a numerical error, in halves until the graph is found that causes it.

        That graph gets an infinite loss.
        """

        def in_halves() -> list[FittedGraph]:
            if len(starts) == 1:
                return [FittedGraph(*starts[0], math.inf)]
            half = len(starts) // 2
            return self._refitted(starts[:half], limits) + self._refitted(starts[half:], limits)

        return self.budget.failures.attempt("refit of a graph", lambda: self._in_batch(starts, limits), in_halves)

    def _in_batch(self, starts: list[Start], limits: tuple[int, float]) -> list[FittedGraph]:
        """Refit on the training rows; the loss is that of these or of the rows held back, whichever is larger."""
        graphs, coefficients = [graph for graph, _ in starts], [start for _, start in starts]
        iterations, tolerance = limits
        X, y, weight = self.problem.train.tensors
        fits = refit(graphs, coefficients, X, y, weight, max_iterations=iterations, tolerance=tolerance, patience=3)
        X, y, weight = self.problem.held.tensors
        residual = y - predict_all(graphs, [fit.coefficients for fit in fits], X)
        held = (residual.square() * weight).mean(1).nan_to_num(nan=torch.inf).tolist()
        return [
            FittedGraph(fit.graph, fit.coefficients, (max(fit.loss, loss) + self.problem.noise) / self.problem.variance)
            for fit, loss in zip(fits, held, strict=True)
        ]

    def refine(self, kept: list[FittedGraph]) -> None:
        """Refit new members of the front to convergence, and try simple exponents instead of learned ones."""
        self.budget.failures.attempt("refinement of the front", lambda: self._refine(kept), lambda: None)

    def _refine(self, kept: list[FittedGraph]) -> None:
        front = set(map(id, (*self.archive.front(), *(self.obeying.front() if self.screen else ()))))
        chosen = [member for member in kept if id(member) in front and math.isfinite(member.loss)]
        polished = self.add([(m.graph, m.coefficients) for m in chosen], THOROUGH)
        latest = {m.graph: m for m in [*chosen, *polished]}
        drafts = (Draft.from_graph(m.graph, m.coefficients) for m in latest.values())
        snapped = itertools.chain.from_iterable(map(simple_exponents, drafts))
        self.add(list(self.admissible(snapped)), THOROUGH)
