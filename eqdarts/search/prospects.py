r"""Prospects: whether more search pays, judged by its course so far.

In nats, a law with loss L and c symbols on n rows has about the length :math:`\tfrac{n}{2} \log L + 2 c`. No law that
is left to try can be much shorter than one that fits as well as anything found so far, and has as many symbols as the
shortest graph that was not tried. How well that is, the loss of a law with k coefficients tells too well, by the share
k/n that they fit of the noise. What this ideal law is ahead of the shortest law found is the most that can be
gained; half of it is gained on average. The chance of a gain falls as the search goes on without one: if the last came
in round r and now is round :math:`r\,2^d`, it is about :math:`1 / (1 + d)` for the next doubling (the rule of
succession).

Under noise a smooth model of all rows says more: after a law that fits them as well only a shorter one can follow, and
no law with the same inputs is shorter than these and the operators between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.archive import Archive
from eqdarts.search.evaluator import EXACT, NATS_PER_SYMBOL

__all__ = ["NO_FLOOR", "Floor", "Prospects"]

LEAST_GAIN = 1.0  # nats that another doubling of the search must promise
SHORTER = 0.2  # share of its symbols, beyond inputs and operators, by which a law may be hoped to be shorter
MOST_MEASURED = 8  # laws, the shortest by a rough description, that are measured by all rows
LEAST_ROUNDS, ROWS_A_ROUND = 3, 10  # many rows can tell many laws apart: each ten of them earn a round


class Floor(NamedTuple):
    """The loss of a smooth model on rows held back, and how many these are."""

    loss: float
    n_rows: int


NO_FLOOR = Floor(math.inf, 0)


@dataclass
class Prospects:
    """The course of a search in rounds, on `n_rows` rows; `is_again` says that another has searched them before."""

    n_rows: int
    is_again: bool = False
    rounds: int = 0
    shortest: float = field(default=math.inf, init=False)
    shortest_at: int = field(default=0, init=False)
    is_measured: bool = field(default=False, init=False)  # whether a smooth model said what is left to gain

    def expected_gain(
        self, archive: Archive, floor: Floor, untried: int, ahead: Callable[[FittedGraph], float | None] | None = None
    ) -> float:
        """Count a round; return the nats that another doubling of the search promises.

        Parameters
        ----------
        archive : Archive
            What was found so far.
        floor : Floor
            What a smooth model leaves, `NO_FLOOR` if there is none.
        untried : int
            Symbols of the shortest graph that was not tried.
        ahead : callable, optional
            ``ahead(member)`` -> nats by which a smooth model of all rows fits these better, None if it says nothing.
        """
        self.rounds += 1
        ranked = sorted(archive.best.values(), key=self._length)
        behind = {} if ahead is None else {m: ahead(m) for m in ranked[:MOST_MEASURED]}
        measured = {m: nats for m, nats in behind.items() if nats is not None}
        if measured and not self.is_measured:
            self.shortest = math.inf  # of another measure
        self.is_measured = bool(measured)
        if measured:
            best = min(measured, key=lambda m: measured[m] + NATS_PER_SYMBOL * m.graph.complexity)
            shortest = measured[best] + NATS_PER_SYMBOL * best.graph.complexity
            fewest = max(untried, 2 * len(best.graph.inputs) - 1)
            fewer = SHORTER * max(best.graph.complexity - fewest, 0)
            possible = max(measured[best], 0.0) + NATS_PER_SYMBOL * fewer
        else:
            shortest = self._length(ranked[0]) if ranked else math.inf
            possible = self._possible(ranked, floor, untried)
        if shortest < self.shortest - LEAST_GAIN:
            self.shortest, self.shortest_at = shortest, self.rounds
        return 0.5 * possible / (1 + math.log2((1 + self.rounds) / (1 + self.shortest_at)))

    def are_poor(
        self, archive: Archive, floor: Floor, untried: int, ahead: Callable[[FittedGraph], float | None] | None = None
    ) -> bool:
        """Count a round; return whether more search would hardly pay."""
        gain = self.expected_gain(archive, floor, untried, ahead)
        own = self.n_rows // (ROWS_A_ROUND * (2 if self.is_again else 1))
        least = LEAST_ROUNDS if self.is_measured else max(LEAST_ROUNDS, own)
        return self.rounds >= least and gain < LEAST_GAIN

    def _possible(self, ranked: Sequence[FittedGraph], floor: Floor, untried: int) -> float:
        """Return by how many nats a law may be shorter than the first of the ranked ones."""
        if not ranked:
            return math.inf
        best = ranked[0]
        by_laws = max(self._ahead(best.loss, self._without_fitted_noise(m), self.n_rows) for m in ranked)
        # A smooth model was judged by rows held back: on few of them one model is soon ahead of another.
        by_floor = self._ahead(best.loss, floor.loss, floor.n_rows)
        return max(by_laws, by_floor) + NATS_PER_SYMBOL * (best.graph.complexity - untried)

    def _without_fitted_noise(self, member: FittedGraph) -> float:
        """Return what a member would leave if its coefficients had not fitted some of the noise."""
        left = self.n_rows - member.graph.n_coefficients
        return member.loss * self.n_rows / left if left > 0 else math.inf

    @staticmethod
    def _ahead(loss: float, other: float, n_rows: int) -> float:
        """Return by how many nats a loss on this number of rows is better than another one."""
        better = math.log(max(loss, EXACT)) - math.log(max(other, EXACT)) if math.isfinite(other) else -math.inf
        return 0.5 * n_rows * better if n_rows else -math.inf

    def _length(self, member: FittedGraph) -> float:
        """Return a rough description length in nats."""
        return 0.5 * self.n_rows * math.log(max(member.loss, EXACT)) + NATS_PER_SYMBOL * member.graph.complexity
