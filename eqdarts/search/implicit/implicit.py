"""Implicit search: graphs grow by the closed-form gain of every candidate part, each child refitted exactly.

An island is one form of the problem: the data as given, or reduced by a structure that an accurate graph or a smooth
model of the data has shown. What an island finds is carried back to the data as given.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph
from eqdarts.graph.limits import limits
from eqdarts.graph.rewrites import expanded, shortened
from eqdarts.primitives.table import Primitive
from eqdarts.search.closed_form.power_sums import power_sums
from eqdarts.search.closed_form.ratios import ratio_starts
from eqdarts.search.compared import Compared, compared_reductions
from eqdarts.search.evaluator import EXACT, QUICK, THOROUGH, Trials
from eqdarts.search.growth.features import grid
from eqdarts.search.growth.moves import deletions, simple_exponents, without_negligible
from eqdarts.search.growth.sites import linearise
from eqdarts.search.growth.swaps import swaps
from eqdarts.search.implicit.island import ACCURATE, Island, MakeIsland
from eqdarts.search.implicit.parts import Parts
from eqdarts.search.implicit.sides import Side, places_to_look_from, seen_from
from eqdarts.search.problem import Problem
from eqdarts.search.prospects import Prospects
from eqdarts.search.running import Running
from eqdarts.search.separated import separation
from eqdarts.search.smooth_evidence import denoised, rows_of
from eqdarts.search.structure import Reduction, find_reductions, lift, reduce_by, reduced_by_units
from eqdarts.solver.refit import refit

__all__ = ["implicit_search", "search_islands"]

MOST_ISLANDS = 6
DEEPEST = 4  # reductions one after the other
MOST_CARRIED = 40  # fits of each island that are carried back in the end, besides those that were its best
MOST_NEW = 2  # islands that one reading of the structure may start
GROWING = 0.93  # share of the budget that growth gets; the rest is for tidying the front up
WORSE = 1.2  # loss, as a multiple of what the same structure should reach, that a refit from there may improve
TIDYINGS, TIDY = 3, 1e-2  # passes, and the share of the loss or of an edge's variance that a part may matter
LINGER, AND_MORE = 0.2, 100  # the look for shorter forms of an exact law: this share of the refits so far, and more
SPARE = 4  # symbols, of a coefficient and a function, that an exact law may have beside its inputs and operators
MOST_BROKEN = 20  # rounds that a numerical error has ended, after which the search gives up
LENIENCE = (100.0, 10.0, 1.0)  # squared error of a gradient, as multiples of the loss
ROUNDING = 1e-14  # loss of a polynomial that is as good as exact
ROUNDED_OFF = 1e-18  # share of the variance that a part of an exact law may change without being one
TELLING = 3e-2  # loss at which a graph's gradient is asked for structure
READING_RATIOS = 0.1  # largest share of the budget for ratios of sums, for each problem
COMPARING = 0.15  # largest share of the budget for the comparison of reductions
FIRST_ROUNDS, OF_PARTS = 1, 0.2  # rounds of the parts at once, and later the share of rounds that is theirs
PROMISING = 24  # sums of products of powers that are looked at further
OFFSET_FREE = 120  # laws put together from parts of which parts are deleted: what is arbitrary in each may cancel
CARRIED = 400  # and those that are refitted on the rows: what fits a smooth function best need not fit them best
WAITING = 0.08  # share of the budget after which reductions are compared even if nothing tells of noise
BETTER = 0.3  # share of what the smooth model leaves, below which a graph shows that this is not noise
FROM_SIDES, SIDES_UNTIL = 0.2, 0.35  # share of the budget after which inputs become responses, and no more do
OF_SIDES, MOST_SOLUTIONS = 0.3, 16  # share of the rounds that is then theirs, and relations solved in each
DOUBTFUL = 20.0  # nats below which the problem before the least certain reduction is searched as well


@dataclass
class _Archipelago:
    """The islands of one search; the first is the data as given."""

    root: Trials
    primitives: tuple[Primitive, ...]
    rng: np.random.Generator
    is_side: bool = False  # whether the target is an input of the data as given
    make: MakeIsland = Island

    def __post_init__(self) -> None:
        self.islands = [self.make(self.root, (), self.primitives, self.rng)]
        self.seen: set[str] = set()
        self.idle = 0  # rounds in a row that came upon nothing new
        self.broken = 0  # rounds that a numerical error has ended
        self.islands[0].begin()
        if not self.islands[0].is_exact:
            self._settle_by_units()
            self._read_smooth(self.islands[0])
        self.has_compared = self.is_side
        self.measured: dict[FittedGraph, float | None] = {}
        self.smooth: Compared | None = None  # the smooth model of the data with most evidence
        self.parts: list[tuple[Parts, Island]] = []
        self.sides: list[Side] | None = [] if self.is_side else None  # None as long as it is not time for them

    def _settle_by_units(self) -> None:
        """Search the dimensionless groups from the first round on: what is left if no constant has a unit."""
        problem = self.root.problem
        reduction = None if problem.dimensions is None else reduced_by_units(problem.train.X, problem.dimensions)
        if reduction is None:
            return
        self.seen.add(str([reduction.key]))
        island = self.root.budget.failures.attempt(
            "reduction by units", lambda: self._reduced(self.islands[0], (reduction,)), lambda: None
        )
        if island is not None:
            self._settle(island)

    def step(self) -> None:
        """Give one island a round, carry what it found to the data as given, and look for structure in it."""
        self.root.budget.failures.attempt("round of an island", self._round, self._break)

    def _round(self) -> None:
        if not self.has_compared and self._is_time_to_compare():
            self.has_compared = True
            self._compare()
        if self.parts and self.rng.random() < OF_PARTS:
            self._assemble(*self.parts[int(self.rng.integers(len(self.parts)))])
            return
        if self.sides is None and self._is_time_for_sides():
            self._begin_sides()
        if self.sides and self.rng.random() < OF_SIDES:
            self.sides.sort(key=lambda side: side.loss)
            self._look_from(self.sides[min(int(self.rng.geometric(0.5)) - 1, len(self.sides) - 1)])
            return
        island = self._choose()
        self._carry(island, island.round())
        self.idle = 0 if island.found_new else self.idle + 1
        self._analyse(island)

    def _break(self) -> None:
        self.broken += 1

    def _choose(self) -> Island:
        """Return the island whose round it is: a young one, one with an exact law, or one of the best by lot."""
        young = [island for island in self.islands if island.rounds < 3 and island.is_able]
        if young:
            return young[-1]
        able = [island for island in self.islands if island.is_able]
        if not able or self.rng.random() < 0.3:
            return self.islands[0]
        exact = [island for island in able if island.is_exact and not island.is_smooth]
        if exact:
            return exact[int(self.rng.integers(len(exact)))]
        # losses of a smooth function and of noisy rows cannot be compared: each kind gets half of the rounds
        smooth = [island for island in able if island.is_smooth]
        if smooth:
            rough = [island for island in able if not island.is_smooth]
            able = smooth if not rough or self.rng.random() < 0.5 else rough
        able.sort(key=lambda island: island.best_score)
        return able[min(int(self.rng.geometric(0.5)) - 1, len(able) - 1)]

    def _carry(self, island: Island, kept: list[FittedGraph]) -> None:
        """Offer an island's new front members to the archive of the data as given."""
        if island is self.islands[0]:
            return
        front = island.trials.archive.front()
        new = set(map(id, kept))
        # a lifted graph may be one that another island has found: only new ones are refitted, on the data as given
        starts = [self._lifted(island.chain, m) for m in front if m.loss < ACCURATE or id(m) in new]
        starts = [s for s in starts if self.root.is_admissible(s[0])]
        accurate = any(m.loss < ACCURATE and id(m) in new for m in front)
        self.root.add(starts, limits=THOROUGH if accurate else QUICK)

    def carry_close(self) -> None:
        """Carry back what the reduced problems found that is nearly as good as their best: noise may hide the law."""
        for island in self.root.budget.in_time(self.islands[1:]):
            close = island.trials.close(MOST_CARRIED)
            starts = [self._lifted(island.chain, member) for member in close]
            self.root.add([start for start in starts if self.root.is_admissible(start[0])])

    def _analyse(self, island: Island) -> None:
        """Ask the most accurate graph of an island for structure, each time that it is ten times better."""
        best = island.trials.archive.best_member
        if island.is_smooth or not self.root.budget.has_time():  # of a smooth one reductions were compared already
            return
        if best is None or best.loss > min(TELLING, 0.1 * island.analysed):
            return
        island.analysed = best.loss
        X = island.trials.problem.train.X
        lin = linearise(Draft.from_graph(best.graph, best.coefficients), X)
        self._read_safely(island, X, lin.prediction, lin.gradient, best.loss)

    def _read_smooth(self, island: Island) -> None:
        """Ask the smooth model of an island for structure."""
        smooth = island.smooth
        if smooth is not None and smooth.loss < TELLING and not island.is_smooth:
            X = island.trials.problem.wide.X[smooth.rows]
            self._read_safely(island, X, smooth.value, smooth.gradient, smooth.loss)

    def _read_safely(self, island: Island, X: Array, f: Array, gradient: Array, loss: float) -> None:
        attempt = self.root.budget.failures.attempt
        attempt("look for structure", lambda: self._read(island, X, f, gradient, loss), lambda: None)

    def _read(self, island: Island, X: Array, f: Array, gradient: Array, loss: float) -> None:
        """Settle the reductions that a gradient suggests and a smooth model of the reduced data bears out."""
        if not np.isfinite(gradient).all() or len(island.chain) >= DEEPEST:
            return
        units, dimensions = island.trials.problem.units, island.trials.problem.dimensions
        # the most lenient first: what it sees has the fewest inputs left, if it is there at all
        suggested: list[tuple[Reduction, ...]] = []
        for factor in self.root.budget.in_time(LENIENCE):
            tolerance = float(np.clip(factor * loss, 1e-10, 3e-2))
            suggested += find_reductions(X, f, gradient, units, tolerance, self.rng, dimensions)
        # a gradient that is not exact suggests much that is not so: a smooth model of the reduced data must agree
        borne_out: list[tuple[float, Island]] = []
        for chain in self.root.budget.in_time(suggested):
            key = str([step.key for step in (*island.chain, *chain)])
            if key in self.seen:
                continue
            self.seen.add(key)
            settled = self._reduced(island, chain)
            if settled is None:
                continue
            own = math.inf if settled.smooth is None else settled.smooth.loss
            if island.smooth is None or own < 2 * max(island.smooth.loss, ROUNDING):
                borne_out.append((own, settled))
        # each island takes rounds from the others: only the best may begin
        borne_out.sort(key=lambda pair: pair[0])
        for _, settled in self.root.budget.in_time(borne_out[:MOST_NEW]):
            self._settle(settled)

    def _is_time_to_compare(self) -> bool:
        """Whether the data look noisy, or the easy laws without noise would have been found by now."""
        first = self.islands[0]
        is_noisy = first.smooth is not None and first.smooth.is_noisy
        return first.rounds > 0 and (is_noisy or self.root.budget.spent() > WAITING)

    def _compare(self) -> None:
        """Search what is left of the data as given after the reductions that the evidence of a smooth model prefers."""
        if self.root.archive.best_loss < ACCURATE:
            return
        budget = self.root.budget
        begun = budget.spent()
        steps = budget.failures.attempt(
            "comparison of reductions",
            lambda: compared_reductions(self.root.problem, lambda: budget.spent() < begun + COMPARING),
            list[Compared],
        )
        model = self.islands[0].smooth
        # without noise what a smooth model leaves is its own fault
        self.smooth = steps[-1] if steps and model is not None and model.is_noisy else None
        # a chain of reductions may take apart what is a ratio of the columns as given
        first = [start for found in steps[:-1][:1] for start in self._read_ratios(found)]
        self.root.refine(self.root.add([start for start in first if self.root.is_admissible(start[0])], THOROUGH))
        # the longest last, so that its island has the first rounds
        doubted = sorted((step.gain, k) for k, step in enumerate(steps[1:]) if step.gain < DOUBTFUL)
        for found in (steps[k] for _, k in doubted[:1]):
            self._sum_up(found)
            if self._is_telling(found) and self._has_time():
                self._settle(self._smooth_island(found))
        for found in steps[-1:]:
            self._sum_up(found)
            self._settle_compared(found)

    def _read_ratios(self, found: Compared) -> list[Start]:
        budget = self.root.budget
        begun = budget.spent()

        def has_time() -> bool:
            return self._has_time() and budget.spent() < begun + READING_RATIOS

        read = partial(ratio_starts, found.problem, found.fit, self.primitives, has_time)
        return budget.failures.attempt("ratios of sums", read, list[Start])

    def nats_ahead(self, member: FittedGraph) -> float | None:
        """Return by how many nats the smooth model fits all rows better than a law; None where it says nothing."""
        smooth = self.smooth
        if smooth is None:
            return None
        if member not in self.measured:
            measure = partial(_nats_ahead, smooth, member, self.root.problem)
            self.measured[member] = self.root.budget.failures.attempt("prospects", measure, lambda: None)
        return self.measured[member]

    def _sum_up(self, found: Compared) -> None:
        """Refit sums of products of powers, and ratios of them, on the reduced and on the given data."""
        budget = self.root.budget
        read = partial(power_sums, found.problem, found.fit, self.primitives, self._has_time)
        starts = budget.failures.attempt("sums of products of powers", read, list[Start])
        starts += self._read_ratios(found)
        if not starts:
            return
        trials = Trials(found.problem, budget, self.root.max_complexity) if found.chain else self.root
        fitted = [m for m, _ in trials.fit([s for s in starts if trials.is_admissible(s[0])], THOROUGH)]
        shortest = sorted((m for m in fitted if math.isfinite(m.loss)), key=trials.length)[:PROMISING]
        drafts = [Draft.from_graph(member.graph, member.coefficients) for member in shortest]
        fewer = [start for draft in drafts for start in deletions(draft)]
        fitted += [m for m, _ in trials.fit([s for s in fewer if trials.is_admissible(s[0])], THOROUGH)]
        if found.chain:
            shortest = sorted((m for m in fitted if math.isfinite(m.loss)), key=trials.length)[:PROMISING]
            lifted = [self._lifted(found.chain, member) for member in shortest]
            fitted = self.root.add([s for s in lifted if self.root.is_admissible(s[0])], THOROUGH)
        self.root.refine(fitted)

    def _is_telling(self, found: Compared) -> bool:
        """Whether the smooth model of a reduced problem may tell more than its rows."""
        # where a graph is better than the smooth model there is hardly any noise
        if self.root.archive.best_loss * self.root.problem.variance < BETTER * found.noise:
            return False
        # where the refits see every row, a smooth model of these adds nothing
        return bool(found.chain) or len(found.problem.wide.y) > len(found.problem.train.y)

    def _is_time_for_sides(self) -> bool:
        """Whether the law is not found yet, and no noise hides it from all sides alike."""
        smooth = self.islands[0].smooth
        is_open = self.root.archive.best_loss > ACCURATE and not (smooth is not None and smooth.is_noisy)
        return is_open and self.root.budget.spent() > FROM_SIDES

    def _begin_sides(self) -> None:
        """Let the inputs become responses, each in its turn, as long as there is time."""
        self.sides = []
        budget, given = self.root.budget, self.root.problem

        def has_time() -> bool:
            return budget.spent() < SIDES_UNTIL and self.root.stop_reason() is None

        read = partial(places_to_look_from, given, has_time)
        for place in budget.failures.attempt("sides of the law", read, list[int]):
            problem = seen_from(given, place)
            if problem is None or not has_time():
                break
            trials = Trials(problem, budget, self.root.max_complexity)
            archipelago = _Archipelago(trials, self.primitives, self.rng, True, self.make)
            side = Side(place, trials, archipelago.step)
            self.sides.append(side)
            self._solve(side)

    def _look_from(self, side: Side) -> None:
        """Give a side a round; one whose law is exact has no more to say."""
        side.climb()
        self._solve(side)
        if side.loss <= EXACT and self.sides:
            self.sides.remove(side)

    def _solve(self, side: Side) -> None:
        """Refit the relations that a side has found, solved for the target, on the data as given."""
        starts = list(itertools.islice(side.solutions(), MOST_SOLUTIONS))
        self.root.refine(self.root.add([s for s in starts if self.root.is_admissible(s[0])], THOROUGH))

    def _has_time(self) -> bool:
        """Whether there is time to begin an island."""
        return self.root.budget.stop_reason() is None and self.root.budget.spent() < GROWING

    def _settle_compared(self, found: Compared) -> None:
        """Search the data after a chain of reductions: as they are, as a smooth function, and the parts of that."""
        if found.chain and self._has_time():
            self.seen.add(str([step.key for step in found.chain]))
            trials = Trials(found.problem, self.root.budget, self.root.max_complexity)
            self._settle(self.make(trials, found.chain, self.primitives, self.rng))
        if self._is_telling(found) and self._has_time():
            island = self._smooth_island(found)
            self._settle(island)
            self._separate(found, island)

    def _smooth_island(self, found: Compared) -> Island:
        trials = Trials(denoised(found.problem, found.fit), self.root.budget, self.root.max_complexity)
        return self.make(trials, found.chain, self.primitives, self.rng, True)

    def _separate(self, found: Compared, island: Island) -> None:
        """Search the parts of a reduced problem apart, if it has parts."""
        apart = separation(found.problem, found.fit)
        if apart is None or not self._has_time():
            return
        nats = 0.5 * len(found.problem.wide.y) * found.problem.variance / max(found.noise, 1e-300)
        args = nats, self.root.budget, self.root.max_complexity, self.primitives, self.rng
        parts = Parts(apart, found.problem.n_inputs, *args, self.make)
        self.parts.append((parts, island))
        for _ in range(FIRST_ROUNDS):
            self._assemble(parts, island)

    def _assemble(self, parts: Parts, island: Island) -> None:
        """Give the parts a round, and refit what they make together, on the reduced and on the given data."""
        trials = island.trials
        fitted = trials.fit([s for s in parts.round() if trials.is_admissible(s[0])], THOROUGH)
        whole = parts.shortest((member for member, _ in fitted), OFFSET_FREE)
        # what is arbitrary in each part may cancel in the whole
        drafts = [Draft.from_graph(member.graph, member.coefficients) for _, member in whole]
        less = [start for draft in drafts for start in deletions(draft)]
        fitted += trials.fit([s for s in less if trials.is_admissible(s[0])], THOROUGH)
        lifted = [self._lifted(island.chain, m) for _, m in parts.shortest((m for m, _ in fitted), CARRIED)]
        self.root.refine(self.root.add([s for s in lifted if self.root.is_admissible(s[0])], THOROUGH))

    def _lifted(self, chain: tuple[Reduction, ...], member: FittedGraph) -> Start:
        """Return a member's graph and coefficients in the data as given."""
        draft = lift(chain, Draft.from_graph(member.graph, member.coefficients), self.root.problem.n_inputs)
        return shortened(draft.prune()).build()

    def _reduced(self, parent: Island, chain: tuple[Reduction, ...]) -> Island | None:
        """Make the island of the parent's problem, reduced; None where the reduction is undefined."""
        reduced = reduce_by(parent.trials.problem, chain)
        if reduced is None:
            return None
        problem, done = reduced
        trials = Trials(problem, self.root.budget, self.root.max_complexity)
        return self.make(trials, (*parent.chain, *done), self.primitives, self.rng, parent.is_smooth)

    def _settle(self, island: Island) -> None:
        """Let an island begin, in the place of the worst if there are too many."""
        if len(self.islands) > MOST_ISLANDS:
            alike = [other for other in self.islands[1:] if other.is_smooth == island.is_smooth] or self.islands[1:]
            self.islands.remove(max(alike, key=lambda i: i.best_score))
        self.islands.append(island)
        self._carry(island, island.begin())
        self._read_smooth(island)


