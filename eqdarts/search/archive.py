"""The Pareto archive: the graphs that were tried, and the best for each complexity and number of coefficients.

A fixed exponent and a learned one have the same complexity. The fixed one fits slightly worse with one coefficient
less, so both are kept.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph

__all__ = ["Archive"]

MOST_RECENT = 20_000  # fits remembered by structure: some tens of megabytes


@dataclass
class Archive:
    """The graphs that were tried, and the best at each complexity and number of coefficients."""

    best: dict[tuple[int, int], FittedGraph] = field(default_factory=dict)
    tried: set[int] = field(default_factory=set)
    recent: OrderedDict[str, FittedGraph] = field(default_factory=OrderedDict)

    def is_new(self, graph: Graph) -> bool:
        """Return whether no graph of this structure was tried before, and remember it."""
        known = hash(graph.key)
        if known in self.tried:
            return False
        self.tried.add(known)
        return True

    def recall(self, graph: Graph) -> FittedGraph | None:
        """Return the best recent fit of this structure, None if there is none."""
        return self.recent.get(graph.key)

    def add(self, member: FittedGraph) -> bool:
        """Keep `member` if it is the best of its size; return whether it was kept."""
        key = member.graph.key
        before = self.recent.get(key)
        if before is None or not before.loss <= member.loss:
            self.recent[key] = member
            self.recent.move_to_end(key)
            if len(self.recent) > MOST_RECENT:
                self.recent.popitem(last=False)
        if not math.isfinite(member.loss):
            return False
        size = member.graph.complexity, member.graph.n_coefficients
        known = self.best.get(size)
        if known is not None and known.loss <= member.loss:
            return False
        self.best[size] = member
        return True

    def front(self) -> list[FittedGraph]:
        """Return the members that no other dominates in symbols, coefficients and loss, simplest first."""
        members: list[tuple[int, FittedGraph]] = []
        for (_, k), member in sorted(self.best.items(), key=lambda item: (*item[0], item[1].loss)):
            if all(member.loss < other.loss for k_other, other in members if k_other <= k):
                members.append((k, member))
        return [member for _, member in members]

    @property
    def best_member(self) -> FittedGraph | None:
        """The member with the lowest loss, None as long as there is none."""
        return min(self.best.values(), key=lambda member: member.loss, default=None)

    @property
    def best_loss(self) -> float:
        """The lowest loss, infinite as long as nothing was added."""
        return math.inf if self.best_member is None else self.best_member.loss
