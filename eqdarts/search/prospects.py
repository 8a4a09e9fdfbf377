r"""Prospects: whether more search pays, judged by its course so far.

In nats, a law with loss L and c symbols on n rows has about the length :math:`\tfrac{n}{2} \log L + 2 c`. No law that
is left to try can be much shorter than one that fits as well as anything found so far, and has as many symbols as the
shortest graph that was not tried. What this ideal law is ahead of the shortest law found is the most that can be
gained; half of it is gained on average. The chance of a gain falls as the search goes on without one: if the last came
in round r and now is round :math:`r\,2^d`, it is about :math:`1 / (1 + d)` for the next doubling (the rule of
succession).

Under noise a smooth model of all rows says more: after a law that fits them as well only a shorter one can follow, and
no law with the same inputs is shorter than these and the operators between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.archive import Archive
from eqdarts.search.evaluator import EXACT, NATS_PER_SYMBOL

__all__ = ["Prospects"]

LEAST_GAIN = 1.0  # nats that another doubling of the search must promise
SHORTER = 0.2  # share of its symbols, beyond inputs and operators, by which a law may be hoped to be shorter
MOST_MEASURED = 8  # laws, the shortest by a rough description, that are measured by all rows
LEAST_ROUNDS, ROWS_A_ROUND = 3, 10  # many rows can tell many laws apart: each ten of them earn a round


@dataclass
class Prospects:
    """The course of a search in rounds, on `n_rows` rows."""

    n_rows: int
    rounds: int = 0
    shortest: float = field(default=math.inf, init=False)
    shortest_at: int = field(default=0, init=False)
    is_measured: bool = field(default=False, init=False)  # whether a smooth model said what is left to gain

    def expected_gain(
        self, archive: Archive, floor: float, untried: int, ahead: Callable[[FittedGraph], float | None] | None = None
    ) -> float:
        """Count a round; return the nats that another doubling of the search promises.

        Parameters
        ----------
        archive : Archive
            What was found so far.
        floor : float
            Loss of a smooth model of the rows, infinite if there is none.
        untried : int
            Symbols of the shortest graph that was not tried.
        ahead : callable, optional
            ``ahead(member)`` -> nats by which a smooth model of all rows fits these better, None if it says nothing.
        """
        self.rounds += 1
        ranked = sorted(archive.best.values(), key=lambda m: self._length(m.loss, m.graph.complexity))
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
            shortest = min((self._length(m.loss, m.graph.complexity) for m in ranked), default=math.inf)
            possible = shortest - self._length(min(floor, archive.best_loss), untried)
        if shortest < self.shortest - LEAST_GAIN:
            self.shortest, self.shortest_at = shortest, self.rounds
        return 0.5 * possible / (1 + math.log2((1 + self.rounds) / (1 + self.shortest_at)))

    def are_poor(
        self, archive: Archive, floor: float, untried: int, ahead: Callable[[FittedGraph], float | None] | None = None
    ) -> bool:
        """Count a round; return whether more search would hardly pay."""
        gain = self.expected_gain(archive, floor, untried, ahead)
        least = LEAST_ROUNDS if self.is_measured else max(LEAST_ROUNDS, self.n_rows // ROWS_A_ROUND)
        return self.rounds >= least and gain < LEAST_GAIN

    def _length(self, loss: float, symbols: int) -> float:
        """Return a rough description length in nats."""
        return 0.5 * self.n_rows * math.log(max(loss, EXACT)) + NATS_PER_SYMBOL * symbols
