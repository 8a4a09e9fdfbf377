"""Errors say what is wrong, what was given and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.errors import EqdartsWarning, FormulaError, closest, explain, visible


def test_explain_has_the_three_parts_in_order() -> None:
    message = explain("max_complexity must be at least 3.", 1, "Give 3 or more.")
    assert message == "max_complexity must be at least 3. Got 1. Give 3 or more."


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("expp", "Did you mean 'exp'?"),
        ("EXP", "Did you mean 'exp'?"),
        ("period_day", "Did you mean 'Period_Days'?"),
        ("qqqq", "Known: exp, log, Period_Days."),
        ("", "Known: exp, log, Period_Days."),
    ],
)
def test_closest_suggests_or_lists(name: str, suggestion: str) -> None:
    assert closest(name, iter(["exp", "log", "Period_Days"])) == suggestion


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=9, unique_by=str.casefold), st.data())
def test_a_known_name_is_its_own_closest(known: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(known))
    assert closest(name, known) == f"Did you mean {name!r}?"


def test_kinds_are_those_that_users_already_catch() -> None:
    assert issubclass(FormulaError, ValueError)
    assert issubclass(EqdartsWarning, UserWarning)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mmass\n(kg)", r"\x1b[31mmass\n(kg)"),
        ("a\rb\tc\u202ed\u2028", r"a\rb\tc\u202ed\u2028"),
        ("\ud800", r"\ud800"),
        ("L\u00e4nge\u00a0(m) \u4e2d", "L\u00e4nge\u00a0(m) \u4e2d"),
    ],
)
def test_no_text_of_ours_moves_a_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert str(EqdartsWarning(text)).replace("\n", r"\n") == shown
    assert explain("No.", text, "Stop.") == f"No. Got {shown}. Stop."
