"""`Equation.check_units`, and the audit of laws with constants of nature."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import eqdarts.benchmark
from eqdarts import Equation
from eqdarts.units.parse import UnitError

# The constants of nature that stand in the laws as numbers, each with a name for its unit.
CONSTANTS = {
    "2.99792458e8": "m/s", "6.626e-34": "J s", "1.054571817e-34": "J s", "8.854e-12": "F/m", "1.380649e-23": "J/K",
    "6.67430e-11": "m3 kg-1 s-2", "6.6743e-11": "m3 kg-1 s-2", "9.80665": "m/s2", "9.2740100783e-24": "J/T",
    "9.10938356e-31": "kg",
}  # fmt: skip


def _unit(exponents: list[int]) -> str:
    return " ".join(f"{base}{e}" for base, e in zip(("m", "s", "kg", "K", "V"), exponents, strict=True) if e)


def test_the_units_of_all_laws_with_realistic_constants_add_up() -> None:
    path = Path(eqdarts.benchmark.__file__).parent / "problem_data" / "srsd.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        text = row["expression"]
        units = {name: _unit(exponents) for name, exponents in json.loads(row["units"]).items()}
        for k, (number, unit) in enumerate(CONSTANTS.items()):
            if number in text:
                text = text.replace(number, f"constant{k}")
                units[f"constant{k}"] = unit
        found = Equation.parse(text, target="the target").check_units(
            {**units, "the target": _unit(json.loads(row["unit"]))}
        )
        assert found.ok, f"{row['name']}: {found}"
    assert len(rows) == 120


def test_a_missing_constant_is_told_with_its_unit() -> None:
    law = Equation.parse("G*m1*m2/r**2", target="F")
    found = law.check_units({"m1": "kg", "m2": "kg", "r": "m", "F": "N"})
    assert found.units == {"G": "m3 kg-1 s-2"}
    assert str(found) == "The units add up. G has unit m3 kg-1 s-2."


def test_a_typed_number_has_no_unit_unless_it_may() -> None:
    law = Equation.parse("9.81*m*h", target="E")
    units = {"m": "kg", "h": "m", "E": "J"}
    assert not law.check_units(units).ok
    assert law.check_units(units, numbers=True).units == {"c0": "m s-2"}


def test_a_wrong_name_or_unit_is_told() -> None:
    law = Equation.parse("m*v", target="p")
    with pytest.raises(UnitError, match="Did you mean 'm'"):
        law.check_units({"M": "kg"})
    with pytest.raises(UnitError, match=r"The unit of v: .*Did you mean 'meter'"):
        law.check_units({"v": "meterr/s"})
