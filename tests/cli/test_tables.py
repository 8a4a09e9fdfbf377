"""Reading tables and picking columns: what is read, and one clear error for everything that cannot be."""

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

from eqdarts.cli.columns import numeric_columns, select
from eqdarts.cli.tables import TableError, read_table

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
        ("x;y;label\n1,0;2,5;a\n2,0;-300,0;b\n", "decimal_comma.csv"),
    ],
)
def test_dialects_give_the_same_table(tmp_path: Path, content: str, name: str) -> None:
    pd.testing.assert_frame_equal(read_table(_file(tmp_path, content, name)), EXPECTED, check_dtype=False)


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    EXPECTED.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(read_table(str(tmp_path / "table.parquet")), EXPECTED, check_dtype=False)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))
    pd.testing.assert_frame_equal(read_table("-"), EXPECTED, check_dtype=False)


@given(st.lists(st.lists(st.floats(allow_nan=False, width=64), min_size=3, max_size=3), min_size=1, max_size=8))
def test_numbers_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]) -> None:
    text = "a,b,c\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows)
    frame = read_table(_file(tmp_path_factory.mktemp("numbers"), text))
    np.testing.assert_array_equal(frame.to_numpy(), np.array(rows))


def test_a_quoted_cell_may_hold_the_separator_and_a_line_break(tmp_path: Path) -> None:
    frame = read_table(_file(tmp_path, '"a, or\nb",c\n1,2\n'))
    assert list(frame.columns) == ["a, or\nb", "c"]


def test_the_unnamed_column_of_row_numbers_is_left_out(tmp_path: Path) -> None:
    assert list(read_table(_file(tmp_path, ",x,y\n0,1,2\n1,3,4\n")).columns) == ["x", "y"]


@pytest.mark.parametrize("cell", ["", "NA", "nan", "null", "n/a", "None", "."])
def test_missing_values(tmp_path: Path, cell: str) -> None:
    assert math.isnan(read_table(_file(tmp_path, f"x,y\n{cell},2\n3,4\n"))["x"][0])


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
        ("x,y\n1,2\n".encode("utf-16"), r"not UTF-8"),
        (b"x,y\n1,2\n\0,4\n", r"zero byte in line 3"),
        (b"PK\x03\x04 and more", "Save the sheet as CSV"),
        (b"PAR1 and nothing more", "not readable as Parquet"),
    ],
)
def test_a_bad_file_is_one_error(tmp_path: Path, content: str | bytes, expected: str) -> None:
    with pytest.raises(TableError, match=expected) as caught:
        read_table(_file(tmp_path, content))
    assert "Got" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        read_table(str(tmp_path / "absent.csv"))
    with pytest.raises(TableError, match="the directory"):
        read_table(str(tmp_path))


def test_select_takes_the_numeric_columns_and_says_what_it_leaves_out() -> None:
    columns = select(EXPECTED, "y")
    assert list(columns.X) == ["x"]
    assert columns.y.name == "y"
    assert columns.X["x"].dtype == np.float64
    assert columns.notes == ("Left out, not numeric: 'label' (such as 'a').",)


def test_select_takes_the_features_in_the_order_given() -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [True], "y": [4]})
    assert list(select(frame, "y", ["c", "a"]).X) == ["c", "a"]
    assert select(frame, "y", ["c"]).X["c"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("target", "features", "expected"),
    [
        ("Y", None, "Did you mean 'y'"),
        ("label", None, "must hold numbers.*'label'"),
        ("y", ["xx"], "Did you mean 'x'"),
        ("y", ["label"], "must hold numbers"),
        ("y", ["x", "y"], "target must not be a feature"),
    ],
)
def test_wrong_columns(target: str, features: list[str] | None, expected: str) -> None:
    with pytest.raises(TableError, match=expected):
        select(EXPECTED, target, features)


def test_no_numeric_feature() -> None:
    with pytest.raises(TableError, match="No numeric feature"):
        select(EXPECTED.drop(columns="x"), "y")


def test_missing_rows_are_an_error_that_counts_them_or_are_dropped() -> None:
    frame = pd.DataFrame({"a": [1.0, math.nan, 3.0, math.nan], "b": [1.0, 2.0, math.nan, 4.0], "y": [1.0] * 4})
    with pytest.raises(TableError, match=r"3 of 4 rows. Got 2 missing in 'a'.*--drop-missing"):
        select(frame, "y")
    columns = select(frame, "y", drop_missing=True)
    assert len(columns.X) == len(columns.y) == 1
    assert "Dropped 3 of 4 rows" in columns.notes[0]
    with pytest.raises(TableError, match="Every row"):
        select(frame.iloc[1:], "y", drop_missing=True)


def test_a_column_that_is_not_used_may_miss_values() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [math.nan, 2.0], "y": [1.0, 2.0]})
    assert len(select(frame, "y", ["a"]).X) == 2


def test_infinite_values() -> None:
    with pytest.raises(TableError, match="1 infinite in 'x'"):
        select(pd.DataFrame({"x": [1.0, -math.inf], "y": [1.0, 2.0]}), "y")


def test_numeric_columns_names_the_closest() -> None:
    with pytest.raises(TableError, match="Did you mean 'label'"):
        numeric_columns(EXPECTED, ["lable"])
