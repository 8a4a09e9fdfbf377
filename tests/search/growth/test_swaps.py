"""Other functions in an edge's place that start from nearly the same values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power, resolve
from eqdarts.search.growth.sites import linearise
from eqdarts.search.growth.swaps import swaps
from tests.helpers import Array, predict, primitive_names, rows
from tests.strategies import evaluate, graphs

N = 40


SQRT, SQUARE, RECIPROCAL, EXP = (PRIMITIVES[name] for name in ("sqrt", "square", "reciprocal", "exp"))


def swapped(
    draft: Draft, X: Array, functions: list[tuple[Primitive, tuple[float, ...]]]
) -> list[tuple[float, Array, Graph]]:
    with np.errstate(all="ignore"):
        return [(s.missed, predict(s.start, X), s.start[0]) for s in swaps(draft, linearise(draft, X), X, functions)]


TANH, LOGISTIC = PRIMITIVES["tanh"], PRIMITIVES["logistic"]


EQUAL = [  # an edge, and another function that is the same up to an affine map
    (DraftEdge(0, TANH, 1.7, [0.8, -0.3]), (LOGISTIC, (1.6, -0.6))),
    (DraftEdge(0, LOGISTIC, -0.4, [2.0, 1.0]), (TANH, (1.0, 0.5))),
    (DraftEdge(0, POWER, 2.5, [1.5]), (fixed_power(Fraction(3, 2)), ())),
]


@pytest.mark.parametrize(("edge", "function"), EQUAL)
@pytest.mark.parametrize("place", ["sum", "product", "inner"])
def test_an_equal_function_in_an_edges_place_leaves_the_prediction_as_it_is(
    edge: DraftEdge, function: tuple[Primitive, tuple[float, ...]], place: str
) -> None:
    other = DraftEdge(1, SQRT, 0.9)
    if place == "sum":
        nodes = [DraftNode("sum", [edge.copy(), other], 0.3)]
    elif place == "product":
        nodes = [DraftNode("product", [DraftEdge(0, edge.primitive, 1.0, edge.coefficients), DraftEdge(1, SQRT)], 1.4)]
    else:
        nodes = [DraftNode("sum", [edge.copy(), other], 0.3), DraftNode("product", [DraftEdge(2, EXP, 1.0, [0.2])])]
    draft, X = Draft(2, nodes).prune(), rows(N)
    found = [s for s in swapped(draft, X, [function]) if function[0].name in primitive_names(s[2])]
    assert found
    missed, values, _ = min(found, key=lambda s: s[0])
    assert missed < 1e-12
    np.testing.assert_allclose(values, predict(draft.build(), X), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-5, -3e-6])
@pytest.mark.parametrize("place", ["sum", "product"])
def test_an_exponential_at_the_end_of_its_range_is_linear(scale: float, place: str) -> None:
    X = rows(N)
    if place == "sum":
        nodes = [DraftNode("sum", [DraftEdge(0, EXP, 2e5, [scale]), DraftEdge(1, SQRT)], -2e5)]
    else:
        nodes = [DraftNode("product", [DraftEdge(0, EXP, 1.0, [scale]), DraftEdge(1, SQRT)], 1.5)]
    draft = Draft(2, nodes)
    found = [s for s in swapped(draft, X, [(LINEAR, ())]) if "exp" not in primitive_names(s[2])]
    assert found[0][0] < 1e-8
    np.testing.assert_allclose(found[0][1], predict(draft.build(), X), atol=1e-4)


@settings(max_examples=30)
@given(graphs(max_complexity=20), st.integers(0, 2**31))
def test_swaps_are_other_functions_and_few_at_each_edge(pair: tuple[Graph, tuple[float, ...]], seed: int) -> None:
    draft = Draft.from_graph(*pair).prune()
    X = rows(N, d=draft.n_inputs, seed=seed)
    if not (np.abs(evaluate(draft, X)) < 1e6).all():
        return
    functions = [(p, row) for p in resolve("default") if p is not POWER for row in p.initial]
    found = swapped(draft, X, functions)
    edges = sum(edge.primitive is not LINEAR for node in draft.nodes for edge in node.edges)
    assert len(found) <= 3 * edges
    assert all(-1e-9 <= missed <= 0.2 + 1e-9 for missed, _, _ in found)
    assert all(graph.key != draft.build()[0].key for _, _, graph in found)


def test_a_draft_without_functions_has_no_swaps() -> None:
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR), DraftEdge(1, LINEAR)], 0.3)])
    assert swapped(draft, rows(N), [(EXP, (1.0,))]) == []
