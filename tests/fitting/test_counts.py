"""Repeated rows, and rows that weights count, are the same table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts import DARTSRegressor
from eqdarts.data import are_counts
from eqdarts.fitting import counts
from eqdarts.fitting.counts import counted
from eqdarts.fitting.table import Table
from tests.helpers import QUICK, Array


def few_values(n: int, seed: int) -> tuple[Array, Array]:
    """Return rows of few values, so that some rows are equal in X, in y, or in both."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (n, 2)).astype(float), rng.integers(0, 2, n).astype(float)


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_counts_repeated_rows_and_their_order_make_no_difference(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = few_values(n, seed)
    weight = rng.integers(0, 4, n).astype(float)
    weight[rng.integers(n)] = 2.0
    rows = rng.permutation(np.repeat(np.arange(n), weight.astype(int)))
    one = Table(X, y, weight, ("a", "b"), "y").counted()
    other = Table(X[rows], y[rows], None, ("a", "b"), "y").counted()
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.weight, other.weight)
    together = np.column_stack([one.X, one.y])
    assert len(np.unique(together, axis=0)) == len(together)
    assert one.weight is not None
    assert one.weight.sum() == weight.sum()
    # What is kept for inference are the rows as they were given.
    kept = other.kept(np.arange(len(other.y)))
    np.testing.assert_array_equal(kept.X, X[rows])
    assert kept.weight is None
    assert len(one.kept(np.array([0])).y) == np.sum((one.X[0] == X).all(axis=1) & (y == one.y[0]) & (weight > 0))


def test_a_table_without_repeated_rows_is_left_alone() -> None:
    X, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    for weight in (None, np.ones(10), np.linspace(0.5, 1.0, 10)):
        table = Table(X, y, weight, ("a", "b"), "y")
        assert table.counted() is table
    some = Table(X, y, (y > 3).astype(float), ("a", "b"), "y").counted()
    np.testing.assert_array_equal(some.X, X[4:])
    assert some.weight is None


def test_relative_weights_and_known_errors_are_no_counts() -> None:
    X, y = np.ones((4, 2)), np.ones(4)
    assert counted(X, y, np.ones(4), has_sigma=True) is None
    assert counted(X, y, np.full(4, 0.5)) is None
    found = counted(X, y, np.array([0.5, 0.0, 1.0, 2.0]))
    assert found is not None
    assert found.rows.tolist() == [0, 2, 3]
    assert found.place.tolist() == [0, -1, 1, 2]
    assert not are_counts(np.array([1.0, 1e300]))
    assert are_counts(np.array([0.0, 3.0]))


def test_zero_is_zero_and_equal_codes_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = counted(np.array([[0.0], [-0.0], [1.0]]), np.array([-0.0, 0.0, 0.0]), None)
    assert found is not None
    assert found.weight is not None
    assert sorted(found.weight) == [1.0, 2.0]
    monkeypatch.setattr(counts, "_codes", lambda X, y: np.zeros(len(y), dtype=np.uint64))
    assert counted(np.arange(6.0).reshape(3, 2), np.arange(3.0), None) is None


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared", "absolute", "poisson"])
def test_a_fit_sees_a_whole_weight_as_so_many_rows(loss: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0.5, 3.0, 60)
    y = rng.poisson(5 * x).astype(float)
    weight = rng.integers(0, 4, 60).astype(float)
    rows = rng.permutation(np.repeat(np.arange(60), weight.astype(int)))
    model = DARTSRegressor(**QUICK | {"max_refits": 30, "max_complexity": 9, "loss": loss})
    one = str(model.fit(x[:, None], y, sample_weight=weight).equation_)
    table = model.equations_
    other = str(model.fit(x[rows, None], y[rows]).equation_)
    assert one == other
    assert table["score"].tolist() == model.equations_["score"].tolist()


def test_repeated_rows_keep_their_degrees_of_freedom() -> None:
    x = np.repeat(np.linspace(1, 2, 10), 3)
    y = 2 * x + np.repeat(np.random.default_rng(0).normal(size=10), 3)
    model = DARTSRegressor(**QUICK).fit(x[:, None], y)
    assert model.inference(0).n_rows == 30
