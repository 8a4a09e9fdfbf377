"""Reading tables: CSV and similar text, Parquet, standard input, compressed or not.

Every problem of a file is one `TableError` that says where it is and what to do. pandas is imported late.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from eqdarts.cli.cells import Cell, as_number, read_column
from eqdarts.cli.content import COMPRESSED, decode, read_bytes, unpack
from eqdarts.cli.spreadsheets import name_from_cell
from eqdarts.cli.usage import TableError
from eqdarts.errors import explain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "read_table", "table_name"]

DELIMITERS = ",\t;|"
BLANK = " "  # any run of spaces and tabs
LOOKED_AT = 20  # lines that tell the delimiter
_TOTALS = frozenset({"total", "totals", "sum", "subtotal", "grand total", "mean", "average", "gesamt", "summe"})


@dataclass(frozen=True)
class Table:
    """A table as read from a file.

    Parameters
    ----------
    frame : DataFrame of shape (n, d)
    lines : sequence of int
        The line of the file in which each row ends; empty where a file has no lines.
    gaps : dict of str to tuple of Cell
        Cells of numeric columns that are not numbers, by column; the frame has NaN in their place.
    notes : tuple of str
        Notes on other parts that were left out or look wrong.
    """

    frame: pd.DataFrame
    lines: Sequence[int] = ()
    gaps: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_table(path: str) -> Table:
    """Read a table from a file, or from standard input if `path` is ``"-"``.

    Parquet is recognised by its content or by the suffix .parquet. Everything else is text with one header line. It is
    separated by comma, tab, semicolon or bar, whichever splits header and first lines into the same number of columns
    and into most of them, or otherwise by spaces. gzip, bzip2, xz and a zip of one file are unpacked; text may be UTF-8
    or UTF-16.

    Raises
    ------
    TableError
        If the file cannot be read or is not a table.
    """
    name = "standard input" if path == "-" else path
    content = unpack(read_bytes(path), name)
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes if suffix.lower() not in COMPRESSED]
    suffix = suffixes[-1] if suffixes else ""
    if content[:4] == b"PAR1" or suffix in (".parquet", ".pq"):
        return _parse_parquet(content, name)
    return _parse_text(decode(content, name), name, "\t" if suffix == ".tsv" else None)


def table_name(path: str) -> str:
    """Return the name of a table without folder and suffixes.

    >>> table_name("data/planets.csv.gz"), table_name("-")
    ('planets', 'stdin')
    """
    if path == "-":
        return "stdin"
    plain = PurePath(path)
    return PurePath(plain.stem).stem if plain.suffix.lower() in COMPRESSED else plain.stem


def _parse_parquet(content: bytes, name: str) -> Table:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise TableError(
            explain("Parquet files need the package pyarrow.", name, "Run: python -m pip install pyarrow")
        ) from None
    except Exception as error:  # pyarrow raises its own classes, which cannot be named without importing it
        reason = str(error).splitlines()[0]
        raise TableError(
            explain("FILE cannot be read as Parquet.", f"{name} ({reason})", "Write the file again.")
        ) from None
    frame.columns = [str(column) for column in frame.columns]
    _check_header(list(frame.columns), name)
    if frame.empty:
        raise TableError(explain("The table has no rows.", name, "Add at least one row of numbers."))
    return Table(frame)


def _parse_text(text: str, name: str, delimiter: str | None) -> Table:
    """Parse decoded text. Between semicolons a comma is the decimal sign, if no number has a point."""
    import pandas as pd

    delimiter = delimiter or _sniff(text)
    rows = _rows(text, delimiter, name)
    header = [name_from_cell(cell) for cell in next(rows)[1]]
    _check_header(header, name)
    cells: list[list[str]] = []
    lines: list[int] = []
    for line, row in rows:
        if len(row) != len(header):
            raise TableError(
                explain(
                    f"Every line must have {len(header)} cells, like the header.",
                    f"{len(row)} in line {line} of {name}",
                    "Correct that line; quote cells that contain the separator.",
                )
            )
        cells.append(row)
        lines.append(line)
    if not cells:
        raise TableError(explain("The table has a header but no rows.", name, "Add at least one row of numbers."))
    decimal_comma = delimiter == ";" and bool(re.search(r"\d,\d", text)) and not re.search(r"\d\.\d", text)
    data: dict[str, list[float] | list[str]] = {}
    gaps: dict[str, tuple[Cell, ...]] = {}
    for column, values in zip(header, zip(*cells, strict=True), strict=True):
        data[column], found = read_column(values, lines, decimal_comma)
        if found:
            gaps[column] = found
    notes = _notes_on_total(cells[-1], lines[-1])
    if "" in data:
        notes += _notes_on_unnamed(data.pop(""))
        gaps.pop("", None)
    return Table(pd.DataFrame(data), lines, gaps, notes)


def _sniff(text: str) -> str:
    """Return the delimiter that splits header and first lines alike and into most cells; by default a comma."""
    best, most = ",", (0, 1)
    whole = False  # whether all lines are split alike
    for delimiter in (*DELIMITERS, BLANK):
        try:
            header, *rows = [row for _, row in islice(_split(text, delimiter), LOOKED_AT)]
        except csv.Error:
            continue
        alike = sum(len(row) == len(header) for row in rows)
        if delimiter == BLANK and (whole or alike < len(rows)):  # names have spaces: these come last
            break
        if len(header) > 1 and (alike, len(header)) > most:
            best = delimiter
            most = (alike, len(header))
            whole = alike == len(rows) > 0
    return best


def _split(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and stripped cells of every line that is not blank."""
    source: Iterable[str] = io.StringIO(text, newline="")
    if delimiter == BLANK:
        source = (line.replace("\t", " ").strip() + "\n" for line in source)
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num, [cell.strip() for cell in row]


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is not blank; raise TableError at a line that cannot be read."""
    line = 0
    try:
        for line, row in _split(text, delimiter):
            yield line, row
    except csv.Error as error:
        raise TableError(
            explain("The file is not a table.", f"{error} after line {line} of {name}", "Correct that line.")
        ) from None


def _check_header(header: Sequence[str], name: str) -> None:
    """Raise TableError unless `header` names columns, each once. The unnamed one may be a column of row numbers."""
    if all(as_number(cell) is not None for cell in header):
        raise TableError(
            explain("The first line must name the columns.", f"{', '.join(header)!r} in {name}", "Add a header line.")
        )
    doubled = sorted({cell for cell in header if header.count(cell) > 1})
    if doubled:
        raise TableError(
            explain("Column names must differ.", f"{doubled[0]!r} more than once in {name}", "Rename one of them.")
        )


def _notes_on_total(cells: Sequence[str], line: int) -> tuple[str, ...]:
    """Return a note if the last line looks like totals instead of a measurement."""
    names = [cell for cell in cells if cell.casefold().strip(" :") in _TOTALS]
    return (
        (f"Line {line} looks like a total ({names[0]!r}) but is used as a row. Remove it if it is a total.",)
        if names
        else ()
    )


def _notes_on_unnamed(values: list[float] | list[str]) -> tuple[str, ...]:
    """Return a note if the column without a name contains more than row numbers."""
    numbers = [value for value in values if value == value]
    if not numbers or any(numbers == list(range(first, first + len(values))) for first in (0, 1)):
        return ()
    return (f"Left out: the column without a name (such as {values[0]!r}).",)
