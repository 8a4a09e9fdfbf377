"""Implicit search: graphs grow by the closed-form gain of every candidate part, each child refitted exactly.

An island is one form of the problem: the data as given, or reduced by a structure that an accurate graph has shown.
On each, several walkers climb at once, so that all their children are refitted in one batch. A walker starts at a
small graph or at a member of the island's Pareto front; each round it moves to the best of its children, and starts
anew when none is better. What an island finds is carried back to the data as given.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from eqdarts.draft import Draft
from eqdarts.primitives import Primitive
from eqdarts.search.archive import Member
from eqdarts.search.grower import Grower, outer_functions, seeds
from eqdarts.search.moves import Start, deletions, simple_exponents, without_negligible
from eqdarts.search.problem import Array
from eqdarts.search.rewrites import shortened
from eqdarts.search.sites import linearise
from eqdarts.search.small_graphs import small_graphs
from eqdarts.search.smooth import fit_smooth
from eqdarts.search.structure import Reduction, find_reductions, reduce
from eqdarts.search.trials import EXACT, SCREEN, Trials

__all__ = ["implicit_search"]

N_WALKERS = 8
PRICE = 0.08  # fall of log loss that one more symbol must bring
SMALL = 256  # small graphs, by rising size, that each round tries besides; by the square of the inputs fewer
LARGEST_SMALL = 22  # symbols at which their enumeration ends
N_PURSUITS = 4  # matching pursuits of each round
PURSUIT_SHARPNESS = (1.0, 2.0, 4.0, 16.0)
PROMISING = 3  # children of a walker that are refitted beyond screening
ACCURATE = 1e-9  # loss at which new members are refitted to convergence
FROM_SEED = 0.6  # share of climbs that start at a seed; the others start at a member of the front
LEAST_CAP = 12
MOST_STEPS = 30
AGAIN = 0.1  # chance that a structure fitted lately is fitted again, from the new start
SHARPNESS = (0.5, 1.0, 2.0)
MOST_ISLANDS = 6
DEEPEST = 4  # reductions one after the other
MOST_NEW = 2  # islands that one reading of the structure may start
LINGER = 1.5  # share of the refits spent so far at which a search for shorter forms of an exact law ends
MOST_IDLE = 20  # rounds in a row that come upon nothing new, after which there is nothing left to try
LENIENCE = (100.0, 10.0, 1.0)  # squared error of a gradient, as multiples of the loss
ROUNDING = 1e-14  # loss of a polynomial that is as good as exact
TELLING = 3e-2  # loss at which a graph's gradient is asked for structure


def score(member: Member) -> float:
    """Return log loss plus the price of the symbols: what climbs compare."""
    return math.log(member.loss + 1e-30) + PRICE * member.graph.complexity


@dataclass
class _Walker:
    member: Member
    sharpness: float
    cap: int  # symbols that the climb stops at
    steps: int = 0


class _Island:
    """One form of the problem: reductions from the data as given, its own trials, and climbs on it."""

    def __init__(
        self, trials: Trials, chain: tuple[Reduction, ...], primitives: tuple[Primitive, ...], rng: np.random.Generator
    ) -> None:
        self.trials, self.chain, self.primitives, self.rng = trials, chain, primitives, rng
        train = trials.problem.train
        self.grower = Grower(train.X, train.y, train.weight, primitives, trials.problem.units, rng)
        self.smooth = fit_smooth(trials.problem.wide, trials.problem.held)
        self.n_small = max(SMALL // trials.problem.n_inputs**2, 16)
        largest, most = min(LARGEST_SMALL, trials.max_complexity), trials.problem.most_coefficients
        rising = small_graphs(trials.problem.n_inputs, primitives)
        within = itertools.takewhile(lambda start: start[0].complexity <= largest, rising)
        self.small = filter(lambda start: start[0].n_coefficients <= most, within)
        self.rounds = 0
        self.found_new = True  # whether the last round came upon structures that were not fitted lately
        self.analysed = math.inf  # best loss when the gradient was last asked for structure
        self.walkers: list[_Walker] = []

    def begin(self) -> list[Member]:
        """Fit the seeds; return what entered the archive."""
        train = self.trials.problem.train
        starts = [
            (name, start)
            for name, start in seeds(train.X, train.y, train.weight, self.primitives)
            if self.trials.is_admissible(start[0])
        ]
        fitted = self.trials.fit([start for _, start in starts])
        simplicity = {} if self.smooth is None else self.smooth.outer
        self.outer = sorted(outer_functions(train.y, self.primitives), key=lambda o: simplicity.get(o[0], 1.0))
        ranked = sorted(zip(starts, fitted, strict=True), key=lambda pair: simplicity.get(pair[0][0], 1.0))
        self.origins = [m for _, (m, _) in ranked if math.isfinite(m.loss)] or self.trials.archive.front()
        kept = [m for m, kept in fitted if kept]
        if self.origins:
            first = self.origins[:N_WALKERS]
            self.walkers = [replace(self._fresh(), member=origin) for origin in first]
            self.walkers += [self._fresh() for _ in range(N_WALKERS - len(first))]
        return kept

    @property
    def best_score(self) -> float:
        return min((score(m) for m in self.trials.archive.best.values()), default=math.inf)

    def _fresh(self) -> _Walker:
        low, high = np.log(LEAST_CAP), np.log(max(self.trials.max_complexity, LEAST_CAP))
        cap = round(float(np.exp(self.rng.uniform(low, high))))
        front = [m for m in self.trials.archive.front() if m.graph.complexity < cap - 4]
        if front and self.rng.random() > FROM_SEED:
            member = front[self.rng.integers(len(front))]
        elif self.rng.random() < 0.5:
            member = self.origins[self.rng.integers(len(self.origins))]
        else:  # the outer functions behind which the law looks simple come first
            member = self.origins[min(int(self.rng.geometric(0.4)) - 1, len(self.origins) - 1)]
        return _Walker(member, float(self.rng.choice(SHARPNESS)), cap)

    def round(self) -> list[Member]:
        """Let every walker take one step; return what entered the archive."""
        self.rounds += 1
        owners: list[int] = []
        children: list[Start] = []
        n_new = 0
        best: dict[int, Member] = {}

        def consider(w: int, member: Member) -> None:
            if math.isfinite(member.loss) and (w not in best or score(member) < score(best[w])):
                best[w] = member

        for w, walker in enumerate(self.walkers):
            for start in self.grower.children(walker.member, walker.sharpness):
                graph = start[0]
                if graph.complexity > walker.cap or not self.trials.is_small(graph):
                    continue
                known = self.trials.archive.recall(graph)
                if known is not None and self.rng.random() > AGAIN:
                    consider(w, known)
                else:
                    n_new += known is None
                    owners.append(w)
                    children.append(start)
        small = itertools.islice(self.small, self.n_small)
        tried = self.trials.fit([*small, *self._pursuits()])
        self.found_new = n_new + len(tried) > 0
        fitted = self.trials.fit(children, limits=SCREEN)
        promising: list[tuple[int, Member]] = []
        for w in range(len(self.walkers)):
            own = [m for o, (m, _) in zip(owners, fitted, strict=True) if o == w and math.isfinite(m.loss)]
            promising += [(w, m) for m in sorted(own, key=score)[:PROMISING]]
        again = self.trials.fit([(m.graph, m.coefficients) for _, m in promising])
        for (w, screened), (member, _) in zip(promising, again, strict=True):
            consider(w, min(screened, member, key=lambda m: m.loss))
        fitted += again + tried
        for w, walker in enumerate(self.walkers):
            child = best.get(w)
            walker.steps += 1
            stuck = child is None or (child.loss > 0.97 * walker.member.loss and score(child) >= score(walker.member))
            if child is None or stuck or walker.steps >= MOST_STEPS:
                self.walkers[w] = self._fresh()
            else:
                walker.member = child
        kept = [m for m, kept in fitted if kept]
        self.trials.refine([m for m in kept if m.loss < ACCURATE])
        return kept

    def _pursuits(self) -> list[Start]:
        """Return sums of features behind outer functions, the ones behind which the law looks simple more often."""
        starts: list[Start] = []
        for _ in range(N_PURSUITS):
            k = int(self.rng.integers(len(self.outer))) if self.rng.random() < 0.5 else int(self.rng.geometric(0.4)) - 1
            name, sign, inner = self.outer[min(k, len(self.outer) - 1)]
            starts += self.grower.pursuit(name, sign, inner, float(self.rng.choice(PURSUIT_SHARPNESS)))
        return [s for s in starts if self.trials.is_admissible(s[0])]

    def lift(self, member: Member, n_inputs: list[int]) -> Start:
        """Return a member's graph and coefficients in the data as given."""
        draft = Draft.from_graph(member.graph, member.coefficients)
        for reduction, n_old in zip(reversed(self.chain), reversed(n_inputs), strict=True):
            draft = reduction.lift(draft, n_old)
        return shortened(draft.prune()).build()


