"""Sheets of a workbook."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pytest

from eqdarts.errors import TableError
from eqdarts.tables.files import load_table, read_table
from eqdarts.tables.workbooks import is_workbook


def _workbook(path: Path) -> str:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "runs"
    day = datetime.datetime(2020, 1, 31)
    for row in ([], ["day", "m [kg]", None, "who"], [day, 1, None, "a"], [None, 0.1, None, "b"]):
        book.active.append(row)
    book.create_sheet("notes").append(["x"])
    book.save(path)
    return str(path)


def test_a_sheet_is_read_like_text(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "book.xlsx")
    table = load_table(path)
    assert table.frame["m"].tolist() == [1.0, 0.1]
    assert str(table.frame["day"][0]) == "2020-01-31 00:00:00"
    assert table.frame["who"].tolist() == ["a", "b"]
    assert table.lines == [3, 4]
    assert table.units == {"m": "kg"}
    assert table.notes == ("Read the sheet 'runs' alone, not 'notes'.",)
    for sheet, says in (("run", "Did you mean 'runs'"), (5, "There are 2"), ("notes", "must have a header and rows")):
        with pytest.raises(TableError, match=says):
            read_table(path, sheet)


def test_what_is_no_workbook() -> None:
    assert not is_workbook(b"PK\x03\x04 and more")
    assert not is_workbook(b"a,b\n1,2\n")


def test_a_damaged_workbook_is_one_error(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    import zipfile

    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:
        archive.writestr("xl/workbook.xml", "<nonsense/>")
    (tmp_path / "book.xlsx").write_bytes(page.getvalue())
    with pytest.raises(TableError, match="cannot be read as a workbook"):
        load_table(str(tmp_path / "book.xlsx"))
