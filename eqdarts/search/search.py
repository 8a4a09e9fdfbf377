"""One entry: ``search(data, config)`` runs the stages within the budget and returns what they found.

Every stage proposes graphs; all proposals are refitted in batches by the same solver and end in the same archive.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import torch

from eqdarts.batch import Batch
from eqdarts.data import Data
from eqdarts.draft import Draft, DraftEdge
from eqdarts.graph import Graph, Node
from eqdarts.history import AlphaHistory, BestPoint, SearchHistory
from eqdarts.primitives import Primitive, fixed_power
from eqdarts.refit import refit
from eqdarts.search.archive import Archive, Member
from eqdarts.search.implicit import Grower, Walker, score, seeds
from eqdarts.search.moves import deletions, without_negligible
from eqdarts.search.moves import simple_exponents as moves_simple_exponents
from eqdarts.search.random_graphs import random_graph
from eqdarts.search.relaxed import relaxed_search
from eqdarts.search.sites import linearise
from eqdarts.search.small_graphs import small_graphs

__all__ = ["Config", "SearchResult", "search"]

Start = tuple[Graph, tuple[float, ...]]

EXACT = 1e-20  # loss, as a share of the variance, below which a law is exact: rounding level
BATCH = 256
MOST_MISSES = 3000  # proposals in a row that were tried before or are too large, after which a stage ends
MOST_ROWS = 150  # training rows that the refits of the search see; the front is refitted on all rows afterwards


@dataclass(frozen=True)
class Config:
    """What a search may use.

    Parameters
    ----------
    primitives : tuple of Primitive
    kind : {"auto", "relaxed", "random"}
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
    """The archive's front, simplest first, and how the search went."""

    front: tuple[Member, ...]
    history: SearchHistory


