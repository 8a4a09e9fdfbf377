"""What became of each column: the record that is kept with a fit and followed for new rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eqdarts.errors import TableError
from eqdarts.tables.columns import Column, Columns, columns_of_names, plain_columns, read_columns
from eqdarts.tables.files import load_table

COLUMNS = Columns(
    (
        Column("m", "number", ("m",), "kg", gaps=1, header="m [kg]"),
        Column("when", "time", ("when",), "d", origin="2020-03-01"),
        Column("time", "time", ("time",), "yr", origin="2020-01-01", parts=("year", "month")),
        Column("Type", "levels", ("Type=b", "Type=c"), levels=("a", "b", "c")),
        Column("flat", "same", why="the same in all rows: 5"),
        Column("who", "text", why="such as 'x' in row 1"),
    ),
    target="y",
    target_unit="s",
    n_rows=9,
)
NEW = pd.DataFrame(
    {
        "Type": ["c", "a", None, "b"],
        "month": [1, 2, 1, 1],
        "m [kg]": ["1,5", "2,0", "?", "2,5"],
        "year": [2020, 2020, 2021, 2021],
        "when": ["2020-03-02", "2020-03-03T12:00", "", "2020-02-29"],
    }
)
NUMBERS = {
    "m": [1.5, 2.0, np.nan, 2.5],
    "when": [1.0, 2.5, np.nan, -1.0],
    "time": [0.0, 31 / 365.25, 366 / 365.25, 366 / 365.25],
    "Type=b": [0.0, 0.0, np.nan, 1.0],
    "Type=c": [1.0, 0.0, np.nan, 0.0],
}


def test_new_rows_are_read_as_those_of_the_fit_in_whatever_order() -> None:
    found = COLUMNS.numbers(NEW)
    assert tuple(found) == COLUMNS.names == tuple(NUMBERS)
    pd.testing.assert_frame_equal(found, pd.DataFrame(NUMBERS))


def test_the_record_comes_back_and_a_wrong_one_does_not() -> None:
    record = json.loads(json.dumps(COLUMNS.record()))
    assert read_columns(record) == columns_of_names(record, COLUMNS.names) == COLUMNS
    assert read_columns(None) is None
    with pytest.raises(ValueError, match="do not give those"):
        columns_of_names(record, ["m"])
    for change in ({"kind": "other"}, {"levels": ["a"]}, {"kind": "time", "unit": "fortnight"}):
        broken = {**record, "columns": [{**record["columns"][3], **change}]}
        with pytest.raises(ValueError, match=r"kind|levels"):
            read_columns(broken)


def test_only_what_is_needed_must_be_there() -> None:
    found = COLUMNS.numbers(NEW[["Type"]], {"Type=b"})
    assert found["m"].isna().all()
    assert found["Type=b"].tolist()[:2] == [0.0, 0.0]
    with pytest.raises(TableError, match=r"must have the column. Got 'when'"):
        COLUMNS.numbers(NEW.drop(columns="when"))
    assert COLUMNS.sources_of({"Type=c", "time"}) == ["year", "month", "Type"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Type": "d"}, r"'Type' must have the levels of the fit. Got 'd' in row 1. Known: a, b, c"),
        ({"when": 5.0}, r"must hold dates, as in the fit\. Got 'when' with '5\.0' in row 1"),
        ({"m [kg]": "heavy"}, r"must hold numbers. Got text in 'm' \(such as 'heavy' in row 1\)"),
    ],
)
def test_something_else_in_a_column_is_one_error(change: dict[str, object], says: str) -> None:
    with pytest.raises(TableError, match=says):
        COLUMNS.numbers(NEW.assign(**change))


def test_lines_of_a_file_are_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "new.csv").write_text("Type\na\n\nd\n", encoding="utf-8")
    with pytest.raises(TableError, match="'d' in line 4"):
        COLUMNS.numbers(load_table(str(tmp_path / "new.csv")), {"Type=b"})


def test_what_a_reader_is_told() -> None:
    frame = COLUMNS.as_frame()
    assert frame["column"].tolist() == ["m [kg]", "when", "year, month", "Type", "flat", "who"]
    assert frame["became"].tolist() == [
        "number",
        "days since 2020-03-01",
        "years since 2020-01-01, made of year, month",
        "1 or 0: Type=b, Type=c; a where all are 0",
        "left out: the same in all rows: 5",
        "left out: such as 'x' in row 1",
    ]
    assert frame["gaps"].tolist() == [1, 0, 0, 0, 0, 0]
    assert COLUMNS.steps()[0] == "m [kg]: number, with 1 missing."
    assert COLUMNS.steps()[-1] == "who: left out: such as 'x' in row 1."
    assert replace(COLUMNS, n_dropped=1).steps()[-1] == "1 of 9 rows were left out: a value is missing in them."
    assert plain_columns(["a"]).steps() == []
    assert COLUMNS.features == ("m", "when", "year", "month", "Type")
    assert COLUMNS.units == {"m": "kg", "when": "d", "time": "yr", "y": "s"}
    assert COLUMNS.given == ("m [kg]", "when", "year", "month", "Type", "flat", "who")


def test_plain_columns_are_known() -> None:
    assert plain_columns(["a", "b"]).is_plain
    assert not COLUMNS.is_plain
    assert not Columns((Column("m", "number", ("m",), header="m [kg]"),)).is_plain
