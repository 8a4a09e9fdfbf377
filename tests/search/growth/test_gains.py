"""Closed-form gains against least squares, the features they rank, and power products from their values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.closed_form.pairs import input_powers
from eqdarts.search.growth.features import Features, combinations, features, insert_feature
from eqdarts.search.growth.gains import Proposal, basis, propose
from eqdarts.search.growth.monomials import fit_monomial, monomial_moves
from eqdarts.search.growth.sites import Linearised, linearise
from eqdarts.solver.batch import Batch
from tests.strategies import graphs, inputs

Array = NDArray[np.float64]
N = 40
FUNCTIONS = [(p, row) for p in resolve("default") if p is not POWER for row in p.initial[:2]]


def predict(start: tuple[Graph, tuple[float, ...]], X: Array) -> Array:
    batch = Batch([start[0]], torch.from_numpy(X))
    return batch.predict(batch.pad([start[1]]))[0].numpy()


def rows(n: int = N, d: int = 2, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0.3, 2.5, (n, d))


# --- features ---


def test_combinations_are_singles_products_ratios_and_sums_in_the_units_of_the_data() -> None:
    found = combinations([(0, 1)], [0, 1], [2.0, 0.5])
    assert [(c.kind, c.sources, c.numbers) for c in found] == [
        ("single", (0,), (1.0,)),
        ("single", (1,), (1.0,)),
        ("product", (0, 1), (1.0, 1.0)),
        ("product", (0, 1), (1.0, -1.0)),
        ("product", (0, 1), (-1.0, 1.0)),
        ("sum", (0, 1), (1.0, -0.25)),
        ("sum", (0, 1), (1.0, 0.25)),
    ]


def test_feature_values_are_what_their_recipes_compute_once_inserted() -> None:
    X = rows(d=3)
    found = features(combinations([(0, 1), (2, 1)], [0, 1, 2], [1.0, 2.0, 0.1]), X.T, FUNCTIONS)
    assert len(found) > 100
    for m in range(len(found)):
        draft = Draft(3, [DraftNode("sum", [])])
        edge, added = insert_feature(draft, 0, found.recipe(m))
        draft.nodes[-1].edges.append(edge)
        assert len(draft.nodes) == 1 + added
        np.testing.assert_allclose(predict(draft.prune().build(), X), found.values[m], rtol=1e-12, atol=1e-12)
        assert found.newest[m] == max(found.recipe(m).argument.sources)


def test_inputs_raised_to_inputs_are_those_of_the_data_once_inserted() -> None:
    rng, units = np.random.default_rng(0), np.array([3.0, 0.25, 2.0])
    X = np.stack([rng.uniform(0.2, 2.0, 30), rng.uniform(0.5, 3.0, 30), rng.uniform(-1.0, 1.0, 30)], axis=1)
    x, z, u = (X * units).T
    for pair, expected in (((0, 1), (x**z, x**-z, z**x, z**-x)), ((2, 0), (x**u, x**-u))):
        found = input_powers(pair, X, units.tolist())
        assert len(found) == len(expected)
        for m, values in enumerate(found.values):
            assert min(np.abs(values / e - 1).max() for e in expected) < 1e-12
            draft = Draft(3, [])
            edge, added = insert_feature(draft, 0, found.recipe(m))
            assert added == len(draft.nodes) == 2
            draft.nodes.append(DraftNode("sum", [edge]))
            np.testing.assert_allclose(linearise(draft, X).prediction, values, rtol=1e-12)
    assert not len(input_powers((2, 2), X, units.tolist()))


def test_features_that_are_constant_undefined_or_divide_by_nearly_nothing_are_left_out() -> None:
    X = np.stack([np.linspace(-1, 1, N + 1)[1:], np.full(N, 2.0), np.linspace(0.5, 3.0, N)])  # x0 is zero in one row
    found = features(combinations([(2, 0)], [0, 1, 2], [1.0] * 3), X, FUNCTIONS)
    assert np.isfinite(found.values).all()
    assert (np.ptp(found.values, axis=1) > 0).all()
    used = {(found.recipe(m).primitive.name, found.recipe(m).argument.sources) for m in range(len(found))}
    assert ("log", (0,)) not in used
    assert ("sqrt", (0,)) not in used
    assert ("log", (2,)) in used
    assert not any(sources == (1,) for _, sources in used)
    ratios = [found.recipe(m).argument for m in range(len(found)) if found.recipe(m).argument.kind == "product"]
    assert {r.numbers for r in ratios} == {(1.0, 1.0), (-1.0, 1.0)}  # x2 / x0 would divide by nearly zero


def test_joined_and_selected_features_keep_their_recipes() -> None:
    X = rows()
    parts = [
        features(combinations([], [0], [1.0, 1.0]), X.T, FUNCTIONS),
        features(combinations([(0, 1)], [], [1.0, 1.0]), X.T, FUNCTIONS[:3]),
    ]
    joined = Features.join(parts)
    recipes = [part.recipe(m) for part in parts for m in range(len(part))]
    assert [joined.recipe(m) for m in range(len(joined))] == recipes
    chosen = joined.select(np.array([len(joined) - 1, 0]))
    assert [chosen.recipe(m) for m in range(2)] == [recipes[-1], recipes[0]]
    np.testing.assert_array_equal(chosen.values, joined.values[[-1, 0]])


def test_no_features_of_no_combinations() -> None:
    assert len(features([], rows().T, FUNCTIONS)) == 0


# --- gains ---


def proposals(
    draft: Draft, X: Array, y: Array, weight: Array, count: int = 100_000
) -> tuple[Linearised, Features, list[Proposal]]:
    """Return every proposal for a draft, of all functions of all single sources and pairs of inputs."""
    lin = linearise(draft, X)
    sources = np.concatenate([X.T, lin.values])
    pairs = list(itertools.combinations(range(X.shape[1]), 2))
    chosen = combinations(pairs, range(len(sources) - 1), np.ones(len(sources)).tolist())
    with np.errstate(all="ignore"):
        parts = features(chosen, sources, FUNCTIONS)
        bare = features(chosen, sources, [(LINEAR, ())])
        bare = bare.select(np.flatnonzero(bare.values.min(1) > 1e-3 * bare.values.max(1)))
        logs = Features(np.log(bare.values), *(getattr(bare, name) for name in list(bare.__dataclass_fields__)[1:]))
        found = propose(lin, y - lin.prediction, np.sqrt(weight), parts, logs, X.shape[1], count)
    return lin, parts, found


def direction(proposal: Proposal, sources: Array) -> Array:
    """Return the change of the prediction per unit of strength (N,), from the definition."""
    move = proposal.move
    argument = move.feature.argument
    read = [sources[i] for i in argument.sources]
    if argument.kind == "single":
        u = read[0]
    elif argument.kind == "product":
        u = read[0] ** argument.numbers[0] * read[1] ** argument.numbers[1]
    else:
        u = argument.numbers[0] * read[0] + argument.numbers[1] * read[1]
    if move.kind == "power":
        return move.site.adjoint * move.site.value * np.log(u)
    f = move.feature.primitive(torch.from_numpy(u), *move.feature.coefficients).numpy()
    return move.site.adjoint * f * (move.site.value if move.kind == "multiply" else 1.0)


def least_loss(columns: Array, target: Array) -> tuple[float, Array]:
    size = np.linalg.norm(columns, axis=0)
    solution = np.linalg.lstsq(columns / size, target, rcond=1e-12)[0] / size
    return float(np.sum((target - columns @ solution) ** 2)), solution


@settings(max_examples=25)
@given(st.data())
def test_gain_and_strength_are_those_of_a_least_squares_fit_with_the_part(data: st.DataObject) -> None:
    graph, coefficients = data.draw(graphs(max_complexity=20))
    X = data.draw(inputs(graph.n_inputs, n_rows=N))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    weight = rng.uniform(0.2, 2.0, N)
    root = np.sqrt(weight)
    draft = Draft.from_graph(graph, coefficients).prune()
    lin = linearise(draft, X)
    if not (np.abs(lin.jacobian) < 1e6).all() or not np.isfinite(lin.prediction).all():
        return
    J = lin.jacobian * root[:, None]
    J = J[:, np.linalg.norm(J, axis=0) > 0]
    singular = np.linalg.svd(J / np.linalg.norm(J, axis=0), compute_uv=False)
    if singular[-1] < 1e-5 * singular[0]:
        return  # which columns are dependent is a matter of taste there
    q = np.linalg.qr(J)[0]
    r = rng.normal(size=N)
    r -= q @ (q.T @ r)  # the graph is fitted: its coefficients alone cannot lower the loss
    lin, _, found = proposals(draft, X, lin.prediction + r / root, weight)
    before = least_loss(J, r)[0]
    sources = np.concatenate([X.T, lin.values])
    for proposal in found[:10] + found[10::41]:
        after, solution = least_loss(np.column_stack([J, direction(proposal, sources) * root]), r)
        assert proposal.left == pytest.approx(1 - (before - after) / (r @ r), abs=1e-6)
        assert proposal.move.strength == pytest.approx(solution[-1], rel=1e-4)
    merits = [p.merit() for p in found]
    assert merits == sorted(merits, reverse=True)


def test_a_part_that_the_coefficients_give_already_has_no_gain() -> None:
    X = rows()
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1.3), DraftEdge(1, PRIMITIVES["sqrt"], 0.5)], 0.2)])
    y = np.random.default_rng(1).normal(size=N)
    _, _, found = proposals(draft, X, y, np.ones(N))
    at_output = [p.move for p in found if p.move.kind == "add" and p.move.site.kind == "node"]
    added = {(move.feature.primitive.name, move.feature.argument) for move in at_output}
    single = {argument.sources[0]: argument for _, argument in added if argument.kind == "single"}
    assert ("log", single[0]) in added
    assert ("linear", single[0]) not in added
    assert ("sqrt", single[1]) not in added


def test_nothing_is_proposed_where_nothing_is_left_to_explain() -> None:
    X = rows()
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1.3)], 0.2)])
    assert proposals(draft, X, linearise(draft, X).prediction, np.ones(N))[2] == []


@settings(max_examples=25)
@given(st.data())
def test_a_site_reads_inputs_and_earlier_nodes_only(data: st.DataObject) -> None:
    graph, coefficients = data.draw(graphs(max_complexity=20))
    X = data.draw(inputs(graph.n_inputs, n_rows=N))
    draft = Draft.from_graph(graph, coefficients).prune()
    lin = linearise(draft, X)
    if not np.isfinite(lin.jacobian).all() or not np.isfinite(lin.prediction).all():
        return
    y = np.random.default_rng(data.draw(st.integers(0, 2**31))).normal(size=N)
    for proposal in proposals(draft, X, y, np.ones(N))[2]:
        newest = max(proposal.move.feature.argument.sources)
        assert newest < graph.n_inputs + proposal.move.site.node


def test_the_missing_part_comes_first_and_leaves_nothing() -> None:
    X = rows(n=100)
    y = 0.1 + 2 * X[:, 0] + 3 * np.log(X[:, 0] / X[:, 1])
    slope, constant = np.polyfit(X[:, 0], y, 1)
    draft = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, slope)], constant)])
    first = proposals(draft, X, y, np.ones(100), count=5)[2][0]
    assert first.left == pytest.approx(0.0, abs=1e-10)
    assert first.move.kind == "add"
    value = direction(first, X.T) * first.move.strength
    inside = np.column_stack([np.ones(100), X[:, 0], value])
    assert least_loss(inside, y)[0] < 1e-18


def test_basis_is_orthonormal_spans_the_columns_and_ignores_dependent_ones() -> None:
    rng = np.random.default_rng(0)
    J = rng.normal(size=(30, 4)) * [1e-8, 1.0, 1e8, 1.0]
    J = np.column_stack([J, J[:, 1] - J[:, 3], np.zeros(30)])
    q = basis(J)
    assert q.shape == (30, 4)
    np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(q @ (q.T @ J), J, atol=1e-12 * np.abs(J).max())
    assert basis(np.zeros((5, 0))).shape == (5, 0)
    assert basis(np.zeros((5, 2))).shape == (5, 0)


# --- power products ---

HALVES = st.sampled_from([-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0])


@settings(max_examples=60)
@given(st.lists(HALVES, min_size=1, max_size=4).filter(any), st.sampled_from([-2.5, -1e-6, 1e-3, 0.7, 4e5]))
def test_a_power_product_is_read_off_its_values(exponents: list[float], scale: float) -> None:
    X = rows(d=len(exponents))
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
    X = rows(d=2)
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
    assert fit_monomial(target, np.ones(N), {0: np.log(rows()[:, 0])}) == []


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
    X = rows()
    lin = linearise(START, X)
    assert list(monomial_moves(START, lin, np.ones(N), np.ones(N), {})) == []
