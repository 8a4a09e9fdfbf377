"""Matching pursuit: one feature after the other, all weights solved for at each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.pursuit import PURSUED, draw, pursue, slope_along, without_holes
from eqdarts.search.growth.features import Combination, Features, features, grid
from tests.helpers import Array, noise, rows

GREEDY = 50.0  # nearly always the best


def dictionary(X: Array) -> Features:
    functions = grid(resolve(["linear", "exp", "log", "square", "sin"]), 2)
    return features([Combination("single", (i,), (1.0,)) for i in range(X.shape[1])], X.T, functions)


def residuals(X: Array, y: Array, weight: Array, sharpness: float = GREEDY, seed: int = 0) -> list[tuple[float, Array]]:
    """Return, after each term, the weighted squares that are left, and the solution."""
    parts = dictionary(X)
    place = {parts.recipe(m): m for m in range(len(parts))}
    out = []
    for chosen, solution in pursue(parts, y, weight, np.random.default_rng(seed), sharpness):
        columns = [np.ones(len(X)), *(parts.values[place[feature]] for feature in chosen)]
        out.append((float(np.sum((weight * (y - np.stack(columns, 1) @ solution)) ** 2)), solution))
    return out


def test_a_feature_that_is_the_law_is_found_with_its_weight_and_ends_the_pursuit() -> None:
    X = rows(60)
    y = 0.5 + 2 * np.log(X[:, 0])
    ((left, solution),) = residuals(X, y, np.ones(60))
    assert left < 1e-18 * np.sum(y**2)
    np.testing.assert_allclose(solution, [0.5, 2.0])


def test_one_of_many_pursuits_finds_a_sum_of_two() -> None:
    X = rows(60)
    y = 0.5 + 2 * np.log(X[:, 0]) - 3 * X[:, 1] ** 2
    ends = [residuals(X, y, np.ones(60), 2.0, seed)[-1] for seed in range(30)]
    exact = [solution for left, solution in ends if left < 1e-18 * np.sum(y**2)]
    assert any(len(solution) == 3 and sorted(solution) == pytest.approx([-3.0, 0.5, 2.0]) for solution in exact)


@pytest.mark.parametrize("sharpness", [1.0, GREEDY])
def test_each_term_leaves_less_and_the_residual_has_no_part_of_what_is_chosen(sharpness: float) -> None:
    X, weight = rows(60), rows(60, 1, 0.5, 2.0, seed=3)[:, 0]
    y = X[:, 0] * X[:, 1] + noise(60)
    found = residuals(X, y, weight, sharpness)
    assert len(found) == PURSUED
    lefts = [left for left, _ in found]
    assert all(b <= a * (1 + 1e-9) for a, b in pairwise(lefts))
    mean = np.average(y, weights=weight**2)
    assert lefts[0] < np.sum((weight * (y - mean)) ** 2)


def test_rows_without_a_target_or_weight_count_for_nothing() -> None:
    X = rows(60)
    y = 0.5 + 2 * np.log(X[:, 0])
    y[::7] = np.nan
    weight = np.ones(60)
    weight[1::7] = np.inf
    (_, solution), *_ = pursue(dictionary(X), y, weight, np.random.default_rng(0), GREEDY)
    np.testing.assert_allclose(solution, [0.5, 2.0])
    assert list(pursue(dictionary(X), np.full(60, np.nan), weight, np.random.default_rng(0), GREEDY)) == []
    target, kept = without_holes(y, weight)
    assert not target[::7].any()
    assert not kept[::7].any()
    assert not kept[1::7].any()
    assert kept[2] == 1.0


def test_slopes_are_those_of_the_function() -> None:
    inner = np.random.default_rng(0).permutation(np.linspace(0.0, 1.0, 400))
    np.testing.assert_allclose(slope_along(inner, np.exp(inner)), np.exp(inner), rtol=5e-3)
    assert np.isfinite(slope_along(np.zeros(5), np.arange(5.0))).all()


def test_draws_are_different_places_of_merit_only() -> None:
    rng = np.random.default_rng(0)
    merits = [0.0, 1.0, np.nan, 3.0, -1.0]
    for _ in range(50):
        assert set(draw(merits, 1.0, 4, rng)) == {1, 3}
    first = [draw(merits, 2.0, 1, rng)[0] for _ in range(500)]
    assert 0.05 < np.mean(np.array(first) == 1) < 0.15  # 1 to 9 by the squares
    assert draw([0.0, np.nan], 1.0, 3, rng) == []


def test_one_row_has_no_slope() -> None:
    assert slope_along(np.array([2.0]), np.array([3.0])).tolist() == [0.0]
