"""Regret: who is to blame for a law that was missed."""

from __future__ import annotations

from typing import Any

import pytest

from eqdarts.benchmark import worker
from eqdarts.benchmark.problems import Problem
from eqdarts.benchmark.regret import REGRET_COLUMNS, nats_behind, regret_row

RIPPLE = Problem("ripple", "2*x+1+0.01*sin(9*x)", (("x", 0.0, 5.0),))
NOISE = 0.1


@pytest.fixture(scope="module")
def given() -> tuple[Any, ...]:
    X, y = RIPPLE.sample(100, 0, NOISE)
    task = {"budget": 30.0, "seed": 0, "options": {"max_refits": 50, "guesses": [RIPPLE.expression]}}
    return *worker.fit_model(task, RIPPLE.variables, X, y), X, y


@pytest.mark.slow
def test_a_law_that_is_not_chosen_is_behind_by_its_score(given: tuple[Any, ...]) -> None:
    found, model, X, y = given
    row = regret_row(found, model, RIPPLE, NOISE, X, y)
    assert set(row) == set(REGRET_COLUMNS)
    assert row["regret"] == "choice"
    assert row["regret_nats"] in found.scores
    assert 2 < row["regret_nats"] < 30
    assert row["regret_equation"] == str(model.equation_)


def test_without_a_score_the_description_lengths_are_compared(given: tuple[Any, ...]) -> None:
    found, model, X, y = given
    behind = nats_behind(model, RIPPLE, X, y)
    assert behind == pytest.approx(regret_row(found, model, RIPPLE, NOISE, X, y)["regret_nats"], abs=1.0)
    missing = worker.Found(found.equation, [], found.record, [])
    assert regret_row(missing, model, RIPPLE, NOISE, X, y)["regret_nats"] == behind


def test_a_law_that_is_chosen_when_given_is_the_fault_of_the_search() -> None:
    X, y = RIPPLE.sample(100, 0)
    task = {"budget": 30.0, "seed": 0, "options": {"search": "random", "max_refits": 1, "guesses": [RIPPLE.expression]}}
    found, model = worker.fit_model(task, RIPPLE.variables, X, y)
    row = regret_row(found, model, RIPPLE, 0.0, X, y)
    assert (row["regret"], row["regret_nats"]) == ("search", 0.0)


def test_a_law_that_no_graph_holds_has_no_description(given: tuple[Any, ...]) -> None:
    _, model, X, y = given
    assert nats_behind(model, Problem("erf", "erf(x)", RIPPLE.ranges), X, y) is None
