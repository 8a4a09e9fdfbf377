"""How the numbers of a table are written: with a point or a comma, and with signs between thousands. And its dates.

A style is a row: its decimal sign, and the signs that may stand between groups of three digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

__all__ = ["PLAIN", "STYLES", "Style", "style_of"]

SPACES = " \u00a0\u2009\u202f"  # among them the narrow ones of typesetters
APOSTROPHES = "'\u2019"
_LIKE_A_NUMBER = re.compile(rf"[+-]?\d[\d.,{SPACES}{APOSTROPHES}]*(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Style:
    """One way to write numbers and dates.

    Parameters
    ----------
    decimal : str
        The decimal sign.
    thousands : str
        The signs that may stand between groups of three digits; "" for none.
    dates : str
        The part that comes first in 03/04/2020: "day", "month", or "" if that is not known.
    """

    decimal: str
    thousands: str = ""
    dates: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        decimal = re.escape(self.decimal)
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:[{re.escape(self.thousands)}]\d{{3}})+)" if self.thousands else r"\d+"
        return re.compile(rf"[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?")

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self.decimal == "." and not self.thousands

    def reads(self, cell: str) -> bool:
        """Whether the cell is a number in this style."""
        return self._pattern.fullmatch(cell) is not None

    def plain(self, cell: str) -> str:
        """Return a number of this style as Python writes it; any other cell as it is.

        >>> Style(",", ".").plain("-1.234,5"), Style(".", ",").plain("1,5")
        ('-1234.5', '1,5')
        """
        if self.is_plain or not self.reads(cell):
            return cell
        for sign in self.thousands:
            cell = cell.replace(sign, "")
        return cell.replace(self.decimal, ".")


PLAIN = Style(".")
STYLES = (  # those that come first win where several read the same number of cells
    PLAIN,
    Style(".", ","),
    Style(","),
    Style(".", SPACES + APOSTROPHES),
    Style(",", SPACES + APOSTROPHES),
    Style(",", "."),
)


def style_of(cells: Iterable[str], usual: Style = PLAIN) -> Style:
    """Return the style that reads most of the cells.

    Parameters
    ----------
    cells : iterable of str
        All cells of a table, also those that are no numbers.
    usual : Style, optional
        The style to choose among equals, if the plain one is not one of them.

    Examples
    --------
    >>> [style_of(cells).decimal for cells in (["1,5", "2,25"], ["1,234", "0.5"])]
    [',', '.']
    >>> style_of(["1,234"], usual=Style(",")).decimal
    ','
    """
    told = [cell for cell in cells if not cell.isdigit() and _LIKE_A_NUMBER.fullmatch(cell)]
    if all(map(PLAIN.reads, told)):
        return PLAIN
    order = [PLAIN, usual, *STYLES]
    counts = [sum(map(style.reads, told)) for style in order]
    return order[counts.index(max(counts))]
