"""The summary of a fit in words."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from tests.fits import QUICK, fallen


@pytest.mark.slow
def test_summary_has_everything() -> None:
    model = fallen(named=True)
    shown = model.summary()
    for part in ("h = g*t**2/2", "rows", "R2", "given", "became g/2", "rivals", "pure error of replicates"):
        assert part in shown
    other = model.summary(index=0, profile=False)
    assert "became" not in other
    assert "profile" not in other
    assert "t**2" in other  # the chosen one is a rival now
    assert max(map(len, shown.splitlines())) <= 88


@pytest.mark.slow
def test_summary_says_what_cannot_be_told_apart() -> None:
    x = np.tile(np.linspace(1.0, 2.0, 4), 5)
    y = 3 * x + np.random.default_rng(0).normal(size=20)
    model = DARTSRegressor(**QUICK).fit(np.column_stack([x, x]), y)
    assert isinstance(model.summary(), str)
    assert all(model.inference(k).rank <= 4 for k in range(len(model.front_)))