@dataclass
class _Archipelago:
    """The islands of one search; the first is the data as given."""

    root: Trials
    primitives: tuple[Primitive, ...]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.islands = [_Island(self.root, (), self.primitives, self.rng)]
        self.seen: set[str] = set()
        self.idle = 0  # rounds in a row that came upon nothing new
        self.islands[0].begin()
        self._read_smooth(self.islands[0])

    def step(self) -> None:
        """Give one island a round, carry what it found to the data as given, and look for structure in it."""
        island = self._choose()
        self._carry(island, island.round())
        self.idle = 0 if island.found_new else self.idle + 1
        self._analyse(island)

    def _choose(self) -> _Island:
        young = [island for island in self.islands if island.rounds < 3 and island.walkers]
        if young:
            return young[-1]
        able = [island for island in self.islands if island.walkers]
        if not able or self.rng.random() < 0.3:
            return self.islands[0]
        able.sort(key=lambda island: island.best_score)
        return able[min(int(self.rng.geometric(0.5)) - 1, len(able) - 1)]

    def _carry(self, island: _Island, kept: list[Member]) -> None:
        """Offer an island's new front members to the archive of the data as given."""
        if not island.chain:
            return
        front = set(map(id, island.trials.archive.front()))
        sizes = [self.root.problem.n_inputs, *(len(step.groups) for step in island.chain[:-1])]
        starts = [island.lift(m, sizes) for m in island.trials.archive.front() if m.loss < ACCURATE or m in kept]
        starts = [s for s in starts if self.root.is_admissible(s[0])]
        self.root.add(starts, thorough=any(m.loss < ACCURATE for m in kept if id(m) in front))

    def _analyse(self, island: _Island) -> None:
        """Ask the most accurate graph of an island for structure, each time that it is ten times better."""
        best = island.trials.archive.best_member
        if best is None or best.loss > min(TELLING, 0.1 * island.analysed):
            return
        island.analysed = best.loss
        X = island.trials.problem.train.X
        lin = linearise(Draft.from_graph(best.graph, best.coefficients), X)
        self._read(island, X, lin.prediction, lin.gradient, best.loss)

    def _read_smooth(self, island: _Island) -> None:
        """Ask the smooth model of an island for structure."""
        smooth = island.smooth
        if smooth is not None and smooth.loss < TELLING:
            self._read(island, island.trials.problem.wide.X[smooth.rows], smooth.value, smooth.gradient, smooth.loss)

    def _read(self, island: _Island, X: Array, f: Array, gradient: Array, loss: float) -> None:
        """Settle the reductions that a gradient suggests and a smooth model of the reduced data bears out."""
        if not np.isfinite(gradient).all() or len(island.chain) >= DEEPEST:
            return
        units = island.trials.problem.units
        suggested: list[tuple[Reduction, ...]] = []
        for factor in LENIENCE:
            tolerance = float(np.clip(factor * loss, 1e-10, 3e-2))
            suggested += find_reductions(X, f, gradient, units, tolerance, self.rng)
        borne_out: list[tuple[float, _Island]] = []
        for chain in suggested:
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
        borne_out.sort(key=lambda pair: pair[0])
        for _, settled in borne_out[:MOST_NEW]:
            self._settle(settled)

    def _reduced(self, parent: _Island, chain: tuple[Reduction, ...]) -> _Island | None:
        """Make the island of the parent's problem, reduced; None where the reduction is undefined."""
        problem, done = parent.trials.problem, []
        for step in chain:
            reduced = reduce(problem, step)
            if reduced is None:
                return None
            problem = reduced[0]
            done.append(reduced[1])
        trials = Trials(problem, self.root.budget, self.root.max_complexity)
        return _Island(trials, (*parent.chain, *done), self.primitives, self.rng)

    def _settle(self, island: _Island) -> None:
        if len(self.islands) > MOST_ISLANDS:
            self.islands.remove(max(self.islands[1:], key=lambda i: i.best_score))
        self.islands.append(island)
        self._carry(island, island.begin())
        self._read_smooth(island)


