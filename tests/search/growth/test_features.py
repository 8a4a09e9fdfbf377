"""Features of the inputs and of values: what they are of, and their values once inserted."""

from __future__ import annotations

import numpy as np

from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.draft_terms import POWER
from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.pairs import input_powers
from eqdarts.search.growth.features import Features, combinations, features, insert_feature
from eqdarts.search.growth.sites import linearise
from tests.helpers import predict, rows

N = 40


FUNCTIONS = [(p, row) for p in resolve("default") if p is not POWER for row in p.initial[:2]]


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
    X = rows(N, d=3)
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
    X = rows(N)
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
    assert len(features([], rows(N).T, FUNCTIONS)) == 0
