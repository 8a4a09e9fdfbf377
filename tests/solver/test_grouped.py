"""Least squares by groups against dense solutions."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.expression.parse import parse_formula
from eqdarts.solver.grouped import GroupedProblem

T = np.tile(np.linspace(0.0, 5.0, 12), 3)
PLACE = np.repeat([2, 0, 1], 12)
SIZE, RATE = np.array([2.0, 3.0, 5.0]), 0.6
Y = SIZE[PLACE] * np.exp(-RATE * T) + 0.05 * np.sin(17 * T)


def _problem(weight: np.ndarray | None = None) -> GroupedProblem:
    return GroupedProblem(parse_formula("a*exp(-k*t)").expr, ["a", "k"], {"t": T}, Y, PLACE, weight)


def _problem_of(rows: np.ndarray) -> GroupedProblem:
    formula, place = parse_formula("a*exp(-k*t)").expr, np.zeros(int(rows.sum()), dtype=np.intp)
    return GroupedProblem(formula, ["a", "k"], {"t": T[rows]}, Y[rows], place)


@pytest.mark.parametrize("own", [(True, False), (False, True), (False, False), (True, True)])
def test_the_minimum_is_that_of_a_dense_solver(own: tuple[bool, bool]) -> None:
    from scipy.optimize import least_squares

    weight = np.linspace(0.5, 2.0, len(T))
    mask = np.array(own)
    theta, squares = _problem(weight).fit(np.full((2, 3), 1.0), mask)

    def spread(flat: np.ndarray) -> np.ndarray:
        parts = np.split(flat, [3 if own[0] else 1])
        return np.array([part if len(part) == 3 else np.repeat(part, 3) for part in parts])

    def residual(flat: np.ndarray) -> np.ndarray:
        a, k = spread(flat)[:, PLACE]
        return np.asarray((Y - a * np.exp(-k * T)) * np.sqrt(weight))

    dense = least_squares(residual, np.ones(sum(3 if mark else 1 for mark in own)), xtol=1e-14, ftol=1e-14)
    assert squares == pytest.approx(2 * dense.cost, rel=1e-8)
    np.testing.assert_allclose(theta, spread(dense.x), rtol=1e-4)


def test_each_group_by_itself_is_the_fit_of_its_rows() -> None:
    theta, squares = _problem().fit_each(np.full((1, 2, 3), 1.0))
    assert theta.shape == (1, 2, 3)
    alone = [_problem_of(rows).fit_each(np.full((1, 2, 1), 1.0)) for rows in (g == PLACE for g in range(3))]
    np.testing.assert_allclose(squares[0], [one[1][0, 0] for one in alone], rtol=1e-8)
    np.testing.assert_allclose(theta[0], np.hstack([one[0][0] for one in alone]), rtol=1e-4)


def test_one_large_group_among_small_ones_has_the_same_sums() -> None:
    place, t = np.array([0] * 30 + [1, 1, 2, 2, 2, 3]), np.linspace(0.0, 5.0, 36)
    problem = GroupedProblem(parse_formula("a*exp(-k*t)").expr, ["a", "k"], {"t": t}, t, place)
    theta = np.array([[[1.0, 2.0, 3.0, 4.0], [0.3, 0.4, 0.5, 0.6]]])
    residual, slopes = problem.slopes(theta)
    sums = problem.grams(theta)
    for g in range(4):
        J, r = slopes[0, :, place == g], residual[0, place == g]
        np.testing.assert_allclose(sums.gram[0, g], J.T @ J)
        np.testing.assert_allclose(sums.slope[0, g], J.T @ r)
        assert sums.squares[0, g] == pytest.approx(r @ r)


def test_slopes_that_no_float_holds_are_as_bad_as_undefined_values() -> None:
    problem = GroupedProblem(parse_formula("a*exp(k*t)").expr, ["a", "k"], {"t": T}, Y, PLACE)
    at = problem.grams(np.array([[[1e-300] * 3, [130.0] * 3]]))  # exp(130*5) is 1e282
    assert np.isinf(at.squares).all()
    assert np.isfinite(at.gram).all()


def test_an_undefined_start_has_infinite_squares() -> None:
    problem = GroupedProblem(parse_formula("log(a*t)").expr, ["a"], {"t": T + 1}, Y, PLACE)
    assert problem.fit(np.full((1, 3), -1.0), np.array([False]))[1] == np.inf
