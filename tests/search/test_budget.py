"""What a search may spend."""

from __future__ import annotations

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
