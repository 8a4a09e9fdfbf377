"""The default search with supernets among its proposers, for the comparison of both.

An island that is searched as always gives a share of its time to supernets, trained on the same rows. What they propose
is refitted and offered to the island's archive, from whose front climbs start.
"""

from __future__ import annotations

import time

from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.implicit.implicit import search_islands
from eqdarts.search.implicit.island import Island
from eqdarts.search.relaxed.island import RelaxedIsland
from eqdarts.search.running import Running

__all__ = ["with_supernets"]

SHARE = 0.2  # share of the CPU seconds that supernets get
FROM = 0.05  # share of the budget after which the first supernet is trained
STAGE = "supernets"


class WithSupernets(RelaxedIsland):
    """One form of the problem, searched as by default and by supernets."""

    begin = Island.begin
    is_able = Island.is_able
    patience = Island.patience

    def round(self) -> list[FittedGraph]:
        """Let every walker take one step, and where it is their turn train a supernet; return what was kept."""
        kept = Island.round(self)
        if not self._is_due():
            return kept
        began, found_new = time.process_time(), self.found_new
        kept += self.propose()
        self.found_new |= found_new
        self.trials.budget.book(STAGE, began)
        return kept

    def _is_due(self) -> bool:
        budget = self.trials.budget
        if self.is_exact or budget.spent() < FROM or budget.stop_reason() is not None:
            return False
        return budget.stage_seconds.get(STAGE, 0.0) < SHARE * (time.process_time() - budget.cpu_began)


def with_supernets(running: Running) -> None:
    """Search as by default, a share of the time by supernets."""
    search_islands(running, "implicit", lambda *given: WithSupernets(running, *given))
