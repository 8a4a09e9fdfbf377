"""Units in a header, such as ``m [kg]``, and in a row of their own below it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from eqdarts.tables.cells import MISSING, as_number
from eqdarts.tables.dates import is_date
from eqdarts.tables.styles import PLAIN, Style
from eqdarts.units.parse import UnitError, parse_unit

__all__ = ["name_and_unit", "names_and_units", "row_of_units"]

LOGARITHMS = frozenset({"dB", "dex", "mag", "pH"})  # no units to calculate with
LONGEST_UNIT = 24  # characters
LOOKED_AT = 200  # cells that tell whether a column is measured
_BRACKETS = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]+)\]")
_PARENTHESES = re.compile(r"(?P<name>.*\S)\s+\((?P<unit>(?:[^()]|\([^()]*\))+)\)")
_NOT_UNITS = re.compile(r"[\d\s.,;:=<>+-]*|.*=.*")


def name_and_unit(header: str) -> tuple[str, str]:
    """Return the name in a header and its unit, "" if it has none.

    In square brackets any short text is a unit; in parentheses only a known one is.

    >>> name_and_unit("m [kg]"), name_and_unit("v (km/s)"), name_and_unit("width (mean)"), name_and_unit("f(x)")
    (('m', 'kg'), ('v', 'km/s'), ('width (mean)', ''), ('f(x)', ''))
    """
    for pattern, is_unit in ((_BRACKETS, _may_be_unit), (_PARENTHESES, _is_known_unit)):
        match = pattern.fullmatch(header)
        if match is not None and is_unit(match["unit"].strip()):
            return match["name"], match["unit"].strip()
    return header, ""


def _may_be_unit(text: str) -> bool:
    return len(text) <= LONGEST_UNIT and _NOT_UNITS.fullmatch(text) is None


def _is_known_unit(text: str) -> bool:
    """Whether the text is a unit and no other word: "(mean)" is none."""
    if not _may_be_unit(text):
        return False
    try:
        return text in LOGARITHMS or bool(str(parse_unit(text))) or "%" in text
    except UnitError:
        return False


def names_and_units(headers: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the names of columns without their units, and the units by name.

    Where two names would then be the same, both keep what stands in their brackets.
    """
    parted = [name_and_unit(header) for header in headers]
    plain = [name for name, _ in parted]
    names: list[str] = []
    units: dict[str, str] = {}
    for header, (name, unit) in zip(headers, parted, strict=True):
        own = name if plain.count(name) == 1 and name not in set(headers) - {header} else header
        names.append(own)
        if unit and own == name:
            units[own] = unit
    return names, units


def row_of_units(columns: Mapping[str, Sequence[str]], style: Style = PLAIN) -> dict[str, str] | None:
    """Return the units by name if the first cells of the columns are units and not measurements; otherwise None.

    They are units where no column of numbers or dates has a number or a date in the first cell, and one has text there.
    """
    units: dict[str, str] = {}
    for name, (first, *rest) in columns.items():
        filled = [cell for cell in rest[:LOOKED_AT] if cell.casefold() not in MISSING]
        if sum(_is_value(cell, style) for cell in filled) * 2 <= len(filled):
            continue  # a column of text
        if _is_value(first, style):
            return None
        if first.casefold() not in MISSING:
            units[name] = first.strip("[]()")
    return units or None


def _is_value(cell: str, style: Style) -> bool:
    """Whether a cell is a number or a date."""
    number = as_number(cell, style)
    return number == number if number is not None else is_date(cell, style.dates)
