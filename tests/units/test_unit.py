"""Products, powers and comparisons of units."""

from __future__ import annotations

from fractions import Fraction

import pytest

from eqdarts.units.parse import parse_unit
from eqdarts.units.unit import ONE, Unit, in_base_units


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N", "kg m s-2"),
        ("J", "N m"),
        ("W", "V A"),
        ("ohm", "V/A"),
        ("T", "Wb m-2"),
        ("F", "C/V"),
        ("mM", "mol m-3"),
        ("g/mL", "kg/L"),
        ("Hz", "s-1"),
    ],
)
def test_equal_units_have_one_dimension(one: str, other: str) -> None:
    assert parse_unit(one).dimension == parse_unit(other).dimension
    assert parse_unit(one).is_same(parse_unit(other))


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("mmHg", 133.322387415),
        ("atm L", 101.325),
        ("eV", 1.602176634e-19),
        ("h", 3600),
        ("d", 86400),
        ("kcal", 4184),
        ("pc", 3.0856775814913673e16),
        ("%", 0.01),
        ("deg", 0.017453292519943295),
        ("km/h", 1 / 3.6),
    ],
)
def test_the_size_in_the_si(text: str, factor: float) -> None:
    assert parse_unit(text).factor == pytest.approx(factor, rel=1e-12)


def test_arithmetic_is_exact() -> None:
    gravity = parse_unit("N") * parse_unit("m2") / parse_unit("kg2")
    assert str(gravity) == "N m2 kg-2"
    assert gravity.dimension[:3] == (-1, 3, -2)
    assert gravity.size == 6
    assert (gravity ** Fraction(1, 3)) ** 3 == gravity
    assert gravity / gravity == ONE
    assert Unit().is_number
    assert in_base_units(gravity.dimension).is_same(gravity)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("N m2 kg-2", "m3 kg-1 s-2"),
        ("J K-1 mol-1", "J K-1 mol-1"),
        ("J s rad-1", "J s"),
        ("mmHg L mol-1", "mmHg L mol-1"),
        ("kg m-1 s-2", "Pa"),
        ("mM-1", "mM-1"),
        ("J degC-1", "J K-1"),
        ("m^(1/2)", "m^(1/2)"),
    ],
)
def test_the_shortest_usual_text_that_changes_no_number(text: str, shown: str) -> None:
    assert parse_unit(text).shown() == shown
    assert parse_unit(shown).is_same(parse_unit(text))


def test_only_a_temperature_alone_has_an_offset() -> None:
    assert parse_unit("degC").offset == 273.15
    assert parse_unit("J/degC").offset == parse_unit("K").offset == 0
