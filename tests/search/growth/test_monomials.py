"""Power products read off their values, and the one that a graph is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.growth.monomials import fit_monomial, monomial_moves
from eqdarts.search.growth.sites import linearise
from tests.helpers import Array, predict, rows

N = 40


HALVES = st.sampled_from([-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0])


@settings(max_examples=60)
@given(st.lists(HALVES, min_size=1, max_size=4).filter(any), st.sampled_from([-2.5, -1e-6, 1e-3, 0.7, 4e5]))
def test_a_power_product_is_read_off_its_values(exponents: list[float], scale: float) -> None:
    X = rows(N, d=len(exponents))
    logs = {i: np.log(x) for i, x in enumerate(X.T)}
    target = scale * np.prod(X ** np.array(exponents), axis=1)
    found = fit_monomial(target, np.random.default_rng(1).uniform(0.5, 1.5, N), logs)
    assert [m.learned for m in found] == [False, True]
    for monomial in found:
        assert monomial.scale == pytest.approx(scale, rel=1e-9)
        assert dict(monomial.exponents) == pytest.approx({i: p for i, p in enumerate(exponents) if p}, abs=1e-9)
        np.testing.assert_allclose(monomial(logs), target, rtol=1e-8)
        draft = Draft(len(exponents), [DraftNode("product", monomial.edges(), monomial.scale)])
        np.testing.assert_allclose(predict(draft.prune().build(), X), target, rtol=1e-8)


def test_learned_exponents_need_not_be_simple() -> None:
    X = rows(N, d=2)
    logs = {i: np.log(x) for i, x in enumerate(X.T)}
    learned = fit_monomial(3 * X[:, 0] ** 0.77 * X[:, 1] ** -1.31, np.ones(N), logs)[-1]
    assert learned.learned
    assert dict(learned.exponents) == pytest.approx({0: 0.77, 1: -1.31}, abs=1e-9)


@pytest.mark.parametrize(
    "target",
    [np.linspace(-1, 1, N), np.full(N, np.nan), np.zeros(N), np.full(N, 2.0), np.r_[np.inf, np.ones(N - 1)]],
    ids=["both signs", "undefined", "zero", "constant", "infinite"],
)
def test_there_is_no_power_product_in_such_values(target: Array) -> None:
    assert fit_monomial(target, np.ones(N), {0: np.log(rows(N)[:, 0])}) == []


def test_a_power_product_needs_more_rows_than_exponents() -> None:
    X = rows(n=5)
    assert fit_monomial(X[:, 0], np.ones(5), {i: np.log(x) for i, x in enumerate(X.T)}) == []


def test_a_few_rows_of_the_other_sign_are_left_out() -> None:
    X = rows(n=100, d=1)
    target = X[:, 0] ** 1.5
    target[:3] = -0.01
    assert fit_monomial(target, np.ones(100), {0: np.log(X[:, 0])})[0].exponents == ((0, 1.5),)


START = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["sqrt"], 1.5), DraftEdge(1, PRIMITIVES["log"], 0.8)], 2.0)])


PRODUCT = Draft(2, [DraftNode("product", [DraftEdge(0, PRIMITIVES["square"]), DraftEdge(1, LINEAR)], 0.7)])


NESTED = Draft(
    2,
    [
        DraftNode("sum", [DraftEdge(0, LINEAR, 0.3)], 0.2),
        DraftNode("product", [DraftEdge(2, PRIMITIVES["exp"], 1.0, [1.0])], 1.2),
    ],
)


def monomial_of(X: Array) -> Array:
    return 0.6 * X[:, 0] ** 1.5 / X[:, 1]


@pytest.mark.parametrize(
    ("draft", "law"),
    [
        (START, lambda X, v: v + monomial_of(X)),
        (START, lambda X, v: v - 2.0 + monomial_of(X)),  # in the constant's place
        (START, lambda X, v: 2.0 + 0.8 * np.log(X[:, 1]) + monomial_of(X)),  # in a term's place
        (START, lambda X, v: v * monomial_of(X)),
        (START, lambda X, v: v * (1 + monomial_of(X))),
        (START, lambda X, v: v / (1 + monomial_of(X))),
        (START, lambda X, v: v + 0.8 * np.log(X[:, 1]) * (monomial_of(X) - 1)),  # a factor of one term
        (PRODUCT, lambda X, v: v + monomial_of(X)),
        (PRODUCT, lambda X, v: v / (1 + monomial_of(X))),
        (PRODUCT, lambda X, v: v * monomial_of(X)),
    ],
)
def test_the_power_product_that_is_missing_leaves_nothing(draft: Draft, law: object) -> None:
    X = rows(n=60)
    lin = linearise(draft, X)
    y = law(X, lin.prediction)  # type: ignore[operator]
    logs = {i: np.log(x) for i, x in enumerate(X.T)}
    residual = y - lin.prediction
    found = list(monomial_moves(draft, lin, residual, np.ones(60), logs))
    exact = [move for move in found if move.left < 1e-20]
    assert exact
    # the share left is that of a linear model: at the argument of a function it is not the truth
    miss = [np.abs(predict(move.build(), X) - y).max() for move in exact]
    assert min(miss) < 1e-9


def test_what_a_power_product_leaves_by_the_linear_model_is_the_truth_where_the_graph_is_linear() -> None:
    X = rows(n=60)
    rng = np.random.default_rng(3)
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1.5), DraftEdge(1, LINEAR, 0.8)], 2.0)])
    lin = linearise(draft, X)
    weight = rng.uniform(0.5, 2.0, 60)
    y = lin.prediction + monomial_of(X) * np.exp(0.2 * rng.normal(size=60))
    residual = y - lin.prediction
    logs = {i: np.log(x) for i, x in enumerate(X.T)}
    moves = list(monomial_moves(draft, lin, residual, np.sqrt(weight), logs))
    assert len(moves) >= 8
    for move in moves:
        left = np.sum(weight * (y - predict(move.build(), X)) ** 2) / np.sum(weight * residual**2)
        assert move.left == pytest.approx(left, rel=1e-6)


def test_inside_a_function_a_small_power_product_leaves_its_square_at_most() -> None:
    X = rows(n=60)
    lin = linearise(NESTED, X)
    part = 1e-5 * monomial_of(X)
    y = 1.2 * np.exp(0.2 + 0.3 * X[:, 0] + part)
    logs = {i: np.log(x) for i, x in enumerate(X.T)}
    moves = list(monomial_moves(NESTED, lin, y - lin.prediction, np.ones(60), logs))
    best = min(moves, key=lambda move: move.left)
    assert best.left < 1e-6
    assert np.sum((predict(best.build(), X) - y) ** 2) < 1e-8 * np.sum((y - lin.prediction) ** 2)


def test_without_positive_inputs_there_are_no_power_products() -> None:
    X = rows(N)
    lin = linearise(START, X)
    assert list(monomial_moves(START, lin, np.ones(N), np.ones(N), {})) == []
