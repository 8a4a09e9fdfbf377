"""A table made ready for a fit: what is left out is said, with column, line and value."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts.errors import TableError
from eqdarts.tables.files import load_table
from eqdarts.tables.prepare import named_in, part_groups, prepare
from eqdarts.tables.table import Table, as_table

EXPECTED = pd.DataFrame({"x": [1.0, 2.0], "y": [2.5, -300.0], "label": ["a", "b"]})


def _table(folder: Path, text: str) -> Table:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return load_table(str(path))


def test_the_numeric_columns_are_taken_and_others_are_said() -> None:
    ready = prepare(Table(EXPECTED), "y")
    assert list(ready.X) == ["x"]
    assert ready.y.name == "y"
    assert ready.X["x"].dtype == np.float64
    assert ready.notes == ("Left out, not numeric: 'label' (such as 'a' in row 1).",)


def test_features_are_taken_in_the_order_given() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [2, 2], "c": [True, False], "y": [4, 5]})
    assert list(prepare(Table(frame), "y", ["c", "a"]).X) == ["c", "a"]
    assert prepare(Table(frame), "y", ["c"]).X["c"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("target", "features", "expected"),
    [
        ("Y", None, "Did you mean 'y'"),
        ("x,y", None, "a law has one target. Got 'x,y'. Fit each by itself"),
        ("label", None, "must hold numbers.*'label'"),
        ("y", ["xx"], "Did you mean 'x'"),
        ("y", ["label"], "must hold numbers"),
        ("y", ["x", "y"], "target must not be a feature"),
    ],
)
def test_wrong_columns(target: str, features: list[str] | None, expected: str) -> None:
    with pytest.raises(TableError, match=expected):
        prepare(Table(EXPECTED), target, features)


def test_no_numeric_feature() -> None:
    with pytest.raises(TableError, match="must have a numeric feature"):
        prepare(Table(EXPECTED.drop(columns="x")), "y")


def test_a_gap_costs_its_row_and_a_column_of_gaps_is_left_out() -> None:
    a, b = np.arange(1.0, 9), np.arange(8.0) ** 2
    frame = pd.DataFrame({"a": a, "b": b, "mostly": [1.0, *[math.nan] * 6, 2.0], "y": a})
    frame.loc[2, "a"] = frame.loc[3, "b"] = frame.loc[3, "y"] = math.nan
    ready = prepare(Table(frame), "y")
    assert ready.rows.tolist() == [0, 1, 4, 5, 6, 7]
    assert ready.notes == (
        "Left out, too many gaps: 'mostly' (6 of 8 values are missing).",
        "The law is chosen without 2 of 8 rows, which have missing values: 1 in 'a', 1 in 'b', 1 in 'y'.",
    )
    assert [(column.name, column.gaps) for column in ready.columns.columns] == [("a", 1), ("b", 1), ("mostly", 6)]
    named = prepare(Table(frame), "y", ["a", "mostly"])  # a column that the user names stays
    assert named.rows.tolist() == [0, 7]
    with pytest.raises(TableError, match="At least one row"):
        prepare(Table(frame.assign(y=math.nan)), "y")


def test_a_law_that_does_not_use_a_column_with_gaps_is_told_what_these_cost() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4, 5], "b": [4.0, math.nan, 6, 7, 9], "y": [math.nan, 2, 3, 4, 5]})
    ready = prepare(Table(frame), "y")
    assert ready.unused({"a", "b"}) == ([], 0)
    assert ready.unused({"a"}) == (["b"], 1)
    assert ready.partial is not None
    assert ready.partial.rows.tolist() == [1]
    assert ready.partial.X["a"].tolist() == ready.partial.y.tolist() == [2.0]


def test_a_sign_for_missing_values_is_used_with_a_warning() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 5, 8, -999, -999], "y": np.arange(7.0)})
    ready = prepare(Table(frame), "y")
    assert len(ready.rows) == 7
    assert ready.notes == (
        "Values far from all others that may stand for missing ones are used as numbers: 'a' (-999 in 2 rows). "
        "If they are gaps, write NA there.",
    )


def test_infinite_values() -> None:
    with pytest.raises(TableError, match=r"1 infinite in 'x' \(the first in line 5\)"):
        prepare(Table(pd.DataFrame({"x": [1.0, -math.inf], "y": [1.0, 2.0]}), [2, 5]), "y")


def test_a_column_of_text_is_left_out_with_line_and_value(tmp_path: Path) -> None:
    ready = prepare(_table(tmp_path, "x,label,y\n\n1,NA,1\n2,$3,2\n3,b,7\n"), "y")
    assert ready.notes == ("Left out, not numeric: 'label' (such as '$3' in line 4).",)


def test_a_row_of_units_is_no_row(tmp_path: Path) -> None:
    table = _table(tmp_path, "x,y\nm,s\n1,2\n2,4\n")
    ready = prepare(table, "y")
    assert ready.X["x"].tolist() == [1.0, 2.0]
    assert ready.columns.units == {"x": "m", "y": "s"}
    assert ready.told == ("The first row is read as units: x in m, y in s.",)


def test_many_gaps_are_counted_and_those_of_columns_not_asked_for_are_not_told(tmp_path: Path) -> None:
    rows = "".join(f"{'bad' if k % 3 == 0 else k},{k},{'few' if k == 4 else k}\n" for k in range(15))
    (note, dropped) = prepare(_table(tmp_path, "x,y,z\n" + rows), "y", ["x"]).notes
    assert note.startswith("Treated as missing in column 'x', not a number: 'bad' in line 2, 'bad' in line 5,")
    assert note.endswith("and 2 more.")
    assert dropped == "The law is chosen without 5 of 15 rows, which have missing values: 5 in 'x'."


def test_what_is_only_converted_is_told_apart_from_what_is_lost() -> None:
    frame = pd.DataFrame({"t [s]": np.arange(6.0), "on": ["a", "b"] * 3, "c": 1, "day": 0, "y": np.arange(6.0) ** 2})
    frame["day"] = pd.date_range("2020-01-05", periods=6)
    ready = prepare(as_table(frame), "y")
    assert list(ready.X) == ["t", "on=b", "day"]
    assert ready.notes == ()
    assert ready.told == (
        "Left out: 'c' (the same in all rows: 1).",
        "on: 1 or 0: on=b; a where all are 0.",
        "day: days since 2020-01-05.",
    )
    assert prepare(as_table(frame), "y", ["t [s]"]).columns.given == ("t [s]",)


def test_the_column_of_groups_is_no_feature_and_has_no_gaps(tmp_path: Path) -> None:
    table = _table(tmp_path, "tree,age,size\n1,2,3\n2,4,5\n1,6,7\n")
    rest, labels = part_groups(table, "tree")
    assert labels.tolist() == [1, 2, 1]
    assert list(prepare(rest, "size").X) == ["age"]
    assert part_groups(table, None) == (table, None)
    with pytest.raises(TableError, match="must have the column"):
        part_groups(table, "Tree")
    with pytest.raises(TableError, match=r"1 missing in 'tree' .the first in line 3.*Fill them"):
        part_groups(_table(tmp_path, "tree,age\n1,2\n,4\n"), "tree")


def test_the_names_in_formulas() -> None:
    assert named_in(["a*x1/(b + x)", "exp(t)"], ["x", "x1", "x2", "e", "t"]) == {"x", "x1", "t"}
    assert named_in(None, ["x"]) == set()
