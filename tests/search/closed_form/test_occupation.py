"""Powers over an exponential less or plus one are read off."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts._typing import Array
from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.occupation import occupation_starts
from eqdarts.solver.refit import refit

PRIMITIVES = resolve("default")
X = np.exp(np.random.default_rng(0).uniform(-3, 2, (80, 2)))


def best(y: Array) -> float:
    starts = list(occupation_starts(X, y, np.ones(len(y)), PRIMITIVES))
    fits = refit([g for g, _ in starts], [c for _, c in starts], torch.tensor(X), torch.tensor(y))
    return min((fit.loss for fit in fits), default=np.inf) / float(np.var(y))


@pytest.mark.parametrize(
    "law",
    [
        lambda x: 3 * np.log(x[0]) - np.log(np.expm1(1.7 * x[0] / x[1])) - 4,
        lambda x: 2 * x[0] ** 3 / np.expm1(0.8 * x[0]),
        lambda x: 5 * np.sqrt(x[1]) / (1 + np.exp(1.3 * x[0])),
        lambda x: 1.5 * np.log(x[1]) + np.log1p(np.exp(0.6 * x[0] * x[1])),
    ],
)
def test_the_law_is_among_the_starts(law: object) -> None:
    assert best(law(X.T)) < 1e-12  # type: ignore[operator]


def test_where_powers_are_enough_there_is_no_bend_and_odd_rows_do_no_harm() -> None:
    rng = np.random.default_rng(1)
    assert not list(occupation_starts(X, np.log(X[:, 0]) + rng.normal(size=80), np.ones(80), PRIMITIVES))
    for rows in (-X, np.ones((80, 2)), X[:3]):
        list(occupation_starts(rows, np.arange(float(len(rows))), np.ones(len(rows)), PRIMITIVES))
    assert not list(occupation_starts(X, X[:, 0], np.ones(80), resolve(("linear", "exp"))))
