"""A table of numbers, dates and text, made of the cells of a file or of a DataFrame. pandas is imported late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eqdarts.tables.cells import Cell, read_column
from eqdarts.tables.dates import order_of
from eqdarts.tables.signs import without_sign
from eqdarts.tables.styles import PLAIN, Style, style_of
from eqdarts.tables.units import names_and_units, row_of_units

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "as_table", "table_of"]


@dataclass(frozen=True)
class Table:
    """A table: its columns are numbers, dates or text.

    Parameters
    ----------
    frame : DataFrame of shape (n, d)
    lines : sequence of int
        The line of the file in which each row ends; empty where there are no lines.
    gaps : dict of str to tuple of Cell
        Cells in columns of numbers or dates that are neither, by column; the frame has NaN or NaT in their place.
    notes : tuple of str
        Notes on other parts that were left out or look wrong.
    told : tuple of str
        Notes on what was read in a way of its own, without a loss.
    units : dict of str to str
        Units by column, from the header or a row of their own.
    headers : dict of str to str
        What the table calls its columns, by name, where that is not the name.
    style : Style
        How its numbers and dates are written.
    first : int
        Rows of the given DataFrame before the first one of the table: 1 if there was a row of units.
    """

    frame: pd.DataFrame
    lines: Sequence[int] = ()
    gaps: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    style: Style = PLAIN
    first: int = 0

    def name_of(self, given: Any) -> Any:
        """Return the name of the column that a user calls by its name or by its header with the unit."""
        return next((name for name, header in self.headers.items() if header == given), given)

    def without(self, name: str) -> Table:
        """Return the table without a column."""
        return replace(self, frame=self.frame.drop(columns=name))


def table_of(
    header: Sequence[str], columns: Sequence[Sequence[str] | pd.Series], lines: Sequence[int] = (), usual: Style = PLAIN
) -> Table:
    """Return the table of a header with different names and of columns.

    Parameters
    ----------
    header : sequence of str
    columns : sequence of sequence of str or of Series
        The cells of each column, which are read, or a column of numbers or dates.
    lines : sequence of int, optional
        The line of each row.
    usual : Style, optional
        How numbers and dates are written if the cells leave two ways open.
    """
    import pandas as pd

    names, units = names_and_units(header)
    cells = {name: column for name, column in zip(names, columns, strict=True) if not isinstance(column, pd.Series)}
    signed = {name: found for name, column in cells.items() if (found := without_sign(column)) is not None}
    cells |= {name: found.cells for name, found in signed.items()}
    style = style_of((cell for column in cells.values() for cell in column), usual)
    order, shown = order_of((cell for column in cells.values() for cell in column), usual.dates)
    style = replace(style, dates=order)
    ready = [column for column in columns if isinstance(column, pd.Series)]
    below = row_of_units(cells, style) if all(column.iloc[:1].isna().all() for column in ready) else None
    first = 0 if below is None else 1
    lines = lines[first:]
    data: dict[str, Any] = {}
    gaps: dict[str, tuple[Cell, ...]] = {}
    for name, column in zip(names, columns, strict=True):
        if name not in cells:
            data[name] = column.iloc[first:].reset_index(drop=True)  # type: ignore[union-attr]
            continue
        data[name], bad = read_column(cells[name][first:], lines, style)
        if bad:
            gaps[name] = bad
    headers = {name: given for name, given in zip(names, header, strict=True) if name != given}
    told = (*_told_of_style(style, shown), *_told_of_units(below), *(s.in_words(name) for name, s in signed.items()))
    units = {**{name: sign.unit for name, sign in signed.items() if sign.unit}, **units, **(below or {})}
    whole = pd.DataFrame(data, columns=names)
    return Table(whole, lines, gaps, (), told, units, headers, style, first)


def _told_of_style(style: Style, date: str) -> list[str]:
    dates = [f"Dates such as {date} are read with the {style.dates} first."] if date else []
    if style.is_plain:
        return dates
    between = f", and {style.thousands[0]!r} between thousands" if style.thousands else ""
    return [f"Numbers are read with the decimal sign {style.decimal!r}{between}.", *dates]


def _told_of_units(below: Mapping[str, str] | None) -> list[str]:
    return [f"The first row is read as units: {', '.join(f'{n} in {u}' for n, u in below.items())}."] if below else []


def as_table(frame: pd.DataFrame, usual: Style = PLAIN) -> Table:
    """Return a DataFrame as a table, with rows from 0 on: text that holds numbers or dates is read as that of a file.

    Parameters
    ----------
    frame : DataFrame
        Its columns have different names.
    usual : Style, optional
        How numbers and dates in text are written if the cells leave two ways open.
    """
    import pandas as pd

    names, units = names_and_units([str(name) for name in frame.columns])
    known = frame.attrs.get("units", {})
    if not any(map(_needs_reading, frame.dtypes)):  # a large table of numbers is not copied
        headers = {name: str(own) for name, own in zip(names, frame.columns, strict=True) if name != str(own)}
        return Table(frame.set_axis(names, axis=1), units={**known, **units}, headers=headers)
    given = [frame.iloc[:, k].reset_index(drop=True) for k in range(frame.shape[1])]
    columns = [_cells_of(column) if _is_text(column) else _ready(column) for column in given]
    table = table_of([str(name) for name in frame.columns], columns, (), usual)
    for name, column in zip(table.frame.columns, given, strict=True):
        read = table.frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype) and _is_text(read):
            levels = [str(level) for level in column.cat.categories]
            table.frame[name] = pd.Categorical(read, levels)  # in the order that the user gave them
    return replace(table, units={**known, **table.units})


def _is_text(column: pd.Series) -> bool:
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, np.dtype):
        return column.dtype.kind in "OSU"
    return isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype))


def _needs_reading(dtype: Any) -> bool:
    """Whether a column of this type is something else than numbers, or instants without a time zone."""
    import pandas as pd

    others = (pd.StringDtype, pd.CategoricalDtype, pd.PeriodDtype, pd.DatetimeTZDtype)
    return isinstance(dtype, others) or getattr(dtype, "kind", "") in "OSUm"


def _cells_of(column: pd.Series) -> list[str]:
    """Return the cells of a column of text or objects; one that is missing is empty."""
    missing = column.isna().tolist()
    return ["" if gap else str(value).strip() for value, gap in zip(column.tolist(), missing, strict=True)]


def _ready(column: pd.Series) -> pd.Series:
    """Return a column of numbers or dates: instants without a time zone, in UTC; durations in seconds."""
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None)
    if getattr(column.dtype, "kind", "") == "m":
        return column.dt.total_seconds()
    return column
