"""`Equation.check_units`, and the audit of laws with constants of nature."""

from __future__ import annotations

import pytest

from eqdarts import Equation
from eqdarts.benchmark.problems import UNITS, load_suite
from eqdarts.units.parse import UnitError

# The constants of nature that stand in the laws as numbers, each with a name for its unit.
CONSTANTS = {
    "2.99792458e8": "m/s", "6.626e-34": "J s", "1.054571817e-34": "J s", "8.854e-12": "F/m", "1.380649e-23": "J/K",
    "6.67430e-11": "m3 kg-1 s-2", "6.6743e-11": "m3 kg-1 s-2", "9.80665": "m/s2", "9.2740100783e-24": "J/T",
    "9.10938356e-31": "kg",
}  # fmt: skip


def _unit(exponents: tuple[int, ...]) -> str:
    return " ".join(f"{base}{e}" for base, e in zip(UNITS, exponents, strict=True) if e)


@pytest.mark.parametrize("suite", ["srsd", "feynman"])
def test_the_units_of_all_laws_of_physics_add_up(suite: str) -> None:
    """The constants of nature are numbers in the laws of srsd, and columns in those of feynman."""
    for problem in load_suite(suite):
        text = problem.expression
        units = dict(zip((*problem.variables, "the target"), map(_unit, problem.units), strict=True))
        for k, (number, unit) in enumerate(CONSTANTS.items() if suite == "srsd" else ()):
            if number in text:
                text = text.replace(number, f"constant{k}")
                units[f"constant{k}"] = unit
        found = Equation.parse(text, target="the target").check_units(units)
        assert found.ok, f"{problem.name}: {found}"


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
