"""The implicit search end to end: the same front for a seed, honest limits, tables that are no laws, interrupts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.budget import Budget
from eqdarts.search.evaluator import EXACT, Trials
from eqdarts.search.implicit.implicit import _Archipelago, _tidy
from eqdarts.search.problem import training_problem
from eqdarts.search.result import Config, Moment, OnProgress, SearchResult
from eqdarts.search.search import search
from tests.helpers import Array, noise, rows


def run(
    X: Array,
    y: Array,
    *,
    weight: Array | None = None,
    seed: int = 0,
    max_refits: int = 300,
    max_complexity: int = 30,
    primitives: str | Iterable[str] = "default",
    on_progress: OnProgress | None = None,
) -> SearchResult:
    rng = np.random.default_rng(seed)
    data = prepare(X, y, weight, 0.25, rng)
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    config = Config(resolve(primitives), "implicit", max_complexity, None, max_refits, 8, names)
    return search(data, config, rng, on_progress)


# --- what a search promises ---


@pytest.mark.slow
def test_a_seed_gives_the_same_front_bit_for_bit_and_another_one_another_course() -> None:
    X = rows(100, 3)
    y = X[:, 0] * np.sin(X[:, 1]) + X[:, 2] + 0.05 * noise(100)
    first, again, other = (run(X, y, seed=seed, max_refits=300) for seed in (3, 3, 4))
    assert first.front == again.front
    assert [m.graph.key for m in first.front] == [m.graph.key for m in again.front]
    assert first.history.n_refits == again.history.n_refits
    assert first.front != other.front


@pytest.mark.slow
def test_a_noisy_law_ends_with_the_budget_and_a_front() -> None:
    X = rows(100)
    y = 2 * X[:, 0] / (1 + X[:, 1])
    result = run(X, y + 0.1 * noise(100), max_refits=600)
    assert result.history.stop_reason == "budget"
    assert 600 <= result.history.n_refits < 2000  # what is under way when the budget ends is finished
    sizes = [m.graph.complexity for m in result.front]
    assert sizes == sorted(sizes)
    assert result.front[0].graph.complexity == 1  # the constant
    assert min(m.loss for m in result.front) < 0.1
    for member in result.front:
        assert EXACT < member.loss < np.inf
        assert len(member.coefficients) == member.graph.n_coefficients


def test_the_history_tells_of_every_improvement_in_order() -> None:
    X = rows(100)
    result = run(X, X[:, 0] ** 2 + 0.1 * noise(100), max_refits=300)
    best = result.history.best
    assert len(best) > 3
    for earlier, later in pairwise(best):
        assert later.loss < earlier.loss
        assert later.refits >= earlier.refits
        assert later.seconds >= earlier.seconds
    assert best[-1].loss == min(m.loss for m in result.front)
    assert best[-1].refits <= result.history.n_refits
    assert result.history.stage_seconds["implicit"] > 0
    assert result.history.alpha is None


# --- structure under noise ---


def archipelago(y: Array, X: Array, max_refits: int = 4000) -> _Archipelago:
    """Return the islands of a table after the rounds in which reductions are compared."""
    rng = np.random.default_rng(0)
    data = prepare(X, y, None, 0.25, rng)
    trials = Trials(training_problem(data, 150, rng), Budget(None, max_refits), 40)
    with np.errstate(all="ignore"):
        found = _Archipelago(trials, resolve("default"), rng)
        while not found.has_compared and trials.stop_reason() is None:
            found.step()
    return found


@pytest.mark.slow
def test_a_noisy_law_is_searched_in_the_fewest_inputs_too_as_rows_and_as_a_smooth_function() -> None:
    X = rows(600, 5)
    v, s, k, i, j = X.T
    law = v * s / (k * (1 + i / j) + s)
    found = archipelago(law + 0.1 * np.sqrt(np.mean(law**2)) * noise(600), X)
    assert found.has_compared
    kinds = [(island.is_smooth, island.trials.problem.n_inputs) for island in found.islands]
    assert kinds[0] == (False, 5)
    assert {(False, 2), (True, 2)} <= set(kinds)
    # what they found is offered to the data as given
    front = found.root.archive.front()
    assert all(member.graph.n_inputs == 5 for member in front)
    assert min(member.loss for member in front) < 0.12


@pytest.mark.slow
def test_the_parts_of_a_noisy_product_are_searched_apart() -> None:
    X = rows(600, 2)
    law = np.exp(-X[:, 0]) / (X[:, 1] + 0.3)
    found = archipelago(law + 0.1 * np.sqrt(np.mean(law**2)) * noise(600), X)
    ((parts, island),) = found.parts
    assert [own.trials.problem.n_inputs for own in parts.islands] == [1, 1]
    assert island.is_smooth
    assert island.chain == ()
    assert found.root.archive.best_loss < 0.05


def test_a_law_that_is_found_is_not_compared() -> None:
    X = rows(200, 3)
    found = archipelago(X[:, 0] * X[:, 1] / X[:, 2], X)
    assert found.root.archive.best_loss < EXACT
    found._compare()
    assert not any(island.is_smooth for island in found.islands)
    assert found.parts == []


@pytest.mark.slow
@pytest.mark.parametrize("limit", [3, 12])
def test_no_equation_is_larger_than_allowed(limit: int) -> None:
    X = rows()
    result = run(X, X[:, 0] * np.exp(X[:, 1]) + noise(), max_complexity=limit, max_refits=100)
    assert max(member.graph.complexity for member in result.front) <= limit


@pytest.mark.parametrize("n", [2, 3, 8])
def test_no_equation_has_as_many_coefficients_as_there_are_rows(n: int) -> None:
    result = run(rows(n), noise(n), max_refits=80)
    assert max(member.graph.n_coefficients for member in result.front) < n


def test_an_interrupt_ends_the_search_and_keeps_the_front() -> None:
    X = rows()
    calls = 0

    def on_progress(moment: Moment) -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt

    result = run(X, X[:, 0] * X[:, 1] + 0.3 * noise(), on_progress=on_progress, max_refits=10_000)
    assert result.history.stop_reason == "interrupt"
    assert calls == 6
    assert len(result.front) > 1


def test_progress_tells_the_spent_share_the_refits_and_the_best_member() -> None:
    X = rows()
    told: list[tuple[float, int, float]] = []
    run(X, X[:, 0] + noise(), on_progress=lambda m: told.append((m.share, m.n_refits, m.best.loss)))
    assert [t[:2] for t in told] == sorted(t[:2] for t in told)
    assert [t[2] for t in told] == sorted((t[2] for t in told), reverse=True)
    assert told[-1][0] >= 1.0


# --- tables that are hard to like: no crash, no warning (warnings are errors here) ---


def constant_like() -> Array:
    X = rows(d=3)
    X[:, 1], X[:, 2] = 2.0, 2.0 + 1e-13 * noise()
    return X


def with_zeros() -> Array:
    X = rows(d=3)
    X[::7, 0] = X[::5, 1] = 0.0
    return X


TABLES: dict[str, tuple[Array, Array]] = {
    "twelve rows": (rows(12), noise(12)),
    "one input": (rows(d=1), noise()),
    "constant-like columns": (constant_like(), constant_like()[:, 0] + noise()),
    "a column of zeros": (np.c_[np.zeros(60), rows(d=1)], noise()),
    "one row again and again": (np.full((60, 1), 2.0), noise()),
    "the same column twice": (np.c_[rows(d=1), rows(d=1), 2 * rows(d=1)], noise()),
    "negative inputs": (-rows(d=3), noise()),
    "inputs of either sign": (rows(d=3, low=-2.0), noise()),
    "inputs with zeros": (with_zeros(), with_zeros()[:, 0] * with_zeros()[:, 1] + 0.1 * noise()),
    "magnitudes far apart": (10 ** rows(low=-6, high=6), 10 ** (3 * noise())),
    "outliers": (rows(), np.r_[1e10, -1e10, np.ones(58)]),
    "a step": (rows(), (rows()[:, 0] > 1.5) * 1.0),
    "a constant target": (rows(), np.full(60, 3.0)),
    "a target of zeros": (rows(), np.zeros(60)),
    "a target of few values": (rows(), np.round(noise())),
    "many inputs": (rows(d=15), noise()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_a_law_ends_quietly_with_a_front(name: str) -> None:
    X, y = TABLES[name]
    result = run(X, y, max_refits=100)
    assert result.history.stop_reason in ("budget", "exact", "settled", "finished")
    assert result.front
    assert all(np.isfinite(member.loss) for member in result.front)


@pytest.mark.parametrize("weight", [np.arange(60) % 2.0, 10 ** rows(d=1, low=-8, high=3)[:, 0]])
def test_weights_of_zero_and_weights_far_apart(weight: Array) -> None:
    assert run(rows(), rows()[:, 0] + noise(), weight=weight, max_refits=100).front


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_one_primitive_is_enough_and_a_search_with_nothing_left_to_try_ends(sign: float) -> None:
    X = sign * rows(d=1)
    result = run(X, X[:, 0] + 0.1 * noise(), primitives=("linear",), max_complexity=5, max_refits=5000)
    assert result.history.stop_reason == "settled"
    assert min(member.loss for member in result.front) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("n", "ends"), [(20, "settled"), (600, "budget")])
def test_few_noisy_rows_that_a_short_law_explains_need_few_rounds(n: int, ends: str) -> None:
    X = rows(n, d=1)
    result = run(X, 2 * np.log(X[:, 0]) + 0.1 * noise(n), max_refits=1800)
    assert result.history.stop_reason == ends


def test_an_exact_law_as_short_as_can_be_ends_the_search_at_once() -> None:
    X = rows(200, d=3)
    result = run(X, 3 * X[:, 0] * X[:, 1] / X[:, 2], max_refits=5000)
    assert result.history.stop_reason == "exact"
    assert result.history.n_refits < 100


def test_a_lookalike_gives_the_law_a_start_though_it_was_fitted_before_and_failed() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.2, 3.0, (200, 1))
    y = np.exp(-(X[:, 0] ** 2)) + 1e-3 * rng.normal(size=200)
    trials = Trials(training_problem(prepare(X, y, None, 0.3, rng), 100, rng), Budget(None, 10_000), 60)

    def bell(inner: str) -> Graph:
        argument = Node("product", (Edge(0, PRIMITIVES[inner]),))
        return Graph(1, (argument, Node("sum", (Edge(1, PRIMITIVES["exp"]),))))

    law, lookalike = bell("square"), bell("cos")
    scale = trials.problem.units[0]
    assert trials.is_admissible(law)
    trials.archive.add(FittedGraph(law, (1.0, 5.0), 2.0))  # from a bad start
    trials.add([(lookalike, (0.1 * scale, np.exp(-200.0), 200.0))])
    assert trials.archive.best_loss < 1e-3
    _tidy(trials, resolve("default"))
    found = trials.archive.recall(law)
    assert found is not None
    assert found.loss < 1e-4
