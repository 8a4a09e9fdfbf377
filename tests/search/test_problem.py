"""The rows that a search sees."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.search.problem import training_problem
from tests.search.laws import rows


@pytest.mark.parametrize("n", [12, 30, 400, 5000])
def test_the_problem_of_a_table_keeps_rows_apart_and_within_their_number(n: int) -> None:
    X = rows(n=n, d=2)
    rng = np.random.default_rng(0)
    data = prepare(X, X[:, 0] + 10 * X[:, 1], None, 0.25, rng)
    problem = training_problem(data, 100, rng)
    assert problem.n_inputs == 2
    assert len(problem.train.y) <= 100
    assert len(problem.held.y) <= 400
    assert len(problem.train.y) <= len(problem.wide.y) <= 800
    every = {tuple(x) for x in data.X}
    train, held, wide = ({tuple(x) for x in part.X} for part in (problem.train, problem.held, problem.wide))
    assert train <= wide <= every
    if n > 20:
        assert not held & wide
    assert 1 <= problem.most_coefficients < n
    for own, array in zip(problem.train.tensors, (problem.train.X, problem.train.y, problem.train.weight), strict=True):
        np.testing.assert_array_equal(own.numpy(), array)
