"""The Pareto archive: what was tried, and for each complexity the graph with the lowest loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from eqdarts.graph import Graph

__all__ = ["Archive", "Member"]


@dataclass(frozen=True)
class Member:
    """A fitted graph: the loss is the larger of training and validation loss, as a share of the target's variance."""

    graph: Graph
    coefficients: tuple[float, ...]
    loss: float


@dataclass
class Archive:
    """What was tried and what is best at each complexity."""

    by_complexity: dict[int, Member] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    def is_new(self, graph: Graph) -> bool:
        """Return whether no graph of this structure was tried before, and remember it."""
        if graph.key in self.tried:
            return False
        self.tried.add(graph.key)
        return True

    def add(self, member: Member) -> bool:
        """Keep `member` if it is the best of its complexity; return whether it was kept."""
        if not math.isfinite(member.loss):
            return False
        known = self.by_complexity.get(member.graph.complexity)
        if known is not None and known.loss <= member.loss:
            return False
        self.by_complexity[member.graph.complexity] = member
        return True

    def front(self) -> list[Member]:
        """Return the members that no simpler one equals, simplest first."""
        members: list[Member] = []
        for complexity in sorted(self.by_complexity):
            member = self.by_complexity[complexity]
            if not members or member.loss < members[-1].loss:
                members.append(member)
        return members

    @property
    def best_loss(self) -> float:
        """The lowest loss, infinite as long as nothing was added."""
        return min((member.loss for member in self.by_complexity.values()), default=math.inf)
