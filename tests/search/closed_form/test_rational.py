"""Rational laws in functions of the inputs, read off as null vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft
from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.closed_form.rational import MOST_TERMS, rational_starts
from eqdarts.search.evaluator import EXACT, Trials
from eqdarts.search.growth.sites import linearise
from eqdarts.search.problem import Array, Problem, training_problem

LAWS: dict[str, tuple[int, Callable[..., Array]]] = {
    "a ratio of sums": (2, lambda a, b: (a + 2 * b) / (1 + 3 * a * b)),
    "no constant below": (2, lambda a, b: (1.7 + a) / (a * b + b**2)),
    "of degree three": (1, lambda a: (2 - a**3) / (1 + a + 0.3 * a**2)),
    "in a cosine": (2, lambda a, b: (1 - a**2) / (1 + 0.8 * a * np.cos(b))),
    "in an exponential beside its input": (1, lambda a: a**2 / (np.exp(a) - 1)),
    "in two exponentials": (2, lambda a, b: a / (b - a) * (np.exp(-a) - np.exp(-b))),
    "behind a root": (2, lambda a, b: 1 / np.sqrt(1 + a**2 - 1.6 * a * np.cos(b))),
    "a square above a root": (2, lambda a, b: (a - 2 * b) / np.sqrt(1 + a * b)),
    "a root above a square": (2, lambda a, b: np.sqrt(7 - a**2) / (1 + 0.3 * a * b)),
    "behind a logarithm": (1, lambda a: np.log((1 + 3 * a) / (2 + a))),
    "behind an angle": (2, lambda a, b: np.arccos((np.cos(a) - 0.3 * b) / (1 - 0.3 * b * np.cos(a)))),
    "of three inputs": (3, lambda a, b, c: (a * b - c) / (1 + a + 2 * c)),
}


def problem(d: int, law: Callable[..., Array], noise: float = 0.0, low: float = 0.3, high: float = 2.5) -> Problem:
    rng = np.random.default_rng(7)
    X = rng.uniform(low, high, (400, d))
    y = law(*X.T)
    y = y + noise * np.std(y) * rng.normal(size=len(y))
    return training_problem(prepare(X, y, None, 0.3, rng), 150, rng)


@pytest.mark.parametrize("name", LAWS)
def test_a_rational_law_is_read_off(name: str) -> None:
    data = problem(*LAWS[name])
    trials = Trials(data, Budget(None, 1000), 60)
    fitted = trials.fit(list(rational_starts(data, resolve("default"))))
    assert min(member.loss for member, _ in fitted) <= EXACT


@pytest.mark.parametrize("noise", [1e-6, 0.1])
def test_noise_is_no_rational_law(noise: float) -> None:
    data = problem(*LAWS["in a cosine"], noise)
    assert not list(rational_starts(data, resolve("default")))


@pytest.mark.parametrize(
    "law",
    [lambda a, b: np.exp(-0.3 * a) * np.sin(1.3 * b) + a**0.7, lambda a, b: np.tanh(a * b) + b],
    ids=["smooth", "sigmoid"],
)
def test_what_only_resembles_a_law_has_few_terms(law: Callable[..., Array]) -> None:
    for graph, _ in rational_starts(problem(2, law), resolve("default")):
        assert sum(len(node.edges) for node in graph.nodes if node.aggregator == "sum") <= MOST_TERMS + 3


def test_only_functions_of_the_users_primitives_are_used() -> None:
    data = problem(*LAWS["in a cosine"])
    for graph, _ in rational_starts(data, resolve(["linear", "square", "exp"])):
        assert not {edge.primitive.name for node in graph.nodes for edge in node.edges} & {
            "cos",
            "sin",
            "log",
            "arcsin",
        }


def test_inputs_near_one_value_are_no_dependence() -> None:
    data = problem(2, lambda a, b: np.exp(a) + np.sqrt(b), low=1.0, high=1.001)
    trials = Trials(data, Budget(None, 1000), 60)
    for member, _ in trials.fit(list(rational_starts(data, resolve("minimal")))):
        assert np.isfinite(member.loss)


def test_few_rows_are_no_trouble() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 2, (9, 4))
    data = training_problem(prepare(X, X[:, 0] / X[:, 1], None, 0.3, rng), 150, rng)
    assert list(rational_starts(data, resolve("default"))) == []


def test_a_square_below_a_root_keeps_its_sign_elsewhere() -> None:
    """sqrt((a - 2 b)**2 / ...) is right where a > 2 b only; a - 2 b everywhere."""
    _, law = LAWS["a square above a root"]
    rng = np.random.default_rng(3)
    X = np.c_[rng.uniform(2.0, 3.0, 400), rng.uniform(0.1, 0.9, 400)]
    data = training_problem(prepare(X, law(*X.T), None, 0.3, rng), 150, rng)
    fitted = Trials(data, Budget(None, 1000), 60).fit(list(rational_starts(data, resolve("default"))))
    exact = [member for member, _ in fitted if member.loss <= EXACT]
    Z = np.c_[rng.uniform(0.3, 3.0, 50), rng.uniform(0.3, 2.0, 50)]
    values = [
        linearise(Draft.from_graph(m.graph, m.coefficients), Z / data.units).prediction * data.y_unit for m in exact
    ]
    assert any(np.allclose(v, law(*Z.T)) for v in values)


def test_functions_that_overflow_are_no_generators() -> None:
    X = np.linspace(-750, -730, 60)[:, None]
    data = prepare(X, np.sin(X[:, 0]), None, 0.25, np.random.default_rng(0))
    found = rational_starts(training_problem(data, 60, np.random.default_rng(0)), resolve("default"))
    assert all(np.isfinite(coefficients).all() for _, coefficients in found)
