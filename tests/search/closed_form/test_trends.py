"""Waves on trends are read off at the start of a search."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.trends import wave_starts
from eqdarts.search.growth.waves import most_periods
from eqdarts.search.problem import Rows
from eqdarts.solver.refit import refit
from tests.helpers import Array


def best_loss(X: Array, y: Array) -> float:
    rows = Rows(X, y, np.ones(len(y)))
    starts = list(wave_starts(rows, resolve("default"), most_periods(X, len(y))))
    fits = refit([graph for graph, _ in starts], [theta for _, theta in starts], *rows.tensors, max_iterations=50)
    return min(fit.loss for fit in fits)


@pytest.mark.parametrize("origin", [0.0, 50.0])
@pytest.mark.parametrize("cycles", [3, 38, 90])
def test_a_wave_on_a_parabola_is_found_wherever_the_origin_is(cycles: int, origin: float) -> None:
    u = np.linspace(0, 1, 300)
    y = 10 * u + 5 * u**2 + np.cos(2 * np.pi * cycles * u + 1)
    assert best_loss((u + origin)[:, None] / (origin + 0.5), y) < 1e-6 * np.var(y)


def test_two_waves_and_another_input_are_found() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 2, (250, 2))
    y = 2 * X[:, 1] + np.sin(40 * X[:, 0]) + 0.4 * np.sin(93 * X[:, 0] + 2)
    assert best_loss(X, y) < 1e-6 * np.var(y)


def test_without_a_wave_among_the_functions_there_is_nothing() -> None:
    rows = Rows(np.linspace(0, 1, 50)[:, None], np.sin(np.arange(50.0)), np.ones(50))
    assert list(wave_starts(rows, resolve("minimal"), (25.0,))) == []
