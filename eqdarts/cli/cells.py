"""The cells of a table, and the treatment of text in a column of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "as_number", "first_text", "read_column"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
LONGEST = 30  # characters of a cell that a message shows


@dataclass(frozen=True)
class Cell:
    """A cell that is not a number.

    Parameters
    ----------
    text : str
    row : int
        Row of the table, from 0 on.
    line : int or None
        Line of the file; None if the file has no lines.
    """

    text: str
    row: int
    line: int | None

    def in_words(self) -> str:
        """Return value and place.

        >>> Cell("3 %", 4, 6).in_words()
        "'3 %' in line 6"
        """
        short = self.text if len(self.text) <= LONGEST else self.text[:LONGEST] + "..."
        return f"{short!r} in " + (f"row {self.row + 1}" if self.line is None else f"line {self.line}")


def as_number(cell: str) -> float | None:
    """Return the number that a cell holds, NaN for a marker of a missing value, None for text."""
    if cell.casefold() in MISSING:
        return math.nan
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def read_column(
    cells: Sequence[str], lines: Sequence[int], decimal_comma: bool
) -> tuple[list[float] | list[str], tuple[Cell, ...]]:
    """Return a column as numbers if most of its cells are numbers, otherwise as text.

    Parameters
    ----------
    cells : sequence of str
    lines : sequence of int
        The line of each cell.
    decimal_comma : bool

    Returns
    -------
    values : list of float or list of str
        NaN for a missing value, and for text in a column of numbers.
    gaps : tuple of Cell
        That text.
    """
    numbers: list[float] = []
    gaps: list[Cell] = []
    for row, cell in enumerate(cells):
        number = as_number(cell.replace(",", ".") if decimal_comma else cell)
        if number is None:
            gaps.append(Cell(cell, row, lines[row]))
        numbers.append(math.nan if number is None else number)
    n_numbers = sum(not math.isnan(number) for number in numbers)
    return (numbers, tuple(gaps)) if n_numbers > len(gaps) or not gaps else (list(cells), ())


def first_text(values: Sequence[object], lines: Sequence[int]) -> Cell | None:
    """Return the first cell of a column that is text."""
    for row, value in enumerate(values):
        if as_number(str(value)) is None:
            return Cell(str(value), row, lines[row] if lines else None)
    return None
