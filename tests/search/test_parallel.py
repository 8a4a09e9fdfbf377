"""Searches spread over workers: the same answer for any number of them, what is merged, what an interrupt keeps."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sympy
import torch

from eqdarts import DARTSRegressor, EqdartsWarning, make_primitive
from eqdarts.data import prepare
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.history import BestPoint, SearchHistory
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search import parallel
from eqdarts.search.parallel import merged, search_many, thinned
from eqdarts.search.result import Config, Moment, SearchResult

BY_COUNT: dict[str, Any] = {"max_refits": 160, "time_limit": None, "random_state": 0}


def table(n: int = 120) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(0.2, 3.0, (n, 2)), columns=["a", "b"])
    return X, X["a"] * X["b"] + 0.1 * np.sin(7 * X["b"]) + 0.01 * rng.normal(size=n)


def front_of(model: DARTSRegressor) -> list[str]:
    return list(model.equations_["equation"])


@pytest.fixture(scope="module")
def serial() -> DARTSRegressor:
    return DARTSRegressor(n_jobs=1, **BY_COUNT).fit(*table())


@pytest.fixture(scope="module")
def workers() -> Iterator[None]:
    """Let no idle process outlive these tests."""
    yield
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


@pytest.mark.slow
@pytest.mark.usefixtures("workers")
def test_two_processes_give_what_one_gives_bit_for_bit(serial: DARTSRegressor) -> None:
    both = DARTSRegressor(n_jobs=2, **BY_COUNT).fit(*table())
    assert front_of(both) == front_of(serial)
    assert list(both.equations_["loss"]) == list(serial.equations_["loss"])
    assert both.history_.n_refits == serial.history_.n_refits


@pytest.mark.slow
def test_threads_give_what_one_process_gives(serial: DARTSRegressor) -> None:
    with joblib.parallel_config(backend="threading"):
        threads = DARTSRegressor(n_jobs=2, **BY_COUNT).fit(*table())
    assert front_of(threads) == front_of(serial)


@pytest.mark.slow
def test_a_dask_cluster_of_another_process_gives_what_one_process_gives(serial: DARTSRegressor) -> None:
    distributed = pytest.importorskip("dask.distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what dask and its server think of ports and of each other's versions
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            spread = DARTSRegressor(n_jobs=-1, **BY_COUNT).fit(*table())
    assert front_of(spread) == front_of(serial)


@pytest.mark.slow
@pytest.mark.usefixtures("workers")
def test_a_primitive_of_the_users_own_crosses_processes() -> None:
    bump = make_primitive(
        "bump", lambda x, a: torch.exp(-a * x**2), lambda x, a: sympy.exp(-a * x**2), n_coefficients=1
    )
    X = pd.DataFrame({"x": np.linspace(-2, 2, 60)})
    given = {**BY_COUNT, "primitives": ["linear", bump], "n_searches": 2}
    model = DARTSRegressor(n_jobs=2, **given).fit(X, 3 * np.exp(-0.7 * X["x"] ** 2))
    assert np.allclose(model.predict(X), 3 * np.exp(-0.7 * X["x"] ** 2))


def test_the_time_of_all_searches_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float | None] = []

    def waits_for_its_turn(data: Any, config: Config, *_: object) -> SearchResult:
        limits.append(config.time_limit)
        return result(1.0, "time")

    monkeypatch.setattr(parallel, "search", waits_for_its_turn)
    with joblib.parallel_config(backend="threading"):
        whole = search_many(*problem(time_limit=6e4), n_searches=5, n_jobs=2)
    assert whole.history.stop_reason == "time"
    # three turns of two workers; the searches of later turns begin early and so keep to the length of a turn
    assert limits == [pytest.approx(2e4, rel=0.01)] * 5


@pytest.mark.parametrize(("late", "left"), [(0.0, 20.0), (15.0, 5.0), (19.0, 5.0), (100.0, 5.0)])
def test_a_worker_that_is_late_has_less_time(late: float, left: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel.time, "time", lambda: 100.0)
    turns = parallel._turns(60.0, 5, 2)
    ends = [turn.end for turn in turns if turn is not None]
    assert ends == [20.0, 20.0, 40.0, 40.0, 60.0]
    monkeypatch.setattr(parallel.time, "time", lambda: 100.0 + late)
    assert turns[0] is not None
    assert turns[0].left() == left


def test_searches_without_another_end_end_with_the_time() -> None:
    assert search_many(*problem(time_limit=0.2), n_searches=2, n_jobs=1).history.stop_reason == "time"


def problem(time_limit: float | None = None, max_refits: int = 10**6) -> tuple[Any, Config, np.random.Generator]:
    X, y = table()
    rng = np.random.default_rng(0)
    data = prepare(X.to_numpy(), y.to_numpy(), None, 0.3, rng)
    return data, Config(resolve("minimal"), "random", 20, time_limit, max_refits, 1, ("a", "b")), rng


@pytest.mark.slow
def test_progress_is_told_search_by_search() -> None:
    told: list[tuple[float, int]] = []
    result = search_many(
        *problem(max_refits=120), n_searches=3, n_jobs=1, on_progress=lambda m: told.append((m.share, m.n_refits))
    )
    assert [share for share, _ in told] == [pytest.approx(k / 3) for k in (1, 2, 3)]
    assert [n for _, n in told] == sorted(n for _, n in told)
    assert result.history.n_refits == told[-1][1] >= 120


def test_an_interrupt_keeps_the_searches_that_have_finished() -> None:
    def interrupt(moment: Moment) -> None:
        if moment.share > 0.5:
            raise KeyboardInterrupt

    result = search_many(*problem(max_refits=160), n_searches=4, n_jobs=1, on_progress=interrupt)
    assert result.history.stop_reason == "interrupt"
    assert 120 <= result.history.n_refits < 160 + 3 * 40
    assert len(result.front) > 1


def test_an_interrupt_before_any_search_has_finished_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> SearchResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(parallel, "search", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_many(*problem(max_refits=100), n_searches=2, n_jobs=1)


def result(loss: float, reason: str, refits: int = 10, complexity: int = 1) -> SearchResult:
    graph = Graph(1, (Node("sum", tuple(Edge(0, PRIMITIVES["linear"]) for _ in range(complexity))),))
    points = (BestPoint(0.5, 5, 1.0, "implicit"), BestPoint(1.0, refits, loss, "implicit"))
    history = SearchHistory(points, refits, 2.0, reason, None, {"implicit": 2.0})
    return SearchResult((FittedGraph(graph, (1.0,) * complexity, loss),), history)


def test_searches_after_an_exact_one_do_not_count() -> None:
    both = merged([result(0.1, "budget"), result(0.0, "exact", complexity=2), result(0.01, "budget")])
    assert both.history.stop_reason == "exact"
    assert both.history.n_refits == 20
    assert [member.loss for member in both.front] == [0.1, 0.0]


def test_the_merged_history_is_that_of_searches_one_after_the_other() -> None:
    history = merged([result(0.1, "finished"), result(0.2, "time"), result(0.05, "budget")]).history
    assert [(p.seconds, p.refits, p.loss) for p in history.best] == [(0.5, 5, 1.0), (1.0, 10, 0.1), (5.0, 30, 0.05)]
    assert (history.n_refits, history.seconds, history.stage_seconds) == (30, 6.0, {"implicit": 6.0})
    assert history.stop_reason == "time"


def test_of_equal_members_the_first_search_s_is_kept() -> None:
    first, second = result(0.1, "budget"), result(0.1, "budget")
    second = replace(second, front=(replace(second.front[0], coefficients=(2.0,)),))
    assert merged([first, second]).front == first.front


@pytest.mark.parametrize("n", [30, 15])
def test_thinned_rows_keep_their_part(n: int) -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(1, 2, (n, 2))
    data = prepare(X, X[:, 0], np.arange(n) + 1.0, 0.3, rng)
    thin = thinned(data, 10, rng)
    assert len(thin.y) == 10
    where = {value: k for k, value in enumerate(data.y)}
    for part in ("train", "validation"):
        own = {where[value] for value in thin.y[getattr(thin, part)]}
        assert len(own) == len(getattr(thin, part)) > 0
        assert own <= set(getattr(data, part))
    rows = [where[value] for value in thin.y]
    assert np.array_equal(thin.X, data.X[rows])
    assert np.array_equal(thin.weight, data.weight[rows])


def test_what_crosses_processes_pickles() -> None:
    data, config, rng = problem(max_refits=50)
    found = search_many(data, config, rng, n_searches=1, n_jobs=1)
    for value in (data, config, found):
        again = pickle.loads(pickle.dumps(value))
        assert type(again) is type(value)
    assert pickle.loads(pickle.dumps(found)).front == found.front


@pytest.mark.parametrize("n_jobs", [0, 1.5, "two", True])
def test_n_jobs_must_be_a_number_of_workers(n_jobs: Any) -> None:
    with pytest.raises(ValueError, match=r"n_jobs must be a whole number other than 0, or None\. Got .*all cores"):
        DARTSRegressor(n_jobs=n_jobs).fit(*table())


def test_an_interrupted_fit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    original = parallel.search
    done: list[int] = []

    def search(*given: Any) -> SearchResult:
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return original(*given)

    monkeypatch.setattr(parallel, "search", search)
    with pytest.warns(EqdartsWarning, match="Interrupted"):
        DARTSRegressor(n_jobs=1, search="random", **BY_COUNT).fit(*table())
