"""What a search may spend."""

from __future__ import annotations

import pytest

from eqdarts.search.budget import Budget


def test_a_budget_of_refits_is_spent_and_then_named() -> None:
    budget = Budget(None, 10)
    assert budget.spent() == 0.0
    assert budget.stop_reason() is None
    budget.n_refits = 5
    assert budget.spent() == 0.5
    budget.n_refits = 10
    assert budget.stop_reason() == "budget"
    assert Budget(0.0, 10).stop_reason() == "time"


def test_a_budget_keeps_the_course_of_the_best_loss_and_the_seconds_of_each_stage() -> None:
    budget = Budget(None, 10, stage="implicit")
    budget.n_refits = 3
    budget.note(0.5)
    assert (budget.best[0].refits, budget.best[0].loss, budget.best[0].stage) == (3, 0.5, "implicit")
    budget.book("implicit", budget.cpu_began)
    once = budget.stage_seconds["implicit"]
    budget.book("implicit", budget.cpu_began)
    assert budget.stage_seconds["implicit"] >= 2 * once > 0


def test_items_end_with_the_time_and_not_with_the_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr("eqdarts.search.budget.now", lambda: float(next(seconds)))
    assert list(Budget(3.5, 10).in_time(range(9))) == [0, 1, 2, 3]
    assert list(Budget(None, 1, n_refits=5).in_time(range(9))) == list(range(9))
