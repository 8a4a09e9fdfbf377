"""Sums of two exponentials of one input are read off, also behind a reciprocal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from eqdarts._typing import Array
from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.exponentials import exponential_starts
from eqdarts.solver.refit import refit

PRIMITIVES = resolve("default")
X = np.sort(np.random.default_rng(0).uniform(0.1, 8, (60, 1)), axis=0)


def best(y: Array, noise: float = 0.0) -> float:
    """Return the share of the spread of the law that the best refitted start leaves."""
    rows = y + noise * y.std() * np.random.default_rng(1).normal(size=len(y))
    starts = list(exponential_starts(X, rows, np.ones(len(y)), PRIMITIVES))
    fits = refit([g for g, _ in starts], [c for _, c in starts], torch.tensor(X), torch.tensor(rows))
    return min((fit.loss for fit in fits), default=np.inf) / float(np.var(y))


@pytest.mark.parametrize(
    "law",
    [
        lambda x: 6 * np.exp(-1.9 * x) + 2.5 * np.exp(-0.21 * x),
        lambda x: 8 * (np.exp(-0.3 * x) - np.exp(-1.8 * x)),
        lambda x: 12 / (1 + np.exp(3 - 2.3 * x) + np.exp(2.3 * x - 11)),
        lambda x: 5 * np.exp(-(x - 2) / 3) / (1 + np.exp(-(x - 2) / 0.4)),
        lambda x: 3 * (1 - np.exp(-0.9 * (x - 2))) ** 2 - 1,
    ],
)
def test_the_law_is_among_the_starts(law: Callable[[Array], Array]) -> None:
    assert best(law(X[:, 0])) < 1e-8
    assert best(law(X[:, 0]), noise=0.05) < 1.2 * 0.05**2


def test_where_one_exponential_is_enough_there_is_no_second_and_odd_rows_do_no_harm() -> None:
    ones = np.ones(60)
    noise = np.random.default_rng(2).normal(size=60)
    assert not list(exponential_starts(X, 9 - 3 * np.exp(-0.4 * X[:, 0]) + 0.1 * noise, ones, PRIMITIVES))
    assert not list(exponential_starts(X, noise, ones, resolve(("linear", "power"))))
    for rows in (np.ones((60, 1)), X[:3], 1e300 * X, 1e-300 * X):
        for y in (np.zeros(len(rows)), np.arange(float(len(rows))), 1e200 * noise[: len(rows)]):
            list(exponential_starts(rows, y, np.ones(len(rows)), PRIMITIVES))
