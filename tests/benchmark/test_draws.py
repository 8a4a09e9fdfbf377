"""Kinds of draws: each within its ends, as often as it should be, and wider where that is asked."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.benchmark.draws import DRAWS, draw_rows, get_draw


def column(kind: str, low: float, high: float, widened: float = 1.0, n: int = 20_000) -> np.ndarray:
    return draw_rows(np.random.default_rng(0), [("x", low, high)], [kind], n, widened)[:, 0]


@pytest.mark.parametrize("kind", DRAWS)
def test_numbers_are_within_their_ends(kind: str) -> None:
    x = np.abs(column(kind, 2.0, 200.0))
    assert x.min() >= 2.0 * (1 - 1e-12)
    assert x.max() <= 200.0 * (1 + 1e-12)
    assert x.max() / x.min() > 50


def test_uniform_numbers_are_those_of_the_generator() -> None:
    x = draw_rows(np.random.default_rng(1), [("a", 1.0, 5.0), ("b", -1.0, 1.0)], (), 7)
    np.testing.assert_array_equal(x, np.random.default_rng(1).uniform([1.0, -1.0], [5.0, 1.0], (7, 2)))


def test_every_decade_has_the_same_share() -> None:
    x = column("log-uniform", 1e-3, 1e1)
    counts, _ = np.histogram(np.log10(x), bins=[-3, -2, -1, 0, 1])
    np.testing.assert_allclose(counts / len(x), 0.25, atol=0.02)


def test_either_sign_is_as_frequent_and_of_the_same_sizes() -> None:
    x = column("log-uniform, either sign", 1e-3, 1e1)
    assert np.mean(x > 0) == pytest.approx(0.5, abs=0.02)
    for side in (x[x > 0], -x[x < 0]):
        assert np.median(np.log10(side)) == pytest.approx(-1.0, abs=0.05)
    assert np.abs(x).min() >= 1e-3 * (1 - 1e-12)


def test_whole_numbers_leave_out_the_upper_end() -> None:
    values, counts = np.unique(column("integer", -1.0, 2.0), return_counts=True)
    np.testing.assert_array_equal(values, [-1.0, 0.0, 1.0])
    np.testing.assert_allclose(counts / counts.sum(), 1 / 3, atol=0.02)


def test_wider_ranges_are_wider_on_the_scale_of_the_draw() -> None:
    for kind in ("log-uniform", "log-uniform, either sign"):
        x = np.abs(column(kind, 1.0, 100.0, 1.5))
        assert np.log10(x.min()) == pytest.approx(-0.5, abs=0.01)
        assert np.log10(x.max()) == pytest.approx(2.5, abs=0.01)
    assert column("uniform", 1.0, 3.0, 1.5).min() == pytest.approx(0.5, abs=0.01)
    assert column("uniform", 1.0, 3.0, 1.5).max() == pytest.approx(3.5, abs=0.01)
    assert np.unique(column("integer", 1.0, 11.0, 1.5)).tolist() == list(range(1, 14))
    assert column("integer", -1.0, 2.0, 1.5).min() == -2.0


def test_an_unknown_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="Did you mean 'log-uniform'"):
        get_draw("loguniform")
