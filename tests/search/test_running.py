"""A search under way: the constant first, refits until the budget is spent, progress as it goes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import resolve
from eqdarts.search.evaluator import EXACT
from eqdarts.search.result import Config, Moment
from eqdarts.search.running import MOST_CLOSE, Running
from tests.helpers import Array, noise, rows

X = rows(100)
LAW = 1 + 2 * X[:, 0]
LINE = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1.5)], 0.8)]).build()


def running(
    y: Array, max_refits: int = 200, starts: tuple[Start, ...] = (), told: list[Moment] | None = None
) -> Running:
    rng = np.random.default_rng(0)
    data = prepare(X, y, None, 0.25, rng)
    config = Config(resolve("minimal"), "random", 20, None, max_refits, 1, ("a", "b"))
    return Running(data, config, rng, None if told is None else told.append, starts)


def drawn(seed: int = 1) -> Iterator[Start]:
    rng = np.random.default_rng(seed)
    while True:
        yield random_graph(rng, 2, resolve("minimal"), 20)


def test_the_constant_is_always_there() -> None:
    search = running(LAW)
    search.begin()
    (constant,) = search.trials.archive.front()
    assert constant.graph.complexity == 1
    assert constant.coefficients == pytest.approx((search.data.y.mean(),), rel=0.2)
    assert search.budget.n_refits == 1


def test_a_start_is_fitted_first() -> None:
    search = running(LAW, starts=(LINE,))
    search.begin()
    assert search.trials.archive.best_loss <= EXACT
    assert search.trials.stop_reason() == "exact"
    search.refit("random", drawn())
    assert search.budget.n_refits < 20  # an exact law ends the search
    assert search.result("exact").close == ()


def test_refits_end_with_the_budget_or_its_share() -> None:
    search = running(LAW + noise(100), max_refits=1000)
    search.begin()
    search.refit("small", drawn(), until=0.3)
    first = search.budget.n_refits
    assert 300 <= first < 700
    search.refit("random", drawn(2))
    assert search.budget.stop_reason() == "budget"
    assert set(search.budget.stage_seconds) == {"small", "random"}
    assert {point.stage for point in search.budget.best} <= {"small", "random"}


def test_a_stream_that_ends_is_no_trouble() -> None:
    search = running(LAW + noise(100))
    search.begin()
    search.refit("small", iter([LINE, LINE]))
    assert search.budget.n_refits < 200
    assert search.trials.archive.recall(LINE[0]) is not None


def test_progress_tells_of_every_batch_and_of_every_fall_of_the_loss() -> None:
    told: list[Moment] = []
    search = running(LAW + noise(100), told=told)
    search.begin()
    search.refit("random", drawn())
    assert len(told) >= len(search.budget.best)
    assert [moment.share for moment in told] == sorted(moment.share for moment in told)
    assert told[-1].best == search.trials.archive.best_member
    assert list(told[-1].front()) == search.trials.archive.front()


def test_a_result_has_the_front_and_what_comes_close() -> None:
    search = running(LAW + noise(100))
    search.begin()
    search.refit("random", drawn())
    result = search.result("budget")
    assert list(result.front) == search.trials.archive.front()
    assert result.history.n_refits == search.budget.n_refits
    assert result.history.stop_reason == "budget"
    assert 0 < len(result.close) <= MOST_CLOSE
