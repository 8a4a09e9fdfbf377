"""Children of a graph: pruned, and the missing term among them."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import FittedGraph
from eqdarts.primitives.table import PRIMITIVES, Primitive, resolve
from eqdarts.search.evaluator import THOROUGH
from eqdarts.search.implicit.grower import Grower
from tests.helpers import Array, rows
from tests.search.laws import make_trials


def make_grower(
    X: Array, y: Array, primitives: tuple[Primitive, ...] | None = None, periods: tuple[float, ...] = ()
) -> Grower:
    chosen = resolve("default") if primitives is None else primitives
    return Grower(X, y, np.ones(len(y)), chosen, np.ones(X.shape[1]), np.random.default_rng(0), periods)


def test_children_are_pruned_graphs_of_the_inputs_and_the_missing_term_is_among_them() -> None:
    X = rows()
    y = 1 + X[:, 0] + 0.5 * np.log(X[:, 1])
    slope, constant = np.polyfit(X[:, 0], y, 1)
    parent = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, slope)], constant)]).build()
    children = make_grower(X, y).children(FittedGraph(*parent, 0.1), 16.0)
    losses = []
    for graph, coefficients in children:
        assert graph.n_inputs == 2
        assert Draft.from_graph(graph, coefficients).prune().build()[0].key == graph.key
        trials = make_trials(prepare(X, y, None, 0.25, np.random.default_rng(0)))
        losses += [member.loss for member, _ in trials.fit([(graph, coefficients)], THOROUGH)]
    assert min(losses) < 1e-20


def test_a_wave_of_many_periods_in_the_residual_is_among_the_children() -> None:
    x = np.linspace(0, 1, 200)
    data = prepare(x[:, None], 3 * x + 0.5 * np.sin(300 * x + 1), None, 0.25, np.random.default_rng(0))
    slope, constant = np.polyfit(data.X[:, 0], data.y, 1)
    parent = Draft(1, [DraftNode("sum", [DraftEdge(0, LINEAR, slope)], constant)]).build()
    grower = make_grower(data.X[data.train], data.y[data.train], periods=(75.0,))
    children = [start for _ in range(6) for start in grower.children(FittedGraph(*parent, 0.1), 16.0)]
    assert min(member.loss for member, _ in make_trials(data).fit(children, THOROUGH)) < 1e-10


def test_a_parent_that_is_undefined_on_some_row_has_no_children() -> None:
    X = rows(low=-1.0)
    parent = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["log"])], 1.0)]).build()
    assert make_grower(X, X[:, 1]).children(FittedGraph(*parent, 1.0), 1.0) == []


def test_the_features_of_many_pairs_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).uniform(1.0, 3.0, (40, 8))
    grower = make_grower(X, X[:, 0])
    first = grower._of_pair((0, 1)).values
    monkeypatch.setattr("eqdarts.search.implicit.grower.MOST_CACHED", 3 * first.size)
    for pair in grower._pairs:
        grower._of_pair(pair)
    kept = sum(found.values.size for found in grower._pair_cache.values())
    assert kept == grower._n_cached <= 3 * first.size
    assert (0, 1) not in grower._pair_cache
    np.testing.assert_array_equal(grower._of_pair((0, 1)).values, first)
