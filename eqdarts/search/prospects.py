r"""Prospects: whether more search pays, judged by its course so far.

In nats, a law with loss L and c symbols on n rows has about the length :math:`\tfrac{n}{2} \log L + 2 c`. No law that
is left to try can be much shorter than one that fits as well as anything found so far, and has as many symbols as the
shortest graph that was not tried. What this ideal law is ahead of the shortest law found is the most that can be
gained; half of it is gained on average. The chance of a gain falls as the search goes on without one: if the last came
in round r and now is round :math:`r\,2^d`, it is about :math:`1 / (1 + d)` for the next doubling (the rule of
succession).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from eqdarts.search.archive import Archive
from eqdarts.search.evaluator import EXACT, NATS_PER_SYMBOL

__all__ = ["Prospects"]

LEAST_GAIN = 1.0  # nats that another doubling of the search must promise
LEAST_ROUNDS, ROWS_A_ROUND = 3, 10  # many rows can tell many laws apart: each ten of them earn a round


@dataclass
class Prospects:
    """The course of a search in rounds, on `n_rows` rows."""

    n_rows: int
    rounds: int = 0
    shortest: float = field(default=math.inf, init=False)
    shortest_at: int = field(default=0, init=False)

    def expected_gain(self, archive: Archive, floor: float, untried: int) -> float:
        """Count a round; return the nats that another doubling of the search promises.

        Parameters
        ----------
        archive : Archive
            What was found so far.
        floor : float
            Loss of a smooth model of the rows, infinite if there is none.
        untried : int
            Symbols of the shortest graph that was not tried.
        """
        self.rounds += 1
        shortest = min((self._length(m.loss, m.graph.complexity) for m in archive.best.values()), default=math.inf)
        if shortest < self.shortest - LEAST_GAIN:
            self.shortest, self.shortest_at = shortest, self.rounds
        ideal = self._length(min(floor, archive.best_loss), untried)
        return 0.5 * (shortest - ideal) / (1 + math.log2((1 + self.rounds) / (1 + self.shortest_at)))

    def are_poor(self, archive: Archive, floor: float, untried: int) -> bool:
        """Count a round; return whether more search would hardly pay."""
        gain = self.expected_gain(archive, floor, untried)
        return self.rounds >= max(LEAST_ROUNDS, self.n_rows // ROWS_A_ROUND) and gain < LEAST_GAIN

    def _length(self, loss: float, symbols: int) -> float:
        """Return a rough description length in nats."""
        return 0.5 * self.n_rows * math.log(max(loss, EXACT)) + NATS_PER_SYMBOL * symbols
