"""Workbooks of Excel: the cells of a sheet as text. The package openpyxl is needed, and imported late."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from eqdarts.errors import TableError, closest, explain

__all__ = ["is_workbook", "sheet_cells"]

_PART = "xl/workbook.xml"  # what every workbook has


def is_workbook(content: bytes) -> bool:
    """Whether the content of a file is a workbook of Excel 2007 or later."""
    try:
        return content.startswith(b"PK") and _PART in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile:
        return False


def sheet_cells(content: bytes, name: str, sheet: str | int) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Return the number and cells of every row of a sheet that is not blank, and notes on other sheets.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for errors.
    sheet : str or int
        Name or position.

    Raises
    ------
    TableError
        If openpyxl is not installed, the workbook is damaged, or there is no such sheet.
    """
    try:
        import openpyxl
    except ImportError:
        todo = "Run: python -m pip install openpyxl. Or save the sheet as CSV."
        raise TableError(explain("Excel files need the package openpyxl.", name, todo)) from None
    try:  # formulas are read as the values that Excel has kept
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # openpyxl passes on what its parsers raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(
            explain("FILE cannot be read as a workbook.", f"{name} ({reason})", "Save it again.")
        ) from None
    sheets: list[str] = list(book.sheetnames)
    if isinstance(sheet, str) and sheet not in sheets:
        raise TableError(explain("The workbook must have the sheet.", repr(sheet), closest(sheet, sheets)))
    if isinstance(sheet, int) and not 0 <= sheet < len(sheets):
        raise TableError(explain("The workbook must have the sheet.", sheet, f"There are {len(sheets)}, from 0 on."))
    chosen = sheet if isinstance(sheet, str) else sheets[sheet]
    rows = [(line, list(map(_text, values))) for line, values in enumerate(book[chosen].iter_rows(values_only=True), 1)]
    others = [other for other in sheets if other != chosen]
    notes = [f"Read the sheet {chosen!r} alone, not {', '.join(map(repr, others))}."] if others else []
    return _equally_long([(line, cells) for line, cells in rows if any(cells)]), notes


def _equally_long(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    width = max((len(cells) for _, cells in rows), default=0)
    return [(line, cells + [""] * (width - len(cells))) for line, cells in rows]


def _text(value: Any) -> str:
    """Return the value of a cell as text; numbers keep all digits, dates become those of ISO 8601."""
    if value is None:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value).strip()
