"""Reading tables: what is read, and one clear error for everything that cannot be."""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqdarts
from eqdarts.errors import TableError
from eqdarts.tables.files import load_table, table_name
from eqdarts.tables.spreadsheets import name_to_cell

TABLE = "x,y,label\n1,2.5,a\n2,-3e2,b\n"
EXPECTED = pd.DataFrame({"x": [1.0, 2.0], "y": [2.5, -300.0], "label": ["a", "b"]})


def _file(folder: Path, content: str | bytes, name: str = "table.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TABLE, "table.csv"),
        (TABLE.replace(",", "\t"), "table.tsv"),
        (TABLE.replace(",", "\t"), "table.txt"),
        (TABLE.replace(",", ";"), "table.csv"),
        (TABLE.replace(",", "|"), "table.csv"),
        (TABLE.replace(",", ", "), "table.csv"),
        (TABLE.replace("\n", "\r\n"), "table.csv"),
        (TABLE.replace("\n", "\n\n"), "table.csv"),
        ("\ufeff" + TABLE, "table.csv"),
        (TABLE.rstrip(), "table.csv"),
        ('"x","y","label"\n1,2.5,"a"\n2,-3e2,"b"\n', "table.csv"),
        (TABLE.replace("\n", "\r"), "table.csv"),
        (TABLE.replace("\n", "\r\r"), "table.csv"),
        (TABLE.replace(",", " "), "table.txt"),
        (TABLE.replace(",", "   ").replace("\n", "  \n"), "table.dat"),
        ("  x \t y  label\n" + "  1 2.5\ta\n 2  -3e2  b\n", "table.csv"),
        ('x y "label"\r1 2.5 "a"\r2 -3e2 "b"\r', "table.prn"),
        ("x;y;label\n1,0;2,5;a\n2,0;-300,0;b\n", "decimal_comma.csv"),
    ],
)
def test_dialects_give_the_same_table(tmp_path: Path, content: str, name: str) -> None:
    pd.testing.assert_frame_equal(load_table(_file(tmp_path, content, name)).frame, EXPECTED, check_dtype=False)


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    EXPECTED.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(load_table(str(tmp_path / "table.parquet")).frame, EXPECTED, check_dtype=False)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))
    pd.testing.assert_frame_equal(load_table("-").frame, EXPECTED, check_dtype=False)


@given(st.lists(st.lists(st.floats(allow_nan=False, width=64), min_size=3, max_size=3), min_size=1, max_size=8))
def test_numbers_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]) -> None:
    text = "a,b,c\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows)
    frame = load_table(_file(tmp_path_factory.mktemp("numbers"), text)).frame
    np.testing.assert_array_equal(frame.to_numpy(), np.array(rows))


def test_a_quoted_cell_may_hold_the_separator_and_a_line_break(tmp_path: Path) -> None:
    frame = load_table(_file(tmp_path, '"a, or\nb",c\n1,2\n')).frame
    assert list(frame.columns) == ["a, or\nb", "c"]


def test_the_unnamed_column_of_row_numbers_is_left_out(tmp_path: Path) -> None:
    assert list(load_table(_file(tmp_path, ",x,y\n0,1,2\n1,3,4\n")).frame.columns) == ["x", "y"]


@pytest.mark.parametrize("cell", ["", "NA", "nan", "null", "n/a", "None", "."])
def test_missing_values(tmp_path: Path, cell: str) -> None:
    assert math.isnan(load_table(_file(tmp_path, f"x,y\n{cell},2\n3,4\n")).frame["x"][0])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("x,y\n", "header but no rows"),
        ("1,2\n3,4\n", "must name the columns"),
        ("x,x\n1,2\n", "'x' more than once"),
        ("x,y\n1,2\n1,2,3\n", r"3 in line 3"),
        ("x,y\n1,2\n\n1\n", r"1 in line 4"),
        (b"x,y\n1,2\n\xe9,4\n", r"byte 0xe9 in line 3"),
        (b"x,y\n1,2\n\0,4\n", r"zero byte in line 3"),
        (b"PK\x03\x04 and more", "Save the sheet as CSV"),
        (b"PAR1 and nothing more", "cannot be read as Parquet"),
    ],
)
def test_a_bad_file_is_one_error(tmp_path: Path, content: str | bytes, expected: str) -> None:
    with pytest.raises(TableError, match=expected) as caught:
        load_table(_file(tmp_path, content))
    assert "Got" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "columns", "first", "note"),
    [
        ("# made by me, on Monday\n#\nx,y\n1,2\n3,4\n", ["x", "y"], 4, "such as '# made by me, on Monday'"),
        ("# x, y are in m\nx,y\n1,2\n3,4\n", ["x", "y"], 3, "such as '# x, y are in m'"),
        ("# run 7\r\n# x y\r\n1 2\r\n3 4\r\n", ["x", "y"], 3, "such as '# run 7'"),
        ("#x;y\n1;2\n3;4\n", ["x", "y"], 2, ""),
        ("#,y\n5,2\n7,4\n", ["#", "y"], 2, ""),
    ],
)
def test_lines_that_begin_with_a_hash_are_no_rows(
    tmp_path: Path, text: str, columns: list[str], first: int, note: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, newline="")
    table = load_table(str(path))
    assert list(table.frame.columns) == columns
    assert table.frame["y"].tolist() == [2.0, 4.0]
    assert table.lines[0] == first
    assert note in "".join(table.notes)
    assert bool(note) == bool(table.notes)


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        load_table(str(tmp_path / "absent.csv"))
    with pytest.raises(TableError, match="the directory"):
        load_table(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("reaction time\n1\n2\n", ["reaction time"]),
        ("reaction time,rate of decay\n1,2\n", ["reaction time", "rate of decay"]),
        ("growth rate, mean size\n3 %, 4 %\n", ["growth rate", "mean size"]),
        ("dose, mg;y\n1;2\n3;4\n", ["dose, mg", "y"]),
        ("a|b,c\n1,2\n", ["a|b", "c"]),
    ],
)
def test_the_delimiter_is_what_splits_every_line_alike(tmp_path: Path, text: str, columns: list[str]) -> None:
    assert list(load_table(_file(tmp_path, text)).frame.columns) == columns


