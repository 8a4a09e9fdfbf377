"""A polynomial behind an outer function, read off an exact smooth model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.graph.draft import Draft
from eqdarts.search.closed_form.polynomial import polynomial_start, sum_of_monomials
from eqdarts.search.growth.sites import linearise
from eqdarts.search.problem import Problem, training_problem
from eqdarts.search.smooth import Smooth, fit_smooth
from tests.helpers import Array, noise, predict, rows

LAWS: dict[str, Callable[[Array], Array]] = {
    "two terms": lambda X: 1.5 * X[:, 0] * X[:, 1] - 0.4 * X[:, 1] ** 3,
    "a constant and an input": lambda X: 2.0 + 3.0 * X[:, 0],
    "behind an exponential": lambda X: np.exp(0.5 * X[:, 0] - 0.2 * X[:, 0] * X[:, 1]),
    "behind a reciprocal": lambda X: 1 / (1 + X[:, 0] ** 2 + 0.5 * X[:, 1]),
    "below a root": lambda X: np.sqrt(1 + X[:, 0] ** 2 + X[:, 1] ** 2),
}


def fitted(law: Callable[[Array], Array], error: float = 0.0) -> tuple[Problem, Smooth]:
    X = rows(400)
    rng = np.random.default_rng(0)
    problem = training_problem(prepare(X, law(X) + error * noise(400), None, 0.3, rng), 150, rng)
    smooth = fit_smooth(problem.wide, problem.held)
    assert smooth is not None
    return problem, smooth


@pytest.mark.parametrize("name", LAWS)
def test_a_polynomial_law_is_its_own_start(name: str) -> None:
    problem, smooth = fitted(LAWS[name])
    start = polynomial_start(problem, smooth)
    assert start is not None
    np.testing.assert_allclose(predict(start, problem.held.X), problem.held.y, rtol=1e-6)
    sums = [node for node in start[0].nodes if node.aggregator == "sum"]
    assert max(len(node.edges) + node.constant for node in sums) <= 3


def test_noise_and_other_laws_are_no_polynomials() -> None:
    assert polynomial_start(*fitted(LAWS["two terms"], error=1e-3)) is None
    assert polynomial_start(*fitted(lambda X: np.sin(4 * X[:, 0]) + np.tanh(3 * X[:, 1]))) is None


def test_many_terms_are_no_law() -> None:
    assert polynomial_start(*fitted(lambda X: (1 + X[:, 0] + 2 * X[:, 1]) ** 5)) is None


def test_monomials_are_written_as_short_as_they_are() -> None:
    draft = Draft(3, [])
    terms = [(np.array(row), weight) for row, weight in (((0, 0), 2.0), ((0, 1), 3.0), ((2, -1), -0.5))]
    draft.nodes.append(sum_of_monomials(draft, [0, 2], terms))
    assert len(draft.nodes) == 2  # only the product of two needs a node of its own
    X = rows(20, 3)
    np.testing.assert_allclose(linearise(draft, X).prediction, 2 + 3 * X[:, 2] - 0.5 * X[:, 0] ** 2 / X[:, 2])
