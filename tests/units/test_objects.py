"""Units of pint, astropy, unyt and pint-pandas; each test is skipped where the library is missing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.units.objects import unit_from, unit_of_values
from eqdarts.units.parse import UnitError


class _UnitOfAnotherLibrary:
    dimensionality = "[mass]"

    def __str__(self) -> str:
        return "kilogram / meter ** 3"


def test_an_object_is_read_by_what_it_offers() -> None:
    own = _UnitOfAnotherLibrary()
    assert str(unit_from(own)) == "kg m-3"
    assert str(unit_from(SimpleNamespace(units=own, magnitude=1))) == "kg m-3"
    assert str(unit_of_values(SimpleNamespace(dtype=SimpleNamespace(units=own)))) == "kg m-3"
    with pytest.raises(UnitError, match="no factor"):
        unit_from(SimpleNamespace(units=own, magnitude=2))


@pytest.mark.parametrize("given", [3, None, pd.Series([1.0]), object()])
def test_other_objects_are_refused(given: Any) -> None:
    with pytest.raises(UnitError, match="A unit must be"):
        unit_from(given)


@pytest.mark.parametrize("values", [np.ones(2), pd.Series([1.0]), pd.Series(pd.to_datetime(["2020-01-01"])), [1.0]])
def test_plain_values_have_no_unit(values: Any) -> None:
    assert unit_of_values(values) is None


def test_pint() -> None:
    registry = pytest.importorskip("pint").UnitRegistry()
    assert str(unit_from(registry.kg * registry.m / registry.s**2)) == "kg m s-2"
    assert str(unit_from(registry.Unit("mmHg"))) == "mmHg"
    assert str(unit_from(1 * registry.degC)) == "degC"
    assert str(unit_of_values(np.ones(3) * registry.km)) == "km"


def test_pint_pandas() -> None:
    pytest.importorskip("pint_pandas")
    assert str(unit_of_values(pd.Series([1.0, 2.0], dtype="pint[kg]"))) == "kg"


def test_astropy() -> None:
    u = pytest.importorskip("astropy.units")
    assert str(unit_from(u.J / (u.kg * u.K))) == "J K-1 kg-1"
    assert str(unit_from(u.solMass)) == "M_sun"
    assert str(unit_from(u.m**0.5)) == "m^(1/2)"
    assert str(unit_from(1 * u.percent)) == "%"
    assert str(unit_of_values(np.ones(3) * u.km)) == "km"


def test_unyt() -> None:
    unyt = pytest.importorskip("unyt")
    assert str(unit_from(unyt.kg * unyt.m / unyt.s**2)) == "kg m s-2"
    assert str(unit_of_values(unyt.unyt_array([1.0, 2.0], "m**0.5"))) == "m^(1/2)"