def _nats_ahead(smooth: Compared, member: FittedGraph, problem: Problem) -> float | None:
    """Return by how many nats a smooth model fits all rows better than a law; None where it cannot follow the law."""
    X, y, root = rows_of(problem)
    rows = (torch.from_numpy(np.ascontiguousarray(a)) for a in (X, y, root**2))
    (fit,) = refit([member.graph], [member.coefficients], *rows, max_iterations=THOROUGH[0])
    nats = smooth.nats_ahead(fit.loss, member.graph.n_coefficients)
    return nats if nats > -DOUBTFUL else None


def implicit_search(running: Running) -> None:
    """Grow graphs until the law is exact or the budget is spent, then tidy the front up."""
    search_islands(running, "implicit", Island)


def search_islands(running: Running, stage: str, make: MakeIsland) -> None:
    """Give islands made by `make` rounds until the law is exact or the budget is spent, then tidy the front up."""
    trials, primitives = running.trials, running.config.primitives
    running.budget.stage = stage
    began = time.process_time()
    most = trials.max_complexity
    archipelago = _Archipelago(trials, primitives, running.rng, make=make)
    try:
        _grow(running, archipelago)
    finally:
        trials.max_complexity = most
    if trials.obeying.best_loss > EXACT:
        carry = archipelago.carry_close
        running.budget.failures.attempt("what is close in reduced problems", carry, lambda: None)
        running.budget.failures.attempt("tidying of the front", lambda: _tidy(trials, primitives), lambda: None)
    running.budget.book(stage, began)


