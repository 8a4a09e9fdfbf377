"""A graph with its coefficients: a start before a fit, a fitted graph with its loss after it."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqdarts.graph.graph import Graph

__all__ = ["FittedGraph", "Start"]

Start = tuple[Graph, tuple[float, ...]]  # a graph, and the coefficients from which its fit starts


@dataclass(frozen=True)
class FittedGraph:
    """A graph with fitted coefficients.

    Parameters
    ----------
    graph : Graph
    coefficients : tuple of float
        The flat vector, in the order of `Graph.layout`.
    loss : float
        Mean weighted squared residual. The solver gives it in units of y squared; a search divides it by the variance
        of the target, and takes the larger one of training and held-back rows.
    status : str
        How the fit ended: a text of `eqdarts.solver.levenberg_marquardt.RESULTS`, or "" if it is not recorded.
    """

    graph: Graph
    coefficients: tuple[float, ...]
    loss: float
    status: str = field(default="", compare=False, repr=False)
