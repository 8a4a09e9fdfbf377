"""Shorter and expanded forms: the same function of positive inputs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.graph import Graph
from eqdarts.graph.rewrites import expanded, shortened
from eqdarts.primitives.table import PRIMITIVES, fixed_power
from tests.helpers import predict, primitive_names, rows
from tests.strategies import evaluate, graphs, inputs

N = 40


SQRT, SQUARE, RECIPROCAL, EXP = (PRIMITIVES[name] for name in ("sqrt", "square", "reciprocal", "exp"))


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


def test_of_forms_of_as_many_symbols_the_one_with_fewer_nodes_counts_as_shorter() -> None:
    ratio = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, RECIPROCAL)])
    below = DraftNode("product", [DraftEdge(2, RECIPROCAL)])
    short = shortened(Draft(2, [ratio, below, DraftNode("sum", [DraftEdge(3, EXP, 2.0)])]))
    assert len(short.nodes) == 2
    X = rows(N, d=2)
    np.testing.assert_allclose(predict(short.build(), X), 2 * np.exp(X[:, 1] / X[:, 0]))


def test_a_power_that_all_terms_of_a_sum_have_is_taken_out() -> None:
    """exp(-(x0 / x2 - x1 / x2)**2), as a reduction by scale leaves it."""
    ratios = [DraftNode("product", [DraftEdge(i, LINEAR), DraftEdge(2, RECIPROCAL)]) for i in (0, 1)]
    difference = DraftNode("sum", [DraftEdge(3, LINEAR), DraftEdge(4, LINEAR, -1.0)])
    square = DraftNode("sum", [DraftEdge(5, SQUARE, -1.0)])
    draft = Draft(3, [*ratios, difference, square, DraftNode("sum", [DraftEdge(6, EXP)])]).prune()
    short = shortened(draft.copy())
    assert short.build()[0].complexity < draft.build()[0].complexity
    X = rows(N, d=3)
    np.testing.assert_allclose(predict(short.build(), X), np.exp(-(((X[:, 0] - X[:, 1]) / X[:, 2]) ** 2)))


def test_a_root_of_a_product_of_squares_is_a_product() -> None:
    squares = DraftNode("product", [DraftEdge(0, SQUARE), DraftEdge(2, SQUARE)])
    nodes = [DraftNode("sum", [DraftEdge(1, EXP)]), squares, DraftNode("sum", [DraftEdge(3, SQRT, 3.0)])]
    draft = Draft(2, nodes).prune()
    short = shortened(draft.copy())
    assert short.build()[0].complexity < draft.build()[0].complexity
    assert not {"sqrt", "square"} & {e.primitive.name for node in short.nodes for e in node.edges}
    X = rows(N, d=2)
    np.testing.assert_allclose(predict(short.build(), X), 3 * X[:, 0] * np.exp(X[:, 1]))


def test_a_term_that_is_taken_out_leaves_a_constant() -> None:
    """x0 exp(x1) + 2 x0"""
    product = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, EXP)])
    draft = Draft(2, [product, DraftNode("sum", [DraftEdge(2, LINEAR), DraftEdge(0, LINEAR, 2.0)])]).prune()
    X = rows(N, d=2)
    expected = X[:, 0] * (np.exp(X[:, 1]) + 2)
    short = shortened(draft.copy())
    assert short.build()[0].complexity <= draft.build()[0].complexity
    np.testing.assert_allclose(predict(short.build(), X), expected)


@pytest.mark.slow
@settings(max_examples=120)
@given(products_with_sums(), st.integers(0, 2**31))
def test_shorter_forms_are_the_same_function_of_positive_inputs(draft: Draft, seed: int) -> None:
    X = rows(N, d=draft.n_inputs, seed=seed)
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
    draft, X = root_of_squares(c).prune(), rows(N)
    short = shortened(draft.copy())
    assert short.build()[0].complexity < draft.build()[0].complexity
    np.testing.assert_allclose(predict(short.build(), X), (c or 1.0) * np.hypot(X[:, 0], X[:, 1]), rtol=1e-12)
    assert "reciprocal" not in primitive_names(short.build()[0])


def test_a_sum_that_is_short_already_stays() -> None:
    inside = DraftNode("sum", [DraftEdge(1, LINEAR, 1.0)], 1.0)
    draft = Draft(2, [inside, DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(2, RECIPROCAL)], 2.0)])
    assert shortened(draft.copy()).build() == draft.build()


@settings(max_examples=60)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.booleans(), st.integers(0, 2**31))
def test_squares_of_sums_multiplied_out_are_the_same_function(weights: list[float], constant: bool, seed: int) -> None:
    a, b, c, d, e, f = (w or 0.5 for w in weights)
    inner = DraftNode("sum", [DraftEdge(0, LINEAR, a), DraftEdge(1, LINEAR, b)], c if constant else None)
    product = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, LINEAR)])
    outer = DraftNode("sum", [DraftEdge(2, SQUARE, d), DraftEdge(3, LINEAR, e)], f)
    draft = Draft(2, [inner, product, outer])
    X = rows(N, seed=seed)
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
    assert primitive_names(opened.build()[0]) == {"square"}


def test_without_squares_of_sums_there_is_nothing_to_multiply_out() -> None:
    assert expanded(Draft(2, [DraftNode("sum", [DraftEdge(0, SQUARE, 2.0), DraftEdge(1, LINEAR)], 1.0)])) is None
