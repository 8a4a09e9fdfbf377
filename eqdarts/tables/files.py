"""Reading tables: CSV and similar text, Excel, Parquet, standard input, compressed or not.

Every problem of a file is one `TableError` that says where it is and what to do. pandas is imported late.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from eqdarts.errors import TableError, explain
from eqdarts.tables.cells import Cell, as_number, cells_in_words
from eqdarts.tables.content import COMPRESSED, decode, read_bytes, unpack
from eqdarts.tables.spreadsheets import name_from_cell
from eqdarts.tables.styles import PLAIN, Style
from eqdarts.tables.table import Table, as_table, table_of
from eqdarts.tables.workbooks import is_workbook, sheet_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_note", "load_table", "read_table", "table_name"]

DELIMITERS = ",\t;|"
BLANK = " "  # any run of spaces and tabs
LOOKED_AT = 20  # lines that tell the delimiter
_TOTALS = frozenset({"total", "totals", "sum", "subtotal", "grand total", "mean", "average", "gesamt", "summe"})


def read_table(path: str | Path, sheet: str | int = 0) -> pd.DataFrame:
    """Read a table from a file, as ``eqdarts fit`` does.

    Parameters
    ----------
    path : str or Path
        Text, Excel or Parquet, compressed or not; "-" is standard input.
    sheet : str or int, default=0
        Name or position of the sheet of a workbook.

    Returns
    -------
    DataFrame
        With columns of numbers, dates (datetime64) and text. Its ``attrs`` hold "units", the units by column that
        stood in the header or below it, and "notes", sentences on what was left out or read in a way of its own.

    Raises
    ------
    ValueError
        If the file cannot be read or is not a table; the error names the line.
    """
    table = load_table(str(path), sheet)
    bad = [cell_note(name, cells) for name, cells in table.gaps.items()]
    table.frame.attrs |= {"units": table.units, "notes": [*table.told, *table.notes, *bad]}
    return table.frame


_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))+")


def cell_note(name: str, cells: Sequence[Cell]) -> str:
    """Return the sentence on cells of a column of numbers that are treated as missing."""
    return f"Treated as missing in column {name!r}, not a number: {cells_in_words(cells)}."


def load_table(path: str, sheet: str | int = 0) -> Table:
    """Read a table from a file, or from standard input if `path` is ``"-"``.

    Parquet is recognised by its content or by the suffix .parquet, a workbook by its content. Everything else is text
    with one header line. It is separated by comma, tab, semicolon or bar, whichever splits header and first lines into
    the same number of columns and into most of them, or otherwise by spaces. gzip, bzip2, xz and a zip of one file are
    unpacked; text may be UTF-8 or UTF-16.

    Raises
    ------
    TableError
        If the file cannot be read or is not a table.
    """
    name = "standard input" if path == "-" else path
    content = read_bytes(path)
    if is_workbook(content):
        return _parse_workbook(content, name, sheet)
    content = unpack(content, name)
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
    return as_table(frame)


def _parse_workbook(content: bytes, name: str, sheet: str | int) -> Table:
    """Parse a sheet of a workbook: its first row that is not blank is the header."""
    rows, notes = sheet_cells(content, name, sheet)
    (_, header), *body = rows or [(0, [])]
    if not body:
        raise TableError(explain("The sheet must have a header and rows.", name, "Choose another with sheet=."))
    header = [name_from_cell(cell) for cell in header]
    there = [k for k, cell in enumerate(header) if cell or any(row[k] for _, row in body)]
    header = [header[k] for k in there]
    _check_header(header, name)
    columns = [[row[k] for _, row in body] for k in there]
    return _with_notes(header, columns, [line for line, _ in body], PLAIN, notes)


def _with_notes(
    header: list[str], columns: Sequence[Sequence[str]], lines: Sequence[int], usual: Style, notes: Sequence[str] = ()
) -> Table:
    """Return the table without the column that has no name; notes say what was left out."""
    notes = [*notes, *_notes_on_total([column[-1] for column in columns], lines[-1])]
    table = table_of(header, columns, lines, usual)
    if "" in header:
        notes += _notes_on_unnamed(table.frame[""].tolist())
        table = table.without("")
    return replace(table, notes=tuple(notes))


def _parse_text(text: str, name: str, delimiter: str | None) -> Table:
    """Parse decoded text. Between semicolons 1,234 is not a thousand unless other numbers say so."""
    text, notes = _without_comments(text, delimiter)
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
    usual = Style(",") if delimiter == ";" else PLAIN
    return _with_notes(header, list(zip(*cells, strict=True)), lines, usual, notes)


def _without_comments(text: str, delimiter: str | None) -> tuple[str, list[str]]:
    """Return text without the lines before the header that begin with #, and a note on them.

    The last of them is the header if it is split like the line of numbers below it. Other lines keep their numbers.
    """
    above = _COMMENTS.match(text)
    marked = [line for line in above[0].splitlines() if line.strip()] if above is not None else []
    if above is None or not marked:
        return text, []
    below = text[above.end() :]
    rest = "\n" * len(above[0].splitlines()) + below
    header = marked[-1].strip()
    header = header[1:].strip() if header[1:2] not in (*DELIMITERS, "") else header
    known = delimiter or _sniff(below)
    names, *rows = [row for _, row in islice(_split(f"{header}\n{below}", known), 3)]
    numeric = [any(as_number(cell) is not None for cell in row) for row in rows]
    if len(names) > 1 and [len(row) for row in rows[:1]] == [len(names)] and (numeric[0] or not any(numeric)):
        rest = "\n" * (len(above[0].splitlines()) - 1) + f"{header}\n{below}"
        marked = marked[:-1]
    return rest, [f"Left out: lines above the header that begin with #, such as {marked[0]!r}."] if marked else []


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


def _notes_on_unnamed(values: Sequence[Any]) -> tuple[str, ...]:
    """Return a note if the column without a name contains more than row numbers."""
    numbers = [value for value in values if value == value]
    if not numbers or any(numbers == list(range(first, first + len(values))) for first in (0, 1)):
        return ()
    return (f"Left out: the column without a name (such as {values[0]!r}).",)
