"""The place at which a slope breaks."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.solver.kinks import kink_of

X = np.linspace(0, 10, 60)
LINE = np.column_stack([np.ones_like(X), X])


@pytest.mark.parametrize("place", [2.3, 5.0, 8.1])
@pytest.mark.parametrize("change", [3.0, -2.0])
def test_a_break_is_found_where_it_is(place: float, change: float) -> None:
    y = 1 + 2 * X + change * np.maximum(X - place, 0) + np.random.default_rng(0).normal(0, 0.1, len(X))
    kink = kink_of(LINE, X, y, np.ones_like(X))
    assert kink is not None
    assert kink.place == pytest.approx(place, abs=0.15)
    assert kink.change == pytest.approx(change, rel=0.05)
    assert kink.nats(len(X)) > 20


def test_a_smooth_bend_is_no_break() -> None:
    for y in (X**2, np.exp(X / 5), 1 / (1 + X), np.log1p(X), X / (1 + X)):
        assert kink_of(LINE, X, y, np.ones_like(X)) is None


def test_a_break_beside_another_column_and_in_repeated_values() -> None:
    rng = np.random.default_rng(1)
    x, z = np.repeat(np.arange(10.0), 5), rng.normal(size=50)
    y = 3 * z + x + 4 * np.maximum(x - 6, 0) + rng.normal(0, 0.1, 50)
    kink = kink_of(np.column_stack([np.ones(50), x, z]), x, y, np.ones(50))
    assert kink is not None
    assert kink.place == pytest.approx(6, abs=0.1)


def test_rows_without_weight_do_not_count_and_few_values_have_no_break() -> None:
    y = X + 5 * np.maximum(X - 4, 0)
    root = np.ones_like(X)
    y[10], root[10] = 1e6, 0.0
    kink = kink_of(LINE, X, y, root)
    assert kink is not None
    assert kink.place == pytest.approx(4, abs=0.1)
    few = X[:5]
    assert kink_of(LINE[:5], few, np.abs(few - few[2]), np.ones(5)) is None
    assert kink_of(LINE, X, np.ones_like(X), np.ones_like(X)) is None
