"""What became of each column of a table: a record that is said, kept with a fit, and followed by `predict`.

A kind of column is a row of `KINDS`: how it becomes columns of numbers, and how a reader says it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from eqdarts.errors import TableError, closest, explain
from eqdarts.tables.cells import MISSING, Cell, first_text
from eqdarts.tables.dates import UNITS, elapsed, from_calendar, month_of
from eqdarts.tables.styles import PLAIN, Style
from eqdarts.tables.table import Table, as_table

if TYPE_CHECKING:
    import pandas as pd

    from eqdarts._typing import Array

__all__ = [
    "KINDS",
    "Column",
    "Columns",
    "Kind",
    "calendar_numbers",
    "columns_of_names",
    "floats",
    "is_dates",
    "is_numeric",
    "plain_columns",
    "read_columns",
    "texts",
    "with_example",
]


@dataclass(frozen=True)
class Column:
    """A column of a table, and what became of it.

    Parameters
    ----------
    name : str
        In the table, without its unit.
    kind : str
        A key of `KINDS`.
    to : tuple of str
        The columns of numbers that it became.
    unit : str
        Of these; "" if it is not known.
    why : str
        Why it was left out.
    origin : str
        The instant from which time is counted, in ISO 8601.
    levels : tuple of str
        The different texts; where a row has the first, all columns of `to` are 0.
    parts : tuple of str
        The columns with the year, the month and, if there is one, the day.
    gaps : int
        How many values are missing.
    header : str
        What the table calls it, if that is not the name.
    """

    name: str
    kind: str
    to: tuple[str, ...] = ()
    unit: str = ""
    why: str = ""
    origin: str = ""
    levels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    gaps: int = 0
    header: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the table that it is made of."""
        return self.parts or (self.name,)

    @property
    def called(self) -> str:
        """What the table calls it, or the columns that it is made of."""
        return ", ".join(self.parts) or self.header or self.name

    def numbers(self, table: Table) -> dict[str, Array]:
        """Return its columns of numbers for the rows of a table, with NaN for what is missing.

        Raises
        ------
        TableError
            If the table lacks it, or holds something else there.
        """
        names = [_name_in(table, source, self.header) for source in self.sources]
        return dict(zip(self.to, KINDS[self.kind].numbers(self, table, names), strict=True))

    def in_words(self) -> str:
        """Return what became of it."""
        return KINDS[self.kind].words(self)


@dataclass(frozen=True)
class Kind:
    """A kind of column.

    Parameters
    ----------
    numbers : callable
        Takes the column, the table and the names in it, and returns the arrays (n,) of numbers.
    words : callable
        Takes the column and returns what a reader is to know.
    lost : str
        Why what the column says is lost; "" if nothing is.
    """

    numbers: Callable[[Column, Table, Sequence[str]], list[Array]]
    words: Callable[[Column], str]
    lost: str = ""


def is_numeric(column: pd.Series) -> bool:
    """Whether a column of a table holds real numbers."""
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(column.dtype)) and not is_complex_dtype(column.dtype)


def is_dates(column: pd.Series) -> bool:
    """Whether a column of a table holds instants."""
    return getattr(column.dtype, "kind", "") == "M"


def with_example(table: Table, name: str) -> str:
    """Return the column's name with the first value in it that is text, and its place."""
    text = first_text(table.frame[name], table.lines)
    return repr(name) if text is None else f"{name!r} (such as {text.in_words()})"


def floats(column: pd.Series) -> Array:
    """Return a column of numbers as floats, with NaN for what is missing; floats are not copied."""
    import numpy as np

    if column.dtype == np.float64:
        return np.asarray(column)
    return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))


def _number(column: Column, table: Table, names: Sequence[str]) -> list[Array]:
    found = []
    for name in names:
        if not is_numeric(table.frame[name]):
            got = f"text in {with_example(table, name)}"
            raise TableError(explain("The column must hold numbers.", got, "Correct the column or leave it out."))
        found.append(floats(table.frame[name]))
    return found


def calendar_numbers(table: Table, name: str) -> Array:
    """Return years, months or days as numbers; a month may have its English name."""
    import numpy as np

    if is_numeric(table.frame[name]):
        return floats(table.frame[name])
    return np.array([month_of(cell) for cell in texts(table.frame[name])])


