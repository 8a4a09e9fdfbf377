"""Runs that do not share their constants."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.between import between_runs
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.shooting import Fitted
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.equation.equation import Equation


def _decays(rates: np.ndarray) -> Fitted:
    """Return the fit of one rate to the decays of several runs."""
    t = np.linspace(0, 4, 30)
    rng = np.random.default_rng(0)
    runs = [3 * np.exp(-rate * t) + 0.02 * rng.standard_normal(30) for rate in rates]
    data = read_trajectories(runs, [t] * len(runs), states=["x"])
    fit = Problem(data, smooth_states(data)).fit_all([Law(Equation.parse("-0.5*x", data.variables), 0.0)])
    assert fit is not None
    return fit[1]


def test_runs_with_the_same_constants_have_the_usual_errors() -> None:
    assert between_runs(_decays(np.full(8, 0.5))) is None


def test_runs_with_constants_of_their_own_have_errors_from_their_scatter() -> None:
    rates = np.array([0.40, 0.45, 0.5, 0.55, 0.6, 0.42, 0.58, 0.5])
    fitted = _decays(rates)
    found = between_runs(fitted)
    assert found is not None
    assert found.p_value < 1e-6
    assert found.freedom == 7
    assert found.inflation == pytest.approx((fitted.information[0, 0] * found.information[0, 0] ** -1) ** 2, rel=0.3)
    assert 1 / found.information[0, 0] == pytest.approx(rates.std(ddof=1) / np.sqrt(8), rel=0.3)
    assert 1 / found.information[0, 0] > 3 / abs(fitted.information[0, 0])


def test_few_runs_have_the_usual_errors() -> None:
    assert between_runs(_decays(np.array([0.3, 0.5, 0.7]))) is None
