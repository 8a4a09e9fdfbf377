"""Waves of many periods on a trend, and columns of 0 and 1, by the defaults and a number of refits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sympy

from eqdarts import DARTSRegressor
from tests.helpers import noise

N = 468
U = np.linspace(0, 1, N)
REFITS = 500


def frequencies(model: DARTSRegressor) -> list[float]:
    """Return the angular frequencies of the sines and cosines of the chosen equation."""
    (name,) = model.equation_.variables
    waves = model.equation_.expr.atoms(sympy.sin, sympy.cos)
    return sorted(abs(float(wave.args[0].diff(sympy.Symbol(name, real=True)))) for wave in waves)


@pytest.mark.slow
def test_a_wave_on_a_parabola_is_the_law() -> None:
    cycles = 100
    clean = 10 * U + 5 * U**2 + np.cos(2 * np.pi * cycles * U + 1)
    model = DARTSRegressor(time_limit=None, max_refits=REFITS, random_state=0).fit(U[:, None], clean + 0.2 * noise(N))
    assert frequencies(model) == pytest.approx([2 * np.pi * cycles], rel=0.01)
    assert np.sqrt(np.mean((model.predict(U[:, None]) - clean) ** 2)) < 0.04


@pytest.mark.slow
def test_a_wave_on_calendar_years_has_its_frequency() -> None:
    years = 1959 + 39 * U
    clean = 10 * U + 5 * U**2 + np.cos(2 * np.pi * years + 1)
    model = DARTSRegressor(time_limit=None, max_refits=REFITS, random_state=0).fit(
        years[:, None], clean + 0.2 * noise(N)
    )
    assert max(frequencies(model)) == pytest.approx(2 * np.pi, rel=0.001)


@pytest.mark.slow
def test_columns_of_zero_and_one_enter_by_products() -> None:
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 3, 120)
    g, h = rng.integers(0, 2, 120), rng.integers(0, 2, 120)
    y = z * (3 + g - 0.7 * h + 0.5 * g * h) + 0.02 * rng.normal(size=120)
    table = pd.DataFrame({"z": z, "g": g, "h": h})
    model = DARTSRegressor(time_limit=None, max_refits=800, random_state=0).fit(table, y)
    law = model.equation_.expr
    for name in "gh":
        column = next(s for s in law.free_symbols if s.name == name)
        assert law.is_polynomial(column)  # lines in it, and products of these: no function
