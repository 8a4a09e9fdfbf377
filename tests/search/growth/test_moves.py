"""Edits without a feature: parts taken away, exponents made simple, functions swapped, forms made shorter."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.graph import Graph
from eqdarts.graph.rewrites import expanded, shortened
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power, resolve
from eqdarts.search.growth.moves import deletions, simple_exponents, without_negligible, wraps
from eqdarts.search.growth.sites import linearise
from eqdarts.search.growth.swaps import swaps
from eqdarts.solver.batch import Batch
from tests.strategies import evaluate, graphs, inputs

Array = NDArray[np.float64]
N = 40
SQRT, SQUARE, RECIPROCAL, EXP = (PRIMITIVES[name] for name in ("sqrt", "square", "reciprocal", "exp"))


def predict(start: tuple[Graph, tuple[float, ...]], X: Array) -> Array:
    batch = Batch([start[0]], torch.from_numpy(X))
    return batch.predict(batch.pad([start[1]]))[0].numpy()


def rows(n: int = N, d: int = 2, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0.3, 2.5, (n, d))


def without(draft: Draft, j: int, k: int) -> Draft:
    """Return the draft without one edge or, for k = -1, one constant: what is absent is 0 in a sum, 1 in a product."""
    edited = draft.copy()
    if k < 0:
        edited.nodes[j].constant = None
    else:
        del edited.nodes[j].edges[k]
        if not edited.nodes[j].edges and edited.nodes[j].constant is None:
            edited.nodes[j].constant = 1.0  # nothing at all would not be an equation
    return edited


# --- taking parts away ---


@settings(max_examples=40)
@given(graphs(), st.integers(0, 2**31))
def test_deletions_are_the_draft_without_each_part_in_turn(pair: tuple[Graph, tuple[float, ...]], seed: int) -> None:
    draft = Draft.from_graph(*pair).prune()
    X = rows(d=draft.n_inputs, seed=seed)
    places = []
    for j, node in enumerate(draft.nodes):
        places += [(j, k) for k in range(len(node.edges))]
        places += [(j, -1)] if node.constant is not None and node.edges else []
    found = list(deletions(draft))
    assert len(found) == len(places)
    for start, place in zip(found, places, strict=True):
        assert start[0].complexity <= draft.build()[0].complexity
        expected = evaluate(without(draft, *place), X)
        sound = np.abs(expected) < 1e8
        np.testing.assert_allclose(predict(start, X)[sound], expected[sound], rtol=1e-8, atol=1e-8)


def test_deleting_leaves_the_draft_as_it_was() -> None:
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1.3), DraftEdge(1, SQRT, 0.5)], 0.2)])
    before = draft.build()
    list(deletions(draft)), list(simple_exponents(draft)), list(wraps(draft))
    assert draft.build() == before


def test_each_learned_exponent_and_all_together_become_the_nearest_half() -> None:
    edges = [DraftEdge(0, POWER, 1.0, [1.46]), DraftEdge(1, POWER, 1.0, [-2.1])]
    draft = Draft(2, [DraftNode("product", edges, 3.0)])
    X = rows()
    x, y = X.T
    expected = [3 * x**1.5 * y**-2.1, 3 * x**1.46 * y**-2.0, 3 * x**1.5 * y**-2.0]
    found = list(simple_exponents(draft))
    assert [start[0].n_coefficients for start in found] == [2, 2, 1]
    for start, values in zip(found, expected, strict=True):
        np.testing.assert_allclose(predict(start, X), values, rtol=1e-12)


def test_an_exponent_near_zero_or_very_large_is_not_made_simple() -> None:
    for exponent in (0.1, -0.2, 7.1):
        draft = Draft(1, [DraftNode("product", [DraftEdge(0, POWER, 1.0, [exponent])], 3.0)])
        for graph, coefficients in simple_exponents(draft):
            assert np.isclose(coefficients, [3.0, exponent]).all()
            assert POWER in {edge.primitive for node in graph.nodes for edge in node.edges}


def test_wraps_start_as_the_same_function_with_one_exponent_more() -> None:
    inner = DraftNode("sum", [DraftEdge(0, SQUARE, 1.0), DraftEdge(1, SQUARE, 2.0)], 0.3)
    draft = Draft(2, [inner, DraftNode("product", [DraftEdge(2, RECIPROCAL), DraftEdge(0, LINEAR)], 2.0)])
    X = rows()
    found = list(wraps(draft))
    assert len(found) == 1
    np.testing.assert_allclose(predict(found[0], X), predict(draft.build(), X), rtol=1e-12)
    assert POWER in {edge.primitive for node in found[0][0].nodes for edge in node.edges}


@settings(max_examples=80)
@given(graphs(), st.integers(0, 2**31), st.sampled_from([1e-12, 1e-6, 1e-3]))
def test_what_is_negligible_changes_the_prediction_by_about_the_allowance_at_most(
    pair: tuple[Graph, tuple[float, ...]], seed: int, allowance: float
) -> None:
    rng = np.random.default_rng(seed)
    shrunk = np.where(rng.random(len(pair[1])) < 0.3, 1e-4, 1.0)
    draft = Draft.from_graph(pair[0], list(np.array(pair[1]) * shrunk)).prune()
    X = rows(d=draft.n_inputs, seed=seed)
    before = evaluate(draft, X)
    if not (np.abs(before) < 1e6).all():
        return
    with np.errstate(all="ignore"):
        lin = linearise(draft, X)
        kept = without_negligible(draft, lin, allowance)
    parts = sum(len(node.edges) + 1 for node in draft.nodes)
    if kept is draft:
        return
    assert kept.build()[0].complexity <= draft.build()[0].complexity
    largest = max(np.abs(s.value * s.adjoint).max() for s in lin.sites if s.kind == "node")
    if largest < 1e3:  # to first order: strongly curved graphs are refitted, so it does not matter there
        change = np.sqrt(np.mean((evaluate(kept, X) - before) ** 2))
        assert change <= 3 * parts * np.sqrt(allowance)


def test_small_terms_constants_and_powers_go_and_what_matters_stays() -> None:
    X = rows()
    power = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, POWER, 1.0, [1e-6])])
    top = DraftNode("sum", [DraftEdge(2, LINEAR, 2.0), DraftEdge(1, SQRT, 1e-7)], 1e-8)
    draft = Draft(2, [power, top])
    kept = without_negligible(draft, linearise(draft, X), 1e-8)
    np.testing.assert_allclose(predict(kept.build(), X), 2 * X[:, 0], rtol=1e-12)
    assert kept.build()[0].complexity == Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 2.0)])]).build()[0].complexity
    assert without_negligible(draft, linearise(draft, X), 1e-30) is draft


def test_a_sum_of_nothing_but_small_terms_keeps_them() -> None:
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1e-9), DraftEdge(1, LINEAR, 1e-9)])])
    kept = without_negligible(draft, linearise(draft, rows()), 1.0)
    assert kept.build() == draft.build()


# --- swaps ---


def swapped(
    draft: Draft, X: Array, functions: list[tuple[Primitive, tuple[float, ...]]]
) -> list[tuple[float, Array, Graph]]:
    with np.errstate(all="ignore"):
        return [(s.missed, predict(s.start, X), s.start[0]) for s in swaps(draft, linearise(draft, X), X, functions)]


def names(graph: Graph) -> set[str]:
    return {edge.primitive.name for node in graph.nodes for edge in node.edges}


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
    draft, X = Draft(2, nodes).prune(), rows()
    found = [s for s in swapped(draft, X, [function]) if function[0].name in names(s[2])]
    assert found
    missed, values, _ = min(found, key=lambda s: s[0])
    assert missed < 1e-12
    np.testing.assert_allclose(values, predict(draft.build(), X), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-5, -3e-6])
@pytest.mark.parametrize("place", ["sum", "product"])
def test_an_exponential_at_the_end_of_its_range_is_linear(scale: float, place: str) -> None:
    X = rows()
    if place == "sum":
        nodes = [DraftNode("sum", [DraftEdge(0, EXP, 2e5, [scale]), DraftEdge(1, SQRT)], -2e5)]
    else:
        nodes = [DraftNode("product", [DraftEdge(0, EXP, 1.0, [scale]), DraftEdge(1, SQRT)], 1.5)]
    draft = Draft(2, nodes)
    found = [s for s in swapped(draft, X, [(LINEAR, ())]) if "exp" not in names(s[2])]
    assert found[0][0] < 1e-8
    np.testing.assert_allclose(found[0][1], predict(draft.build(), X), atol=1e-4)


@settings(max_examples=30)
@given(graphs(max_complexity=20), st.integers(0, 2**31))
def test_swaps_are_other_functions_and_few_at_each_edge(pair: tuple[Graph, tuple[float, ...]], seed: int) -> None:
    draft = Draft.from_graph(*pair).prune()
    X = rows(d=draft.n_inputs, seed=seed)
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
    assert swapped(draft, rows(), [(EXP, (1.0,))]) == []


# --- rewrites ---

EXPONENTS = st.sampled_from([Fraction(n, 2) for n in (-4, -3, -2, -1, 1, 2, 3, 4)])


@st.composite
def products_with_sums(draw: st.DrawFn) -> Draft:
    """Draw c x_i**p ... (c0 + w m1 + w m2 ...)**k with monomials m of the inputs, k of either sign."""
    d = draw(st.integers(1, 3))
    nodes: list[DraftNode] = []
    source = st.integers(0, d - 1)
    weight = st.sampled_from([0.5, 1.0, 2.3])
    factors: list[DraftEdge] = []
    for _ in range(draw(st.integers(1, 2))):
        terms = []
        for _ in range(draw(st.integers(1, 3))):
            powers = draw(st.lists(st.tuples(source, EXPONENTS), min_size=1, max_size=2, unique_by=lambda p: p[0]))
            edges = [DraftEdge(i, fixed_power(p)) for i, p in powers]
            nodes.append(DraftNode("product", edges))
            outer = fixed_power(draw(EXPONENTS)) if draw(st.booleans()) else LINEAR
            terms.append(DraftEdge(d + len(nodes) - 1, outer, draw(weight)))
        nodes.append(DraftNode("sum", terms, draw(st.sampled_from([None, 0.7]))))
        factors.append(DraftEdge(d + len(nodes) - 1, fixed_power(draw(EXPONENTS))))
    factors += [DraftEdge(draw(source), fixed_power(draw(EXPONENTS))) for _ in range(draw(st.integers(0, 2)))]
    nodes.append(DraftNode("product", factors, draw(st.sampled_from([None, 1.9]))))
    return Draft(d, nodes).prune()


@settings(max_examples=120)
@given(products_with_sums(), st.integers(0, 2**31))
def test_shorter_forms_are_the_same_function_of_positive_inputs(draft: Draft, seed: int) -> None:
    X = rows(d=draft.n_inputs, seed=seed)
    before = predict(draft.build(), X)
    short = shortened(draft.copy())
    assert short.build()[0].complexity <= draft.build()[0].complexity
    np.testing.assert_allclose(predict(short.build(), X), before, rtol=1e-9)


@settings(max_examples=40)
@given(graphs(), st.data())
def test_shorter_forms_of_any_graph_are_the_same_function_of_positive_inputs(
    pair: tuple[Graph, tuple[float, ...]], data: st.DataObject
) -> None:
    draft = Draft.from_graph(*pair).prune()
    X = data.draw(inputs(draft.n_inputs))
    before = evaluate(draft, X)
    sound = np.abs(before) < 1e6
    np.testing.assert_allclose(predict(shortened(draft.copy()).build(), X)[sound], before[sound], rtol=1e-8, atol=1e-8)


def root_of_squares(c: float | None = None) -> Draft:
    """Return x sqrt(1 + (y / x)**2), or c x sqrt(...)."""
    ratio = DraftNode("product", [DraftEdge(1, LINEAR), DraftEdge(0, RECIPROCAL)])
    inside = DraftNode("sum", [DraftEdge(2, SQUARE, 1.0)], 1.0)
    return Draft(2, [ratio, inside, DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(3, SQRT)], c)])


@pytest.mark.parametrize("c", [None, 2.5])
def test_a_root_of_a_sum_takes_the_factor_before_it_in(c: float | None) -> None:
    draft, X = root_of_squares(c).prune(), rows()
    short = shortened(draft.copy())
    assert short.build()[0].complexity < draft.build()[0].complexity
    np.testing.assert_allclose(predict(short.build(), X), (c or 1.0) * np.hypot(X[:, 0], X[:, 1]), rtol=1e-12)
    assert "reciprocal" not in names(short.build()[0])


def test_a_sum_that_is_short_already_stays() -> None:
    inside = DraftNode("sum", [DraftEdge(1, LINEAR, 1.0)], 1.0)
    draft = Draft(2, [inside, DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(2, RECIPROCAL)], 2.0)])
    assert shortened(draft.copy()).build() == draft.build()


# --- squares of sums ---


@settings(max_examples=60)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.booleans(), st.integers(0, 2**31))
def test_squares_of_sums_multiplied_out_are_the_same_function(weights: list[float], constant: bool, seed: int) -> None:
    a, b, c, d, e, f = (w or 0.5 for w in weights)
    inner = DraftNode("sum", [DraftEdge(0, LINEAR, a), DraftEdge(1, LINEAR, b)], c if constant else None)
    product = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, LINEAR)])
    outer = DraftNode("sum", [DraftEdge(2, SQUARE, d), DraftEdge(3, LINEAR, e)], f)
    draft = Draft(2, [inner, product, outer])
    X = rows(seed=seed)
    opened = expanded(draft)
    assert opened is not None
    np.testing.assert_allclose(predict(opened.build(), X), predict(draft.build(), X), rtol=1e-9, atol=1e-9)
    # the product of the square and the one that was there are one term
    assert sum(not node.is_sum for node in opened.nodes) <= 1


def test_a_hidden_sum_of_squares_comes_out() -> None:
    inner = DraftNode("sum", [DraftEdge(0, LINEAR, 1.0), DraftEdge(1, LINEAR, 1.0)])
    product = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, LINEAR)])
    draft = Draft(2, [inner, product, DraftNode("sum", [DraftEdge(2, SQUARE), DraftEdge(3, LINEAR, -2.0)], 3.0)])
    opened = expanded(draft)
    assert opened is not None
    assert opened.build()[0].complexity < draft.build()[0].complexity
    assert names(opened.build()[0]) == {"square"}


def test_without_squares_of_sums_there_is_nothing_to_multiply_out() -> None:
    assert expanded(Draft(2, [DraftNode("sum", [DraftEdge(0, SQUARE, 2.0), DraftEdge(1, LINEAR)], 1.0)])) is None
