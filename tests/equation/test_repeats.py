"""A curve that turns three times may repeat; one that rises and falls does not."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.equation.repeats import repeats

T = np.linspace(0, 10, 60)


@pytest.mark.parametrize(
    ("curve", "told"),
    [
        (np.exp(-((T - 3) ** 2)) + 0.4 * np.exp(-((T - 4.5) ** 2)), False),
        (np.sin(0.5 * T), False),
        (T**2, False),
        (3 * T, False),
        (np.exp(-0.3 * T) * np.sin(2 * T), True),
        (5 * T + np.sin(T), True),
    ],
)
def test_a_curve_repeats_that_turns_three_times_in_any_order_and_size(curve: np.ndarray, told: bool) -> None:
    order = np.random.default_rng(0).permutation(120)
    x, y = np.tile(T, 2)[order], np.tile(curve, 2)[order]
    assert repeats(x, y) == repeats(x / 7, 1e9 * y - 3) == repeats(x * 1e300 - 9e300, y * 1e-300) == told


def test_few_values_tell_nothing() -> None:
    assert repeats(np.repeat(T[:11], 9), np.tile(T[:9], 11)) is None
    assert repeats(T[:12], T[:12]) is False
