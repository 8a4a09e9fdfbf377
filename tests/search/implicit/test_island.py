"""An island: its seeds, its rounds, and members back in the data as given."""

from __future__ import annotations

import itertools
import math
from itertools import pairwise

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.fitted import FittedGraph
from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.evaluator import EXACT, Trials
from eqdarts.search.implicit.island import LARGEST_SMALL, PRICE, Island, score
from eqdarts.search.problem import training_problem
from eqdarts.search.structure import Group, Reduction, lift, reduce_by
from tests.helpers import Array, noise, predict, rows
from tests.search.laws import make_trials


def island(y: Array, X: Array | None = None, seed: int = 0, max_complexity: int = 30) -> Island:
    X = rows(100) if X is None else X
    data = prepare(X, y, None, 0.25, np.random.default_rng(seed))
    trials = make_trials(data, max_complexity=max_complexity, max_refits=10_000)
    return Island(trials, (), resolve("default"), np.random.default_rng(seed))


def test_a_score_is_the_log_loss_and_a_price_for_each_symbol() -> None:
    graph = Draft(1, [DraftNode("sum", [], 1.0)]).build()[0]
    assert score(FittedGraph(graph, (1.0,), 0.5)) == pytest.approx(math.log(0.5) + PRICE * graph.complexity)
    assert math.isfinite(score(FittedGraph(graph, (1.0,), 0.0)))


def test_a_power_law_is_exact_before_any_round() -> None:
    X = rows(100)
    own = island(3 * X[:, 0] ** 1.5 / X[:, 1])
    kept = own.begin()
    assert own.trials.archive.best_loss <= EXACT
    assert min(member.loss for member in kept) == own.trials.archive.best_loss


@pytest.mark.slow
def test_rounds_lower_the_best_score_and_stay_within_the_limits() -> None:
    X = rows(100)
    own = island(X[:, 0] * np.sin(2 * X[:, 1]) + 0.1 * noise(100), max_complexity=15)
    own.begin()
    scores = [own.best_score]
    for _ in range(3):
        kept = own.round()
        assert all(member.graph.complexity <= 15 for member in kept)
        scores.append(own.best_score)
    assert all(later <= earlier for earlier, later in pairwise(scores))
    assert scores[-1] < scores[0]
    assert own.rounds == 3


@pytest.mark.slow
def test_a_seed_gives_the_same_rounds() -> None:
    X = rows(100)
    y = X[:, 0] * np.sin(2 * X[:, 1]) + 0.1 * noise(100)
    fronts = []
    for seed in (1, 1, 2):
        own = island(y)
        own.rng = own.grower.rng = np.random.default_rng(seed)
        own.begin()
        own.round()
        fronts.append(own.trials.archive.front())
    assert fronts[0] == fronts[1]
    assert fronts[0] != fronts[2]


def test_after_an_exact_law_only_shorter_ones_are_of_interest() -> None:
    X = rows(100)
    own = island(3 * X[:, 0] ** 1.5 / X[:, 1])
    own.begin()
    size = next(m for m in own.trials.archive.front() if m.loss <= EXACT).graph.complexity
    own.round()
    assert own.trials.max_complexity == size - 1


def test_small_graphs_come_within_the_limits() -> None:
    own = island(noise(100))
    graphs = [graph for graph, _ in itertools.islice(own.small, 300)]
    assert max(graph.complexity for graph in graphs) <= LARGEST_SMALL
    assert max(graph.n_coefficients for graph in graphs) <= own.trials.problem.most_coefficients
    assert len(list(island(noise(100), max_complexity=3).small)) < 300


def test_a_member_is_lifted_into_the_data_as_given() -> None:
    X = rows(100)
    rng = np.random.default_rng(0)
    problem = training_problem(prepare(X, np.exp(X[:, 0] / X[:, 1]), None, 0.25, rng), 150, rng)
    ratio = Reduction((Group("product", ((0, 1.0), (1, -1.0))),), Group("product", ()))
    made = reduce_by(problem, [ratio])
    assert made is not None
    reduced, chain = made
    own = Island(Trials(reduced, Budget(None, 1000), 30), tuple(chain), resolve("default"), rng)
    own.begin()
    best = own.trials.archive.best_member
    assert best is not None
    assert best.loss <= EXACT
    lifted = lift(chain, Draft.from_graph(best.graph, best.coefficients), 2).prune().build()
    np.testing.assert_allclose(predict(lifted, problem.held.X), problem.held.y, rtol=1e-6)
    assert lifted[0].n_inputs == 2