def _grow(running: Running, archipelago: _Archipelago) -> None:
    """Give the islands rounds until an exact law has no shorter form, nothing new is found, or the budget ends."""
    trials, budget = running.trials, running.budget
    prospects = Prospects(int(np.count_nonzero(running.data.weight)), running.config.is_again)
    last = math.inf  # refits at which the search ends, once a law is exact
    while budget.stop_reason() is None and budget.spent() < GROWING and budget.n_refits < last:
        if (
            archipelago.idle >= archipelago.islands[0].patience
            or archipelago.broken >= MOST_BROKEN
            or trials.is_stale()
        ):
            break
        exact = [m for m in trials.obeying.front() if m.loss <= EXACT]
        if exact and exact[0].graph.complexity <= trials.max_complexity:
            # the form that was found first is seldom the shortest: from here on only shorter ones are of interest
            shortest = _simplify(trials, exact[0])
            trials.max_complexity = shortest.graph.complexity - 1
            last = min(last, (1 + LINGER) * budget.n_refits + AND_MORE)
            inputs_alone = 2 * len(shortest.graph.inputs) - 1
            if trials.max_complexity < max(archipelago.islands[0].untried, inputs_alone + SPARE):
                break
        archipelago.step()
        running.report()
        first = archipelago.islands[0]
        if prospects.are_poor(trials.obeying, first.floor, first.untried, archipelago.nats_ahead):
            running.settled = True
            break


