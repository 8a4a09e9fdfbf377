"""Large tables: what a fit does with many rows and with many inputs of which few matter."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.data import Scaled, prepare, typical_magnitude
from eqdarts.fitting.settings import share_until, time_for_search
from eqdarts.fitting.table import MANY_ROWS, Table


@pytest.mark.slow
def test_a_few_of_many_inputs_are_found() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (400, 30))
    y = X[:, 5] * X[:, 12] / X[:, 28]
    model = DARTSRegressor(max_refits=20_000, time_limit=None, random_state=0).fit(X, y)
    assert {str(s) for s in model.equation_.expr.free_symbols} == {"x5", "x12", "x28"}
    assert np.allclose(model.predict(X), y, rtol=1e-9)


def test_many_rows_take_a_few_copies_of_the_table() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (200_000, 10))
    tracemalloc.start()
    try:
        data = prepare(X, X[:, 0], None, 0.3, rng)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data.y) == len(X)
    assert peak < 3.5 * X.nbytes


@pytest.mark.slow
def test_the_time_of_preparation_is_part_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdarts.fitting import searches, stages

    limits: list[float | None] = []
    original_search, original_prepare = searches.search, stages.prepare

    def search(data: Any, config: Any, *more: Any) -> Any:
        limits.append(config.time_limit)
        return original_search(data, config, *more)

    def slow(*given: Any) -> Any:
        time.sleep(0.5)
        return original_prepare(*given)

    monkeypatch.setattr(searches, "search", search)
    monkeypatch.setattr(stages, "prepare", slow)
    X = np.random.default_rng(0).uniform(1.0, 3.0, (60, 1))
    DARTSRegressor(search="random", time_limit=2.0, max_refits=40, random_state=0).fit(X, X[:, 0])
    DARTSRegressor(search="random", time_limit=0.6, max_refits=40, random_state=0).fit(X, X[:, 0])
    assert limits[0] is not None
    assert 0.5 * time_for_search(2.0) <= limits[0] <= time_for_search(2.0) - 0.5
    assert limits[1] == pytest.approx(0.5 * time_for_search(0.6))


def test_a_long_table_keeps_time_for_the_steps_that_see_all_rows() -> None:
    assert time_for_search(60.0, 10_000) == time_for_search(60.0)
    assert time_for_search(60.0, 1_000_000) == pytest.approx(time_for_search(60.0) - 5.0)
    for limit in (1.0, 10.0, 60.0):
        search = time_for_search(limit, 1_000_000) / limit
        refits, writing = (share_until(step, limit, 1_000_000) for step in ("refits", "writing"))
        assert 0.4 < search < refits < writing < 0.95
    assert 0.9 < share_until("writing", 60.0, 10_000) < share_until("writing", None, 1_000_000) == 1.0


def test_the_rows_that_tell_where_an_equation_is_defined_have_all_extremes() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3 * MANY_ROWS, 4))
    telling = Table(X, X[:, 0], None, ("a", "b", "c", "d"), None).telling
    assert len(telling) <= MANY_ROWS // 10 + 8
    assert np.array_equal(telling.min(axis=0), X.min(axis=0))
    assert np.array_equal(telling.max(axis=0), X.max(axis=0))
    small = X[:MANY_ROWS]
    assert Table(small, small[:, 0], None, ("a", "b", "c", "d"), None).telling is small


@pytest.mark.parametrize("zeros", [0, 7])
def test_training_and_validation_rows_are_all_rows_once(zeros: int) -> None:
    rng = np.random.default_rng(0)
    X, weight = rng.uniform(1, 2, (100, 2)), np.ones(100)
    weight[:zeros] = 0.0
    data = prepare(X, X[:, 0], weight, 0.3, rng)
    assert sorted([*data.train, *data.validation]) == list(range(100))
    assert not set(range(zeros)) & set(data.validation)


def test_rows_without_weight_do_not_set_the_scale() -> None:
    values = np.array([[1.0], [3.0], [1e9]])
    assert typical_magnitude(values, np.array([1.0, 1.0, 0.0])) == pytest.approx([2.0])
    assert typical_magnitude(values[:2], np.array([3.0, 1.0])) == pytest.approx([1.5])


@pytest.mark.slow
def test_no_step_of_a_fit_copies_a_large_table() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (150_000, 40))
    y = X[:, 0] + 0.1 * rng.normal(size=len(X))
    options = {"search": "random", "max_refits": 5, "time_limit": None, "random_state": 0}
    DARTSRegressor("minimal", **options).fit(X[:30], y[:30])  # imports what a fit needs
    tracemalloc.start()
    try:
        model = DARTSRegressor("minimal", **options).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert model.run_.all_rows is not None
    assert peak < 0.8 * X.nbytes


def test_a_large_table_is_scaled_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (300, 3)) + np.array([0.0, 2000.0, 0.0])
    origin = np.array([0.0, 1990.0, 0.0])
    whole = prepare(X, X[:, 0], None, 0.3, np.random.default_rng(1))
    monkeypatch.setattr("eqdarts.data.LARGE", 100)
    parts = prepare(X, X[:, 0], None, 0.3, np.random.default_rng(1))
    assert isinstance(parts.X, Scaled)
    rows = np.array([5, 3, 299])
    for one, other in ((whole, parts), (whole.seen_from(origin, X), parts.seen_from(origin, X))):
        np.testing.assert_allclose(other.X[rows], one.X[rows], rtol=1e-12)
        np.testing.assert_allclose(other.x_scale, one.x_scale, rtol=1e-12)
        np.testing.assert_array_equal(other.train, one.train)
        assert other.n_inputs == 3
        assert other.count_distinct(50) == 50


@pytest.mark.parametrize("search", ["auto", "relaxed", "random"])
def test_a_large_table_has_the_law_of_a_small_one(search: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.data.LARGE", 100)
    X = np.random.default_rng(0).uniform(1.0, 3.0, (100, 2))
    model = DARTSRegressor("minimal", search=search, max_refits=60, n_restarts=4, time_limit=None, random_state=0)
    assert model.fit(X, 2 * X[:, 0] * X[:, 1]).score(X, 2 * X[:, 0] * X[:, 1]) > 0.9
