"""Right-hand sides of which a part is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics import by_state
from eqdarts.dynamics.by_state import Clock, How, searched_states
from eqdarts.dynamics.choice import Chosen, simplified
from eqdarts.dynamics.known_parts import checked_forms, laws_of_form, read_forms
from eqdarts.dynamics.stages import _errors, slope_table
from eqdarts.dynamics.structure import _opposite
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem, runs

QUICK = {"primitives": "minimal", "max_complexity": 5, "time_limit": None, "max_refits": 2}


def test_laws_have_the_form_and_a_known_law_is_not_searched() -> None:
    own = problem(0.02, 20)
    tables = [slope_table(own.smooth, k, True) for k in (0, 1)]
    settings = ODERegressor(**QUICK)._settings()
    parts = read_forms({"S": "-b*S*I", "I": "f(S)*I - g*I"}, ("S", "I"), tables, settings)
    assert read_forms({}, ("S", "I"), tables, settings) == [None, None]
    assert parts[0] is not None
    assert parts[1] is not None
    (known,) = laws_of_form(parts[0], tables[0], settings, np.random.default_rng(0))
    assert known.equation.predict({"S": [1.0], "I": [1.0]}) == pytest.approx([-0.4], abs=0.1)
    found = laws_of_form(parts[1], tables[1], settings, np.random.default_rng(0))
    assert found
    for one in found:  # f(S)*I - g*I is in proportion to I
        rates = one.equation.predict({"S": [3.0, 3.0], "I": [1.0, 2.0]})
        assert rates[1] == pytest.approx(2 * rates[0])


def test_a_state_with_a_form_has_no_other_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_state, "laws_of", lambda *_, **__: ([], None))
    monkeypatch.setattr(by_state, "usual_laws", lambda *_: [])
    own, settings = problem(0.02, 20), ODERegressor(**QUICK)._settings()
    tables = [slope_table(own.smooth, k, True) for k in (0, 1)]
    parts = read_forms({"S": "-b*S*I"}, ("S", "I"), tables, settings)
    how = How(before=[[law("0.3*I")], [law("0.3*S*I - 0.2*I")]])
    given: tuple[Any, ...] = (own, tables, [[], []], settings, np.random.default_rng(0), Clock(0.0, None), how, parts)
    found = searched_states(*given)
    assert [[one.law.key for one in ones] for ones in found] == [[law("-0.4*S*I").key], [law("0.3*S*I - 0.2*I").key]]


def test_a_known_form_is_not_made_simpler_and_not_replaced() -> None:
    own = problem(0.02)
    laws = [law("-0.4*S*I + 1e-12*S"), law("0.4*S*I - 0.3*I")]
    fit = own.fit_all(laws, most_iterations=1)
    assert fit is not None
    for fixed, n_coefficients in (((), 1), ((0, 1), 2)):
        chosen = Chosen(*fit, replace(own, fixed=fixed))
        found = simplified(chosen, resolve("default"), lambda: True, _errors)
        assert found.laws[0].n_coefficients == n_coefficients
        assert bool(list(_opposite(chosen, resolve("default")))) == (fixed == ())


def test_wrong_forms_are_said() -> None:
    assert checked_forms(None, None, ("S",)) == {}
    for given, words in (
        ({"form": "f(S)"}, "must map states to forms"),
        ({"form": {"R": "f(S)"}}, "A form must be of a state"),
        ({"form": {"S": 3}}, "A form must be text"),
        ({"form": {"S": "f(S)"}, "guesses": {"S": "-k*S"}}, "a form or guesses"),
        ({"form": {"S": "f(S"}}, "Every bracket"),
        ({"form": {"S": "f(S)"}, "search": "relaxed"}, "cannot be fitted with search"),
    ):
        with pytest.raises(ValueError, match=words):
            ODERegressor(**given).fit(runs(0.02, 12), t="time", trajectory="run")  # type: ignore[arg-type]