def _tidy(trials: Trials, primitives: tuple[Primitive, ...]) -> None:
    """Try to take parts away from every member of the front, and simpler functions in place of what looks like them."""
    X: Array = trials.problem.train.X
    functions = grid(primitives)
    for _ in range(TIDYINGS):
        starts: list[Start] = []
        again: list[Start] = []
        for member in trials.obeying.front():
            # first what hardly matters goes, so that every other edit starts from the leaner graph
            draft = Draft.from_graph(member.graph, member.coefficients)
            draft = without_negligible(draft, linearise(draft, X), TIDY * member.loss * trials.problem.variance)
            lin = linearise(draft, X)
            starts += [shortened(draft).build(), *deletions(draft), *simple_exponents(draft)]
            alike = [at_limit.build() for at_limit in limits(draft, np.concatenate([X.T, lin.values]))]
            # a simpler function in disguise was perhaps fitted before, but from a start that led nowhere
            alike += [swap.start for swap in swaps(draft, lin, X, functions) if swap.missed < TIDY]
            again += [start for start in alike if _is_better_start(trials, start[0], member)]
            starts += alike
        kept = trials.add([*again, *(start for start in starts if trials.is_admissible(start[0]))])
        if not kept or trials.budget.stop_reason() is not None:
            break
        trials.refine(kept)


