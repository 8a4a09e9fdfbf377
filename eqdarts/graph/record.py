"""Graphs with their coefficients as plain JSON values, and back: every value is checked, nothing is executed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from eqdarts.errors import FormulaError, explain
from eqdarts.files import AS_WRITTEN, is_number, short
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import NONE, PRIMITIVES, Primitive, get_primitive

__all__ = ["graph_record", "is_plain", "read_fitted"]

MOST_NODES = 200
MOST_EDGES = 1000
MOST_SHARED = 7  # largest number of nodes with several readers: the key of a graph takes time with the factorial of it
FIXED_POWER = re.compile(r"power\[-?\d{1,4}(/\d{1,4})?\]")


def is_plain(graph: Graph) -> bool:
    """Return whether the graph is small enough for `read_fitted`."""
    n_edges = sum(len(node.edges) for node in graph.nodes)
    return len(graph.nodes) <= MOST_NODES and n_edges <= MOST_EDGES and _n_shared(graph) <= MOST_SHARED


def graph_record(graph: Graph) -> list[Any]:
    """Return the nodes: aggregator, whether there is a constant, and the source and primitive of each edge."""
    return [
        [node.aggregator, node.constant, [[e.source, e.primitive.name] for e in node.edges]] for node in graph.nodes
    ]


def read_fitted(
    nodes: Any, coefficients: Any, n_inputs: int, primitives: Iterable[Primitive] = ()
) -> tuple[Graph, tuple[float, ...]]:
    """Return the graph of a record and its coefficients.

    Parameters
    ----------
    nodes : list
        As returned by `graph_record`.
    coefficients : list of float
    n_inputs : int
    primitives : iterable of Primitive
        The user's own primitives, which are found by name in addition to the built-in ones.

    Raises
    ------
    FormulaError
        If the record is damaged or has an unknown primitive.
    """
    known = {**PRIMITIVES, **{row.name: row for row in primitives}}
    if not isinstance(nodes, list) or not 0 < len(nodes) <= MOST_NODES:
        raise _refused("a graph must be a list of nodes", nodes)
    graph = Graph(n_inputs, tuple(_node(record, n_inputs + j, known) for j, record in enumerate(nodes)))
    if not is_plain(graph):
        raise _refused("a graph must be small", f"{len(nodes)} nodes")
    if not isinstance(coefficients, list) or not all(map(is_number, coefficients)):
        raise _refused("coefficients must be finite numbers", coefficients)
    if len(coefficients) != graph.n_coefficients:
        raise _refused(f"the graph has {graph.n_coefficients} coefficients", len(coefficients))
    return graph, tuple(map(float, coefficients))


def _whole_number(value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _refused(f"a whole number of {least} to {most} is needed", value)
    return value


def _node(record: Any, n_sources: int, known: Mapping[str, Primitive]) -> Node:
    if not isinstance(record, list) or len(record) != 3 or record[0] not in ("sum", "product"):
        raise _refused("a node must be a sum or a product", record)
    aggregator, constant, edges = record
    if not isinstance(constant, bool) or not isinstance(edges, list) or not (edges or constant):
        raise _refused("a node must have edges or a constant", record)
    return Node(aggregator, tuple(_edge(edge, n_sources, known) for edge in edges[: MOST_EDGES + 1]), constant)


def _edge(record: Any, n_sources: int, known: Mapping[str, Primitive]) -> Edge:
    if not isinstance(record, list) or len(record) != 2 or not isinstance(record[1], str):
        raise _refused("an edge must have a source and a primitive", record)
    source, name = _whole_number(record[0], 0, n_sources - 1), record[1]
    if name in known and name != NONE.name:
        return Edge(source, known[name])
    if FIXED_POWER.fullmatch(name):
        try:
            return Edge(source, get_primitive(name))
        except ValueError:
            pass
    raise FormulaError(
        explain("A saved graph needs its primitives.", repr(name)[:60], "Pass the primitives with which it was found.")
    )


def _n_shared(graph: Graph) -> int:
    uses = Counter(edge.source for node in graph.nodes for edge in node.edges)
    return sum(count > 1 for source, count in uses.items() if source >= graph.n_inputs)


def _refused(what: str, given: object) -> FormulaError:
    return FormulaError(explain(f"The file is damaged: {what}.", short(given), AS_WRITTEN))
