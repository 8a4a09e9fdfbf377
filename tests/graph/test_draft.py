"""Pruning keeps the function and removes what is superfluous; drafts and graphs say the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode, prune
from eqdarts.primitives.table import PRIMITIVES, fixed_power, get_primitive
from tests.strategies import Pair, drafts, evaluate, graphs

SEEDS = st.integers(0, 2**32 - 1)


def rows(seed: int, n_inputs: int, n: int = 12) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.1, 2.0, (n, n_inputs)) * rng.choice([-1.0, 1.0, 1.0], (n, n_inputs))


def edge(source: int, name: str, weight: float = 1.0, *coefficients: float) -> DraftEdge:
    return DraftEdge(source, get_primitive(name), weight, list(coefficients))


def total(*edges: DraftEdge, c: float | None = None) -> DraftNode:
    return DraftNode("sum", list(edges), c)


def product(*edges: DraftEdge, c: float | None = None) -> DraftNode:
    return DraftNode("product", list(edges), c)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(drafts(), SEEDS)
def test_pruning_keeps_the_function(draft: Draft, seed: int) -> None:
    X = rows(seed, draft.n_inputs)
    before, after = evaluate(draft, X), evaluate(draft.copy().prune(), X)
    defined = np.isfinite(before)
    np.testing.assert_allclose(after[defined], before[defined], rtol=1e-7, atol=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(drafts(), SEEDS)
def test_building_keeps_the_function(draft: Draft, seed: int) -> None:
    X = rows(seed, draft.n_inputs)
    before, after = evaluate(draft, X), evaluate(Draft.from_graph(*draft.build()), X)
    defined = np.isfinite(before)
    np.testing.assert_allclose(after[defined], before[defined], rtol=1e-7, atol=1e-9)


@settings(deadline=None, max_examples=300)
@given(drafts())
def test_pruning_twice_is_pruning_once(draft: Draft) -> None:
    graph, coefficients = draft.prune().build()
    again, coefficients_again = prune(graph, coefficients)
    assert again == graph
    assert coefficients_again == pytest.approx(coefficients, rel=1e-12, nan_ok=True)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(drafts())
def test_pruning_never_raises_complexity_or_the_number_of_coefficients(draft: Draft) -> None:
    before, _ = draft.build()
    # a node of nothing at all is a number, which is not counted yet
    uncounted = any(
        node.constant is None and all(e.primitive.name == "none" for e in node.edges) for node in draft.nodes
    )
    after, coefficients = draft.prune().build()
    assert after.complexity <= before.complexity
    assert len(coefficients) == after.n_coefficients
    assert uncounted or after.n_coefficients <= before.n_coefficients


@settings(deadline=None)
@given(drafts())
def test_a_pruned_draft_has_nothing_absent(draft: Draft) -> None:
    draft.prune()
    read = {e.source for node in draft.nodes for e in node.edges}
    hidden = range(draft.n_inputs, draft.n_inputs + len(draft.nodes) - 1)
    assert read.issuperset(hidden)
    assert all(node.edges for node in draft.nodes[:-1])
    assert not any(e.primitive.name == "none" for node in draft.nodes for e in node.edges)
    assert not any(e.weight == 0.0 for node in draft.nodes for e in node.edges)


@settings(deadline=None)
@given(graphs(primitives="physics"))
def test_graph_to_draft_and_back_is_the_same_graph(pair: Pair) -> None:
    graph, coefficients = pair
    again, coefficients_again = Draft.from_graph(graph, coefficients).build()
    assert again == graph
    assert coefficients_again == coefficients


@settings(deadline=None)
@given(graphs())
def test_editing_a_copy_leaves_the_original_alone(pair: Pair) -> None:
    draft = Draft.from_graph(*pair)
    edited = draft.copy()
    edited.insert(0, total(edge(0, "linear"), c=1.0))
    for node in edited.nodes:
        node.scale(2.0)
    assert draft.build() == pair


@settings(deadline=None)
@given(graphs(max_nodes=4), SEEDS)
def test_inserting_and_removing_an_unread_node_changes_nothing(pair: Pair, seed: int) -> None:
    draft = Draft.from_graph(*pair)
    position = seed % len(draft.nodes)
    place = draft.insert(position, total(edge(0, "linear", 0.7), c=0.3))
    assert place == draft.n_inputs + position
    X = rows(seed, draft.n_inputs)
    np.testing.assert_array_equal(evaluate(draft, X), evaluate(Draft.from_graph(*pair), X))
    draft.remove(position)
    assert draft.build() == pair


# what each draft prunes to, as its key
A, B = 0, 1
CASES = {
    "unread node": ([product(edge(A, "exp")), total(edge(B, "linear", 2.0))], "S[linear(x1)]"),
    "zero weight": ([total(edge(A, "linear", 0.0), edge(B, "linear", 2.0))], "S[linear(x1)]"),
    "none in a product is one": ([product(edge(A, "none"), edge(B, "square"))], "P[square(x1)]"),
    "zero constant of a sum": ([total(edge(A, "linear", 2.0), c=0.0)], "S[linear(x0)]"),
    "zero constant of a product": ([product(edge(A, "linear"), c=0.0)], "Pc[]"),
    "zero inner scale": ([product(edge(A, "exp", 1.0, 0.0), edge(B, "log"))], "P[log(x1)]"),
    "function of a constant": ([total(c=2.0), total(edge(A, "log"), edge(2, "square", 3.0))], "Sc[log(x0)]"),
    "sum in a sum": (
        [total(edge(A, "exp", 2.0), edge(B, "log"), c=1.0), total(edge(2, "linear", 3.0), c=1.0)],
        "Sc[exp(x0),log(x1)]",
    ),
    "product in a product": (
        [product(edge(A, "exp"), edge(B, "log")), product(edge(A, "log"), edge(2, "linear"))],
        "P[exp(x0),log(x0),log(x1)]",
    ),
    "equal terms": ([total(edge(A, "sqrt", 1.0), edge(A, "sqrt", 2.0))], "S[sqrt(x0)]"),
    "cancelling terms": ([total(edge(A, "sqrt", 1.0), edge(A, "sqrt", -1.0), c=2.0)], "Sc[]"),
    "powers of one source": ([product(edge(A, "linear"), edge(A, "sqrt"))], "P[power[3/2](x0)]"),
    "cancelling powers": ([product(edge(A, "linear"), edge(A, "reciprocal"), edge(B, "log"))], "P[log(x1)]"),
    "learned and fixed power": ([product(edge(A, "power", 1.0, 0.3), edge(A, "square"))], "P[power(x0)]"),
    "exponentials of one source": ([product(edge(A, "exp", 1.0, 0.3), edge(A, "exp", 1.0, 0.4))], "P[exp(x0)]"),
    "one weighted factor is a sum": ([product(edge(A, "exp"), c=2.0)], "S[exp(x0)]"),
    "weight of a product": (
        [product(edge(A, "exp"), edge(B, "log")), total(edge(2, "linear", 2.0))],
        "Pc[exp(x0),log(x1)]",
    ),
    "affine map into the inner coefficients": (
        [total(edge(A, "linear", 2.0), c=1.0), total(edge(2, "tanh", 2.0))],
        "S[tanh(x0)]",
    ),
    "an inner map without shift stays a sum": (
        [total(edge(A, "linear", 2.0)), total(edge(2, "tanh", 2.0, 1.0, 0.0))],
        "S[tanh(S[linear(x0)])]",
    ),
    "scale through a power": (
        [product(edge(A, "exp"), edge(B, "log"), c=2.0), total(edge(2, "sqrt", 3.0), c=1.0)],
        "Sc[sqrt(P[exp(x0),log(x1)])]",
    ),
    "negative scale stays inside a root": (
        [product(edge(A, "exp"), edge(B, "log"), c=-2.0), total(edge(2, "sqrt", 3.0), c=1.0)],
        "Sc[sqrt(Pc[exp(x0),log(x1)])]",
    ),
    "sign out of an absolute value": (
        [product(edge(A, "exp"), edge(B, "log"), c=-2.0), total(edge(2, "abs", 3.0), c=1.0)],
        "Sc[abs(P[exp(x0),log(x1)])]",
    ),
    "a shift that cancels a constant": (
        [total(edge(A, "exp", 2.0), edge(B, "log"), c=-1.5), total(edge(2, "relu", 3.0, 1.5))],
        "S[relu(S[exp(x0),log(x1)])]",
    ),
    "scale out of a logarithm": (
        [product(edge(A, "exp"), edge(B, "sqrt"), c=2.0), total(edge(2, "log", 3.0))],
        "Sc[log(P[exp(x0),sqrt(x1)])]",
    ),
    "constant out of an exponential": (
        [total(edge(A, "linear", 2.0), edge(B, "linear"), c=1.0), total(edge(2, "exp", 3.0, 1.0))],
        "S[exp(S[linear(x0),linear(x1)])]",
    ),
    "shared copy of an input": (
        [product(edge(A, "linear")), total(edge(2, "exp", 2.0), edge(2, "log"))],
        "S[exp(x0),log(x0)]",
    ),
}


@pytest.mark.parametrize(("nodes", "key"), CASES.values(), ids=CASES)
def test_pruning_removes(nodes: list[DraftNode], key: str) -> None:
    draft = Draft(2, nodes).copy()
    X = np.random.default_rng(0).uniform(1.1, 2.0, (7, 2))
    before = evaluate(draft, X)
    assert draft.prune().build()[0].key == key
    np.testing.assert_allclose(evaluate(draft, X), before, rtol=1e-12, equal_nan=True)


def test_a_huge_scale_that_no_power_can_take_stays() -> None:
    draft = Draft(2, [product(edge(0, "log"), edge(1, "exp"), c=1e200), total(edge(2, "cube"), c=1.0)])
    assert draft.prune().nodes[0].constant == 1e200


def test_a_scale_that_would_become_two_coefficients_stays() -> None:
    shared = [product(edge(0, "log"), edge(1, "exp"), c=2.0)]
    readers = [product(edge(2, "cube"), edge(0, "exp")), product(edge(2, "square"), edge(1, "cos"))]
    draft = Draft(2, [*shared, *readers, total(edge(3, "linear"), edge(4, "sin"))])
    assert draft.prune().nodes[0].constant == 2.0


def test_the_shift_of_a_sole_reader_is_folded_into_the_sum_on_building() -> None:
    draft = Draft(1, [total(edge(0, "log", 2.0), edge(0, "sqrt", 3.0)), total(edge(1, "tanh", 1.0, 10.0, 0.5))])
    graph, coefficients = draft.build()
    assert coefficients == (0.5, 20.0, 30.0, 1.0)
    assert graph.key == "S[tanh(Sc[log(x0),sqrt(x0)])]"


def test_an_edge_starts_from_the_first_row_of_the_grid() -> None:
    assert DraftEdge(0, PRIMITIVES["tanh"]).coefficients == list(PRIMITIVES["tanh"].initial[0])


def test_value_at_a_number_is_nan_outside_the_domain() -> None:
    assert math.isnan(edge(0, "log").at(-1.0))
    assert DraftEdge(0, fixed_power(PRIMITIVES["square"].exponent + 2)).at(-2.0) == 16.0  # type: ignore[operator]
