"""Random graphs: diverse, within the limit, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import resolve

DEFAULT = resolve("default")


def draw(seed: int, n: int, n_inputs: int = 3, max_complexity: int = 30) -> list[tuple[Graph, tuple[float, ...]]]:
    rng = np.random.default_rng(seed)
    return [random_graph(rng, n_inputs, DEFAULT, max_complexity) for _ in range(n)]


def test_a_seed_gives_the_same_graphs() -> None:
    assert draw(3, 50) == draw(3, 50)
    assert draw(3, 50) != draw(4, 50)


@pytest.mark.parametrize("limit", [5, 12, 30])
def test_complexity_stays_within_the_limit_and_both_small_and_large_come_up(limit: int) -> None:
    complexities = [graph.complexity for graph, _ in draw(0, 300, max_complexity=limit)]
    assert max(complexities) <= limit
    assert max(complexities) >= limit - 2
    assert min(complexities) <= 5


def test_draws_are_diverse_and_use_every_input_primitive_and_aggregator() -> None:
    drawn = [graph for graph, _ in draw(0, 400)]
    assert len({graph.key for graph in drawn}) > 300
    edges = [edge for graph in drawn for node in graph.nodes for edge in node.edges]
    assert {edge.primitive for edge in edges} >= set(DEFAULT)
    assert {i for graph in drawn for i in graph.inputs} == {0, 1, 2}
    assert {node.aggregator for graph in drawn for node in graph.nodes} == {"sum", "product"}


def test_every_output_has_a_free_scale() -> None:
    for graph, _ in draw(1, 300):
        output = graph.nodes[-1]
        assert output.constant or output.aggregator == "sum"


def test_functions_are_not_nested_in_themselves() -> None:
    for graph, _ in draw(2, 300):
        inside: list[set[str]] = [set() for _ in range(graph.n_inputs)]
        for node in graph.nodes:
            inside.append(set())
            for edge in node.edges:
                name = edge.primitive.name
                assert edge.primitive.homogeneous or name not in inside[edge.source]
                inside[-1] |= inside[edge.source] | ({name} if not edge.primitive.homogeneous else set())
