"""Graphs: layout, levels, complexity, and a key that is the structure and nothing else."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft
from eqdarts.graph.graph import Aggregator, Edge, Graph, Node
from eqdarts.primitives.table import get_primitive
from eqdarts.solver.batch import Batch
from tests.strategies import Pair, drafts, evaluate, graphs

SEEDS = st.integers(0, 2**32 - 1)


def node(aggregator: Aggregator, *edges: tuple[int, str], constant: bool = False) -> Node:
    return Node(aggregator, tuple(Edge(source, get_primitive(name)) for source, name in edges), constant)


def shuffled(graph: Graph, rng: np.random.Generator) -> Graph:
    """Return the same graph with its edges permuted and its nodes in another topological order."""
    d = graph.n_inputs
    waiting, order = list(range(len(graph.nodes) - 1)), []
    while waiting:
        ready = [j for j in waiting if all(e.source - d not in waiting for e in graph.nodes[j].edges)]
        order.append(ready[rng.integers(len(ready))])
        waiting.remove(order[-1])
    order.append(len(graph.nodes) - 1)
    number = {i: i for i in range(d)} | {d + old: d + new for new, old in enumerate(order)}
    nodes = []
    for old in order:
        edges = [Edge(number[e.source], e.primitive) for e in graph.nodes[old].edges]
        permuted = tuple(edges[k] for k in rng.permutation(len(edges)))
        nodes.append(Node(graph.nodes[old].aggregator, permuted, graph.nodes[old].constant))
    return Graph(d, tuple(nodes))


def fingerprint(graph: Graph) -> tuple[float, ...]:
    """Evaluate the graph as a polynomial-like form with coefficients that depend on the structure below them only.

    Every node and edge gets its coefficient from a counter of what it reads, so isomorphic graphs agree to rounding and
    others do not: an independent check of the key that compares shapes by random numbers instead of texts.
    """
    d = graph.n_inputs
    seeds = [float(np.random.default_rng(i).random()) for i in range(d)]
    for current in graph.nodes:
        terms = sorted(
            float(np.random.default_rng([len(e.primitive.name), *e.primitive.name.encode()]).random())
            * seeds[e.source] ** 2
            + seeds[e.source]
            for e in current.edges
        )
        start = 0.31 if current.aggregator == "sum" else 0.77
        seeds.append(start + 0.11 * current.constant + float(np.sum(np.sin(terms))) / (1 + len(terms)))
    readers: Counter[tuple[float, ...]] = Counter()
    for s in range(d, d + len(graph.nodes)):
        users = [seeds[d + j] for j, n in enumerate(graph.nodes) for e in n.edges if e.source == s]
        readers[(round(seeds[s], 12), *sorted(round(u, 12) for u in users))] += 1
    return tuple(itertools.chain.from_iterable((*key, float(n)) for key, n in sorted(readers.items())))


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(drafts(max_inputs=3), SEEDS)
def test_key_ignores_the_order_of_edges_and_the_numbering_of_nodes(draft: Draft, seed: int) -> None:
    graph, _ = draft.build()
    assert shuffled(graph, np.random.default_rng(seed)).key == graph.key


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(SEEDS)
def test_graphs_have_equal_keys_exactly_when_their_structures_are_equal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [random_small(rng) for _ in range(60)]
    prints: dict[str, tuple[float, ...]] = {}
    for graph in drawn:
        prints.setdefault(graph.key, fingerprint(graph))
        assert prints[graph.key] == pytest.approx(fingerprint(graph))
    assert len({tuple(np.round(p, 9)) for p in prints.values()}) == len(prints)


def random_small(rng: np.random.Generator) -> Graph:
    """Draw a graph from a set so small that equal and almost equal structures come up; every node is read."""
    nodes: list[Node] = []
    names = ("linear", "exp")
    for j in range(int(rng.integers(1, 4))):
        sources = [0, *([j] if j else []), *rng.integers(0, 1 + j, int(rng.integers(0, 2)))]
        edges = [(int(s), names[rng.integers(2)]) for s in sources]
        nodes.append(node("sum" if rng.random() < 0.5 else "product", *edges, constant=bool(rng.random() < 0.3)))
    return Graph(1, tuple(nodes))


def test_a_shared_node_and_its_duplicate_have_different_keys() -> None:
    inner = node("sum", (0, "linear"), (0, "log"), constant=True)
    shared = Graph(1, (inner, node("product", (1, "exp"), (1, "sin"))))
    duplicated = Graph(1, (inner, inner, node("product", (1, "exp"), (2, "sin"))))
    assert shared.key != duplicated.key
    assert shared.n_coefficients < duplicated.n_coefficients


def test_which_reader_reads_which_of_two_equal_shared_nodes_shows_in_the_key() -> None:
    leaf = node("sum", (0, "linear"), (0, "log"))
    pairs = {
        "together": ((1, 1), (2, 2)),  # each top node reads one leaf twice
        "across": ((1, 2), (1, 2)),  # each top node reads both leaves
    }
    keys = set()
    for readers in pairs.values():
        middle = [node("product", (leaf_number, "exp")) for pair in readers for leaf_number in pair]
        tops = [node("sum", (3, "sin"), (4, "sin")), node("sum", (5, "sin"), (6, "sin"))]
        graph = Graph(1, (leaf, leaf, *middle, *tops, node("sum", (7, "cos"), (8, "cos"))))
        keys.add(graph.key)
        assert all(shuffled(graph, np.random.default_rng(s)).key == graph.key for s in range(20))
    assert len(keys) == 2


@settings(deadline=None)
@given(drafts(max_inputs=3))
def test_layout_gives_every_coefficient_one_place(draft: Draft) -> None:
    graph, coefficients = draft.build()
    places = []
    for slots in graph.layout:
        places.append(slots.constant)
        for own in slots.edges:
            places += [own.weight, *range(own.first, own.first + own.count)]
    used = [place for place in places if place >= 0]
    assert sorted(used) == list(range(graph.n_coefficients)) == list(range(len(coefficients)))
    assert used == sorted(used)  # node by node, constant first, then edge by edge


REDUNDANT: dict[str, tuple[tuple[Node, ...], int]] = {
    "a/(b + c*x)": ((node("sum", (0, "linear"), constant=True), node("sum", (2, "reciprocal"))), 1),
    "y*c*(a + b*x)": (
        (node("sum", (0, "linear"), constant=True), node("product", (1, "linear"), (2, "linear"), constant=True)),
        1,
    ),
    "(a + b*x)*(c + d*y)": (
        (
            node("sum", (0, "linear"), constant=True),
            node("sum", (1, "linear"), constant=True),
            node("product", (2, "linear"), (3, "linear")),
        ),
        1,
    ),
    "a*exp(b + c*x)": ((node("sum", (0, "linear"), constant=True), node("sum", (2, "exp"))), 0),
    "a*x*y": ((node("product", (0, "linear"), (1, "linear"), constant=True),), 0),
    "read twice": (
        (
            node("sum", (0, "linear"), constant=True),
            node("sum", (2, "reciprocal"), (1, "linear")),
            node("product", (2, "linear"), (3, "linear")),
        ),
        0,
    ),
}


@pytest.mark.parametrize(("nodes", "redundant"), REDUNDANT.values(), ids=REDUNDANT)
def test_scales_that_are_handed_on_to_scales_are_redundant(nodes: tuple[Node, ...], redundant: int) -> None:
    assert Graph(2, nodes).n_redundant == redundant


@settings(deadline=None)
@given(drafts(max_inputs=3), st.integers(0, 100))
def test_a_graph_has_no_more_degrees_of_freedom_than_coefficients_that_are_not_redundant(
    draft: Draft, seed: int
) -> None:
    graph, coefficients = draft.build()
    X = torch.from_numpy(np.random.default_rng(seed).uniform(0.5, 2.0, (80, graph.n_inputs)))
    batch = Batch([graph], X)
    (jacobian,) = batch.evaluate(batch.pad([coefficients])).jacobian.numpy()
    if not np.isfinite(jacobian).all() or np.abs(jacobian).max(initial=0.0) > 1e6:
        return
    sizes = np.linalg.norm(jacobian, axis=1, keepdims=True)
    values = np.linalg.svd(jacobian / np.where(sizes > 0, sizes, 1.0), compute_uv=False)
    rank = int(np.sum(values > 1e-9 * max(values.max(initial=0.0), 1e-300)))
    assert rank <= graph.n_coefficients - graph.n_redundant


@settings(deadline=None)
@given(drafts(max_inputs=3))
def test_an_edge_is_neutral_exactly_as_the_only_reader_of_a_sum(draft: Draft) -> None:
    graph, _ = draft.build()
    readers = Counter(e.source for n in graph.nodes for e in n.edges)
    for current, slots in graph.slots():
        for e, own in zip(current.edges, slots.edges, strict=True):
            reads_sum = e.source >= graph.n_inputs and graph.nodes[e.source - graph.n_inputs].aggregator == "sum"
            assert own.neutral == (bool(e.primitive.inner) and reads_sum and readers[e.source] == 1)
            assert own.count == len(e.primitive.shape) + (0 if own.neutral else len(e.primitive.inner))
            assert (own.weight >= 0) == (current.aggregator == "sum")


@settings(deadline=None)
@given(drafts(max_inputs=3))
def test_a_node_lies_one_level_above_its_highest_source(draft: Draft) -> None:
    graph, _ = draft.build()
    for current, level in zip(graph.nodes, graph.levels, strict=True):
        below = [graph.levels[e.source - graph.n_inputs] for e in current.edges if e.source >= graph.n_inputs]
        assert level == max(below, default=-1) + 1


COMPLEXITIES = {
    "c": ((node("sum", constant=True),), 1),
    "x": ((node("product", (0, "linear")),), 1),
    "w*x": ((node("sum", (0, "linear")),), 3),
    "c + w*x": ((node("sum", (0, "linear"), constant=True),), 5),
    "x*y": ((node("product", (0, "linear"), (1, "linear")),), 3),
    "c*x*y": ((node("product", (0, "linear"), (1, "linear"), constant=True),), 5),
    "c*x*exp(a*y)": ((node("product", (0, "linear"), (1, "exp"), constant=True),), 8),
    "w*x**2": ((node("sum", (0, "square")),), 5),
    "w*log(x)": ((node("sum", (0, "log")),), 4),
    "c + w*sin(a*x + b*y)": (
        (node("sum", (0, "linear"), (1, "linear")), node("sum", (2, "sin"), constant=True)),
        12,
    ),
    "(x*y)*exp(a*x*y)": (
        (node("product", (0, "linear"), (1, "linear")), node("product", (2, "linear"), (2, "exp"))),
        10,
    ),
}


@pytest.mark.parametrize(("nodes", "symbols"), COMPLEXITIES.values(), ids=COMPLEXITIES)
def test_complexity_counts_the_symbols_of_the_printed_equation(nodes: tuple[Node, ...], symbols: int) -> None:
    assert Graph(2, nodes).complexity == symbols


@settings(deadline=None)
@given(graphs())
def test_pickle_round_trip(pair: Pair) -> None:
    graph, _ = pair
    again = pickle.loads(pickle.dumps(graph))
    assert again == graph
    assert hash(again) == hash(graph)
    assert again.key == graph.key
    assert all(
        a.primitive is b.primitive
        for m, n in zip(again.nodes, graph.nodes, strict=True)
        for a, b in zip(m.edges, n.edges, strict=True)
    )


@settings(deadline=None)
@given(graphs(), SEEDS)
def test_random_graphs_are_pruned_and_within_the_limit(pair: Pair, seed: int) -> None:
    graph, coefficients = pair
    assert graph.complexity <= 30
    assert len(coefficients) == graph.n_coefficients
    assert graph.inputs
    assert Draft.from_graph(graph, coefficients).prune().build() == pair
    X = np.random.default_rng(seed).uniform(0.1, 2.0, (5, graph.n_inputs))
    assert evaluate(Draft.from_graph(graph, coefficients), X).shape == (5,)


def test_inputs_are_those_that_some_edge_reads() -> None:
    assert Graph(3, (node("sum", (2, "exp"), (0, "log")),)).inputs == {0, 2}


def test_a_graph_needs_a_node() -> None:
    with pytest.raises(ValueError, match=r"A graph needs an output node\. Got no nodes"):
        Graph(1, ())


@pytest.mark.parametrize("source", [-1, 2, 3])
def test_sources_come_before_their_readers(source: int) -> None:
    with pytest.raises(ValueError, match=f"sources from inputs and earlier nodes. Got {source}. Use 0 to 1"):
        Graph(2, (node("sum", (source, "linear")),))
