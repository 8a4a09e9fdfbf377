"""The kind of each column of a table: numbers, time, levels, or left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from eqdarts.errors import TableError, explain
from eqdarts.tables.cells import MISSING, first_text
from eqdarts.tables.columns import Column, calendar_numbers, floats, is_dates, is_numeric, texts, with_example
from eqdarts.tables.dates import from_calendar, is_ambiguous, time_unit
from eqdarts.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from eqdarts._typing import Array

__all__ = ["planned"]

MOST_LEVELS = 6  # of a text that becomes columns of 0 and 1
ROWS_FOR_A_LEVEL = 3  # on average, at least
ROWS_FOR_A_GROUP = 2
FIRST_LOOK = 64  # values that show of most columns that they are not constant
CALENDAR = (  # names of the columns of a calendar, and the least and largest value
    (("year", "yr", "yyyy"), 1000, 3000),
    (("month", "mon", "mm"), 1, 12),
    (("day", "dd"), 1, 31),
)
NO_VALUE = "no value"
TIME_NAMES = ("time", "elapsed", "elapsed_time")


def planned(table: Table, names: Sequence[str], are_named: bool, kept: Collection[str]) -> list[Column]:
    """Return what becomes of the columns of a table.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The inputs.
    are_named : bool
        Whether the user named them, so that none is left out for its text.
    kept : collection of str
        Columns that stay even if they are the same in all rows, or the same as another one.

    Raises
    ------
    TableError
        If a column that the user named is text of many levels.
    """
    parts = _calendar(table, names, kept)
    found: list[Column] = []
    for name in names:
        if parts and name == parts[0]:
            found.append(_time_of_parts(table, parts, names))
        elif name not in parts:
            found.append(_column(table, name, are_named))
    shrunk = _without_same(table, found, kept)
    # A law of constant columns is a constant; but something has to be there.
    return shrunk if any(column.to for column in shrunk) else found


def _column(table: Table, name: str, is_named: bool) -> Column:
    from pandas.api.types import is_complex_dtype

    column, unit = table.frame[name], table.units.get(name, "")
    if is_dates(column):
        if column.nunique() < 2:
            return Column(name, "same", why="the same in all rows")
        scale, origin = time_unit(column)
        return Column(name, "time", (name,), scale.symbol, origin=origin)
    if is_numeric(column):
        return Column(name, "number", (name,), unit)
    if is_complex_dtype(column.dtype):
        got = f"complex numbers in {name!r}"
        raise TableError(explain("The columns must hold real numbers.", got, "Take the real part, or leave it out."))
    cells = [cell for cell in texts(column) if cell.casefold() not in MISSING]
    levels = _ordered(column, set(cells))
    if len(levels) < 2:
        return Column(name, "same", why=f"the same in all rows: {levels[0] if levels else NO_VALUE}")
    if len(levels) <= MOST_LEVELS and ROWS_FOR_A_LEVEL * len(levels) <= len(cells):
        return Column(name, "levels", tuple(f"{name}={level}" for level in levels[1:]), levels=levels)
    if is_named:
        got = f"text in {with_example(table, name)}"
        raise TableError(explain("The column must hold numbers.", got, "Correct the column or leave it out."))
    return Column(name, "text", why=f"{_example(table, name, len(levels), len(cells))}")


def _ordered(column: pd.Series, levels: set[str]) -> tuple[str, ...]:
    """Return the levels in the order of the categories, or of the alphabet."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(level for level in map(str, column.cat.categories) if level in levels)
    return tuple(sorted(levels))


def _example(table: Table, name: str, n_levels: int, n_rows: int) -> str:
    """Return a value of a column of text; where there are few, say that they could be groups."""
    text = first_text(table.frame[name], table.lines)
    example = f"such as {text.in_words()}" if text is not None else "of all kinds"
    if text is not None and is_ambiguous(text.text):
        return f"{example}; day and month cannot be told apart, so write dates as 2020-02-28"
    if ROWS_FOR_A_GROUP * n_levels > n_rows:
        return example
    return f"{example}; its {n_levels} labels may be groups, with constants of their own"


def _calendar(table: Table, names: Sequence[str], kept: Collection[str]) -> tuple[str, ...]:
    """Return the columns of year, month and, if there is one, day; () without year and month."""
    found: list[str] = []
    for known, least, most in CALENDAR:
        own = [name for name in names if name.casefold() in known and name not in kept]
        if len(own) != 1 or not _are_whole(table, own[0], least, most):
            break
        found.append(own[0])
    return tuple(found) if len(found) > 1 else ()


def _are_whole(table: Table, name: str, least: int, most: int) -> bool:
    """Whether all values of a column are whole numbers in a range; names of months count as their numbers."""
    if is_dates(table.frame[name]):
        return False
    values = calendar_numbers(table, name)
    if not is_numeric(table.frame[name]):
        cells = texts(table.frame[name])
        values = values[[cell.casefold() not in MISSING for cell in cells]]
    else:
        values = values[values == values]
    return len(values) > 0 and bool(((values == values.round()) & (values >= least) & (values <= most)).all())


def _time_of_parts(table: Table, parts: tuple[str, ...], names: Sequence[str]) -> Column:
    instants = from_calendar([calendar_numbers(table, name) for name in parts])
    unit, origin = time_unit(instants)
    taken = {*map(str, table.frame.columns), *names}
    name = next((name for name in TIME_NAMES if name not in taken), "_".join(parts))
    return Column(name, "time", (name,), unit.symbol, origin=origin, parts=parts)


def _without_same(table: Table, columns: Sequence[Column], kept: Collection[str]) -> list[Column]:
    """Return the columns; one that is the same in all rows, or the same as an earlier one, is left out."""
    found: list[Column] = []
    seen: dict[str, Array] = {}
    for column in columns:
        if column.kind != "number" or column.name in kept:
            found.append(column)
            continue
        values = floats(table.frame[column.name])
        twin = next((name for name, other in seen.items() if _are_equal(values, other)), None)
        if twin is not None:
            found.append(Column(column.name, "same", unit=column.unit, why=f"the same as {twin}"))
        elif _is_constant(values):
            first = values[values == values][:1]
            value = f"{first[0]:g}" if len(first) else NO_VALUE
            found.append(Column(column.name, "same", unit=column.unit, why=f"the same in all rows: {value}"))
        else:
            found.append(column)
            seen[column.name] = values
    return found


def _are_equal(a: Array, b: Array) -> bool:
    """Whether two columns are the same, gaps included; the first values tell most of them apart."""
    import numpy as np

    return all(np.array_equal(a[rows], b[rows], equal_nan=True) for rows in (slice(FIRST_LOOK), slice(None)))


def _is_constant(values: Array) -> bool:
    for rows in (slice(FIRST_LOOK), slice(None)):
        part = values[rows]
        part = part[part == part]
        if len(part) and (part != part[0]).any():
            return False
    return True