def _time(column: Column, table: Table, names: Sequence[str]) -> list[Array]:
    unit = next(unit for unit in UNITS if unit.symbol == column.unit)
    if column.parts:
        return [elapsed(from_calendar([calendar_numbers(table, name) for name in names]), unit, column.origin)]
    given = table.frame[names[0]]
    if given.isna().all():
        return [floats(given.isna().astype("float64").where(given.notna()))]
    if not is_dates(given):
        row = int(given.notna().to_numpy().argmax())
        bad = Cell(str(given.iloc[row]), row, table.lines[row] if table.lines else None)
        got = f"{names[0]!r} with {bad.in_words()}"
        raise TableError(explain("The column must hold dates, as in the fit.", got, "Write 2020-02-28, for example."))
    return [elapsed(given, unit, column.origin)]


def _levels(column: Column, table: Table, names: Sequence[str]) -> list[Array]:
    import numpy as np

    cells = texts(table.frame[names[0]])
    strange = [row for row, cell in enumerate(cells) if cell not in column.levels and cell.casefold() not in MISSING]
    if strange:
        cell = Cell(cells[strange[0]], strange[0], table.lines[strange[0]] if table.lines else None)
        known = f"Known: {', '.join(column.levels)}."
        raise TableError(explain(f"Column {names[0]!r} must have the levels of the fit.", cell.in_words(), known))
    place = np.array([column.levels.index(cell) if cell in column.levels else -1 for cell in cells])
    return [np.where(place < 0, np.nan, place == k) for k in range(1, len(column.levels))]


def _nothing(column: Column, table: Table, names: Sequence[str]) -> list[Array]:
    return []


def texts(column: pd.Series) -> list[str]:
    """Return the cells of a column of text; one that is missing is empty."""
    return ["" if gap else str(cell) for cell, gap in zip(column.tolist(), column.isna().tolist(), strict=True)]


def _words_of_time(column: Column) -> str:
    unit = next(unit for unit in UNITS if unit.symbol == column.unit)
    made_of = f", made of {', '.join(column.parts)}" if column.parts else ""
    return f"{unit.name} since {column.origin}{made_of}"


def _words_of_left_out(column: Column) -> str:
    return f"left out: {column.why}"


def _words_of_levels(column: Column) -> str:
    return f"1 or 0: {', '.join(column.to)}; {column.levels[0]} where all are 0"


KINDS: dict[str, Kind] = {
    "number": Kind(_number, lambda column: "number"),
    "time": Kind(_time, _words_of_time),
    "levels": Kind(_levels, _words_of_levels),
    "same": Kind(_nothing, _words_of_left_out),
    "text": Kind(_nothing, _words_of_left_out, "not numeric"),
    "gaps": Kind(_nothing, _words_of_left_out, "too many gaps"),
}


def _gaps(column: Column) -> str:
    return f", with {column.gaps} missing" if column.gaps and column.to else ""


