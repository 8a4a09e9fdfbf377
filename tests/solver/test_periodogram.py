"""Waves are found at their frequency and phase, wherever the zero of the input is; noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.solver.periodogram import Periodogram, periods_shown


@pytest.mark.parametrize("origin", [0.0, 1959.0])
@pytest.mark.parametrize("cycles", [1.3, 20.0, 97.0])
def test_a_wave_is_found_at_its_frequency_and_phase(cycles: float, origin: float) -> None:
    rng = np.random.default_rng(0)
    x = origin + np.sort(rng.uniform(0, 39, 400))
    y = np.sin(2 * np.pi * cycles * x / 39 + 1) + 0.5 * rng.normal(size=400)
    (peak,) = Periodogram(x, np.ones(400), periods_shown(x)).peaks(y, 1)
    assert abs(peak.frequency * np.ptp(x) / (2 * np.pi) - cycles * np.ptp(x) / 39) <= 1 / 8
    assert 0.5 < peak.share < 0.8
    explained = np.sin(peak.frequency * x + peak.phase)
    assert np.corrcoef(explained, y)[0, 1] ** 2 == pytest.approx(peak.share, abs=0.02)


def test_noise_has_no_peaks_as_a_rule() -> None:
    rng = np.random.default_rng(0)
    along = Periodogram(np.linspace(0, 1, 100), np.ones(100), 50)
    n_found = [len(along.peaks(rng.normal(size=100), 1)) for _ in range(100)]
    assert sum(n_found) < 90


def test_two_waves_are_two_peaks_the_higher_first_and_rows_of_weight_zero_do_not_count() -> None:
    x = np.linspace(0, 1, 300)
    y = np.sin(2 * np.pi * 11 * x) + 0.5 * np.sin(2 * np.pi * 41 * x)
    y[::10] = 1e6
    root = np.ones(300)
    root[::10] = 0
    found = Periodogram(x, root, periods_shown(x)).peaks(np.where(root > 0, y, 0), 2)
    assert [peak.frequency / (2 * np.pi) for peak in found] == pytest.approx([11, 41], abs=0.2)


@pytest.mark.parametrize("x", [np.arange(7.0), np.repeat([0.0, 1.0], 20), np.ones(30)])
def test_few_values_show_no_periods(x: np.ndarray) -> None:
    assert periods_shown(x) == 0
    assert Periodogram(x, np.ones(len(x)), 0.0).peaks(x, 3) == []


def test_nothing_is_found_in_nothing() -> None:
    along = Periodogram(np.arange(20.0), np.ones(20), 10)
    assert along.peaks(np.zeros(20), 2) == []
    assert along.peaks(np.full(20, np.nan), 2) == []