def implicit_search(
    trials: Trials,
    primitives: tuple[Primitive, ...],
    rng: np.random.Generator,
    until: float,
    report: Callable[[], None],
) -> None:
    """Grow graphs until the law is exact or the share `until` of the budget is spent.

    Parameters
    ----------
    trials : Trials
        Of the data as given; what is found ends in its archive.
    primitives : tuple of Primitive
    rng : numpy.random.Generator
    until : float
    report : callable
        Called after each round.
    """
    archipelago = _Archipelago(trials, primitives, rng)
    most = trials.max_complexity
    last = math.inf  # refits at which the search ends, once a law is exact
    while trials.budget.stop_reason() is None and trials.budget.spent() < until and trials.budget.n_refits < last:
        if archipelago.idle >= MOST_IDLE or trials.is_stale():
            break
        exact = [m for m in trials.archive.front() if m.loss <= EXACT]
        if exact and exact[0].graph.complexity <= trials.max_complexity:
            shortest = _simplify(trials, exact[0])
            trials.max_complexity = shortest.graph.complexity - 1  # from here on only shorter forms are of interest
            last = min(last, LINGER * trials.budget.n_refits + 500)
        archipelago.step()
        report()
    trials.max_complexity = most


def _simplify(trials: Trials, member: Member) -> Member:
    """Take parts away from an exact member as long as it stays exact; return the shortest."""
    X: Array = trials.problem.train.X
    while True:
        draft = Draft.from_graph(member.graph, member.coefficients)
        lin = linearise(draft, X)
        smaller = [without_negligible(draft, lin, 1e-18 * trials.problem.variance).build()]
        smaller += [*deletions(draft), *simple_exponents(draft), shortened(draft).build()]
        size = member.graph.complexity, member.graph.n_coefficients
        smaller = [s for s in smaller if s[0].complexity < size[0] or s[0].n_coefficients < size[1]]
        exact = [m for m, _ in trials.fit(smaller, thorough=True) if m.loss <= EXACT]
        if not exact:
            return member
        member = min(exact, key=lambda m: (m.graph.complexity, m.graph.n_coefficients))
