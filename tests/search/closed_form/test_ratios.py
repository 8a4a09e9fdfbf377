"""Ratios of sums are read off noisy rows, all terms at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.closed_form.ratios import ratio_starts
from eqdarts.search.evaluator import THOROUGH, Trials
from eqdarts.search.problem import training_problem
from eqdarts.search.smooth_evidence import best_fits
from tests.helpers import predict
from tests.search.tables import Formula, noisy

LAWS: dict[str, tuple[Formula, int]] = {  # law, and its inputs
    "weighted mean by squares": (lambda a, b, s, t: (a * t**2 + 2 * b * s**2) / (s**2 + t**2), 4),
    "difference of saturations": (lambda u, v: u / (1 + u) - v / (2 + v), 2),
    "exponential between two levels": (lambda a, b, t: a + (b - a) * np.exp(-0.8 * t), 3),
    "root of a ratio": (lambda u, v: np.sqrt(2 * u / (1 + u * v)), 2),
}


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_among_the_shortest_ratios(name: str) -> None:
    law, d = LAWS[name]
    problem, clean = noisy(law, d, 0.1, n=600), noisy(law, d, 0.0, n=600)
    starts = ratio_starts(problem, best_fits(problem)[0], resolve("default"), lambda: True)
    trials = Trials(problem, Budget(None, 1000), 60)
    near = sorted((member for member, _ in trials.fit(starts, THOROUGH)), key=trials.length)[:3]
    missed = [np.mean((predict((m.graph, m.coefficients), clean.held.X) - clean.held.y) ** 2) for m in near]
    assert min(missed) < 1e-3 * np.mean(clean.held.y**2)
    assert all(m.graph.n_coefficients <= 7 for m in near)


def test_what_stands_below_is_positive_at_every_row() -> None:
    problem = noisy(lambda x, z: x / (1.5 - 0.4 * x) + z, 2, 0.1, n=300)
    for graph, coefficients in ratio_starts(problem, best_fits(problem)[0], resolve("default"), lambda: True):
        assert np.isfinite(predict((graph, coefficients), problem.wide.X)).all()


def test_without_reciprocals_or_time_nothing_is_read_off() -> None:
    problem = noisy(lambda x, z: x / (1 + z), 2, 0.1, n=100)
    fit = best_fits(problem)[0]
    assert not ratio_starts(problem, fit, resolve(("linear", "exp")), lambda: True)
    assert not ratio_starts(problem, fit, resolve("default"), lambda: False)


def test_columns_of_two_values_and_terms_that_are_the_same_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(0.5, 3, 120), rng.integers(0, 2, (120, 2))]).astype(float)
    y = X[:, 0] * (3 + X[:, 1] - 0.7 * X[:, 2]) + 0.02 * rng.normal(size=120)
    for columns in (X, np.column_stack([X, X[:, 0]])):
        problem = training_problem(prepare(columns, y, None, 0.25, rng), 90, rng)
        for fit in best_fits(problem)[:1]:
            for graph, coefficients in ratio_starts(problem, fit, resolve("default"), lambda: True):
                assert np.isfinite(predict((graph, coefficients), problem.wide.X)).all()
