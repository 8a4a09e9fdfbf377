"""Islands: climbs on one form of the problem.

Several walkers climb at once, so that all their children are refitted in one batch. A walker starts at a small graph or
at a member of the island's Pareto front; each round it moves to the best of its children, and starts anew when none is
better. Besides, each round tries the next of the small graphs, by rising size, and a few matching pursuits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.small_graphs import small_graphs
from eqdarts.primitives.table import Primitive
from eqdarts.search.closed_form.additive import additive_starts
from eqdarts.search.closed_form.exponentials import exponential_starts
from eqdarts.search.closed_form.log_pursuit import log_starts
from eqdarts.search.closed_form.occupation import occupation_starts
from eqdarts.search.closed_form.outer import outer_functions, seeds
from eqdarts.search.closed_form.polynomial import polynomial_start
from eqdarts.search.closed_form.rational import rational_starts
from eqdarts.search.closed_form.trends import wave_starts
from eqdarts.search.evaluator import EXACT, SCREEN, Trials
from eqdarts.search.growth.shapes import reshaped
from eqdarts.search.growth.sites import linearise
from eqdarts.search.growth.waves import most_periods
from eqdarts.search.implicit.grower import Grower
from eqdarts.search.prospects import NO_FLOOR, Floor
from eqdarts.search.smooth import fit_smooth
from eqdarts.search.structure import Reduction

__all__ = ["ACCURATE", "Island", "MakeIsland", "score"]

N_WALKERS = 8
PRICE = 0.08  # fall of log loss that one more symbol must bring
SMALL = 256  # small graphs, by rising size, that each round tries besides; by the square of the inputs fewer
OF_SMOOTH = 4  # times as many for a smooth function, whose law is small
LARGEST_SMALL = 22  # symbols at which their enumeration ends
N_PURSUITS = 4  # matching pursuits of each round
PURSUIT_SHARPNESS = (1.0, 2.0, 4.0, 16.0)
PAIRS_EVERY = 2  # rounds, once each outer function had its turn
PROMISING = 3  # children of a walker that are refitted beyond screening
RESHAPED = 6  # laws with the shortest descriptions, whose curves are exchanged, one law a round
ACCURATE = 1e-9  # loss at which new members are refitted to convergence
MOST_COSINES = 2**21  # for the periodograms of the beginning
READING = 0.3  # share of the time after which no more laws are read off before the climbs
FROM_SEED = 0.6  # share of climbs that start at a seed; the others start at a member of the front
LEAST_CAP = 12
MOST_STEPS = 30
MOST_IDLE = 20
AGAIN = 0.1  # chance that a structure fitted lately is fitted again, from the new start
SHARPNESS = (0.5, 1.0, 2.0)


def score(member: FittedGraph) -> float:
    """Return log loss plus the price of the symbols: what climbs compare."""
    return math.log(member.loss + 1e-30) + PRICE * member.graph.complexity


@dataclass
class _Walker:
    member: FittedGraph
    sharpness: float
    cap: int  # symbols that the climb stops at
    steps: int = 0


class Island:
    """One form of the problem: reductions from the data as given, its own trials, and climbs on it.

    `chain` holds the reductions that lead here, empty for the data as given. `begin` fits the seeds and sets `origins`,
    the seeds that climbs start from, and `outer`, the functions that may stand outside of the law; in both the ones
    behind which a smooth model of the data is simple come first. `walkers` climb; each has one member and one limit.
    `is_smooth` says that the target is a smooth model of the data, whose own polynomial would be no law.
    """

    def __init__(
        self,
        trials: Trials,
        chain: tuple[Reduction, ...],
        primitives: tuple[Primitive, ...],
        rng: np.random.Generator,
        is_smooth: bool = False,
    ) -> None:
        self.is_smooth = is_smooth
        self.trials = trials
        self.chain = chain
        self.primitives = primitives
        self.rng = rng
        self.attempt = trials.budget.failures.attempt
        self.in_time = trials.budget.in_time  # what is read off wide tables may take longer than there is time
        problem = trials.problem
        train = problem.train
        known = np.concatenate([problem.wide.X, problem.held.X])
        periods = most_periods(known, len(train.y))
        self.grower = Grower(
            train.X, train.y, train.weight, primitives, problem.units, rng, periods, problem.two_valued
        )
        self.smooth = self.attempt("smooth model", lambda: fit_smooth(problem.wide, problem.held), lambda: None)
        self.n_small = max(SMALL * (OF_SMOOTH if is_smooth else 1) // problem.n_inputs**2, 16)
        self.small = self._small_graphs()
        self.untried = 1  # symbols of the shortest of the small graphs that were not tried
        self.rounds = 0
        self.found_new = True  # whether the last round came upon structures that were not fitted lately
        self.shaped: set[str] = set()  # keys of the graphs whose curves were exchanged
        self.analysed = math.inf  # best loss when the gradient was last asked for structure
        self.walkers: list[_Walker] = []

    def _small_graphs(self) -> Iterator[Start]:
        """Return the small graphs that are within the limits, by rising size."""
        largest, most = min(LARGEST_SMALL, self.trials.max_complexity), self.trials.problem.most_coefficients
        rising = small_graphs(self.trials.problem.n_inputs, self.primitives)
        within = itertools.takewhile(lambda start: start[0].complexity <= largest, rising)
        return filter(lambda start: start[0].n_coefficients <= most, within)

    def begin(self) -> list[FittedGraph]:
        """Fit the seeds; return what entered the archive."""
        starts = self._seeds()
        fitted = self.trials.fit([start for _, start in starts])
        # what takes longer is not read off where one of the seeds is exact
        if not self.is_exact:
            read_off = [("linear", start) for start in self._read_off()]
            starts += read_off
            fitted += self.trials.fit([start for _, start in read_off])
        # the outer functions behind which a smooth model of the data is simple come first, as do their seeds
        simplicity = {} if self.smooth is None else self.smooth.outer
        self.outer = sorted(self._outer_functions(), key=lambda o: simplicity.get(o[0], 1.0))
        ranked = sorted(zip(starts, fitted, strict=True), key=lambda pair: simplicity.get(pair[0][0], 1.0))
        self.origins = [m for _, (m, _) in ranked if math.isfinite(m.loss)] or self.trials.archive.front()
        # they enter the archive, and are no origins: a climb finds them on the front
        if not self.is_exact:
            fitted += self.trials.fit(self._read_off_besides())
        # a smooth model of noisy rows has lost waves that are faster than its polynomials
        if not self.is_exact and not self.is_smooth:
            fitted += self.trials.fit(self._on_trends())
        kept = [m for m, kept in fitted if kept]
        if self.origins:
            # every walker has its own origin, as long as there are enough of them
            first = self.origins[:N_WALKERS]
            self.walkers = [replace(self._fresh(), member=origin) for origin in first]
            self.walkers += [self._fresh() for _ in range(N_WALKERS - len(first))]
        return kept

    def _seeds(self) -> list[tuple[str, Start]]:
        """Return the starts of climbs, each with the function outside."""
        train, unit = self.trials.problem.train, self.trials.problem.y_unit
        found = self.attempt(
            "seeds",
            lambda: list(self.in_time(seeds(train.X, train.y, train.weight, self.primitives, unit))),
            list[tuple[str, Start]],
        )
        return [(name, start) for name, start in found if self.trials.is_admissible(start[0])]

    def _read_off(self) -> list[Start]:
        """Return laws that are read off the rows: a polynomial, or where there is none and no noise, rational laws."""
        if self.is_smooth:
            return []
        problem, smooth = self.trials.problem, self.smooth
        polynomial = None
        if smooth is not None:
            polynomial = self.attempt("polynomial laws", lambda: polynomial_start(problem, smooth), lambda: None)
        if polynomial is not None:
            return [polynomial] if self.trials.is_admissible(polynomial[0]) else []
        if smooth is not None and smooth.is_noisy:
            return []
        return self._admissible("rational laws", lambda: rational_starts(problem, self.primitives))

    def _read_off_besides(self) -> list[Start]:
        """Return laws of kinds that a climb term by term does not come upon, as least squares finds them."""
        problem, train = self.trials.problem, self.trials.problem.train
        rows = (train.X, train.y, train.weight, self.primitives)
        kinds: dict[str, Callable[[], Iterable[Start]]] = {
            "additive laws": lambda: additive_starts(*rows, problem.y_unit),
            "two exponentials": lambda: exponential_starts(*rows, problem.y_unit),
            "powers over exponentials": lambda: occupation_starts(*rows),
            "products of powers and functions": lambda: log_starts(*rows, problem.units.tolist()),
        }
        return [start for kind, found in kinds.items() for start in self._admissible(kind, found, READING)]

    def _on_trends(self) -> list[Start]:
        """Return waves on polynomials, with the frequencies of the periodogram of what the polynomials leave."""
        wide = self.trials.problem.wide
        limits = most_periods(wide.X, len(wide.y), MOST_COSINES)
        return self._admissible("waves on trends", lambda: wave_starts(wide, self.primitives, limits))

    def _admissible(self, kind: str, found: Callable[[], Iterable[Start]], share: float = 1.0) -> list[Start]:
        """Return those of the starts that may be fitted, as many as are found in this share of the time."""
        starts = self.attempt(kind, lambda: list(self.in_time(found(), share)), list[Start])
        return [start for start in starts if self.trials.is_admissible(start[0])]

    def _outer_functions(self) -> list[tuple[str, float, Array]]:
        """Return what may stand outside of the law: at least nothing."""
        y, unit = self.trials.problem.train.y, self.trials.problem.y_unit
        return self.attempt(
            "outer functions", lambda: list(outer_functions(y, self.primitives, unit)), lambda: [("linear", 1.0, y)]
        )

    @property
    def is_exact(self) -> bool:
        """Whether a law in the archive is exact."""
        return self.trials.obeying.best_loss <= EXACT

    @property
    def is_able(self) -> bool:
        """Whether it has somewhere to start from."""
        return bool(self.walkers)

    @property
    def patience(self) -> int:
        """Rounds in a row that come upon nothing new, after which there is nothing left to try."""
        return MOST_IDLE

    @property
    def floor(self) -> Floor:
        """What the smooth model leaves of the target."""
        held = self.trials.problem.held
        return NO_FLOOR if self.smooth is None else Floor(self.smooth.target_loss, int(np.count_nonzero(held.weight)))

    @property
    def best_score(self) -> float:
        """The lowest score in the archive, infinite if that is empty."""
        return min((score(m) for m in self.trials.archive.best.values()), default=math.inf)

    def _fresh(self) -> _Walker:
        """Return a walker at a member of the front or at a seed, with a limit to how far it climbs drawn at random."""
        low, high = np.log(LEAST_CAP), np.log(max(self.trials.max_complexity, LEAST_CAP))
        cap = round(float(np.exp(self.rng.uniform(low, high))))
        # Where something is known of the law, half of these climbs start at graphs that obey it.
        obeying = self.trials.screen is not None and self.rng.random() < 0.5
        archive = self.trials.obeying if obeying else self.trials.archive
        front = [m for m in archive.front() if m.graph.complexity < cap - 4]
        if front and self.rng.random() > FROM_SEED:
            member = front[self.rng.integers(len(front))]
        elif self.rng.random() < 0.5:
            member = self.origins[self.rng.integers(len(self.origins))]
        else:  # the outer functions behind which the law looks simple come first
            member = self.origins[min(int(self.rng.geometric(0.4)) - 1, len(self.origins) - 1)]
        return _Walker(member, float(self.rng.choice(SHARPNESS)), cap)

    def round(self) -> list[FittedGraph]:
        """Let every walker take one step; return what entered the archive."""
        self.rounds += 1
        exact = next((m for m in self.trials.obeying.front() if m.loss <= EXACT), None)
        if exact is not None:  # from here on only shorter forms are of interest
            self.trials.max_complexity = min(self.trials.max_complexity, exact.graph.complexity - 1)
        candidates, children = self._children()
        is_new = any(self.trials.archive.recall(graph) is None for _, (graph, _) in children)
        # what does not climb is tried before the children move the walkers, so that it sees the rounds' own numbers
        small = self.attempt(
            "small graphs", lambda: list(self.in_time(itertools.islice(self.small, self.n_small))), list[Start]
        )
        self.untried = small[-1][0].complexity if len(small) == self.n_small else LARGEST_SMALL + 1
        pursuits = self.attempt("matching pursuit", self._pursuits, list[Start])
        reshaped = self.attempt("other curves", self._reshaped, list[Start])
        tried = self.trials.fit(
            [*small, *pursuits, *reshaped, *self.attempt("pairs of features", self._pairs, list[Start])]
        )
        self.found_new = is_new or bool(tried)
        # most children are no good: a few steps of the refit tell, and only the promising get more
        screened = self.trials.fit([start for _, start in children], SCREEN)
        promising = self._promising([(w, m) for (w, _), (m, _) in zip(children, screened, strict=True)])
        again = self.trials.fit([(m.graph, m.coefficients) for _, m in promising])
        candidates += [
            (w, min(before, after, key=lambda m: m.loss))
            for (w, before), (after, _) in zip(promising, again, strict=True)
        ]
        self._move(candidates)
        kept = [m for m, kept in [*screened, *again, *tried] if kept]
        self.trials.refine([m for m in kept if m.loss < ACCURATE])
        return kept

    def _children(self) -> tuple[list[tuple[int, FittedGraph]], list[tuple[int, Start]]]:
        """Propose children of every walker, with its number: those fitted lately, and starts of the others."""
        known: list[tuple[int, FittedGraph]] = []
        starts: list[tuple[int, Start]] = []
        for w, walker in self.in_time(enumerate(self.walkers)):
            for start in self._grown(walker):
                graph = start[0]
                if graph.complexity > walker.cap or not self.trials.is_sensible(graph):
                    continue
                member = self.trials.archive.recall(graph)
                if member is not None and self.rng.random() > AGAIN:
                    known.append((w, member))
                else:
                    starts.append((w, start))
        return known, starts

    def _grown(self, walker: _Walker) -> list[Start]:
        return self.attempt("growth", lambda: self.grower.children(walker.member, walker.sharpness), list[Start])

    def _promising(self, fitted: list[tuple[int, FittedGraph]]) -> list[tuple[int, FittedGraph]]:
        """Return the best few of each walker's children."""
        chosen: list[tuple[int, FittedGraph]] = []
        for w in range(len(self.walkers)):
            own = [m for owner, m in fitted if owner == w and math.isfinite(m.loss)]
            chosen += [(w, m) for m in sorted(own, key=score)[:PROMISING]]
        return chosen

    def _move(self, candidates: list[tuple[int, FittedGraph]]) -> None:
        """Let each walker go to its best candidate, or start anew."""
        best: dict[int, FittedGraph] = {}
        for w, member in candidates:
            if math.isfinite(member.loss) and (w not in best or score(member) < score(best[w])):
                best[w] = member
        for w, walker in enumerate(self.walkers):
            child = best.get(w)
            walker.steps += 1
            stuck = child is None or (child.loss > 0.97 * walker.member.loss and score(child) >= score(walker.member))
            if child is None or stuck or walker.steps >= MOST_STEPS:
                self.walkers[w] = self._fresh()
            else:
                walker.member = child

    def _pursuits(self) -> list[Start]:
        """Return sums of features behind outer functions, the ones behind which the law looks simple more often."""
        starts: list[Start] = []
        for _ in self.in_time(range(N_PURSUITS)):
            k = int(self.rng.integers(len(self.outer))) if self.rng.random() < 0.5 else int(self.rng.geometric(0.4)) - 1
            name, factor, inner = self.outer[min(k, len(self.outer) - 1)]
            starts += self.grower.pursuit(name, factor, inner, float(self.rng.choice(PURSUIT_SHARPNESS)))
        return [s for s in starts if self.trials.is_admissible(s[0])]

    def _reshaped(self) -> list[Start]:
        """Return the next of the shortest laws with other curves in the place of its own."""
        shortest = sorted(self.trials.archive.front(), key=self.trials.length)[:RESHAPED]
        member = next((m for m in shortest if m.graph.key not in self.shaped), None)
        if member is None or self.is_exact:
            return []
        self.shaped.add(member.graph.key)
        X = self.trials.problem.train.X
        draft = Draft.from_graph(member.graph, member.coefficients)
        starts = reshaped(draft, linearise(draft, X), X, self.primitives)
        return [s for s in starts if self.trials.is_admissible(s[0])]

    def _pairs(self) -> list[Start]:
        """Return the best sums and products of two features behind the next outer function."""
        n = len(self.outer)
        if (self.rounds > n and self.rounds % PAIRS_EVERY) or not self.trials.budget.has_time():
            return []
        k = self.rounds if self.rounds <= n else self.rounds // PAIRS_EVERY
        starts = self.grower.pairs(*self.outer[k % n])
        return [s for s in starts if self.trials.is_admissible(s[0])]


MakeIsland = Callable[..., Island]
"""Makes an island, of the arguments of `Island`."""
