"""Waves of a residual as features: the values of the feature are those of the sine, by either function."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.growth.features import features
from eqdarts.search.growth.waves import Wave, Waves, most_periods


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_a_wave_as_a_feature_has_the_values_of_the_sine(name: str) -> None:
    X = np.linspace(0, 3, 40)[:, None]
    feature = Wave(0, 5.0, 1.0).feature(PRIMITIVES[name])
    values = features([feature.argument], X.T, [(feature.primitive, feature.coefficients)]).values
    np.testing.assert_allclose(values[0], np.sin(5 * X[:, 0] + 1), atol=1e-12)


def test_waves_are_looked_for_along_inputs_with_enough_values() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(0, 1, 120), rng.integers(0, 2, 120)])
    limits = most_periods(X, 120)
    assert limits == (60.0, 0.0)
    found = Waves(X, np.ones(120), limits).of(np.sin(2 * np.pi * 30 * X[:, 0]), 3)
    assert found[0].source == 0
    assert found[0].frequency == pytest.approx(2 * np.pi * 30, rel=0.01)


def test_the_number_of_cosines_is_limited() -> None:
    assert most_periods(np.random.default_rng(0).uniform(size=(1000, 2)), 100, 80_000)[0] == pytest.approx(100)
