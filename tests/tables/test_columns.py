"""Picking the target and the features: what is left out is said, with column, line and value."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts.errors import TableError
from eqdarts.tables.columns import numeric_columns, part_groups, select
from eqdarts.tables.files import load_table
from eqdarts.tables.table import Table

EXPECTED = pd.DataFrame({"x": [1.0, 2.0], "y": [2.5, -300.0], "label": ["a", "b"]})


def _table(folder: Path, text: str) -> Table:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return load_table(str(path))


def test_select_takes_the_numeric_columns_and_says_what_it_leaves_out() -> None:
    columns = select(Table(EXPECTED), "y")
    assert list(columns.X) == ["x"]
    assert columns.y.name == "y"
    assert columns.X["x"].dtype == np.float64
    assert columns.notes == ("Left out, not numeric: 'label' (such as 'a' in row 1).",)


def test_select_takes_the_features_in_the_order_given() -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [True], "y": [4]})
    assert list(select(Table(frame), "y", ["c", "a"]).X) == ["c", "a"]
    assert select(Table(frame), "y", ["c"]).X["c"].tolist() == [1.0]


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
        select(Table(EXPECTED), target, features)


def test_no_numeric_feature() -> None:
    with pytest.raises(TableError, match="must have a numeric feature"):
        select(Table(EXPECTED.drop(columns="x")), "y")


def test_missing_rows_are_an_error_that_counts_them_or_are_dropped() -> None:
    frame = pd.DataFrame({"a": [1.0, math.nan, 3.0, math.nan], "b": [1.0, 2.0, math.nan, 4.0], "y": [1.0] * 4})
    with pytest.raises(TableError, match=r"3 of 4 rows. Got 2 missing in 'a'.*--drop-missing"):
        select(Table(frame), "y")
    columns = select(Table(frame), "y", drop_missing=True)
    assert len(columns.X) == len(columns.y) == 1
    assert "Dropped 3 of 4 rows" in columns.notes[0]
    with pytest.raises(TableError, match="At least one row"):
        select(Table(frame.iloc[1:]), "y", drop_missing=True)


def test_a_column_that_is_not_used_may_miss_values() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [math.nan, 2.0], "y": [1.0, 2.0]})
    assert len(select(Table(frame), "y", ["a"]).X) == 2


def test_infinite_values() -> None:
    with pytest.raises(TableError, match=r"1 infinite in 'x' \(the first in line 5\)"):
        select(Table(pd.DataFrame({"x": [1.0, -math.inf], "y": [1.0, 2.0]}), [2, 5]), "y")


def test_numeric_columns_names_the_closest() -> None:
    with pytest.raises(TableError, match="Did you mean 'label'"):
        numeric_columns(Table(EXPECTED), ["lable"])


def test_a_column_of_text_is_left_out_with_line_and_value(tmp_path: Path) -> None:
    columns = select(_table(tmp_path, "x,label,y\n\n1,NA,1\n2,$3,2\n"), "y")
    assert columns.notes == ("Left out, not numeric: 'label' (such as '$3' in line 4).",)


def test_a_row_of_units_is_no_row(tmp_path: Path) -> None:
    table = _table(tmp_path, "x,y\nm,s\n1,2\n2,4\n")
    assert select(table, "y").X["x"].tolist() == [1.0, 2.0]
    assert table.units == {"x": "m", "y": "s"}
    assert table.told == ("The first row is read as units: x in m, y in s.",)


def test_many_gaps_are_counted_and_those_of_columns_not_asked_for_are_not_told(tmp_path: Path) -> None:
    rows = "".join(f"{'bad' if k % 3 == 0 else k},{k},{'?' if k == 4 else k}\n" for k in range(15))
    table = _table(tmp_path, "x,y,z\n" + rows)
    (note, dropped) = select(table, "y", ["x"], drop_missing=True).notes
    assert note.startswith("Treated as missing in column 'x', not a number: 'bad' in line 2, 'bad' in line 5,")
    assert note.endswith("and 2 more.")
    assert dropped.startswith("Dropped 5 of 15")


def test_an_empty_cell_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"2 missing in 'y' \(the first in line 3\)"):
        select(_table(tmp_path, "x,y\n1,2\n2,\n3,NA\n"), "y")


def test_the_column_of_groups_is_no_feature_and_has_no_gaps(tmp_path: Path) -> None:
    table = _table(tmp_path, "tree,age,size\n1,2,3\n2,4,5\n1,6,7\n")
    rest, labels = part_groups(table, "tree")
    assert labels.tolist() == [1, 2, 1]
    assert list(select(rest, "size").X) == ["age"]
    assert part_groups(table, None) == (table, None)
    with pytest.raises(TableError, match="must have the column"):
        part_groups(table, "Tree")
    with pytest.raises(TableError, match=r"1 missing in 'tree' .the first in line 3.*Fill them"):
        part_groups(_table(tmp_path, "tree,age\n1,2\n,4\n"), "tree")
