"""The course of successive searches as that of one."""

from __future__ import annotations

import dataclasses

import pytest

from eqdarts.history import BestPoint, SearchHistory, with_totals

FIRST = SearchHistory((BestPoint(0.5, 5, 1.0, "small"),), 10, 2.0, "budget", None, {"small": 1.5, "random": 0.5})
SECOND = SearchHistory((BestPoint(0.1, 2, 0.3, "implicit"),), 7, 3.0, "exact", None, {"small": 1.0}, {"growth": "why"})


def test_totals_are_sums_and_the_rest_stays() -> None:
    total = with_totals(SECOND, [FIRST, SECOND])
    assert (total.n_refits, total.seconds) == (17, 5.0)
    assert total.stage_seconds == {"small": 2.5, "random": 0.5}
    assert total.left_out == {"growth": "why"}
    assert (total.best, total.stop_reason) == (SECOND.best, "exact")


def test_of_a_stage_left_out_twice_the_first_error_is_told() -> None:
    again = dataclasses.replace(SECOND, left_out={"growth": "another", "seeds": "third"})
    assert with_totals(SECOND, [SECOND, again]).left_out == {"growth": "why", "seeds": "third"}


def test_a_history_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FIRST.n_refits = 3  # type: ignore[misc]
