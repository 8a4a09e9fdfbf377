"""Parts: a problem whose smooth model is a sum or product of functions of fewer inputs, each searched by itself.

Every part is an island of its own. The shortest laws of each part are put together and refitted on the whole.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.rewrites import shortened
from eqdarts.primitives.table import Primitive
from eqdarts.search.budget import Budget
from eqdarts.search.closed_form.outer import behind
from eqdarts.search.closed_form.power_sums import power_sums
from eqdarts.search.compared import offset_reductions, with_offset
from eqdarts.search.evaluator import THOROUGH, Trials
from eqdarts.search.implicit.island import Island, MakeIsland
from eqdarts.search.problem import Problem
from eqdarts.search.separated import EXP, Separation
from eqdarts.search.smooth_evidence import SmoothFit, best_fits
from eqdarts.search.structure import lift, reduce_by
from eqdarts.selection import structure_length

__all__ = ["Parts"]

MOST_BEHIND = 20.0  # nats by which a law may fit its part worse than the best
NATS_PER_COEFFICIENT = 4.0
MOST_LIFTED = 100  # laws of a part with fewer inputs that a round refits on the part
MOST_COMBINED, MOST_WHOLES = 10_000, 1000  # combinations of laws of the parts, and how many of them a round refits


class Parts:
    """The islands of the parts of one separation.

    Parameters
    ----------
    separation : Separation
    n_inputs : int
        Of the problem that is separated.
    nats : float
        What a loss of one costs, in nats: half the rows times the variance of the target over that of the noise.
    budget : Budget
    max_complexity : int
    primitives : tuple of Primitive
    rng : numpy.random.Generator
    make : callable, default=Island
        Makes the islands.
    """

    def __init__(
        self,
        separation: Separation,
        n_inputs: int,
        nats: float,
        budget: Budget,
        max_complexity: int,
        primitives: tuple[Primitive, ...],
        rng: np.random.Generator,
        make: MakeIsland = Island,
    ) -> None:
        self.separation = separation
        self.n_inputs = n_inputs
        self.nats = nats
        self.primitives = primitives
        self.islands = [
            make(Trials(problem, budget, max_complexity), (), primitives, rng, True) for problem in separation.problems
        ]
        self.reduced: list[tuple[Island, Island, float]] = []  # a part, that with fewer inputs, and its offset
        for island, noisy in zip(self.islands, separation.noisy, strict=True):
            island.begin()
            self._sum_up(island.trials)
            reduce = partial(self._reduce, island, noisy, make)
            budget.failures.attempt("comparison of reductions of a part", reduce, lambda: None)

    def _reduce(self, island: Island, noisy: Problem, make: MakeIsland) -> None:
        """Begin an island of a part with fewer inputs, where the rows bear out that it has fewer."""
        trials = island.trials
        if trials.problem.n_inputs < 2:
            return
        found = offset_reductions(noisy, trials.budget.has_time)
        reduced = None if found is None else reduce_by(with_offset(trials.problem, found[0]), found[1].chain)
        if found is None or reduced is None:
            return
        problem, chain = reduced
        inner = make(Trials(problem, trials.budget, trials.max_complexity), chain, self.primitives, island.rng, True)
        self.reduced.append((island, inner, found[0]))
        inner.begin()
        self._sum_up(inner.trials)

    def _sum_up(self, trials: Trials) -> None:
        """Fit sums of products of powers, behind a power, to a part."""
        budget, problem = trials.budget, trials.problem
        fits = budget.failures.attempt("smooth model of a part", lambda: best_fits(problem)[:1], list[SmoothFit])
        for fit in fits:
            read = partial(power_sums, problem, fit, self.primitives, budget.has_time)
            starts = budget.failures.attempt("sums of products of powers", read, list[Start])
            trials.add([s for s in starts if trials.is_admissible(s[0])], THOROUGH)

    def round(self) -> list[Start]:
        """Give every part a round; return the best wholes, as starts in the inputs of the separated problem."""
        for island in [*self.islands, *(inner for _, inner, _ in self.reduced)]:
            if island.is_able:
                island.round()
        for island, inner, offset in self.reduced:
            shortest = self.shortest(inner.trials.archive.recent.values(), MOST_LIFTED)
            lifted = [self._lifted(inner, island.trials.problem.n_inputs, offset, member) for _, member in shortest]
            island.trials.add([start for start in lifted if island.trials.is_admissible(start[0])], THOROUGH)
        best = max(round(MOST_COMBINED ** (1 / len(self.islands))), 2)
        ranked = [self.shortest(island.trials.archive.recent.values(), best) for island in self.islands]
        wholes = [
            (sum(length for length, _ in chosen), k, [member for _, member in chosen])
            for k, chosen in enumerate(itertools.product(*ranked))
        ]
        wholes.sort(key=lambda row: row[:2])
        return [self._whole(members) for _, _, members in wholes[:MOST_WHOLES]]

    def _lifted(self, inner: Island, n_inputs: int, offset: float, member: FittedGraph) -> Start:
        """Return a law of a part with fewer inputs in all inputs of the part."""
        draft = lift(inner.chain, Draft.from_graph(member.graph, member.coefficients), n_inputs)
        last = DraftEdge(draft.n_inputs + len(draft.nodes) - 1, LINEAR)
        return shortened(Draft(draft.n_inputs, [*draft.nodes, DraftNode("sum", [last], -offset)]).prune()).build()

    def shortest(self, members: Iterable[FittedGraph], most: int) -> list[tuple[float, FittedGraph]]:
        """Return the members with the shortest descriptions of a smooth function, and their lengths in nats.

        The smooth function is not exact: of two laws of one size the better one need not be the true one.
        """
        found: dict[str, tuple[float, FittedGraph]] = {}
        members = [m for m in members if math.isfinite(m.loss)]
        least = min((self.nats * m.loss for m in members), default=math.inf)
        for member in members:
            if self.nats * member.loss > least + MOST_BEHIND:
                continue
            written = structure_length(member.graph, self.primitives)
            free = member.graph.n_coefficients - member.graph.n_redundant
            length = self.nats * member.loss + written + NATS_PER_COEFFICIENT * free
            key = f"{member.loss:.6e}"  # one law in different forms
            if key not in found or length < found[key][0]:
                found[key] = length, member
        return sorted(found.values(), key=lambda pair: pair[0])[:most]

    def _whole(self, members: list[FittedGraph]) -> Start:
        """Return the laws of the parts put together."""
        nodes: list[DraftNode] = []
        outputs: list[DraftEdge] = []
        for part, member in zip(self.separation.parts, members, strict=True):
            draft = Draft.from_graph(member.graph, member.coefficients)
            shift = self.n_inputs + len(nodes) - draft.n_inputs
            for node in draft.nodes:
                for edge in node.edges:
                    edge.source = part[edge.source] if edge.source < draft.n_inputs else edge.source + shift
                nodes.append(node)
            outputs.append(DraftEdge(self.n_inputs + len(nodes) - 1, LINEAR))
        name, factor = self.separation.name, self.separation.factor
        if name == EXP:
            whole = Draft(self.n_inputs, [*nodes, DraftNode("product", outputs, factor)])
        else:
            whole = behind(name, factor, DraftNode("sum", outputs, self.separation.constant), self.n_inputs, nodes)
        return whole.prune().build()
