"""A law that is short from another side is found there, solved for the target, and refitted on the data as given."""

from __future__ import annotations

import numpy as np

from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.closed_form.polynomial import polynomial_start
from eqdarts.search.evaluator import EXACT, THOROUGH, Trials
from eqdarts.search.implicit.implicit import _Archipelago
from eqdarts.search.implicit.sides import Side, places_to_look_from, seen_from
from eqdarts.search.problem import Problem, training_problem
from eqdarts.search.smooth import fit_smooth
from tests.helpers import Array, rows


def _problem(X: Array, y: Array) -> Problem:
    rng = np.random.default_rng(0)
    return training_problem(prepare(X, y, None, 0.25, rng), 150, rng)


def _root_of_a_quadratic() -> Problem:
    """Make rows of 4 b y**2 + 3 c y = a, solved for y."""
    X = 1 + rows(300, 3)
    b, c, a = X.T
    return _problem(X, (np.sqrt(9 * c**2 + 16 * a * b) - 3 * c) / (8 * b))


def test_the_target_and_an_input_change_places() -> None:
    given = _root_of_a_quadratic()
    turned = seen_from(given, 2)
    assert turned is not None
    np.testing.assert_array_equal(turned.train.y, given.train.X[:, 2])
    np.testing.assert_array_equal(turned.train.X[:, 2], given.train.y)
    np.testing.assert_array_equal(turned.train.X[:, :2], given.train.X[:, :2])
    assert turned.y_unit == given.units[2]
    assert turned.units[2] == given.y_unit
    again = seen_from(turned, 2)
    assert again is not None
    np.testing.assert_array_equal(again.held.X, given.held.X)


def test_an_input_of_few_values_is_no_response_and_the_simplest_side_comes_first() -> None:
    X = 1 + rows(300, 3)
    X[:, 0] = np.round(X[:, 0])
    given = _problem(X, np.sqrt(X[:, 1] * X[:, 2] + X[:, 0]))
    assert seen_from(given, 0) is None
    assert set(places_to_look_from(given, lambda: True)) == {1, 2}
    assert places_to_look_from(_root_of_a_quadratic(), lambda: True)[0] == 2  # a polynomial there
    assert places_to_look_from(given, lambda: False) == []
    few, wide = _problem(rows(40, 3), rows(40, 1)[:, 0]), _problem(rows(90, 10), rows(90, 1)[:, 0])
    assert places_to_look_from(few, lambda: True) == places_to_look_from(wide, lambda: True) == []


def test_a_relation_found_on_another_side_is_the_law_on_this_one() -> None:
    given = _root_of_a_quadratic()
    turned = seen_from(given, 2)
    assert turned is not None
    smooth = fit_smooth(turned.wide, turned.held)
    assert smooth is not None
    polynomial = polynomial_start(turned, smooth)
    assert polynomial is not None
    budget = Budget(None, 10_000)
    trials, climbed = Trials(given, budget, 40), []
    side = Side(2, Trials(turned, budget, 40), lambda: climbed.append(1))
    side.trials.add([polynomial], THOROUGH)
    assert side.loss <= EXACT
    starts = list(side.solutions())
    trials.add(starts, THOROUGH)
    assert trials.archive.best_loss <= EXACT
    assert not list(side.solutions())  # each relation is solved once


def test_a_search_without_an_end_looks_from_the_other_sides_one_after_the_other() -> None:
    X = rows(90, 2)
    trials = Trials(_problem(X, np.sin(X[:, 0]) + X[:, 1] ** 3), Budget(None, 10_000), 12)
    archipelago = _Archipelago(trials, resolve(["linear"]), np.random.default_rng(0))
    archipelago._begin_sides()
    assert archipelago.sides is not None
    assert {side.place for side in archipelago.sides} == {0, 1}
    before = archipelago.sides[0].trials.budget.n_refits
    archipelago._look_from(archipelago.sides[0])
    assert trials.budget.n_refits > before
