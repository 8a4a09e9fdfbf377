"""The units of a table: read, checked before the search, priced, and told with the law."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.dimensions import ColumnUnits, column_units, constant_units, without_units
from eqdarts.fitting.run import Run
from eqdarts.units.parse import UnitError, parse_unit
from eqdarts.units.unit import Unit
from tests.fits import QUICK

UNITS = {"m1": "kg", "m2": "kg", "r": "m", "F": "N"}


def _given(units: Any = None, y_units: Any = None, carried: Mapping[str, Unit] | None = None) -> ColumnUnits | None:
    return column_units((units, y_units, carried or {}), ("m", "v"), "E", {}, False)


def _table(law: str, constants: dict[str, float], **ranges: tuple[float, float]) -> tuple[pd.DataFrame, pd.Series]:
    """Return the table of a law that does not have its constants."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: rng.uniform(low, high, 40) for name, (low, high) in ranges.items()})
    equation = Equation.parse(law, variables=(*ranges, *constants), target="y")
    return X, pd.Series(equation.predict(X.assign(**constants)), name="y")


def _fit(X: pd.DataFrame, y: pd.Series, law: str, units: dict[str, str], **more: Any) -> DARTSRegressor:
    quick = {"guesses": [law], "max_refits": 40, "max_complexity": 20}
    return DARTSRegressor(**(QUICK | quick | more)).fit(X, y, units=units)


@cache
def _attraction() -> DARTSRegressor:
    X, y = _table("G*m1*m2/r**2", {"G": 6.674e-11}, m1=(1, 5), m2=(1, 5), r=(1, 5))
    return _fit(X, y.rename("F"), "G*m1*m2/r**2", UNITS)


def test_the_units_of_columns_and_target() -> None:
    found = _given({"m": "kg", "v": "km/h"}, "J")
    assert found is not None
    assert {name: str(unit) for name, unit in found.columns.items()} == {"m": "kg", "v": "km h-1", "E": "J"}
    assert _given({"E": "J"}, "N m") is not None
    assert _given() is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (({"M": "kg"},), "Did you mean 'm'"),
        (({"m": "kgg"},), "The unit of m: .*Did you mean 'kg'"),
        (({"m": "kg"}, "jouls"), "The unit of E: .*Did you mean 'joules'|The unit of E: .*Did you mean 'joule'"),
        (({"E": "J"}, "N"), "E has one unit. Got J and N"),
        (({"m": "kg"}, None, {"m": parse_unit("g")}), "m has one unit. Got g and kg"),
        (("kg",), "units must map columns to units"),
    ],
)
def test_an_error_names_the_column(given: tuple[Any, ...], said: str) -> None:
    with pytest.raises(UnitError, match=said):
        _given(*given)


def test_a_wrong_unit_is_told_before_any_search() -> None:
    with pytest.raises(UnitError, match="Did you mean 'm'"):
        DARTSRegressor().fit(pd.DataFrame({"m": np.arange(20.0)}), np.arange(20.0), units={"mm": "kg"})


def test_a_scale_with_an_arbitrary_zero_is_warned_of() -> None:
    with pytest.warns(EqdartsWarning, match="The unit of m counts from an arbitrary zero"):
        _given({"m": "degC"})


def test_constants_may_have_units() -> None:
    values, units = constant_units({"g": (9.80665, "m/s2"), "n": 3.0})
    assert values == {"g": 9.80665, "n": 3.0}
    assert {name: str(unit) for name, unit in units.items()} == {"g": "m s-2"}
    with pytest.raises(UnitError, match="The unit of g"):
        constant_units({"g": (9.8, "parrot")})


def test_values_with_units_become_plain() -> None:
    X, y, carried = without_units(pd.DataFrame({"m": [1.0]}), pd.Series([1.0]))
    assert carried == {}
    pint = pytest.importorskip("pint")
    pytest.importorskip("pint_pandas")
    frame = pd.DataFrame({"m": pd.Series([1.0, 2.0], dtype="pint[kg]"), "n": [1, 2]})
    X, y, carried = without_units(frame, np.array([1.0, 2.0]) * pint.UnitRegistry().J)
    assert X.dtypes["m"] == np.float64
    assert type(y) is np.ndarray
    assert {name: str(unit) for name, unit in carried.items()} == {"m": "kg", "": "J"}


