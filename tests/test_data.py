"""The split is honest and repeatable; scaling is undone by its own numbers and follows the units of the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.data import (
    FEWEST_TO_SPLIT,
    Data,
    Scales,
    origins_of,
    prepare,
    rows_of_extremes,
    typical_magnitude,
    weighted_rows,
)

SEEDS = st.integers(0, 2**32 - 1)


def table(seed: int, n: int = 50, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, d), rng.normal(2.0, 3.0, n)


def prepared(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, fraction: float = 0.3) -> Data:
    return prepare(X, y, weight, fraction, np.random.default_rng(0))


@settings(deadline=None)
@given(SEEDS, st.integers(FEWEST_TO_SPLIT, 300), st.floats(0.001, 0.999))
def test_split_is_disjoint_and_covers_every_row(seed: int, n: int, fraction: float) -> None:
    data = prepare(*table(seed, n), None, fraction, np.random.default_rng(seed))
    assert sorted([*data.train, *data.validation]) == list(range(n))
    assert abs(len(data.validation) - fraction * n) <= 1
    assert len(data.train) > 0
    assert len(data.validation) > 0


@given(st.integers(1, FEWEST_TO_SPLIT - 1))
def test_few_rows_are_all_used_for_both(n: int) -> None:
    data = prepared(*table(0, n))
    assert data.train.tolist() == data.validation.tolist() == list(range(n))


def test_split_follows_the_seed_alone() -> None:
    X, y = table(0)
    splits = [prepare(X, y, None, 0.3, np.random.default_rng(seed)).validation.tolist() for seed in (1, 1, 2)]
    assert splits[0] == splits[1] != splits[2]


@settings(deadline=None)
@given(SEEDS, st.lists(st.integers(-60, 60), min_size=4, max_size=4))
def test_units_that_are_powers_of_two_change_the_scales_alone(seed: int, powers: list[int]) -> None:
    X, y = table(seed)
    units = 2.0 ** np.array(powers)
    before, after = prepared(X, y), prepared(X * units[:3], y * units[3])
    np.testing.assert_array_equal(after.X, before.X)
    np.testing.assert_array_equal(after.y, before.y)
    np.testing.assert_array_equal(after.x_scale, before.x_scale * units[:3])
    assert after.y_scale == before.y_scale * units[3]
    np.testing.assert_array_equal(after.validation, before.validation)


@settings(deadline=None)
@given(SEEDS)
def test_scaled_columns_have_magnitude_one_keep_signs_and_scale_back(seed: int) -> None:
    X, y = table(seed)
    data = prepared(X, y)
    np.testing.assert_allclose(np.abs(data.X).mean(axis=0), 1.0)
    np.testing.assert_allclose(np.abs(data.y).mean(), 1.0)
    np.testing.assert_array_equal(np.sign(data.X), np.sign(X))
    np.testing.assert_allclose(data.X * data.x_scale, X, rtol=1e-15)
    np.testing.assert_allclose(data.y * data.y_scale, y, rtol=1e-15)


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-12, 1e12, 1e300, 1.7e308])
def test_extreme_values_scale_to_one(size: float) -> None:
    values = size * np.array([[1.0], [0.5], [-1.0], [0.25]])
    scale = typical_magnitude(values)
    assert np.isfinite(scale).all()
    np.testing.assert_allclose(np.abs(values / scale).mean(), 1.0, rtol=1e-2)


def test_the_smallest_number_has_a_scale() -> None:
    values = np.array([[5e-324], [0.0], [0.0], [0.0]])
    assert typical_magnitude(values).item() == 5e-324


def test_a_zero_column_stays_zero() -> None:
    X, y = table(0)
    X[:, 1] = 0.0
    data = prepared(X, y)
    assert data.x_scale[1] == 1.0
    assert not data.X[:, 1].any()
    assert prepared(X, y * 0.0).y_scale == 1.0


@settings(deadline=None)
@given(SEEDS, st.floats(1e-200, 1e200))
def test_weights_have_mean_one_whatever_their_unit(seed: int, unit: float) -> None:
    X, y = table(seed)
    weight = np.random.default_rng(seed).uniform(0.1, 5.0, len(y))
    data = prepared(X, y, weight * unit)
    assert data.weight.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(data.weight / data.weight[0], weight / weight[0], rtol=1e-12)


def test_an_integer_weight_scales_like_repeated_rows() -> None:
    X, y = table(0)
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    repeated = prepared(np.repeat(X, weight.astype(int), axis=0), np.repeat(y, weight.astype(int)))
    data = prepared(X, y, weight)
    np.testing.assert_allclose(data.x_scale, repeated.x_scale)
    assert data.y_scale == pytest.approx(repeated.y_scale)
    assert data.variance == pytest.approx(repeated.variance)


def test_rows_without_weight_are_never_held_back_and_do_not_scale() -> None:
    X, y = table(0)
    X[0], y[0] = 1e9, -1e9
    weight = np.ones(len(y))
    weight[:20] = 0.0
    data = prepared(X, y, weight, fraction=0.5)
    assert len(data.validation) == 15
    assert data.validation.min() >= 20
    np.testing.assert_allclose(data.x_scale, np.abs(X[20:]).mean(axis=0))


def test_variance_is_the_loss_of_the_best_constant() -> None:
    X, y = table(0)
    weight = np.arange(1.0, len(y) + 1)
    data = prepared(X, y, weight)
    constants = np.linspace(data.y.min(), data.y.max(), 2001)
    losses = [np.average((data.y - c) ** 2, weights=weight) for c in constants]
    assert data.variance == pytest.approx(min(losses), rel=1e-5)
    assert data.n_inputs == 3


def test_distinct_rows_are_counted_as_far_as_it_takes() -> None:
    X = np.tile(np.arange(50.0)[:, None], (40, 1))
    data = Data(X, X[:, 0], np.where(X[:, 0] < 30, 1.0, 0.0), *2 * (np.arange(len(X)),), np.ones(1), 1.0)
    assert [data.count_distinct(most) for most in (1, 10, 30, 31, 5000)] == [1, 10, 30, 30, 30]


@pytest.mark.parametrize(
    ("weight", "n_rows"), [([1, 1, 1], 3), ([2, 0, 3], 5), ([0.5, 0.5, 4.0], 3), ([0.25, 0.0, 7.0], 2)]
)
def test_whole_weights_are_counts_and_others_are_relative(weight: list[float], n_rows: float) -> None:
    assert weighted_rows(np.array(weight, dtype=np.float64)) == n_rows


# --- origins ---


@pytest.mark.parametrize(
    ("low", "high", "origin"),
    [
        (1993, 2024, 1990), (298.2, 302.9, 298), (1e6, 1e6 + 1, 1_000_000), (-749.5, -731, -750), (40, 43, 40),
        (1, 5, 0), (0, 1, 0), (-1, 1, 0), (273, 373, 0), (7.0, 7.0, 0), (0.95, 1, 0), (1e300, 1.01e300, 0),
    ],
)  # fmt: skip
def test_a_narrow_column_has_a_round_origin_below_its_range(low: float, high: float, origin: int) -> None:
    X = np.linspace(low, high, 20)[:, None]
    np.testing.assert_array_equal(origins_of(X), [origin])


def test_rows_seen_from_an_origin_keep_their_split_and_undo_by_their_scales() -> None:
    X, y = table(0, d=2)
    X[:, 1] = 2000 + np.arange(50.0)
    data = prepared(X, y)
    moved = data.seen_from(np.array([0.0, 2000.0]), X)
    np.testing.assert_allclose(moved.X * moved.scales.x + moved.scales.origin, X)
    np.testing.assert_allclose(np.abs(moved.X[:, 1]).mean(), 1.0)
    assert (moved.train is data.train, moved.y is data.y) == (True, True)
    assert not data.scales.same_origin(moved.scales)
    assert moved.scales.names(["a", "b"]) == ("a", "b - 2000")
    assert Scales(np.ones(1), 1.0, np.array([-5.0])).names(["a"]) == ("a + 5",)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 40), st.integers(1, 5))
def test_a_table_seen_in_blocks_has_the_same_extremes_and_scales(seed: int, n: int, at_once: int) -> None:
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(n, 3)), 1) * [1.0, 1e200, 0.0]
    weight = rng.integers(0, 3, n).astype(float)
    weight[0] = 1.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eqdarts.data.AT_ONCE", 3 * at_once)
        np.testing.assert_array_equal(rows_of_extremes(X), np.concatenate([X.argmin(axis=0), X.argmax(axis=0)]))
        whole = prepare(X, rng.normal(size=n) + 5, weight, 0.3, np.random.default_rng(0))
        patch.setattr("eqdarts.data.LARGE", 0)
        parts = prepare(X, rng.normal(size=n) + 5, weight, 0.3, np.random.default_rng(0))
    np.testing.assert_allclose(parts.x_scale, whole.x_scale, rtol=1e-12)