@dataclass
class _Search:
    """State of a running search."""

    data: Data
    config: Config
    rng: np.random.Generator
    on_progress: Callable[[float, int, Member], None] | None
    archive: Archive = field(default_factory=Archive)
    n_refits: int = 0
    best: list[BestPoint] = field(default_factory=list)
    stage: str = "small"
    stage_seconds: dict[str, float] = field(default_factory=dict)
    alpha: AlphaHistory | None = None

    def __post_init__(self) -> None:
        self.began, self.cpu_began = time.perf_counter(), time.process_time()
        train = self.data.train
        if len(train) > MOST_ROWS:
            train = np.sort(self.rng.choice(train, MOST_ROWS, replace=False))
        self.X = torch.from_numpy(self.data.X[train])
        self.y = torch.from_numpy(self.data.y[train])
        self.weight = torch.from_numpy(self.data.weight[train])
        held = self.data.validation[: 4 * MOST_ROWS]
        self.X_held, self.y_held = torch.from_numpy(self.data.X[held]), torch.from_numpy(self.data.y[held])
        self.weight_held = torch.from_numpy(self.data.weight[held])
        distinct = self.data.count_distinct(len(train))
        self.most_coefficients = max(min(max(distinct // 3, 3), distinct - 1), 1)  # tiny tables: one row to spare

    # --- the budget ---

    def stop_reason(self) -> str | None:
        if self.archive.best_loss <= EXACT:
            return "exact"
        limit = self.config.time_limit
        if limit is not None and time.perf_counter() - self.began >= limit:
            return "time"
        return "budget" if self.n_refits >= self.config.max_refits else None

    def share_spent(self) -> float:
        """Return the spent share of the budget, whichever of its two limits is nearer."""
        share = self.n_refits / self.config.max_refits
        if self.config.time_limit:
            share = max(share, (time.perf_counter() - self.began) / self.config.time_limit)
        return share

    # --- refits ---

    def admissible(self, starts: Iterable[Start]) -> Iterator[Start]:
        """Yield the starts that are new and small enough; end when the source seems to have no more of them."""
        misses = 0
        for graph, start in starts:
            fits = graph.complexity <= self.config.max_complexity and graph.n_coefficients <= self.most_coefficients
            if fits and self.archive.is_new(graph):
                misses = 0
                yield graph, start
                continue
            misses += 1
            if misses >= MOST_MISSES or (misses % 50 == 0 and self.stop_reason() is not None):
                return

    def add(self, starts: list[Start], *, thorough: bool = False) -> list[Member]:
        """Refit `starts` in one batch and offer them to the archive; return those that it kept."""
        return [member for member, kept in self.fit(starts, thorough=thorough) if kept]

    def fit(self, starts: list[Start], *, thorough: bool = False) -> list[tuple[Member, bool]]:
        """Refit `starts` in one batch and offer them to the archive; return all, and whether it kept them."""
        if not starts:
            return []
        graphs, coefficients = [graph for graph, _ in starts], [start for _, start in starts]
        iterations, tolerance = (200, 1e-12) if thorough else (30, 1e-3)
        fits = refit(
            graphs, coefficients, self.X, self.y, self.weight,
            max_iterations=iterations, tolerance=tolerance, patience=3,
        )  # fmt: skip
        self.n_refits += len(fits)
        held = self._held_back_loss(graphs, [fit.coefficients for fit in fits])
        variance = max(self.data.variance, 1e-300)
        offered = []
        best = self.archive.best_loss
        for fit, loss in zip(fits, held, strict=True):
            member = Member(fit.graph, fit.coefficients, max(fit.loss, loss) / variance)
            offered.append((member, self.archive.add(member)))
            if member.loss < best:
                best = member.loss
                self._note_best(member)
        return offered

    def _held_back_loss(self, graphs: list[Graph], coefficients: list[tuple[float, ...]]) -> list[float]:
        batch = Batch(graphs, self.X_held)
        residual = self.y_held - batch.predict(batch.pad(coefficients))
        loss = (residual.square() * self.weight_held).mean(1)
        return [float(value) for value in loss.nan_to_num(nan=torch.inf)]

    def _note_best(self, member: Member) -> None:
        seconds = time.process_time() - self.cpu_began
        self.best.append(BestPoint(seconds, self.n_refits, member.loss, self.stage))
        if self.on_progress is not None:
            self.on_progress(self.share_spent(), self.n_refits, member)

    def run(self, stage: str, starts: Iterator[Start], until: float = 1.0) -> None:
        """Refit what `starts` yields, in batches, until the share `until` of the budget is spent."""
        self.stage, began = stage, time.process_time()
        stream = self.admissible(starts)
        while self.stop_reason() is None and self.share_spent() < until:
            chunk = list(itertools.islice(stream, min(BATCH, max(self.config.max_refits - self.n_refits, 1))))
            if not chunk:
                break
            self.refine(self.add(chunk))
            if self.on_progress is not None and (best := self.archive.best_member) is not None:
                self.on_progress(self.share_spent(), self.n_refits, best)
        self.book(stage, began)

    def book(self, stage: str, began: float) -> None:
        """Add the CPU seconds since `began` to those of the stage."""
        self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + time.process_time() - began

    def refine(self, kept: list[Member]) -> None:
        """Refit new members of the front to convergence, and try simple exponents in place of learned ones."""
        front = set(map(id, self.archive.front()))
        chosen = [member for member in kept if id(member) in front]
        polished = self.add([(m.graph, m.coefficients) for m in chosen], thorough=True)
        latest = {m.graph: m for m in [*chosen, *polished]}
        snapped = itertools.chain.from_iterable(map(simple_exponents, latest.values()))
        self.add(list(self.admissible(snapped)), thorough=True)


def simple_exponents(member: Member) -> Iterator[Start]:
    """Yield the graph with each learned exponent, and then all of them, fixed at the nearest half-integer."""
    draft = Draft.from_graph(member.graph, member.coefficients)
    places = [
        (j, k)
        for j, node in enumerate(draft.nodes)
        for k, edge in enumerate(node.edges)
        if edge.primitive.name == "power" and 0.25 < abs(edge.coefficients[0]) < 6.25
    ]
    for chosen in [[place] for place in places] + ([places] if len(places) > 1 else []):
        snapped = draft.copy()
        for j, k in chosen:
            edge = snapped.nodes[j].edges[k]
            exponent = Fraction(round(2 * edge.coefficients[0]), 2)
            if exponent:
                snapped.nodes[j].edges[k] = DraftEdge(edge.source, fixed_power(exponent), edge.weight)
        yield snapped.prune().build()


def _random_starts(state: _Search) -> Iterator[Start]:
    while True:
        yield random_graph(state.rng, state.data.n_inputs, state.config.primitives, state.config.max_complexity)


def _relaxed_stage(state: _Search, until: float) -> None:
    """Run the relaxed supernet with one, two and three hidden nodes, and refit what each proposes."""
    for n_hidden in (1, 2, 3):
        if state.stop_reason() is not None or state.share_spent() >= until:
            return
        state.stage, began = "relaxed", time.process_time()
        result = relaxed_search(
            state.data,
            state.config.primitives,
            n_hidden=n_hidden,
            n_restarts=state.config.n_restarts,
            n_steps=100,
            rng=state.rng,
            should_stop=lambda: state.stop_reason() is not None,
            names=state.config.names,
        )
        state.alpha = result.alpha
        state.book("relaxed", began)
        state.run("relaxed", iter(result.proposals))


def _simplify(state: _Search, member: Member) -> Member:
    """Take parts away from an exact member as long as it stays exact."""
    while True:
        draft = Draft.from_graph(member.graph, member.coefficients)
        lin = linearise(draft, state.X.numpy())
        smaller = [without_negligible(draft, lin, 1e-18 * state.data.variance).copy().build()]
        smaller += [*deletions(draft), *moves_simple_exponents(draft)]
        smaller = [s for s in smaller if s[0].complexity < member.graph.complexity or s[0].n_coefficients < member.graph.n_coefficients]
        exact = [m for m, _ in state.fit(smaller, thorough=True) if m.loss <= EXACT]
        if not exact:
            return member
        member = min(exact, key=lambda m: (m.graph.complexity, m.graph.n_coefficients))


N_WALKERS = 16
ACCURATE = 1e-9


def _implicit_stage(state: _Search, until: float = 1.0) -> None:
    state.stage, began = "implicit", time.process_time()
    grower = Grower(
        state.X.numpy(), state.y.numpy(), state.weight.numpy(), state.config.primitives, state.data.x_scale, state.rng
    )
    starts = list(seeds(state.X.numpy(), state.y.numpy(), state.weight.numpy(), state.config.primitives))
    origins = [m for m, _ in state.fit(starts) if np.isfinite(m.loss)]
    state.refine(origins)

    def fresh() -> Walker:
        front = state.archive.front()
        front = [m for m in front if m.graph.complexity < state.config.max_complexity - 4] or front
        pool = origins if state.rng.random() < 0.6 else front
        return Walker(pool[state.rng.integers(len(pool))], float(state.rng.choice([0.5, 1.0, 2.0])))

    walkers = [fresh() for _ in range(N_WALKERS)]
    while state.stop_reason() is None and state.share_spent() < until:
        owners: list[int] = []
        children: list[Start] = []
        for w, walker in enumerate(walkers):
            for start in grower.children(walker):
                graph = start[0]
                fits = graph.complexity <= state.config.max_complexity + 10
                if fits and graph.n_coefficients <= state.most_coefficients and state.archive.is_new(graph):
                    owners.append(w)
                    children.append(start)
        fitted = state.fit(children)
        accurate = [m for m, kept in fitted if kept and m.loss < ACCURATE]
        if accurate:
            state.refine(accurate)
        best: dict[int, Member] = {}
        for w, (member, _) in zip(owners, fitted, strict=True):
            if np.isfinite(member.loss) and (w not in best or score(member) < score(best[w])):
                best[w] = member
        for w, walker in enumerate(walkers):
            child = best.get(w)
            if child is None or (child.loss > 0.97 * walker.member.loss and score(child) >= walker.score):
                walkers[w] = fresh()
            else:
                walker.member = child
        if state.on_progress is not None and (found := state.archive.best_member) is not None:
            state.on_progress(state.share_spent(), state.n_refits, found)
    exact = [m for m in state.archive.front() if m.loss <= EXACT]
    if exact:
        _simplify(state, min(exact, key=lambda m: m.graph.complexity))
    state.book("implicit", began)


def search(
    data: Data,
    config: Config,
    rng: np.random.Generator,
    on_progress: Callable[[float, int, Member], None] | None = None,
) -> SearchResult:
    """Search for graphs that fit `data`, within the budget of `config`.

    "random" enumerates the smallest graphs, then draws random ones; "relaxed" refits what the supernet proposes; "auto"
    enumerates, relaxes and draws. A KeyboardInterrupt ends the search and keeps what was found.

    Parameters
    ----------
    data : Data
    config : Config
    rng : numpy.random.Generator
    on_progress : callable, optional
        Called with the spent share of the budget, the number of refits and the best member.
    """
    state = _Search(data, config, rng, on_progress)
    reason: str | None = None
    try:
        constant = Graph(data.n_inputs, (Node("sum", (), constant=True),))
        state.archive.is_new(constant)
        state.add([(constant, (float(np.average(data.y, weights=data.weight)),))])
        if config.kind == "implicit":
            _implicit_stage(state)
        if config.kind in ("auto", "random"):
            state.run("small", small_graphs(data.n_inputs, config.primitives), until=0.35)
        if config.kind in ("auto", "relaxed"):
            _relaxed_stage(state, until=0.6 if config.kind == "auto" else 1.0)
        if config.kind in ("auto", "random"):
            state.run("random", _random_starts(state))
    except KeyboardInterrupt:
        reason = "interrupt"
    reason = reason or state.stop_reason() or "finished"
    history = SearchHistory(
        tuple(state.best), state.n_refits, time.process_time() - state.cpu_began, reason, state.alpha,
        state.stage_seconds,
    )  # fmt: skip
    return SearchResult(tuple(state.archive.front()), history)