def test_a_law_pays_for_units_and_for_breaks() -> None:
    units = _given({"m": "kg", "v": "m/s", "E": "J"})
    assert units is not None

    def price(text: str) -> float:
        return units.price(Equation(Equation.parse(text, variables=["m", "v"]).expr, ("m", "v"), "E"))

    assert price("0.5*m*v**2") == price("m*v**2/2") == 0
    assert 0 < price("0.5*m*v") < price("0.5*m + 1.5*v")
    assert price("0.5*m*v") < price("m*v") < price("m*sin(v)")


def test_coefficients_may_have_to_be_plain_numbers() -> None:
    law = Equation(Equation.parse("0.5*m*v", variables=["m", "v"]).expr, ("m", "v"), "E")
    units = {name: parse_unit(text) for name, text in {"m": "kg", "v": "m/s", "E": "J"}.items()}
    assert ColumnUnits(units).check(law).ok
    (sentence, price) = ColumnUnits(units, plain_numbers=True).in_words(law)
    assert sentence.startswith("The formula 0.5*m*v has unit N s, but the target has unit J.")
    assert price.startswith("It pays ")


def test_exponents_of_the_base_units() -> None:
    units = ColumnUnits({name: parse_unit(text) for name, text in {"m": "kg", "v": "km/h", "E": "J"}.items()})
    found = units.exponents(("m", "v"), "E")
    assert found is not None
    assert found.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]
    assert units.exponents(("m", "unknown"), "E") is None


def test_a_missing_constant_is_told_with_its_unit_everywhere() -> None:
    model = _attraction()
    assert model.equation_.format() == "F = 6.674e-11*m1*m2/r**2"
    assert model.equation_.check_units().units == {"c0": "m3 kg-1 s-2"}
    assert "m3 kg-1 s-2" in model.summary(profile=False)
    assert model.equations_["units"][model.run_.chosen] == "The units add up. c0 has unit m3 kg-1 s-2."
    assert r"c_{0} = 6.674 \cdot 10^{-11}\,\mathrm{m^{3}\,kg^{-1}\,s^{-2}}" in model.equation_.latex(units=True)
    assert '"c0": "m3 kg-1 s-2"' in model.equation_.to_json()
    assert model.run_.inference(0).equation.units
    assert "It pays 5.9 nats for its units." in model.selection_


def test_the_ratio_of_two_constants_is_told_with_its_unit() -> None:
    law = "a*f**3/(exp(b*f/T) - 1)"
    X, y = _table(law, {"a": 1.47e-50, "b": 4.8e-11}, f=(1e13, 1e14), T=(1000, 6000))
    model = _fit(X, y, law, {"f": "Hz", "T": "K", "y": "W m-2 Hz-1"}, max_refits=1)
    found = next(law.check_units() for law in model.front_ if "exp" in str(law))
    assert found.ok
    assert {"kg s", "s K"} <= set(found.units.values())


def test_a_constant_is_named_where_its_unit_fits() -> None:
    X, y = _table("g*m*z", {"g": 9.80665}, m=(1, 5), z=(1, 9))
    units = {"m": "kg", "z": "m", "y": "J"}
    for unit, known in (("m/s2", {"g": 9.80665}), ("m/s", {})):
        model = _fit(X, y, "a*m*z", units, constants={"g": (9.80665, unit)})
        assert model.known_ == known
        assert model.equation_.check_units().ok


def test_units_are_kept_in_a_file() -> None:
    run = _attraction().run_
    again = Run.from_json(run.to_json())
    assert [equation.units for equation in again.equations] == [equation.units for equation in run.equations]
    assert dict(again.equation.units) == UNITS