@pytest.mark.parametrize("bad", ["abc", "3 %", "$3", "1_000", "m", "Total", "=A1", "1,5"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_one_bad_cell_is_a_gap_with_column_line_and_value(tmp_path: Path, bad: str, end: str) -> None:
    table = load_table(_file(tmp_path, end.join(["x;y", "1;2", "", f"{bad};4.5", "5;6"])))
    np.testing.assert_array_equal(table.frame["x"], [1.0, math.nan, 5.0])
    assert table.frame["y"].tolist() == [2.0, 4.5, 6.0]
    (gap,) = table.gaps["x"]
    assert (gap.text, gap.row, gap.line) == (bad, 1, 4)
    assert list(table.gaps) == ["x"]
    assert list(table.lines) == [2, 4, 5]


def test_a_last_line_of_totals_is_pointed_out(tmp_path: Path) -> None:
    text = "place,x\na,1\nb,2\n"
    assert load_table(_file(tmp_path, text)).notes == ()
    (note,) = load_table(_file(tmp_path, text + "Total:,3\n")).notes
    assert "Line 4 looks like a total ('Total:')" in note


def test_an_unnamed_column_that_holds_more_than_row_numbers_is_not_lost_in_silence(tmp_path: Path) -> None:
    assert load_table(_file(tmp_path, "x,\n1,\n2,\n")).notes == ()
    assert load_table(_file(tmp_path, ",x\n1,5\n2,6\n")).notes == ()
    (note,) = load_table(_file(tmp_path, ",x\n0.5,1\n0.7,2\n")).notes
    assert note == "Left out: the column without a name (such as 0.5)."


def test_a_field_without_end_is_one_error(tmp_path: Path) -> None:
    for text in ("x" * 200_000 + ",y\n1,2\n", 'x,y\n1,"' + "2" * 200_000):
        with pytest.raises(TableError, match=r"not a table.*line \d"):
            load_table(_file(tmp_path, text))


def test_the_name_of_a_table_has_no_suffix() -> None:
    assert table_name("a/b.csv.gz") == table_name("b.parquet") == table_name("b") == "b"
    assert table_name("b.c.csv") == "b.c"


@pytest.mark.parametrize("name", ["=1+1", "+x", "-log(p)", "@x", "'=x", "plain", "'quoted"])
def test_a_name_that_was_kept_from_being_a_formula_comes_back(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({name_to_cell(name): [1.0], "y": [2.0]})
    assert list(load_table(_file(tmp_path, frame.to_csv(index=False))).frame.columns) == [name, "y"]


def test_the_public_reader_gives_a_frame_that_says_what_was_done(tmp_path: Path) -> None:
    text = "day;m [kg];who\n2020-01-31;1.234,5;a\n2020-02-01;bad;b\n;2,5;c\n2020-02-03;4,5;d\n"
    frame = eqdarts.read_table(Path(_file(tmp_path, text)))
    assert list(frame.columns) == ["day", "m", "who"]
    np.testing.assert_array_equal(frame["m"], [1234.5, math.nan, 2.5, 4.5])
    assert frame["day"].tolist()[1:3] == [pd.Timestamp("2020-02-01"), pd.NaT]
    assert frame.attrs["units"] == {"m": "kg"}
    assert frame.attrs["notes"] == [
        "Numbers are read with the decimal sign ',', and '.' between thousands.",
        "Treated as missing in column 'm', not a number: 'bad' in line 3.",
    ]
    assert frame.iloc[1:].copy().attrs == frame.attrs


@pytest.mark.parametrize("cell", ["?", "-", "\u2013", "#N/A", "<NA>"])
def test_more_signs_of_a_missing_value(tmp_path: Path, cell: str) -> None:
    table = load_table(_file(tmp_path, f"x,y\n{cell},2\n3,4\n"))
    assert math.isnan(table.frame["x"][0])
    assert table.gaps == {}
