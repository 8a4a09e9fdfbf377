"""The bilevel descent: Adam for every restart, and the price of symbols."""

from __future__ import annotations

import math

import numpy as np

from eqdarts.search.relaxed.descent import Adam, Descent
from eqdarts.search.relaxed.engine import weights
from eqdarts.search.relaxed.options import RelaxedOptions
from tests.search.relaxed.engines import COMPILED, engine_of
from tests.search.relaxed.tables import product_data


def test_adam_clips_each_restart_and_leaves_broken_ones() -> None:
    start = np.ones((4, 3))
    gradient = np.array([[0.3, 0.0, 0.0], [3e8, 4e8, 0.0], [math.nan, 1.0, 0.0], [math.inf, 1.0, 0.0]])
    moved, alone = start.copy(), start[1:2].copy()
    together, single = Adam(moved, (0.9, 0.999)), Adam(alone, (0.9, 0.999))
    for _ in range(3):
        together.step(gradient, 0.1)
        single.step(gradient[1:2] / 5e8, 0.1)
    np.testing.assert_allclose(moved[1:2], alone)
    assert (moved[2:] == 1).all()
    np.testing.assert_allclose(moved[0], [0.7, 1.0, 1.0], rtol=1e-5)


def test_a_price_drives_symbols_out_and_choices_that_are_gone_stay_so() -> None:
    data = product_data()
    absent = []
    for price in (0.0, 50.0):
        engine, w, alpha = engine_of(COMPILED, data, "minimal")
        gone = np.isinf(alpha)
        ranges = data.X[:].min(axis=0), data.X[:].max(axis=0)
        options = RelaxedOptions(price=price, n_active=4)
        descent = Descent(engine.net, engine, w, alpha, ranges, len(data.validation), options)
        before = w.copy()
        for _ in range(20):
            descent.step(0.1)
        assert (alpha[gone] == -math.inf).all()
        assert np.isfinite(descent.w).all()
        assert (descent.w != before).any()
        absent.append(weights(engine.net, alpha, 1.0)[0][..., 0].mean())
    assert absent[1] > absent[0] + 0.2
