"""The relaxed search: laws found again on reduced forms of the problem, and supernets in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts.data import Data, prepare
from eqdarts.search.relaxed import island
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet
from eqdarts.search.result import Config
from eqdarts.search.search import search
from tests.search.relaxed.tables import MINIMAL, product_data, trained


def test_supernets_are_trained_in_turn_until_the_budget_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    inputs: set[int] = set()

    def train(data: Data, *args: Any, **given: Any) -> TrainedSupernet:
        assert not set(data.train) & set(data.validation)
        sizes.append(given["n_hidden"])
        inputs.add(data.n_inputs)
        return train_supernet(data, *args, **given)

    monkeypatch.setattr(island, "train_supernet", train)
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (300, 2))
    data = prepare(X, np.sin(X[:, 0] * X[:, 1]) + 0.01 * rng.normal(size=300), None, 0.25, rng)
    config = Config(MINIMAL, "relaxed", 30, None, 700, 4, ("a", "b"), RelaxedOptions(n_steps=2, n_samples=1))
    found = search(data, config, np.random.default_rng(0))
    assert set(sizes) == {1, 2, 3}
    assert inputs >= {1, 2}  # the law depends on the product alone: that form of the problem is searched as well
    assert found.history.n_refits >= 700
    assert found.history.stop_reason == "budget"
    assert found.history.alpha is not None


@pytest.mark.slow
def test_a_law_is_found_behind_an_outer_function() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (200, 2))
    data = prepare(X, np.log(X[:, 0] ** 2 + X[:, 1]), None, 0.25, rng)
    config = Config(MINIMAL, "relaxed", 20, None, 3000, 8, ("a", "b"), RelaxedOptions(n_steps=10))
    found = search(data, config, np.random.default_rng(0))
    assert found.history.stop_reason == "exact"
    assert found.front[-1].graph.complexity <= 18


def test_supernets_that_propose_nothing_new_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = trained(product_data()).alpha
    calls: list[object] = []

    def train(*_: object, **options: object) -> TrainedSupernet:
        calls.append(options)
        return TrainedSupernet((), alpha, 100, False)

    monkeypatch.setattr(island, "train_supernet", train)
    config = Config(MINIMAL, "relaxed", 40, None, 1000, 4, ("a", "b"))
    assert search(product_data(), config, np.random.default_rng(0)).history.stop_reason in ("finished", "settled")
    assert calls
