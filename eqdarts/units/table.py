"""The table of units: seven bases, the derived units of the SI, and those that laboratories and observatories use.

A new unit is one more row. The factor says how many units of the SI it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

__all__ = ["BASES", "NamedUnit", "known_names", "named_unit"]

BASES = ("kg", "m", "s", "A", "K", "mol", "cd")
"""The bases of the SI, in the order of every dimension."""

PREFIXES = {
    "Q": ("quetta", 30), "R": ("ronna", 27), "Y": ("yotta", 24), "Z": ("zetta", 21), "E": ("exa", 18),
    "P": ("peta", 15), "T": ("tera", 12), "G": ("giga", 9), "M": ("mega", 6), "k": ("kilo", 3), "h": ("hecto", 2),
    "da": ("deca", 1), "d": ("deci", -1), "c": ("centi", -2), "m": ("milli", -3), "u": ("micro", -6),
    "n": ("nano", -9), "p": ("pico", -12), "f": ("femto", -15), "a": ("atto", -18), "z": ("zepto", -21),
    "y": ("yocto", -24), "r": ("ronto", -27), "q": ("quecto", -30),
}  # fmt: skip


@dataclass(frozen=True)
class NamedUnit:
    """A unit that has a name.

    Parameters
    ----------
    symbol : str
        As it is printed.
    factor : float
        How many coherent units of the SI it is.
    dimension : tuple of int
        Exponents of `BASES`.
    names : tuple of str
        Other spellings; a plural with s is known without being listed.
    prefixed : bool
        Whether prefixes of the SI may stand before it.
    offset : float
        Where its scale begins, in units of the SI: 273.15 for degC.
    """

    symbol: str
    factor: float
    dimension: tuple[int, ...]
    names: tuple[str, ...] = ()
    prefixed: bool = False
    offset: float = 0.0


def _of(**powers: int) -> tuple[int, ...]:
    return tuple(powers.get(base, 0) for base in BASES)


_NONE = _of()
_LENGTH, _VOLUME = _of(m=1), _of(m=3)
_TIME, _MASS = _of(s=1), _of(kg=1)
_FORCE, _PRESSURE = _of(kg=1, m=1, s=-2), _of(kg=1, m=-1, s=-2)
_ENERGY, _POWER = _of(kg=1, m=2, s=-2), _of(kg=1, m=2, s=-3)
_RATE, _SPEED = _of(s=-1), _of(m=1, s=-1)

_SI = (
    NamedUnit("kg", 1.0, _MASS, ("kilogram", "kilogramme")),
    NamedUnit("g", 1e-3, _MASS, ("gram", "gramme"), True),
    NamedUnit("m", 1.0, _LENGTH, ("meter", "metre"), True),
    NamedUnit("s", 1.0, _TIME, ("second", "sec"), True),
    NamedUnit("A", 1.0, _of(A=1), ("ampere", "amp"), True),
    NamedUnit("K", 1.0, _of(K=1), ("kelvin", "delta_degC", "delta_degree_Celsius"), True),
    NamedUnit("mol", 1.0, _of(mol=1), ("mole",), True),
    NamedUnit("cd", 1.0, _of(cd=1), ("candela",), True),
    NamedUnit("N", 1.0, _FORCE, ("newton",), True),
    NamedUnit("J", 1.0, _ENERGY, ("joule",), True),
    NamedUnit("W", 1.0, _POWER, ("watt",), True),
    NamedUnit("Pa", 1.0, _PRESSURE, ("pascal",), True),
    NamedUnit("C", 1.0, _of(A=1, s=1), ("coulomb",), True),
    NamedUnit("V", 1.0, _of(kg=1, m=2, s=-3, A=-1), ("volt",), True),
    NamedUnit("ohm", 1.0, _of(kg=1, m=2, s=-3, A=-2), ("Ohm", "\u2126", "\u03a9"), True),
    NamedUnit("S", 1.0, _of(kg=-1, m=-2, s=3, A=2), ("siemens",), True),
    NamedUnit("F", 1.0, _of(kg=-1, m=-2, s=4, A=2), ("farad",), True),
    NamedUnit("H", 1.0, _of(kg=1, m=2, s=-2, A=-2), ("henry",), True),
    NamedUnit("Wb", 1.0, _of(kg=1, m=2, s=-2, A=-1), ("weber",), True),
    NamedUnit("T", 1.0, _of(kg=1, s=-2, A=-1), ("tesla",), True),
    NamedUnit("Hz", 1.0, _RATE, ("hertz",), True),
    NamedUnit("Bq", 1.0, _RATE, ("becquerel",), True),
    NamedUnit("Gy", 1.0, _of(m=2, s=-2), ("gray",), True),
    NamedUnit("Sv", 1.0, _of(m=2, s=-2), ("sievert",), True),
    NamedUnit("kat", 1.0, _of(mol=1, s=-1), ("katal",), True),
    NamedUnit("lm", 1.0, _of(cd=1), ("lumen",), True),
    NamedUnit("lx", 1.0, _of(cd=1, m=-2), ("lux",), True),
    NamedUnit("rad", 1.0, _NONE, ("radian",), True),
    NamedUnit("sr", 1.0, _NONE, ("steradian",)),
)

_LABORATORY = (
    NamedUnit("L", 1e-3, _VOLUME, ("l", "liter", "litre"), True),
    NamedUnit("M", 1e3, _of(mol=1, m=-3), ("molar",), True),
    NamedUnit("min", 60.0, _TIME, ("minute",)),
    NamedUnit("h", 3600.0, _TIME, ("hour", "hr")),
    NamedUnit("d", 86400.0, _TIME, ("day",)),
    NamedUnit("week", 604800.0, _TIME, ("wk",)),
    NamedUnit("yr", 31557600.0, _TIME, ("a", "year", "annum", "julian_year"), True),
    NamedUnit("t", 1e3, _MASS, ("tonne", "metric_ton"), True),
    NamedUnit("u", 1.66053906892e-27, _MASS, ("Da", "dalton", "amu", "unified_atomic_mass_unit"), True),
    NamedUnit("eV", 1.602176634e-19, _ENERGY, ("electron_volt", "electronvolt"), True),
    NamedUnit("cal", 4.184, _ENERGY, ("calorie",), True),
    NamedUnit("Wh", 3600.0, _ENERGY, ("watt_hour",), True),
    NamedUnit("erg", 1e-7, _ENERGY),
    NamedUnit("dyn", 1e-5, _FORCE, ("dyne",)),
    NamedUnit("kgf", 9.80665, _FORCE, ("kilogram_force",)),
    NamedUnit("bar", 1e5, _PRESSURE, (), True),
    NamedUnit("atm", 101325.0, _PRESSURE, ("standard_atmosphere", "atmosphere")),
    NamedUnit("Torr", 101325.0 / 760, _PRESSURE, ("torr",)),
    NamedUnit("mmHg", 133.322387415, _PRESSURE, ("millimeter_Hg", "mm_Hg")),
    NamedUnit("cmH2O", 98.0665, _PRESSURE, ("centimeter_H2O", "cm_H2O")),
    NamedUnit("psi", 6894.757293168, _PRESSURE, ("pound_force_per_square_inch",)),
    NamedUnit("P", 0.1, _of(kg=1, m=-1, s=-1), ("poise",), True),
    NamedUnit("G", 1e-4, _of(kg=1, s=-2, A=-1), ("gauss", "Gauss"), False),
    NamedUnit("angstrom", 1e-10, _LENGTH, ("Angstrom", "AA", "\u212b", "\u00c5"), False),
    NamedUnit("micron", 1e-6, _LENGTH),
    NamedUnit("ha", 1e4, _of(m=2), ("hectare",)),
    NamedUnit("degC", 1.0, _of(K=1), ("\u00b0C", "deg_C", "celsius", "Celsius", "degree_Celsius"), False, 273.15),
    NamedUnit("degF", 5 / 9, _of(K=1), ("\u00b0F", "deg_F", "fahrenheit", "degree_Fahrenheit"), False, 255.372222222),
    NamedUnit("inch", 0.0254, _LENGTH, ("in",)),
    NamedUnit("ft", 0.3048, _LENGTH, ("foot", "feet")),
    NamedUnit("yd", 0.9144, _LENGTH, ("yard",)),
    NamedUnit("mi", 1609.344, _LENGTH, ("mile",)),
    NamedUnit("mph", 0.44704, _SPEED, ("mile_per_hour",)),
    NamedUnit("knot", 1852 / 3600, _SPEED, ("kn",)),
    NamedUnit("lb", 0.45359237, _MASS, ("pound",)),
    NamedUnit("oz", 0.028349523125, _MASS, ("ounce",)),
    NamedUnit("hp", 745.6998715822702, _POWER, ("horsepower",)),
)

_SKY = (
    NamedUnit("au", 149597870700.0, _LENGTH, ("AU", "astronomical_unit")),
    NamedUnit("ly", 9460730472580800.0, _LENGTH, ("lyr", "light_year")),
    NamedUnit("pc", 648000 / math.pi * 149597870700.0, _LENGTH, ("parsec",), True),
    NamedUnit("M_sun", 1.98840987e30, _MASS, ("Msun", "solMass", "solar_mass", "M_Sun")),
    NamedUnit("R_sun", 6.957e8, _LENGTH, ("Rsun", "solRad", "solar_radius")),
    NamedUnit("L_sun", 3.828e26, _POWER, ("Lsun", "solLum", "solar_luminosity")),
    NamedUnit("M_earth", 5.972168e24, _MASS, ("Mearth", "earthMass")),
    NamedUnit("R_earth", 6.3781e6, _LENGTH, ("Rearth", "earthRad")),
    NamedUnit("Jy", 1e-26, _of(kg=1, s=-2), ("jansky",), True),
)

_NUMBERS = (
    NamedUnit("deg", math.pi / 180, _NONE, ("degree", "\u00b0")),
    NamedUnit("arcmin", math.pi / 10800, _NONE, ("arcminute",)),
    NamedUnit("arcsec", math.pi / 648000, _NONE, ("arcsecond",), True),
    NamedUnit("mas", math.pi / 648e6, _NONE, ("milliarcsecond",)),
    NamedUnit("%", 1e-2, _NONE, ("percent",)),
    NamedUnit("permille", 1e-3, _NONE, ("\u2030",)),
    NamedUnit("ppm", 1e-6, _NONE),
    NamedUnit("ppb", 1e-9, _NONE),
    NamedUnit("count", 1.0, _NONE, ("ct",)),
)

UNITS = (*_SI, *_LABORATORY, *_SKY, *_NUMBERS)


@cache
def _by_name() -> dict[str, NamedUnit]:
    found = {name: row for row in UNITS for name in (row.symbol, *row.names)}
    plurals = {f"{name}s": row for name, row in found.items() if len(name) > 2 and name.isalpha()}
    return {**plurals, **found}


def known_names() -> list[str]:
    """Return every name in the table, without prefixes and plurals."""
    return [name for row in UNITS for name in (row.symbol, *row.names)]


@cache
def named_unit(name: str) -> NamedUnit | None:
    """Return the unit of a name, with or without a prefix of the SI; None if there is none.

    >>> named_unit("mmol").factor, named_unit("min").factor, named_unit("Pa").symbol
    (0.001, 60.0, 'Pa')
    """
    table = _by_name()
    if name in table:
        return table[name]
    name = name.replace("\u00b5", "u", 1).replace("\u03bc", "u", 1)  # the signs for micro
    for sign, (word, exponent) in PREFIXES.items():
        for written in (sign, word):
            row = table.get(name[len(written) :]) if name.startswith(written) else None
            # A long prefix goes with a long name, and a sign with a sign.
            if row is not None and row.prefixed and (written == sign) == (name[len(written) :] in _signs(row)):
                return NamedUnit(sign + row.symbol, 10.0**exponent * row.factor, row.dimension)
    return None


def _signs(row: NamedUnit) -> tuple[str, ...]:
    return row.symbol, *(name for name in row.names if len(name) <= 2)
