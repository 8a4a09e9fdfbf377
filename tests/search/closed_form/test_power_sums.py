"""Sums of products of powers behind a power are read off noisy rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts.graph.fitted import FittedGraph
from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.closed_form.power_sums import power_sums
from eqdarts.search.evaluator import THOROUGH, Trials
from eqdarts.search.problem import Problem
from eqdarts.search.smooth_evidence import best_fits
from tests.helpers import predict
from tests.search.tables import Formula, noisy

LAWS: dict[str, tuple[Formula, int]] = {  # law, and its coefficients
    "saturation of two inputs": (lambda s, i: 3 / (1 + s + 2 * s / i), 3),
    "square of a saturation": (lambda u, v: 5 * u * v / (1 + u + v) ** 2, 3),
    "root of a sum of squares": (lambda x, z: np.sqrt(x**2 + 2 * z**2), 2),
    "sum": (lambda x, z: x**2 / z - 3 * np.sqrt(x), 2),
    "law of cosines": (lambda d, a: 1 / np.sqrt(d**2 + 20 - 4 * d * np.cos(a)), 3),
    "wave and its square": (lambda a, x: np.cos(x) * (1 + a * np.cos(x)), 4),
    "decay between levels": (lambda a, b, u: a + (b - a) * np.exp(-u), 3),
    "growth and a level": (lambda a, x: 2 * a * np.exp(x) + a**2, 2),
    "bent beam": (lambda x, z: x**2 * (3 * z - x), 2),
    "difference of fourth powers": (lambda x, z: x**4 - z**4, 2),
    "of negative values": (lambda x, z: -1 / (1 + x / z), 2),
}


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def fitted(problem: Problem) -> list[FittedGraph]:
    """Return the sums, fitted, the shortest descriptions first."""
    trials = Trials(problem, Budget(None, 1000), 40)
    starts = power_sums(problem, best_fits(problem)[0], resolve("default"), lambda: True)
    return sorted((member for member, _ in trials.fit(starts, THOROUGH)), key=trials.length)


@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_among_the_shortest_sums(name: str) -> None:
    law, n_coefficients = LAWS[name]
    n_inputs = law.__code__.co_argcount
    problem, clean = noisy(law, n_inputs, 0.1, n=600), noisy(law, n_inputs, 0.0, n=600)
    near = [m for m in fitted(problem)[:4] if m.graph.n_coefficients <= n_coefficients + 1]
    missed = [np.mean((predict((m.graph, m.coefficients), clean.held.X) - clean.held.y) ** 2) for m in near]
    assert min(missed) < 2e-3 * np.mean(clean.held.y**2)


def test_inputs_of_either_sign_are_not_raised_to_halves() -> None:
    problem = noisy(lambda x, z: 1 + x**2 * z, 2, 0.05, n=300, low=-2.0, high=2.0)
    members = fitted(problem)
    assert members[0].loss < 0.02
    assert all(np.isfinite(predict((m.graph, m.coefficients), problem.held.X)).all() for m in members[:3])


def test_a_function_that_explains_no_more_than_powers_is_left_out() -> None:
    problem = noisy(lambda x, z: 3 / (1 + x + 2 * z), 2, 0.1, n=300)
    starts = power_sums(problem, best_fits(problem)[0], resolve("default"), lambda: True)
    assert starts
    assert not any(name in graph.key for graph, _ in starts for name in ("cos", "sin", "exp"))


def test_without_reciprocals_or_time_nothing_is_read_off() -> None:
    problem = noisy(lambda x, z: x + z, 2, 0.1, n=100)
    fit = best_fits(problem)[0]
    assert power_sums(problem, fit, resolve(("linear", "exp")), lambda: True) == []
    assert power_sums(problem, fit, resolve("default"), lambda: False) == []
