"""Signs and units that every value of a column carries, such as 3 % or $5, and values that stand for missing ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from eqdarts.tables.cells import MISSING
from eqdarts.units.parse import UnitError, parse_unit

if TYPE_CHECKING:
    from eqdarts._typing import Array

__all__ = ["Signed", "sentinel", "without_sign"]

CURRENCIES = "$\u20ac\u00a3\u00a5"
LONGEST_UNIT = 12  # characters
_NUMBER = r"[+-]?[\d.,](?:[\d.,'\u2019 \u00a0\u2009\u202f]*\d)?\.?(?:[eE][+-]?\d+)?"
_BEFORE = re.compile(rf"(?P<sign>[{CURRENCIES}])\s?(?P<number>{_NUMBER})")
_AFTER = re.compile(rf"(?P<number>{_NUMBER})(?P<gap>\s?)(?P<sign>[^\d\s.,+-]\S*)")
_NINES = re.compile(r"-?99+(?:\.9+)?|-?9+\.9+")
FEWEST_OTHERS = 5  # values besides those that may stand for a missing one


class Signed(NamedTuple):
    """A column without the sign that every value carries.

    Parameters
    ----------
    cells : list of str
        Without the sign.
    sign : str
    unit : str
        The sign if it is a unit, otherwise "".
    """

    cells: list[str]
    sign: str
    unit: str

    def in_words(self, name: str) -> str:
        """Return the note for the column of this name."""
        if self.unit:
            return f"Every value of {name!r} ends in {self.sign!r}, which is read as its unit."
        return f"Every value of {name!r} has the sign {self.sign!r}, which is left out."


def without_sign(cells: Sequence[str]) -> Signed | None:
    """Return a column without the sign of a currency or the unit that all its values carry; None if there is none.

    A letter alone is a unit only after a space: 5 m is a length, and 5m may be a name.

    >>> without_sign(["3 %", "", "4.5 %"]).cells, without_sign(["1kg", "2kg"]).unit, without_sign(["1a", "2a"])
    (['3', '', '4.5'], 'kg', None)
    """
    found: list[str] = []
    sign = ""
    for cell in cells:
        if cell.casefold() in MISSING:
            found.append(cell)
            continue
        match = _BEFORE.fullmatch(cell) or _AFTER.fullmatch(cell)
        if match is None or (sign and match["sign"] != sign) or not (sign or _may_be_sign(match)):
            return None
        sign = match["sign"]
        found.append(match["number"])
    return Signed(found, sign, "" if sign in CURRENCIES else sign) if sign else None


def _may_be_sign(match: re.Match[str]) -> bool:
    sign = match["sign"]
    if sign in CURRENCIES:
        return True
    if len(sign) > LONGEST_UNIT or (len(sign) == 1 and sign.isalpha() and not match["gap"]):
        return False
    try:
        return bool(str(parse_unit(sign)))
    except UnitError:
        return False


def sentinel(values: Array) -> tuple[float, int] | None:
    """Return a value such as -999 or 99.9 that probably stands for a missing one, and how often it is there.

    It consists of nines, is there twice or more, and lies farther from all others (n,) than these lie apart.
    """
    import numpy as np

    known = values[np.isfinite(values)]
    for value in (known.min(), known.max()) if len(known) else ():
        if not _NINES.fullmatch(f"{float(value):.12g}"):
            continue
        others = known[known != value]
        count = len(known) - len(others)
        if len(others) < FEWEST_OTHERS or count < 2:
            continue
        if np.abs(others - value).min() > np.ptp(others) > 0:
            return float(value), count
    return None
