"""What residuals show along an input: breaks, waves, groups; and rows in clusters."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.inference.along import (
    break_in_words,
    clusters_in_words,
    groups_in_words,
    overdispersion_in_words,
    wave_in_words,
)
from eqdarts.inference.diagnosis import diagnosis

N = 80
X = np.linspace(1, 5, N)
NOISE = np.random.default_rng(0).normal(size=N)


def test_even_scatter_shows_nothing() -> None:
    told = 0
    for seed in range(60):
        r = np.random.default_rng(seed).normal(size=N)
        told += bool(break_in_words(r, {"x": X}, 1e-3) + wave_in_words(r, {"x": X}, 1e-3) + groups_in_words(r))
    assert told <= 1
    assert not groups_in_words(np.random.default_rng(0).uniform(size=1000))
    assert not clusters_in_words({"x": X, "decades": 10.0**X, "by design": np.repeat([0.0, 1.0], 40)})


def test_a_break_in_the_slope_is_told_with_its_place() -> None:
    bent = np.maximum(X - 3, 0) * 4
    line = np.column_stack([np.ones(N), X])
    left = bent - line @ np.linalg.lstsq(line, bent, rcond=None)[0] + 0.1 * NOISE
    (told,) = break_in_words(left, {"x": X}, 1e-3)
    assert "bend at about 2.99" in told
    # The break is the reason for the runs, so one sentence is enough.
    assert diagnosis(left, X, {"x": X}).sentences == (told,)
    assert not break_in_words((X - 3) ** 2 + 0.1 * NOISE, {"x": X}, 1e-3)


def test_residuals_that_repeat_are_told_with_their_period() -> None:
    (told,) = wave_in_words(np.sin(2 * np.pi * X / 0.5) + 0.3 * NOISE, {"x": X}, 1e-3)
    assert "period of about 0.5" in told


def test_two_groups_of_residuals() -> None:
    (told,) = groups_in_words(np.where(np.arange(N) % 3 == 0, 6.0, -3.0) + NOISE)
    assert "two groups, around -2.79" in told


def test_rows_in_two_clusters() -> None:
    (told,) = clusters_in_words({"x": np.r_[np.linspace(1, 2, 10), np.linspace(40, 41, 10)]})
    assert "none between 2 and 40" in told
    assert not clusters_in_words({"x": np.r_[np.linspace(1, 2, 10), 40.0]})


@pytest.mark.parametrize(("times", "told"), [(1.0, 0), (4.0, 1)])
def test_counts_that_scatter_more_than_poisson(times: float, told: int) -> None:
    assert len(overdispersion_in_words(times * 76, 76, 1e-3)) == told
