"""Units in headers and below them."""

from __future__ import annotations

import pytest

from eqdarts.tables.styles import Style
from eqdarts.tables.units import name_and_unit, names_and_units, row_of_units


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("m [kg]", "m", "kg"),
        ("v (km/s)", "v", "km/s"),
        ("t [°C]", "t", "°C"),
        ("a (m s^-2)", "a", "m s^-2"),
        ("R (kJ/(mol K))", "R", "kJ/(mol K)"),
        ("M (mag)", "M", "mag"),
        ("x (none)", "x (none)", ""),
        ("flow rate (m3/s)", "flow rate", "m3/s"),
        ("dose[mg]", "dose", "mg"),
        ("signal [a.u.]", "signal", "a.u."),
        ("share (%)", "share", "%"),
        ("f(x)", "f(x)", ""),
        ("width (mean)", "width (mean)", ""),
        ("x [1]", "x [1]", ""),
        ("[kg]", "[kg]", ""),
        ("y [n = 3]", "y [n = 3]", ""),
    ],
)
def test_the_unit_in_a_header(header: str, name: str, unit: str) -> None:
    assert name_and_unit(header) == (name, unit)


def test_names_stay_different() -> None:
    assert names_and_units(["m [kg]", "m [g]", "t (s)"]) == (["m [kg]", "m [g]", "t"], {"t": "s"})
    assert names_and_units(["m [kg]", "m"]) == (["m [kg]", "m"], {})


def test_a_row_of_units() -> None:
    columns = {"tree": ["", "a", "b"], "age": ["[d]", "1", "2"], "when": ["UTC", "2020-01-01", ""]}
    assert row_of_units(columns) == {"age": "d", "when": "UTC"}
    assert row_of_units({"x": ["m", "1,5", "2,5"], "n": ["-", "1", "2"]}, Style(",")) == {"x": "m"}
    assert row_of_units({"x": ["bad", "1", "2"], "y": ["3", "4", "5"]}) is None  # a measurement with a bad cell
    assert row_of_units({"x": ["", "1", "2"], "y": ["3", "4", "5"]}) is None
    assert row_of_units({"x": ["a", "b", "c"]}) is None
    assert row_of_units({}) is None
