"""Units of rates: what they are, what laws pay for them, and what is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.rate_units import rate_units
from eqdarts.dynamics.stages import _coefficients, _finished, slope_table
from eqdarts.dynamics.trajectories import of_order, read_trajectories
from tests.dynamics.systems import data, law, problem

UNITS = {"S": "mg/L", "I": "mg/L", "time": "h"}


def test_a_rate_has_the_unit_of_its_state_per_time() -> None:
    found = rate_units(UNITS, data())
    assert found is not None
    assert str(found.columns[0].columns["dS/dt"]) == "mg L-1 h-1"
    thrown = of_order(read_trajectories(np.arange(9.0), np.arange(9.0), states=["y"]), 2)
    found = rate_units({"y": "m", "t": "s"}, thrown)
    assert found is not None
    assert [str(found.columns[0].columns[name]) for name in ("y_dot", "d2y/dt2")] == ["m s-1", "m s-2"]
    assert rate_units(None, data()) is None
    with pytest.raises(ValueError, match="R"):
        rate_units({"R": "m"}, data())


def test_a_law_pays_for_its_units_in_the_choice() -> None:
    own = problem(0.02)
    units = rate_units(UNITS, own.data)
    paid = replace(own, units=units)
    assert units is not None
    right, wrong = law("-0.4*S*I"), law("-0.4*S*I - sin(S)")
    assert units.price(wrong, 0) > units.price(right, 0)
    one, other = own.fit_one(right, 0), paid.fit_one(right, 0)
    assert one is not None
    assert other is not None
    assert other[2] - one[2] == pytest.approx(units.price(right, 0))
    assert slope_table(own.smooth, 0, True, units).units is units.columns[0]


def test_coefficients_have_their_units() -> None:
    own = problem(0.02)
    paid = replace(own, units=rate_units(UNITS, own.data))
    laws = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    fit = paid.fit_all(laws)
    assert fit is not None
    equations = [_finished(one, state, paid) for one, state in zip(fit[0], ("S", "I"), strict=True)]
    rows = _coefficients(Chosen(*fit, paid), equations)
    assert [row.unit for row in rows] == ["L mg-1 h-1", "L mg-1 h-1", "h-1"]
    assert paid.units is not None
    assert len(paid.units.in_words(equations)) == 2
