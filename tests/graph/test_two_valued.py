"""Nothing but straight lines in columns with two values."""

from __future__ import annotations

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.graph.two_valued import is_straight_in
from eqdarts.primitives.table import LINEAR, PRIMITIVES

EXP, POWER = PRIMITIVES["exp"], PRIMITIVES["power"]


def graph(*nodes: Node) -> Graph:
    return Graph(3, nodes)


def node(aggregator: str, *edges: tuple[int, object]) -> Node:
    return Node(aggregator, tuple(Edge(source, primitive) for source, primitive in edges), aggregator == "sum")  # type: ignore[arg-type]


def test_a_function_of_a_two_valued_column_is_no_law() -> None:
    law = graph(node("sum", (0, EXP), (1, LINEAR)))
    assert not is_straight_in(law, {0})
    assert is_straight_in(law, {1})
    assert is_straight_in(law, ())


def test_a_power_of_a_sum_of_two_such_columns_is_none_either() -> None:
    factor = node("sum", (0, LINEAR), (1, LINEAR))
    law = graph(factor, node("product", (2, EXP), (3, POWER)))
    assert not is_straight_in(law, {0, 1})
    assert is_straight_in(law, {0})  # the sum has another input, which may bend


def test_products_with_them_are_laws() -> None:
    law = graph(node("product", (0, LINEAR), (1, LINEAR)), node("product", (2, EXP), (3, LINEAR)))
    assert is_straight_in(law, {0, 1})
