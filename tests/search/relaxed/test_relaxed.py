"""The relaxed search: laws found again, and supernets in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts.data import Data
from eqdarts.search.relaxed import relaxed
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet
from eqdarts.search.result import Config
from eqdarts.search.search import search
from tests.search.relaxed.tables import MINIMAL, product_data, trained


@pytest.mark.parametrize("max_refits", [40, 300])
def test_supernets_are_trained_in_turn_until_the_budget_is_spent(
    max_refits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []
    rows: set[tuple[int, int]] = set()

    def train(data: Data, *args: Any, **given: Any) -> TrainedSupernet:
        trained.append(given["n_hidden"])
        rows.add((len(data.train), len(data.validation)))
        return train_supernet(data, *args, **given)

    monkeypatch.setattr(relaxed, "train_supernet", train)
    config = Config(MINIMAL, "relaxed", 40, None, max_refits, 2, ("a", "b"), RelaxedOptions(n_steps=2))
    found = search(product_data(n=1000), config, np.random.default_rng(0))
    assert trained == [1 + k % 3 for k in range(len(trained))]
    assert (len(trained) > 3) == (max_refits == 300)
    assert rows == {(relaxed.MOST_ROWS, relaxed.MOST_ROWS)}
    assert found.history.n_refits >= max_refits
    assert found.history.stop_reason == "budget"
    assert found.history.alpha is not None


def test_a_supernet_leaves_time_for_its_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(10**6))
    monkeypatch.setattr("eqdarts.search.budget.now", lambda: float(next(seconds)))  # each look at the clock takes one
    config = Config(MINIMAL, "relaxed", 40, 60.0, 10**6, 4, ("a", "b"))
    found = search(product_data(n=100), config, np.random.default_rng(0))
    assert found.history.stop_reason == "time"
    assert found.history.n_refits > 1


def test_supernets_that_propose_nothing_new_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = trained(product_data()).alpha
    calls: list[object] = []

    def train(*_: object, **options: object) -> TrainedSupernet:
        calls.append(options)
        return TrainedSupernet((), alpha, 100, False)

    monkeypatch.setattr(relaxed, "train_supernet", train)
    config = Config(MINIMAL, "relaxed", 40, None, 1000, 4, ("a", "b"))
    assert search(product_data(), config, np.random.default_rng(0)).history.stop_reason == "finished"
    assert len(calls) == 3
