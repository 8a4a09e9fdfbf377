"""The choice among laws of all states."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics.choice import Chosen, Screened, _pairs, _roughly, choose, laws_of_entries, screen, simplified
from eqdarts.dynamics.stages import _errors, slope_table
from eqdarts.fitting.stages import laws_of
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem


def test_the_shortest_description_is_first() -> None:
    own = problem(0.02)
    ones = screen(own, 1, [law("0.1", 3.0), law("0.3*S*I - 0.2*I"), law("log(-S)")], lambda: True)
    assert [one.law.n_coefficients for one in ones] == [2, 1]


def test_a_rival_replaces_a_law_that_leads_the_system_astray() -> None:
    own = problem(0.02)
    wrong, right = law("-0.5*S", 5.0), law("-0.4*S*I")
    other = law("0.4*S*I - 0.3*I")
    screened = [[Screened(wrong, 1.0, 0.0), Screened(right, 2.0, 30.0)], [Screened(other, 1.0, 0.0)]]
    chosen = choose(own, screened, lambda: True)
    assert chosen is not None
    assert chosen.laws[0].key == right.key
    assert chosen.fitted.converged
    assert chosen.problem.horizon is None


def test_what_follows_the_errors_of_other_smooth_courses_is_not_first_among_laws_that_may_be_true() -> None:
    own = problem(0.02)
    n = float(own.measured.n_values[0])
    follows = Screened(law("-0.4*S*I + 0.01*S - 0.02*I"), 1e-6, n * np.log(1e-3) + 10)
    true, wrong = Screened(law("-0.4*S*I"), 1e-4, n * np.log(1e-2)), Screened(law("-0.1*S"), 1.0, 0.0)
    assert _roughly(own, 0, [follows, true, wrong]) == [true, follows, wrong]


def test_two_laws_are_exchanged_together_where_neither_is_better_alone() -> None:
    own = problem(0.02)
    # Each of the wrong laws makes up for the other one.
    wrong, right = ["-0.5*S", "0.5*S - 0.3*I"], ["-0.4*S*I", "0.4*S*I - 0.3*I"]
    laws = [law(text, 5.0) for text in (*wrong, *right)]
    screened = [[Screened(laws[k], 1.0, 0.0), Screened(laws[k + 2], 2.0, 30.0)] for k in (0, 1)]
    assert {0: laws[2], 1: laws[3]} in list(_pairs(screened))
    chosen = choose(own, screened, lambda: True)
    assert chosen is not None
    assert [one.key for one in chosen.laws] == [laws[2].key, laws[3].key]
    assert len(chosen.rivals) > 0
    assert all(length >= chosen.length for _, length in chosen.rivals)


def test_laws_of_a_search_come_once_and_the_promising_ones_first() -> None:
    own = problem()
    table = slope_table(own.smooth, 0, autonomous=True)
    model = ODERegressor(primitives="minimal", max_complexity=12, time_limit=None, max_refits=60)
    entries, history = laws_of(table, model._settings(), np.random.default_rng(0))
    laws = laws_of_entries(entries, len(table.y))
    assert history.n_refits > 0
    assert len({one.key for one in laws}) == len(laws) > 3
    assert laws[0].key == law("-0.4*S*I").key


def test_terms_below_the_error_of_the_integration_leave_though_no_time_is_left() -> None:
    own = problem()
    fit = own.fit_all([law("-0.4*S*I + 2e-12*S**2 - 1e-12*S"), law("0.4*S*I - 0.3*I")], most_iterations=1)
    assert fit is not None
    assert fit[0][0].n_coefficients == 3
    found = simplified(Chosen(*fit, own), resolve("default"), lambda: False, _errors)
    assert [one.n_coefficients for one in found.laws] == [1, 2]


def test_laws_of_a_state_are_compared_as_systems() -> None:
    own = problem(0.02)
    laws = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    fit = own.fit_all(laws)
    assert fit is not None
    others = [((law("-0.5*S"), laws[1]), fit[2] + 9.0), ((law("-0.5*S"), law("0.1*S")), fit[2] + 20.0)]
    chosen = Chosen(*fit, own, rivals=tuple(others))
    assert chosen.behind(0, law("-0.5*S").key) == pytest.approx(9.0)
    assert chosen.behind(1, law("0.1*S").key) == pytest.approx(20.0)
    assert chosen.behind(0, laws[0].key) == 0.0
    assert chosen.behind(0, law("-I").key) is None


def test_an_exact_system_of_few_coefficients_is_sure() -> None:
    laws = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    sure = []
    for noise in (0.0, 0.02):
        own = problem(noise)
        fit = own.fit_all(laws)
        assert fit is not None
        sure.append(Chosen(*fit, own).is_sure)
    assert sure == [True, False]
    own = problem()
    fit = own.fit_all([laws[0], law("0.4*S*I - 0.3*I + 0.01*S + 0.02*S**2")])
    assert fit is not None
    assert not Chosen(*fit, own).is_sure
