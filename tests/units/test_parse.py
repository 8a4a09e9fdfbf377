"""Which spellings of units are read, and what is said of the others."""

from __future__ import annotations

import pytest

from eqdarts.units.parse import UnitError, parse_unit

READ = {
    "kg m s-2": "kg m s-2",
    "kg*m/s^2": "kg m s-2",
    "kg m/s**2": "kg m s-2",
    "kg·m·s⁻²": "kg m s-2",
    "kilogram * meter / second ** 2": "kg m s-2",
    "": "",
    "1": "",
    "dimensionless": "",
    "J/(kg K)": "J kg-1 K-1",
    "J / (K kg)": "J K-1 kg-1",
    "m/s/s": "m s-2",
    "1/min": "min-1",
    "mmHg": "mmHg",
    "mM": "mM",
    "µmol/L": "umol L-1",
    "h": "h",
    "d": "d",
    "keV": "keV",
    "kcal": "kcal",
    "mbar": "mbar",
    "liter * standard_atmosphere": "L atm",
    "°C": "degC",
    "au": "au",
    "km s-1 Mpc-1": "km s-1 Mpc-1",
    "ly": "ly",
    "solMass": "M_sun",
    "%": "%",
    "ppm": "ppm",
    "rad s-1": "rad s-1",
    "°": "deg",
    "sqrt(m)": "m^(1/2)",
    "m(1/2)": "m^(1/2)",
    "m^0.5": "m^(1/2)",
    "(m/s)^2": "m2 s-2",
    "cmH2O s": "cmH2O s",
    "nanometers": "nm",
    "Ω": "ohm",
}

REFUSED = {
    "kgg": "Did you mean 'kg'?",
    "meterr": "Did you mean 'meter'?",
    "secnd": "Did you mean 'second'?",
    "Kelvin": "Did you mean 'kelvin'?",
    "furlong": "units of the SI",
    "parrot": "units of the SI",
    "kkg": "Did you mean 'kg'?",
    "kmeter": "Did you mean 'meter'?",
    "kilom": "kilo",
    "J/kg K": "write J/(kg K) or J kg-1 K-1",
    "m/s kg": "below the line",
    "2 m": "scale the values",
    "10^3 m": "scale the values",
    "5": "scale the values",
    "1e3": "scale the values",
    "m^": "number as the exponent",
    "m^x": "number as the exponent",
    "m^(1/0)": "divide by zero",
    "m**101": "size at most 100",
    "(m": "bracket",
    "m)": "bracket",
    "m^(2": "bracket",
    "(" * 30 + "m": "at most 20 deep",
    "m//s": "name of a unit",
    "*m": "name of a unit",
    "m*": "Write a unit there",
    "m/": "Write a unit there",
    "m + s": "Use names of units",
    "m, s": "Use names of units",
    "dB": "logarithm",
    "pH": "logarithm",
    "C°": "Write a space",
    "m" * 300: "at most 200",
    3: "must be text",
    None: "must be text",
}


@pytest.mark.parametrize("text", READ)
def test_a_unit_is_read_and_its_text_reads_back(text: str) -> None:
    found = parse_unit(text)
    assert str(found) == READ[text]
    assert parse_unit(str(found)) == found


@pytest.mark.parametrize("text", REFUSED)
def test_another_text_is_refused_with_what_to_write(text: object) -> None:
    with pytest.raises(UnitError, match=REFUSED[text].replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")):
        parse_unit(text)


def test_at_least_thirty_of_each() -> None:
    assert min(len(READ), len(REFUSED)) >= 30
