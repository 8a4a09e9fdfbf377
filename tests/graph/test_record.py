"""Graphs as plain JSON values: the same graph back, and a refusal for everything that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.errors import FormulaError
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.graph.record import MOST_EDGES, MOST_NODES, MOST_SHARED, graph_record, is_plain, read_fitted
from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import PRIMITIVES
from tests.strategies import Pair, graphs

GOOD = [["sum", True, [[0, "exp"]]], ["product", True, [[1, "power[3/2]"], [0, "linear"]]]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["sum", "product", "exp", ""]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(graphs(primitives=(*PRIMITIVES, "power[3/2]", "power[-2]")))
def test_a_graph_comes_back_from_json_with_its_coefficients(pair: Pair) -> None:
    graph, coefficients = pair
    text = json.dumps([graph_record(graph), list(coefficients)])
    assert read_fitted(*json.loads(text), n_inputs=graph.n_inputs) == pair


def test_a_primitive_of_the_users_own_is_found_by_its_name() -> None:
    def bump(u: Any) -> Any:
        return 1 / (1 + u * u)

    own = make_primitive("bump", bump, bump)
    graph = Graph(1, (Node("sum", (Edge(0, own),), True),))
    record = json.loads(json.dumps(graph_record(graph)))
    coefficients = [1.0] * graph.n_coefficients
    assert read_fitted(record, coefficients, 1, [own])[0] == graph
    with pytest.raises(FormulaError, match=r"needs its primitives.*bump"):
        read_fitted(record, coefficients, 1)


BAD: dict[str, Any] = {
    "no list": {},
    "empty": [],
    "no node": ["sum"],
    "another aggregator": [["mean", True, []]],
    "a node of nothing": [["sum", False, []]],
    "a constant that is a number": [["sum", 1, []]],
    "an edge without a primitive": [["sum", True, [[0]]]],
    "an unknown primitive": [["sum", True, [[0, "import os"]]]],
    "no edge at all": [["sum", True, [[0, "none"]]]],
    "an exponent over zero": [["sum", True, [[0, "power[1/0]"]]]],
    "a source after its reader": [["sum", True, [[1, "exp"]]]],
    "a source before the first": [["sum", True, [[-1, "exp"]]]],
    "a source that is a truth": [["sum", True, [[True, "exp"]]]],
    "too many nodes": [["sum", True, [[0, "exp"]]]] * (MOST_NODES + 1),
    "too many edges": [["sum", True, [[0, "exp"]] * (MOST_EDGES + 1)]],
}


@pytest.mark.parametrize("nodes", BAD.values(), ids=BAD)
def test_what_is_no_graph_is_refused(nodes: Any) -> None:
    with pytest.raises(FormulaError):
        read_fitted(nodes, [1.0], 1)


@pytest.mark.parametrize("coefficients", [None, [], [1.0] * 9, ["1"] * 4, [float("nan")] * 4, [True] * 4])
def test_coefficients_must_be_as_many_finite_numbers(coefficients: Any) -> None:
    with pytest.raises(FormulaError, match="coefficients"):
        read_fitted(GOOD, coefficients, 1)


@given(JSON, JSON)
def test_any_value_is_read_or_refused(nodes: Any, coefficients: Any) -> None:
    try:
        graph, numbers = read_fitted(nodes, coefficients, 2)
    except FormulaError:
        return
    assert len(numbers) == graph.n_coefficients


def test_a_graph_whose_key_would_take_too_long_is_not_plain() -> None:
    def shared(n: int) -> Graph:
        """Return a graph in which n nodes have two readers each."""
        inner = tuple(Node("sum", (Edge(0, PRIMITIVES["exp"]),), True) for _ in range(n))
        readers = tuple(Edge(1 + k, PRIMITIVES[name]) for k in range(n) for name in ("sin", "square"))
        return Graph(1, (*inner, Node("sum", readers)))

    assert is_plain(shared(MOST_SHARED))
    assert not is_plain(shared(MOST_SHARED + 1))
    graph = shared(MOST_SHARED + 1)
    with pytest.raises(FormulaError, match="must be small"):
        read_fitted(graph_record(graph), [1.0] * graph.n_coefficients, 1)
