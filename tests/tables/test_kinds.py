"""The kind of each column of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.errors import TableError
from eqdarts.tables.columns import Column
from eqdarts.tables.kinds import planned
from eqdarts.tables.table import as_table

N = 90
NUMBER = np.sqrt(np.arange(1.0, N + 1))


def _kinds(columns: dict[str, Any], are_named: bool = False, kept: tuple[str, ...] = ()) -> list[Column]:
    table = as_table(pd.DataFrame(columns))
    return planned(table, list(table.frame.columns), are_named, set(kept))


def test_text_of_few_levels_becomes_columns_of_0_and_1() -> None:
    (column, other) = _kinds({"Type": ["Quebec", "Mississippi"] * 45, "yes": [True, "False", None] * 30})
    assert column == Column("Type", "levels", ("Type=Quebec",), levels=("Mississippi", "Quebec"))
    assert other.levels == ("False", "True")


def test_text_of_many_levels_is_left_out_and_groups_are_proposed_where_they_could_be_some() -> None:
    trees, names = _kinds({"tree": [f"t{k % 15}" for k in range(N)], "name": [f"n{k}" for k in range(N)]})
    assert (trees.kind, names.kind) == ("text", "text")
    assert trees.why == "such as 't0' in row 1; its 15 labels may be groups, with constants of their own"
    assert names.why == "such as 'n0' in row 1"
    (day,) = _kinds({"day": [f"{k % 12 + 1}/{k % 9 + 1}/20" for k in range(N)]})
    assert day.why == "such as '1/1/20' in row 1; day and month cannot be told apart, so write dates as 2020-02-28"
    with pytest.raises(TableError, match=r"must hold numbers. Got text in 'name'"):
        _kinds({"name": [f"n{k}" for k in range(N)]}, are_named=True)


def test_year_month_and_day_become_time() -> None:
    year, month = np.repeat(np.arange(2000, 2009), 10), np.tile(np.arange(1, 11), 9)
    (column, rest) = _kinds({"Year": year, "x": NUMBER, "month": month})
    assert column == Column("time", "time", ("time",), "yr", origin="2000-01-01", parts=("Year", "month"))
    assert rest.name == "x"
    assert _kinds({"year": year, "month": month, "day": month, "time": NUMBER})[0].name == "elapsed"
    assert [c.kind for c in _kinds({"year": year, "month": month}, kept=("month",))] == ["number", "number"]
    assert [c.kind for c in _kinds({"year": year, "month": month + 5})] == ["number", "number"]  # a month 15
    names = [["Jan", "feb.", "March", "Apr", "May", "June", "jul", "August", "Sept", "Oct"][k - 1] for k in month]
    named = _kinds({"year": year, "month": names})
    assert named[0].parts == ("year", "month")
    table = as_table(pd.DataFrame({"year": year, "month": names}))
    np.testing.assert_array_equal(named[0].numbers(table)["time"][:3], np.array([0, 31, 60]) / 365.25)
    assert [c.kind for c in _kinds({"year": year, "month": ["Marked"] * N})] == ["number", "same"]
    assert [c.kind for c in _kinds({"year": year, "day": month})] == ["number", "number"]


def test_a_column_that_says_nothing_new_is_left_out() -> None:
    columns = {
        "x": NUMBER,
        "flat": np.where(np.arange(N) == 3, np.nan, 5.0),
        "late": np.where(np.arange(N) < N - 1, 0.0, 1.0),
        "again": NUMBER.copy(),
        "almost": NUMBER + (np.arange(N) == N - 1),
        "word": ["a"] * N,
        "day": pd.Timestamp("2020-01-01"),
        "empty": np.nan,
    }
    found = {column.name: column.why for column in _kinds(columns) if column.kind == "same"}
    assert found == {
        "flat": "the same in all rows: 5",
        "again": "the same as x",
        "word": "the same in all rows: a",
        "day": "the same in all rows",
        "empty": "the same in all rows: no value",
    }
    assert "flat" not in {c.name for c in _kinds(columns, kept=("flat",)) if c.kind == "same"}
    assert [c.kind for c in _kinds({"flat": [1.0] * N})] == ["number"]  # something has to be there


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(TableError, match=r"must hold real numbers. Got complex numbers in 'z'"):
        _kinds({"z": np.array([1j, 2.0])})
