"""The searches of all states, one after the other or at the same time."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics import by_state
from eqdarts.dynamics.by_state import Clock, How, _followed, searched_states
from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.stages import slope_table
from tests.dynamics.systems import law, problem, runs


def test_a_state_has_its_share_of_the_time_though_others_took_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([13.0, 13.0, 14.9, 14.9, 15.1, 15.1])
    monkeypatch.setattr(by_state, "now", lambda: next(times))
    until = Clock(0.0, 20.0).own_time(0.1, 0.6)
    assert [until(), until()] == [True, False]


def test_a_state_that_no_law_follows_over_whole_runs_is_screened_over_short_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = problem()
    assert _followed(own, 0, [law("-0.4*S*I")]) is own
    fit_one = type(own).fit_one
    monkeypatch.setattr(type(own), "fit_one", lambda p, *given: fit_one(p, *given) if p.horizon else None)
    assert _followed(own, 0, [law("-0.4*S*I")]).horizon == 10
    assert _followed(own, 0, [law("1e9*S**2")]).horizon is None


def random_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search draw one law at random, and a screening leave it as it is."""

    def drawn(table: Any, settings: Any, rng: np.random.Generator, **_: Any) -> tuple[list[Law], None]:
        return [law(f"{rng.normal()}*S*I")], None

    monkeypatch.setattr(by_state, "laws_of", drawn)
    monkeypatch.setattr(by_state, "laws_of_entries", lambda laws, n: laws)
    monkeypatch.setattr(by_state, "usual_laws", lambda *_: [])
    monkeypatch.setattr(by_state, "screen", lambda p, k, laws, *_: [Screened(one, 0.0, float(k)) for one in laws])


def test_the_number_of_workers_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random_laws(monkeypatch)
    tables = [slope_table(problem(0.02, 14).smooth, k, True) for k in (0, 1)]
    found = []
    for n_jobs in (None, 1, 2):
        # A worker gets what can be sent to another process.
        own, settings = pickle.loads(pickle.dumps((problem(0.02, 14), ODERegressor()._settings())))
        with joblib.parallel_config(backend="threading"):
            rng, clock = np.random.default_rng(0), Clock(0.0, None)
            states = searched_states(own, tables, [[], []], settings, rng, clock, How(n_jobs, None, n_jobs == 2))
        found.append([[(one.law.equation.format(), one.length) for one in ones] for ones in states])
    assert found[0] == found[1] == found[2]
    assert found[0][0] != found[0][1]


def test_a_callback_does_not_go_with_workers() -> None:
    with pytest.raises(ValueError, match="watches searches of this process only"):
        ODERegressor(n_jobs=2).fit(runs(), t="time", trajectory="run", callback=print)
