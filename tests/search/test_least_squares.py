"""Least squares of columns that are tiny, huge, dependent or not finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.search.least_squares import least_squares


@given(st.integers(0, 2**32 - 1), st.lists(st.floats(-100, 100), min_size=1, max_size=4))
def test_columns_of_any_magnitude_are_solved_for(seed: int, magnitudes: list[float]) -> None:
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** np.array(magnitudes)
    columns = rng.normal(size=(30, len(sizes)))
    truth = rng.normal(size=len(sizes))
    assert least_squares(columns * sizes, columns @ truth) * sizes == pytest.approx(truth, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("bad", [0.0, 1e-200, 1e-308, 1e200, np.inf, np.nan])
def test_a_column_that_cannot_be_used_gets_zero(bad: float) -> None:
    x = np.linspace(1.0, 2.0, 20)
    columns = np.stack([x, np.full(20, bad), x**2], axis=1)
    assert least_squares(columns, 3 * x - x**2) == pytest.approx([3.0, 0.0, -1.0], abs=1e-9)


def test_nothing_comes_close_to_a_target_that_is_not_finite() -> None:
    assert least_squares(np.ones((3, 2)), np.array([1.0, np.nan, 1.0])).tolist() == [0.0, 0.0]


def test_equal_columns_share() -> None:
    assert least_squares(np.ones((4, 2)), np.full(4, 3.0)) == pytest.approx([1.5, 1.5])


def test_where_singular_values_do_not_converge_a_decomposition_with_pivots_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("SVD did not converge in Linear Least Squares")

    x = np.linspace(1.0, 2.0, 20)
    columns = np.stack([x, 2 * x, x**2], axis=1)
    usual = least_squares(columns, 3 * x - x**2)
    monkeypatch.setattr(np.linalg, "lstsq", never)
    assert least_squares(columns, 3 * x - x**2) == pytest.approx(usual, abs=1e-9)
