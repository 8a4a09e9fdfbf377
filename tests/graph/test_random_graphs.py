"""Where a search starts: random graphs, and the smallest ones in order."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from eqdarts.graph.draft import Draft
from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.graph.small_graphs import small_graphs
from eqdarts.primitives.table import PRESETS, resolve

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


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("n_inputs", [1, 2, 4])
def test_small_graphs_come_by_rising_complexity_each_once(preset: str, n_inputs: int) -> None:
    found = list(islice(small_graphs(n_inputs, resolve(preset)), 1500))
    graphs = [graph for graph, _ in found]
    assert all(a.complexity <= b.complexity for a, b in pairwise(graphs))
    assert len({graph.key for graph in graphs}) == len(graphs)
    for graph, coefficients in found:
        assert len(coefficients) == graph.n_coefficients
        assert Draft.from_graph(graph, coefficients).prune().build() == (graph, coefficients)


@pytest.mark.parametrize(
    ("n_inputs", "key"),
    [
        (1, "Sc[]"),
        (1, "S[log(Sc[linear(x0)])]"),
        (1, "S[tanh(x0)]"),
        (1, "Sc[exp(x0),exp(x0)]"),
        (2, "Pc[linear(x0),linear(x1)]"),
        (2, "Pc[exp(x1),square(x0)]"),
        (2, "Pc[linear(x0),reciprocal(Sc[linear(x0)])]"),
        (2, "S[sqrt(S[linear(x0),linear(x1)])]"),
    ],
)
def test_small_laws_are_among_the_small_graphs(n_inputs: int, key: str) -> None:
    assert key in {graph.key for graph, _ in islice(small_graphs(n_inputs, DEFAULT), 4000)}


def test_power_products_of_all_inputs_are_among_the_small_graphs() -> None:
    keys = [graph.key for graph, _ in islice(small_graphs(4, resolve(["power"])), 1500)]
    assert "Pc[power(x0),power(x1),power(x2),power(x3)]" in keys
