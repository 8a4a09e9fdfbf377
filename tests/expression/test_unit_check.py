"""The dimensional audit: every kind of part, and the sentence that names what does not add up."""

from __future__ import annotations

import pytest

from eqdarts.expression.parse import parse_formula
from eqdarts.expression.unit_check import UnitCheck, check_formula
from eqdarts.expression.written import write
from eqdarts.units.parse import parse_unit

UNITS = {
    "m": "kg", "v": "m/s", "u": "m/s", "x": "m", "z": "cm", "t": "s", "E": "J", "p": "kg m/s", "n": "", "angle": "deg",
}  # fmt: skip


def _check(formula: str, target: str | None = None, numbers: bool = False) -> UnitCheck:
    units = {name: parse_unit(text) for name, text in UNITS.items()}
    tree = write(parse_formula(formula).expr)
    return check_formula(tree, units, None if target is None else parse_unit(target), numbers)


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        ("m*v**2/2", "J"),
        ("sqrt(v**2 + u**2)", "m/s"),
        ("x + v*t", "m"),
        ("Max(v, u)*abs(t)", "m"),
        ("exp(-x/(v*t))*n", ""),
        ("sin(pi*x/(v*t)) + n", "1"),
        ("sign(v)*x", "m"),
        ("Max(0, x) - x", "m"),
        ("E - p**2/(2*m)", "J"),
        ("n**(v/u)*x", "m"),
        ("x**(3/2)/t", "m^1.5 s-1"),
    ],
)
def test_a_sound_formula_passes(formula: str, target: str) -> None:
    found = _check(formula, target)
    assert found.ok, str(found)
    assert str(found) == "The units add up."


@pytest.mark.parametrize(
    ("formula", "target", "said"),
    [
        ("m*v**2/2 + p", "J", "The term p has unit N s, but the target has unit J."),
        ("m*(v**2 + u)", "J", "but the terms beside it have"),
        ("x*(n + v + n)", "m", "The term v has unit m s-1, but the terms beside it have no unit."),
        ("sin(x)", None, "The argument of sin, x, has unit m; it must be a plain number."),
        ("exp(-t)*x", "m", "The argument of exp, -t, has unit s"),
        ("n**t", None, "The exponent t has unit s; it must be a plain number."),
        ("x**n", None, "The base x has unit m, and its exponent is not a number"),
        ("Max(x, t)", None, "In Max"),
        ("m*v", "J", "The formula m*v has unit N s, but the target has unit J."),
        ("x + z", None, "The dimension is the same; 1 of the first is"),
        ("cos(angle)", None, "1 of the first is 0.0174533 of what is needed."),
    ],
)
def test_the_part_that_does_not_add_up_is_named(formula: str, target: str | None, said: str) -> None:
    found = _check(formula, target)
    assert not found.ok
    assert said in str(found)


@pytest.mark.parametrize(
    ("formula", "target", "units"),
    [
        ("G*m**2/x**2", "N", {"G": "m3 kg-1 s-2"}),
        ("E*exp(-k*t)", "J", {"k": "s-1"}),
        ("m/sqrt(1 - v**2/c**2)", "kg", {"c": "m s-1"}),
        ("a*sin(w*t + phi)", "m", {"a": "m", "phi": "", "w": "s-1"}),
        ("(x/L)**b*n", None, {"L": "m", "b": ""}),
    ],
)
def test_units_of_names_without_one_are_solved(formula: str, target: str | None, units: dict[str, str]) -> None:
    found = _check(formula, target)
    assert found.ok, str(found)
    assert found.units == units


def test_numbers_of_a_fit_carry_units() -> None:
    found = _check("6.7e-11*m**2/x**2 + 2.5", "N", numbers=True)
    assert found.units == {"c0": "m3 kg-1 s-2", "c1": "N"} or found.units == {"c0": "N", "c1": "m3 kg-1 s-2"}
    assert found.price == pytest.approx(sum(_check(f, "N", True).price for f in ("6.7e-11*m**2/x**2", "n + 2.5 - n")))


def test_an_exact_number_carries_a_unit_only_where_it_must() -> None:
    assert _check("m*v**2/2 + E", "J", numbers=True).numbers == ()
    (number,) = _check("10*m*x", "J", numbers=True).numbers
    assert (number.name, number.value, str(number.unit.shown())) == (
        "10",
        10.0,
        "s-2".replace("s-2", number.unit.shown()),
    )


def test_the_factor_of_a_fitted_power_carries_the_rest_of_the_unit() -> None:
    found = _check("2.5*x**0.74", "J", numbers=True)
    assert found.units == {"c0": "J m^-0.74", "c1": ""}
    assert found.price > _check("2.5*x", "J", numbers=True).price
    assert not _check("x**0.74", "J", numbers=True).ok
    assert _check("x**0.5", "m^0.5").ok


def test_every_break_is_told() -> None:
    found = _check("sin(x) + exp(t)")
    assert {entry.part: str(entry.missing) for entry in found.breaks} == {"x": "m", "t": "s"}