def _is_better_start(trials: Trials, graph: Graph, member: FittedGraph) -> bool:
    """Return whether a structure that looks like `member` was fitted before, from elsewhere, and much worse."""
    known = trials.archive.recall(graph)
    return trials.is_sensible(graph) and known is not None and not known.loss < WORSE * member.loss


def _simplify(trials: Trials, member: FittedGraph) -> FittedGraph:
    """Take parts away from an exact member as long as it stays exact; return the shortest."""
    attempt = trials.budget.failures.attempt
    while True:
        smaller = attempt("shortening of an exact law", partial(_shorter, trials, member), list[Start])
        exact = [m for m, _ in trials.fit(smaller, limits=THOROUGH) if m.loss <= EXACT]
        if not exact:
            return member
        member = min(exact, key=lambda m: (m.graph.complexity, m.graph.n_coefficients))


def _shorter(trials: Trials, member: FittedGraph) -> list[Start]:
    """Return what a member becomes with a part less, with simpler exponents, or multiplied out, if that is shorter."""
    X: Array = trials.problem.train.X
    negligible = ROUNDED_OFF * trials.problem.variance
    draft = Draft.from_graph(member.graph, member.coefficients)
    found = [without_negligible(draft, linearise(draft, X), negligible).build()]
    found += [*deletions(draft), *simple_exponents(draft), shortened(draft).build()]
    # multiplied out, terms may cancel that no deletion can reach
    if (opened := expanded(draft)) is not None:
        found.append(shortened(without_negligible(opened, linearise(opened, X), negligible)).build())
    symbols, coefficients = member.graph.complexity, member.graph.n_coefficients
    return [s for s in found if s[0].complexity < symbols or s[0].n_coefficients < coefficients]
