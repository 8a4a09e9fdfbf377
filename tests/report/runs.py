"""A run that nothing was searched for, which the tests of reports show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from eqdarts.fitting.run import Run
from tests import fake_estimator


def planets(name: str = "semi_major_axis", target: str = "period", n: int = 12) -> tuple[pd.DataFrame, pd.Series]:
    """Return rows of a power law that a wave is added to."""
    x = np.linspace(0.4, 30, n)
    return pd.DataFrame({name: x}), pd.Series(365 * x**1.5 + np.cos(7 * x), name=target)


def planets_run(name: str = "semi_major_axis", target: str = "period") -> Run:
    """Return the run of the stand-in estimator on them, as from a file."""
    model = fake_estimator.DARTSRegressor(random_state=0).fit(*planets(name, target))
    return replace(model.run_, source="planets.csv")
