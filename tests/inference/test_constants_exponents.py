"""Exponents that the search took as fixed, let free to say how well the rows know them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor
from eqdarts.equation.equation import Equation
from eqdarts.inference.constants_exponents import exponent_snaps
from tests.helpers import QUICK
from tests.places import DATASETS


@pytest.mark.slow
def test_kepler_tells_the_interval_of_its_exponent() -> None:
    table = pd.read_csv(DATASETS / "solar_system.csv")
    model = DARTSRegressor(**QUICK).fit(table[["semi_major_axis_au"]], table["period_days"])
    assert model.equation_.format(4) == "period_days = 364.8*semi_major_axis_au**(3/2)"
    (snap,) = model.snaps_
    assert (snap.coefficient, snap.constant) == ("exponent of semi_major_axis_au", "3/2")
    assert snap.interval == pytest.approx((1.49844, 1.50045), abs=1e-5)
    assert snap.interval[0] < 1.5 < snap.interval[1]
    assert snap.loss_after > snap.loss_before
    assert "exponent of semi_major_axis_au = 1.49944 became 3/2" in model.summary(profile=False)


def test_exponents_are_let_free_only_where_that_says_something() -> None:
    rng = np.random.default_rng(0)
    X = {"x": rng.uniform(0.5, 3, 60), "z": rng.uniform(-1, 1, 60)}
    y = 2.7 * X["x"] ** 2.5 + X["z"] ** 2 + 0.01 * rng.normal(size=60)
    law = Equation.parse("2.7*x**(5/2) + z**2", ["x", "z"]).fit(X, y)
    (snap,) = exponent_snaps(law, X, y)  # z is negative at some rows
    assert (snap.coefficient, snap.constant) == ("exponent of x", "5/2")
    assert snap.interval[0] < 2.5 < snap.interval[1]
    assert exponent_snaps(law, X, y, usual={Fraction(2), Fraction(5, 2)}) == ()
    other = Equation.parse("2.7*x**(7/3)", ["x"]).fit(X, 2.7 * X["x"] ** 2.2 + 0.001 * rng.normal(size=60))
    assert exponent_snaps(other, X, 2.7 * X["x"] ** 2.2 + 0.001 * rng.normal(size=60)) == ()
