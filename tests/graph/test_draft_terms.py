"""The algebra that pruning rests on: terms and factors merged, scales and shifts moved, the value kept."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.graph.draft import DraftEdge, DraftNode
from eqdarts.graph.draft_terms import make_moves, merge_factors, merge_terms, moved_scale, moved_shift
from eqdarts.primitives.table import PRIMITIVES, fixed_power

NUMBERS = st.floats(0.2, 3.0)
EXPONENTS = st.sampled_from([Fraction(n, 2) for n in (-4, -3, -2, -1, 1, 2, 3, 4)])


def value(node: DraftNode, at: float) -> float:
    """Return the value of a node all of whose edges read the same number."""
    terms = [edge.at(at) for edge in node.edges]
    if node.is_sum:
        return sum(e.weight * t for e, t in zip(node.edges, terms, strict=True)) + (node.constant or 0.0)
    return math.prod(terms) * (1.0 if node.constant is None else node.constant)


def nodes() -> list[DraftNode]:
    def edges() -> list[DraftEdge]:
        return [DraftEdge(0, PRIMITIVES["exp"], 0.7, [0.4]), DraftEdge(0, PRIMITIVES["sqrt"], -1.3)]

    bare = [DraftEdge(0, edge.primitive, 1.0, edge.coefficients) for edge in edges()]
    return [DraftNode("sum", edges(), 0.3), DraftNode("sum", edges()), DraftNode("product", bare, 2.0)]


@pytest.mark.parametrize("k", range(3))
@given(NUMBERS, NUMBERS)
def test_scaling_a_node_scales_its_value(k: int, factor: float, x: float) -> None:
    node = nodes()[k]
    before = value(node, x)
    node.scale(factor)
    assert value(node, x) == pytest.approx(factor * before)


@given(NUMBERS, NUMBERS)
def test_shifting_a_sum_shifts_its_value(by: float, x: float) -> None:
    for node in nodes()[:2]:
        before = value(node, x)
        node.shift(by)
        assert value(node, x) == pytest.approx(before + by)


@pytest.mark.parametrize("k", range(3))
@pytest.mark.parametrize("place", range(2))
def test_an_edge_of_a_constant_is_taken_into_the_constant(k: int, place: int) -> None:
    node = nodes()[k]
    before = value(node, 1.7)
    edge = node.edges[place]
    node.take(edge, edge.at(1.7))
    assert len(node.edges) == 1
    assert value(node, 1.7) == pytest.approx(before)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_equal_terms_are_one_and_others_stay(a: float, b: float, x: float) -> None:
    first, second = (DraftEdge(0, PRIMITIVES["exp"], w, [0.3]) for w in (a, b))
    merged = merge_terms(first, second)
    assert merged is not None
    assert merged.weight * merged.at(x) == pytest.approx(a * first.at(x) + b * second.at(x))
    assert (first.weight, second.weight) == (a, b)
    assert merge_terms(first, DraftEdge(0, PRIMITIVES["exp"], a, [0.31])) is None
    assert merge_terms(first, DraftEdge(0, PRIMITIVES["sin"], a, [0.3, 0.0])) is None


@given(EXPONENTS, EXPONENTS, NUMBERS, NUMBERS)
def test_factors_that_are_powers_or_exponentials_are_one(p: Fraction, q: Fraction, learned: float, x: float) -> None:
    def factor(primitive: object, *coefficients: float) -> DraftEdge:
        return DraftEdge(0, primitive, 1.0, list(coefficients))  # type: ignore[arg-type]

    fixed = factor(fixed_power(p)), factor(fixed_power(q))
    pairs = [fixed, (fixed[0], factor(PRIMITIVES["power"], learned))]
    pairs.append((factor(PRIMITIVES["exp"], learned), factor(PRIMITIVES["exp"], -0.4)))
    for first, second in pairs:
        merged = merge_factors(first, second)
        assert merged is not None
        product = 1.0 if merged.primitive.name == "none" else merged.at(x)  # x**p x**-p
        assert product == pytest.approx(first.at(x) * second.at(x))
    assert merge_factors(fixed[0], factor(PRIMITIVES["sin"], 1.0, 0.0)) is None


@pytest.mark.parametrize("primitive", [*PRIMITIVES.values(), fixed_power(Fraction(3, 2)), fixed_power(Fraction(-2))])
@pytest.mark.parametrize("scale", [2.5, -2.5, 1e-3])
@pytest.mark.parametrize("aggregator", ["sum", "product"])
def test_a_scale_comes_out_as_factor_and_shift(primitive: object, scale: float, aggregator: str) -> None:
    edge = DraftEdge(0, primitive)  # type: ignore[arg-type]
    moved = moved_scale(DraftNode(aggregator, [edge]), edge, scale)  # type: ignore[arg-type]
    if moved is None or "scale" in edge.primitive.inner:
        assert moved in (None, (1.0, 0.0))
        return
    factor, shift = moved
    assert edge.at(scale * 1.3) == pytest.approx(factor * edge.at(1.3) + shift)
    assert aggregator == "sum" or shift == 0


def test_a_scale_that_overflows_stays() -> None:
    edge = DraftEdge(0, fixed_power(Fraction(4)))
    assert moved_scale(DraftNode("sum", [edge]), edge, 1e200) is None
    assert moved_scale(DraftNode("sum", [edge]), edge, 1e-200) is None


def test_moves_are_made_for_all_readers_or_for_none() -> None:
    first, second, third = nodes()
    users = [(node, node.edges[1]) for node in (first, second, third)]
    before = [value(node, 1.7) for node in (first, second, third)]
    assert not make_moves(users, [(2.0, 0.0), None, (2.0, 0.0)])
    assert [value(node, 1.7) for node in (first, second, third)] == before
    two_bare = [DraftNode("product", [DraftEdge(0, PRIMITIVES["sqrt"])]) for _ in range(2)]
    assert not make_moves([(node, node.edges[0]) for node in two_bare], [(2.0, 0.0)] * 2)
    assert [node.constant for node in two_bare] == [None, None]
    # each reader's function f is to become f / 2: the node makes up for it
    assert make_moves(users, [(2.0, 0.0)] * 3)
    root = math.sqrt(1.7)
    assert value(first, 1.7) - before[0] == pytest.approx(-1.3 * root)
    assert value(third, 1.7) == pytest.approx(2 * before[2])


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_shift_comes_out_of_an_exponential_as_a_factor(rate: float, shift: float, x: float) -> None:
    edge = DraftEdge(0, PRIMITIVES["exp"], 1.0, [rate])
    assert edge.at(shift + x) == pytest.approx(moved_shift(edge, shift) * edge.at(x))


def test_a_shift_that_has_no_finite_factor_stays() -> None:
    edge = DraftEdge(0, PRIMITIVES["exp"], 1.0, [1.0])
    assert moved_shift(edge, 0.0) == 1.0
    assert [moved_shift(edge, shift) for shift in (1e4, -1e4, math.inf)] == [0.0, 0.0, 0.0]
    assert moved_shift(DraftEdge(0, PRIMITIVES["sin"]), 1.0) == 0.0
