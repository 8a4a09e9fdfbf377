"""Columns with two values: every function of such a column is a straight line on the rows.

An exponential or a power of a column of 0 and 1 says no more than a term with a weight, and looks like a law. The same
is true of everything that depends on such columns alone: sums of products of them reach every table of their values.
"""

from __future__ import annotations

from collections.abc import Collection

from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import LINEAR

__all__ = ["is_straight_in"]


def is_straight_in(graph: Graph, inputs: Collection[int]) -> bool:
    """Return whether no function but the identity is applied to some inputs, or to what depends on them alone.

    Parameters
    ----------
    graph : Graph
    inputs : collection of int
        Numbers of the inputs that have two values at most.
    """
    if not inputs:
        return True
    alone = set(inputs)  # sources that depend on nothing else
    for j, node in enumerate(graph.nodes):
        if any(edge.source in alone and edge.primitive is not LINEAR for edge in node.edges):
            return False
        if node.edges and all(edge.source in alone for edge in node.edges):
            alone.add(graph.n_inputs + j)
    return True