@dataclass(frozen=True)
class Columns:
    """What became of the columns of a table.

    Parameters
    ----------
    columns : tuple of Column
        The inputs, in the order of the table.
    target : str or None
    target_unit : str
    n_rows : int
        Rows of the table.
    n_dropped : int
        Rows with a missing value, which were left out.
    style : Style
        How numbers and dates in text were written.
    told : tuple of str
        Further notes on how the table was read.
    unused : tuple of str
        Columns with gaps that the law does not use.
    n_back : int
        Rows with gaps in these alone, of those left out: the coefficients of the law come from them too.
    """

    columns: tuple[Column, ...]
    target: str | None = None
    target_unit: str = ""
    n_rows: int = 0
    n_dropped: int = 0
    style: Style = PLAIN
    told: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    n_back: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of numbers."""
        return tuple(name for column in self.columns for name in column.to)

    @property
    def given(self) -> tuple[str, ...]:
        """The columns of the table."""
        return tuple(name for column in self.columns for name in (column.parts or (column.header or column.name,)))

    @property
    def units(self) -> dict[str, str]:
        """The units of the columns of numbers and of the target, where they are known."""
        found = {name: column.unit for column in self.columns for name in column.to if column.unit}
        return {**found, self.target: self.target_unit} if self.target and self.target_unit else found

    @property
    def units_of_table(self) -> dict[str, str]:
        """The same if the table gives a unit of its own; otherwise none, also not those of time."""
        own = self.target_unit or any(column.unit for column in self.columns if column.kind != "time")
        return self.units if own else {}

    @property
    def is_plain(self) -> bool:
        """Whether the columns of numbers are those of the table."""
        return all(c.kind == "number" and c.to == (c.name,) and not c.header for c in self.columns)

    def numbers(self, X: pd.DataFrame | Table, needed: Collection[str] | None = None) -> pd.DataFrame:
        """Return the columns of numbers for new rows; what is missing is NaN.

        Parameters
        ----------
        X : DataFrame or Table
            Rows of such a table as that of the fit.
        needed : collection of str, optional
            The columns of numbers that are needed; all others may be NaN. Default: all.

        Raises
        ------
        TableError
            If a column that is needed is missing, or holds something else.
        """
        import pandas as pd

        table = X if isinstance(X, Table) else as_table(X, self.style)
        values: dict[str, Any] = {}
        for column in filter(lambda column: column.to, self.columns):
            if needed is None or set(column.to) & set(needed):
                values |= column.numbers(table)
            else:
                values |= dict.fromkeys(column.to, float("nan"))
        return pd.DataFrame(values, index=range(len(table.frame)), columns=list(self.names), dtype="float64")

    def sources_of(self, names: Collection[str]) -> list[str]:
        """Return the columns of the table from which columns of numbers are made."""
        return [source for column in self.columns if set(column.to) & set(names) for source in column.sources]

    def as_frame(self) -> pd.DataFrame:
        """Return a table with a row for each column: its name, what became of it, its unit and its gaps."""
        import pandas as pd

        rows = [(c.called, c.in_words() + self._cost(c), ", ".join(c.to), c.unit, c.gaps) for c in self.columns]
        return pd.DataFrame(rows, columns=["column", "became", "names", "unit", "gaps"])

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the table that became numbers, without their units."""
        return tuple(source for column in self.columns if column.to for source in column.sources)

    def steps(self) -> list[str]:
        """Return sentences on everything that was done to the table."""
        changed = [column for column in self.columns if column.kind != "number" or column.gaps]
        of_what = " of the choice of the law" if self.n_back else ""
        lost = f"{self.n_dropped} of {self.n_rows} rows were left out{of_what}: a value is missing in them."
        return [
            *self.told,
            *(f"{column.called}: {column.in_words()}{_gaps(column)}{self._cost(column)}." for column in changed),
            *([lost] if self.n_dropped else []),
            *([self.back_in_words()] if self.n_back else []),
        ]

    def back_in_words(self) -> str:
        """Return the sentence on rows that are left out of the choice alone."""
        rows = f"{self.n_back} {'row' if self.n_back == 1 else 'rows'}"
        return f"The law does not use {', '.join(self.unused)}: {rows} with gaps there count in its coefficients."

    def _cost(self, column: Column) -> str:
        return (
            "; its gaps cost no row, since the law does not use it" if column.to and column.name in self.unused else ""
        )

    def record(self) -> dict[str, Any]:
        """Return plain values for a file, to be read by `read_columns`."""
        return asdict(self)


def plain_columns(names: Sequence[str]) -> Columns:
    """Return the record of columns of numbers that are used as they are."""
    return Columns(tuple(Column(name, "number", (name,)) for name in names))


def _name_in(table: Table, name: str, header: str = "") -> str:
    """Return what the table calls a column of the fit, known by its header or its name.

    Raises
    ------
    TableError
        If it has none of that name.
    """
    for there in map(table.name_of, (header, name)):
        if there in table.frame.columns:
            return str(there)
    known = map(str, table.frame.columns)
    raise TableError(explain("The table must have the column.", repr(name), closest(name, known)))


def read_columns(record: Any) -> Columns | None:
    """Return what `Columns.record` wrote; None for None.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is not such a record.
    """
    if record is None:
        return None
    columns = tuple(Column(**_checked(entry)) for entry in record["columns"])
    symbols = {unit.symbol for unit in UNITS}
    for column in columns:
        if column.kind not in KINDS or (column.kind == "time" and column.unit not in symbols):
            raise ValueError(f"the column {column.name!r} has an unknown kind")
        if column.kind == "levels" and len(column.levels) != len(column.to) + 1:
            raise ValueError(f"the levels of {column.name!r} do not fit")
    written = record["style"]
    style = Style(str(written["decimal"]), str(written["thousands"]), str(written.get("dates", "")))
    target = None if record["target"] is None else str(record["target"])
    counts = int(record["n_rows"]), int(record["n_dropped"])
    given = columns, target, str(record["target_unit"]), *counts, style, _texts(record["told"])
    return Columns(*given, _texts(record.get("unused", ())), int(record.get("n_back", 0)))


def columns_of_names(record: Any, names: Sequence[str]) -> Columns | None:
    """Return what `Columns.record` wrote, if it gives the columns of numbers with these names.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it does not, or is no such record.
    """
    found = read_columns(record)
    if found is not None and found.names != tuple(names):
        raise ValueError("the columns of the table do not give those of the fit")
    return found


def _checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a column, each of its type."""
    kinds: dict[str, Callable[[Any], Any]] = {"str": str, "int": int, "tuple[str, ...]": _texts}
    return {item.name: kinds[str(item.type)](entry[item.name]) for item in fields(Column)}


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, values))
