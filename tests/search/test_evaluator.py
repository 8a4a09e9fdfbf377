"""Trials: what is refitted, what is kept, and what is not tried again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, fixed_power
from eqdarts.search.evaluator import EXACT, THOROUGH, Trials
from eqdarts.solver.batch import Batch
from tests.helpers import noise, rows
from tests.search.laws import make_trials


def power_law(n: int = 80) -> Trials:
    X, rng = rows(n), np.random.default_rng(0)
    return make_trials(prepare(X, 3 * X[:, 0] ** 1.5 / X[:, 1], None, 0.25, rng))


def learned(*exponents: float) -> Start:
    edges = [DraftEdge(i, POWER, 1.0, [p]) for i, p in enumerate(exponents)]
    return Draft(2, [DraftNode("product", edges, 1.0)]).build()


def test_refits_are_counted_and_the_best_is_reported_as_it_falls() -> None:
    trials, told = power_law(), []
    trials.on_best = lambda member: told.append(member.loss)
    flat = Draft(2, [DraftNode("sum", [], 1.0)]).build()
    trials.fit([flat])
    trials.fit([learned(1.0, -0.5), flat])
    assert trials.budget.n_refits == 3
    assert told == sorted(told, reverse=True)
    assert len(told) == 2
    assert trials.fit([]) == []


def test_a_refined_power_law_has_simple_exponents_and_is_exact() -> None:
    trials = power_law()
    trials.refine(trials.add([learned(1.0, -0.5)]))
    exact = [m for m in trials.archive.front() if m.loss <= EXACT]
    assert trials.stop_reason() == "exact"
    found = {(edge.source, edge.primitive) for edge in exact[0].graph.nodes[-1].edges}
    assert found == {(0, fixed_power(Fraction(3, 2))), (1, fixed_power(Fraction(-1)))}


def test_what_was_tried_or_is_too_large_is_not_tried_again() -> None:
    trials = power_law()
    small, large = learned(1.0, -0.5), learned(1.0, 2.0)
    assert list(trials.admissible([small, small, large])) == [small]  # one structure, whatever the exponents
    trials.max_complexity = 2
    assert not trials.is_small(small[0])
    assert list(trials.admissible([Draft(2, [DraftNode("sum", [DraftEdge(0, POWER, 1.0, [0.5])])]).build()])) == []


def test_functions_of_a_column_with_two_values_are_not_tried() -> None:
    X = rows(80)
    X[:, 1] = X[:, 1] > 1.5
    trials = make_trials(prepare(X, X[:, 0] * (2 + X[:, 1]), None, 0.25, np.random.default_rng(0)))
    assert trials.problem.two_valued == {1}
    bent = Draft(2, [DraftNode("sum", [DraftEdge(1, PRIMITIVES["exp"], 1.0, [1.0])], 1.0)]).build()
    straight = Draft(2, [DraftNode("sum", [DraftEdge(1, LINEAR)], 1.0)]).build()
    assert list(trials.admissible([bent, straight])) == [straight]


def test_a_source_of_nothing_new_is_left() -> None:
    trials = power_law()
    drawn = 0

    def endless() -> Iterator[Start]:
        nonlocal drawn
        while True:
            drawn += 1
            yield learned(1.0, -0.5)

    assert len(list(trials.admissible(endless()))) == 1
    assert drawn < 10_000


def test_a_loss_is_the_larger_of_training_and_held_back_loss_as_a_share_of_the_variance() -> None:
    X, rng = rows(80), np.random.default_rng(0)
    data = prepare(X, X[:, 0] ** 2 + 0.3 * noise(80), rng.uniform(0.5, 1.5, 80), 0.25, rng)
    trials = make_trials(data)
    start = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 0.5)], 0.1)]).build()
    ((member, kept),) = trials.fit([start])
    assert kept
    losses = []
    for part in (trials.problem.train, trials.problem.held):
        batch = Batch([member.graph], torch.from_numpy(part.X))
        residual = part.y - batch.predict(batch.pad([member.coefficients]))[0].numpy()
        losses.append(np.mean(part.weight * residual**2))
    assert member.loss == pytest.approx(max(losses) / data.variance, rel=1e-9)


def test_close_fits_are_different_and_the_shortest_described_come_first() -> None:
    X, rng = rows(200, 1), np.random.default_rng(0)
    trials = make_trials(prepare(X, 1 + X[:, 0] + 0.3 * noise(200), None, 0.25, rng))
    linear, square = (Graph(1, (Node("sum", (Edge(0, PRIMITIVES[name]),), True),)) for name in ("linear", "square"))
    trials.add([(linear, (0.0, 1.0)), (square, (0.0, 1.0))], THOROUGH)
    again = Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]), Edge(0, PRIMITIVES["none"])), True),))
    trials.archive.add(FittedGraph(again, (), trials.archive.recall(linear).loss))
    assert [m.graph for m in trials.close(10)] == [linear, square]  # the third has the loss of the first
    assert [m.graph for m in trials.close(1)] == [linear]
