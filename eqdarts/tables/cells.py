"""The cells of a table: numbers, dates and text, and the treatment of text in a column of numbers or dates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eqdarts.tables.dates import is_date, parsed
from eqdarts.tables.styles import PLAIN, Style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "Cell", "as_number", "cells_in_words", "first_text", "read_column"]

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "nat", "<na>", "null", "none", ".", "?", "-", "\u2013", "\u2014"})
LONGEST = 30  # characters of a cell that a message shows
MOST_SHOWN = 3  # cells that a message names


@dataclass(frozen=True)
class Cell:
    """A cell that is not a number, or not a date.

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


def cells_in_words(cells: Sequence[Cell]) -> str:
    """Return the first of the cells with their places, and the number of the others."""
    shown = ", ".join(cell.in_words() for cell in cells[:MOST_SHOWN])
    return shown if len(cells) <= MOST_SHOWN else f"{shown} and {len(cells) - MOST_SHOWN} more"


def as_number(cell: str, style: Style = PLAIN) -> float | None:
    """Return the number that a cell holds, NaN for a marker of a missing value, None for text."""
    if cell.casefold() in MISSING:
        return math.nan
    try:
        return None if "_" in cell else float(style.plain(cell))
    except ValueError:
        return None


def read_column(
    cells: Sequence[str], lines: Sequence[int] = (), style: Style = PLAIN
) -> tuple[list[float] | list[str] | pd.Series, tuple[Cell, ...]]:
    """Return a column as numbers or dates if most of its cells are that, otherwise as text.

    Parameters
    ----------
    cells : sequence of str
    lines : sequence of int, optional
        The line of each cell.
    style : Style, optional
        How numbers and dates are written.

    Returns
    -------
    values : list of float, Series of datetime64, or list of str
        NaN or NaT for a missing value, and for text in a column of numbers or dates.
    gaps : tuple of Cell
        That text.
    """
    numbers = [as_number(cell, style) for cell in cells]
    strange = [row for row, number in enumerate(numbers) if number is None]
    n_missing = sum(number != number for number in numbers)
    if len(cells) - n_missing - len(strange) > len(strange) or not strange:
        return [math.nan if number is None else number for number in numbers], _cells(cells, strange, lines)
    n_dates = sum(is_date(cell, style.dates) for cell in cells)
    if n_dates * 2 > len(cells) - n_missing:
        dates = parsed(cells, style.dates)
        unread = dates.isna().tolist()
        return dates, _cells(cells, [row for row in range(len(cells)) if unread[row] and numbers[row] is None], lines)
    return list(cells), ()


def _cells(cells: Sequence[str], rows: Sequence[int], lines: Sequence[int]) -> tuple[Cell, ...]:
    return tuple(Cell(cells[row], row, lines[row] if lines else None) for row in rows)


def first_text(values: Sequence[object], lines: Sequence[int]) -> Cell | None:
    """Return the first cell of a column that is text."""
    for row, value in enumerate(values):
        if as_number(str(value)) is None:
            return Cell(str(value), row, lines[row] if lines else None)
    return None
