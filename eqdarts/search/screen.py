"""What is known of a law, as a search sees it: which fitted graphs contradict it by their inputs or their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import Scales
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.knowledge.probes import Screen
from eqdarts.solver.compiled import predict_all

__all__ = ["GraphScreen"]

AT_ONCE = 2**20  # values of one pass


@dataclass(frozen=True, eq=False)
class GraphScreen:
    """The checks of a `Screen` for graphs.

    Parameters
    ----------
    screen : Screen
    points : ndarray of shape (M, D)
        Its points as graphs see them.
    y_scale : float
        What one unit of a graph's value is worth.
    logistic : bool
        Whether the graphs are log odds of the law.
    known_part : ndarray of shape (M,)
        What is added to their values.
    """

    screen: Screen
    points: Array
    y_scale: float
    logistic: bool = False
    known_part: Array | float = 0.0

    @classmethod
    def of(cls, screen: Screen | None, scales: Scales, y_scale: float, logistic: bool) -> GraphScreen | None:
        """Return the checks for graphs in these units; None if nothing is known."""
        if screen is None:
            return None
        return cls(screen, np.ascontiguousarray((screen.points - scales.origin) / scales.x), y_scale, logistic)

    def admits(self, graph: Graph) -> bool:
        """Return whether a graph has no input that the law must not have."""
        return not self.screen.banned or not self.screen.banned & set(graph.inputs)

    def obeyed(self, members: Sequence[FittedGraph]) -> NDArray[np.bool_]:
        """Return whether each graph contradicts nothing that is known (G,)."""
        found = np.array([self._has_inputs(member.graph) for member in members], dtype=bool)
        size = max(AT_ONCE // max(len(self.points), 1), 1)
        chosen = np.flatnonzero(found) if len(self.points) else np.zeros(0, dtype=np.intp)
        for first in range(0, len(chosen), size):
            part = chosen[first : first + size]
            own = [members[k] for k in part]
            found[part] = self.screen.obeyed(self._values(own))
        return found

    def _has_inputs(self, graph: Graph) -> bool:
        used = set(graph.inputs)
        return self.screen.needed <= used and not self.screen.banned & used

    def _values(self, members: Sequence[FittedGraph]) -> Array:
        X = torch.from_numpy(self.points)
        with np.errstate(all="ignore"):
            graphs, coefficients = [m.graph for m in members], [m.coefficients for m in members]
            f = predict_all(graphs, coefficients, X).numpy() * self.y_scale + self.known_part
            return np.asarray(1 / (1 + np.exp(-f)) if self.logistic else f)
