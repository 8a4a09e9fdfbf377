"""Reading tables: CSV, TSV, Parquet, standard input.

Whatever is wrong with a file is one `TableError` that says where and what to do. pandas is imported late.
"""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eqdarts.errors import explain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableError", "as_number", "read_table"]

DELIMITERS = ",\t;|"


class TableError(ValueError):
    """A table that cannot be used as it is."""


def read_table(path: str) -> pd.DataFrame:
    """Read a table from a file, or from standard input if `path` is ``"-"``.

    Parquet is known by its content or by the suffix .parquet; everything else is UTF-8 text with one header line,
    separated by comma, tab, semicolon or bar, whichever splits the header into most columns.

    Raises
    ------
    TableError
        If the file cannot be read, or is not such a table.
    """
    content = _read_bytes(path)
    name = "standard input" if path == "-" else path
    if content[:4] == b"PAR1" or path.endswith((".parquet", ".pq")):
        return _parse_parquet(content, name)
    return _parse_text(_decode(content, name), name, "\t" if path.endswith(".tsv") else None)


def _read_bytes(path: str) -> bytes:
    if path == "-":
        if sys.stdin.isatty():
            raise TableError(explain("No table on standard input.", "a terminal", "Pipe a file into eqdarts."))
        return sys.stdin.buffer.read()
    if Path(path).is_dir():
        raise TableError(explain("FILE must be a table.", f"the directory {path}", "Name a CSV, TSV or Parquet file."))
    if Path(path).exists() and not Path(path).is_file():
        raise TableError(
            explain("FILE must be a regular file.", path, "Pipe other sources into standard input and name it -.")
        )
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TableError(
            explain("FILE cannot be read.", f"{path} ({error.strerror})", "Check the path and its permissions.")
        ) from None


def _parse_parquet(content: bytes, name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise TableError(
            explain("Parquet files need the package pyarrow.", name, "Run: python -m pip install pyarrow")
        ) from None
    except Exception as error:  # pyarrow raises its own classes, which cannot be named without importing it
        reason = str(error).splitlines()[0]
        raise TableError(explain("FILE is not readable as Parquet.", f"{name} ({reason})", "Write it again.")) from None
    frame.columns = [str(column) for column in frame.columns]
    _check_header(list(frame.columns), name)
    if frame.empty:
        raise TableError(explain("The table has no rows.", name, "Give at least one row of numbers."))
    return frame


def _decode(content: bytes, name: str) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark."""
    if content[:4] == b"PK\x03\x04":
        raise TableError(explain("FILE must be text.", f"{name}, a workbook or zip file", "Save the sheet as CSV."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(
            explain(
                "The file is not UTF-8 text.",
                f"byte 0x{content[error.start]:02x} in line {line} of {name}",
                "Save it as UTF-8, for example: iconv -f LATIN1 -t UTF-8 FILE",
            )
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TableError(
            explain("The file is not text.", f"a zero byte in line {line} of {name}", "Save it as CSV in UTF-8.")
        )
    if not text.strip():
        raise TableError(explain("The table is empty.", name, "Give a header line and rows of numbers."))
    return text


def _parse_text(text: str, name: str, delimiter: str | None) -> pd.DataFrame:
    """Parse decoded text. Between semicolons a comma is the decimal sign, if no number has a point."""
    import pandas as pd

    delimiter = delimiter or _sniff(text)
    rows = _rows(text, delimiter, name)
    header = next(rows)[1]
    _check_header(header, name)
    cells: list[list[str]] = []
    for line, row in rows:
        if len(row) != len(header):
            raise TableError(
                explain(
                    f"Every line must have {len(header)} cells, as the header has.",
                    f"{len(row)} in line {line} of {name}",
                    "Mend that line; quote cells that contain the separator.",
                )
            )
        cells.append(row)
    if not cells:
        raise TableError(explain("The table has a header but no rows.", name, "Give at least one row of numbers."))
    decimal_comma = delimiter == ";" and bool(re.search(r"\d,\d", text)) and not re.search(r"\d\.\d", text)
    columns = zip(*cells, strict=True)
    data = {column: _column(values, decimal_comma) for column, values in zip(header, columns, strict=True)}
    frame = pd.DataFrame(data)
    return frame.drop(columns="") if "" in data else frame


def _sniff(text: str) -> str:
    """Return the delimiter that splits the header line into most cells; a comma where none splits it."""
    header = text.lstrip().partition("\n")[0]
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter))))


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and stripped cells of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t")
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise TableError(
            explain("The file is not a table.", f"{error} in line {reader.line_num} of {name}", "Mend that line.")
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


MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})


def as_number(cell: str) -> float | None:
    """Return the number that a cell holds, NaN for a marker of a missing value, None for text."""
    if cell.casefold() in MISSING:
        return math.nan
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _column(cells: Sequence[str], decimal_comma: bool) -> list[float] | list[str]:
    """Return the column as numbers if every cell is one or is missing, else as text."""
    plain = [cell.replace(",", ".") for cell in cells] if decimal_comma else cells
    numbers: list[float] = []
    for cell in plain:
        number = as_number(cell)
        if number is None:
            return list(cells)
        numbers.append(number)
    return numbers
