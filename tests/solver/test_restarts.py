"""Refits from many starts."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import get_primitive as primitive
from eqdarts.primitives.table import resolve
from eqdarts.solver import restarts as refit_restarts
from eqdarts.solver.refit import refit
from eqdarts.solver.restarts import draw_starts
from tests.solver.laws import exponential, rows
from tests.strategies import Pair, graphs


def sine_of_another_period() -> tuple[list[Graph], list[tuple[float, ...]], torch.Tensor, torch.Tensor]:
    X = rows(n=100) * 5
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("sin"), 1.0, [0.4])], 0.0)]).build()
    return [graph], [start], X, 2 * torch.sin(2.9 * X[:, 0]) - 1


def test_restarts_find_the_minimum_that_one_start_misses() -> None:
    problem = sine_of_another_period()
    (once,) = refit(*problem)
    (often,) = refit(*problem, restarts=80)
    assert once.loss > 1e-2
    assert often.loss < 1e-28
    assert abs(often.coefficients[2]) == pytest.approx(2.9, rel=1e-10)


@settings(deadline=None, max_examples=15)
@given(st.lists(graphs(min_inputs=2, max_inputs=2), min_size=1, max_size=4), st.integers(1, 6), st.integers(0, 99))
def test_restarts_never_make_it_worse_and_are_reproducible(pairs: list[Pair], restarts: int, seed: int) -> None:
    structures, starts = [graph for graph, _ in pairs], [start for _, start in pairs]
    y = torch.from_numpy(np.random.default_rng(seed).normal(size=60))
    problem = structures, starts, rows(), y
    plain = refit(*problem, max_iterations=40)
    first, second = (
        refit(*problem, max_iterations=40, restarts=restarts, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    assert first == second
    for fit, one in zip(first, plain, strict=True):
        assert fit.loss <= one.loss * (1 + 1e-6)


def test_portions_have_graphs_of_different_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    pairs = [random_graph(rng, 2, resolve("default")) for _ in range(7)]
    structures, starts = [graph for graph, _ in pairs], [start for _, start in pairs]
    y = torch.from_numpy(rng.normal(size=60))
    whole = refit(structures, starts, rows(), y, restarts=3)
    monkeypatch.setattr(refit_restarts, "MOST_NUMBERS", 1)
    parts = refit(structures, starts, rows(), y, restarts=3)
    assert [len(fit.coefficients) for fit in parts] == [graph.n_coefficients for graph in structures]
    assert [fit.loss for fit in parts] == pytest.approx([fit.loss for fit in whole], rel=1e-3)


def test_starts_are_drawn_about_the_initial_coefficients() -> None:
    graph, _ = exponential(0.0, 1.0)
    starts = draw_starts(graph, 4000, np.random.default_rng(0))  # columns: constant, weight, scale inside exp
    assert starts[:, :2].std(axis=0) == pytest.approx(1.0, abs=0.05)
    initial = np.abs(primitive("exp").initial).flatten()
    assert np.median(np.abs(starts[:, 2])) == pytest.approx(np.exp(np.log(initial).mean()), rel=0.1)
    assert 0.4 < (starts[:, 2] > 0).mean() < 0.6
