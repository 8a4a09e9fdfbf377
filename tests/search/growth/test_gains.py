"""Closed-form gains against least squares."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.growth.features import Features, combinations, features
from eqdarts.search.growth.gains import Proposal, basis, propose
from eqdarts.search.growth.sites import Linearised, linearise
from tests.helpers import Array, rows
from tests.strategies import graphs, inputs

N = 40


FUNCTIONS = [(p, row) for p in resolve("default") if p is not POWER for row in p.initial[:2]]


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
    X = rows(N)
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
    X = rows(N)
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
