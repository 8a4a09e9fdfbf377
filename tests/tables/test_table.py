"""DataFrames as tables: text in them is read like that of a file."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from eqdarts.tables.table import Table, as_table, table_of


def test_text_and_objects_become_numbers_dates_or_text() -> None:
    frame = pd.DataFrame(
        {
            "text": ["1,5", "?", "2,25"],
            "objects": pd.Series([1, None, 2.5], [7, 8, 9], dtype=object),
            "dates": [datetime.date(2020, 1, 1), None, datetime.date(2020, 1, 3)],
            "who": ["a", "b", None],
            "zone": pd.to_datetime(["2020-01-01T01:00+01:00", None, "2020-01-02"], utc=True, format="ISO8601"),
            "lasted": pd.to_timedelta([1, 2, 3], unit="min"),
        },
        index=[7, 8, 9],
    )
    table = as_table(frame)
    read = table.frame
    np.testing.assert_array_equal(read["text"], [1.5, np.nan, 2.25])
    np.testing.assert_array_equal(read["objects"], [1, np.nan, 2.5])
    assert read["dates"].tolist() == [pd.Timestamp("2020-01-01"), pd.NaT, pd.Timestamp("2020-01-03")]
    assert read["who"].tolist() == ["a", "b", ""]
    assert read["zone"][0] == pd.Timestamp("2020-01-01")
    assert read["lasted"].tolist() == [60, 120, 180]
    assert table.told == ("Numbers are read with the decimal sign ','.",)


def test_signs_and_the_order_of_dates_are_read_and_told() -> None:
    frame = pd.DataFrame({"share": ["3 %", "4,5 %"], "cost": ["$1", "$2"], "day": ["03/04/2020", "25/04/2020"]})
    table = as_table(frame)
    assert table.frame["share"].tolist() == [3, 4.5]
    assert table.frame["cost"].tolist() == [1, 2]
    assert table.frame["day"][0] == pd.Timestamp("2020-04-03")
    assert table.units == {"share": "%"}
    assert table.told == (
        "Numbers are read with the decimal sign ','.",
        "Dates such as 25/04/2020 are read with the day first.",
        "Every value of 'share' ends in '%', which is read as its unit.",
        "Every value of 'cost' has the sign '$', which is left out.",
    )
    again = as_table(frame.iloc[:1], table.style)  # new rows are read as those of the fit
    assert again.frame["day"].tolist() == [pd.Timestamp("2020-04-03")]


def test_units_come_from_headers_from_a_first_row_and_from_the_reader() -> None:
    frame = pd.DataFrame({"m [g]": ["x", "1", "2"], "t": ["s", "1", "3"], "v": [np.nan, 1, 2]})
    frame.attrs["units"] = {"v": "m/s"}
    table = as_table(frame)
    assert table.units == {"m": "x", "t": "s", "v": "m/s"}
    assert table.first == 1
    assert table.headers == {"m": "m [g]"}
    assert (table.name_of("m [g]"), table.name_of("t")) == ("m", "t")
    np.testing.assert_array_equal(table.frame, [[1, 1, 1], [2, 3, 2]])
    assert as_table(frame.assign(v=[1, 2, 3])).first == 0  # a number in the row: no units


def test_categories_keep_their_order_and_numbers_in_them_are_numbers() -> None:
    dose = pd.Categorical(["low", "high", "low"], ["low", "high"])
    read = as_table(pd.DataFrame({"dose": dose, "day": pd.Categorical([1, 2, 1])})).frame
    assert list(read["dose"].cat.categories) == ["low", "high"]
    assert read["day"].tolist() == [1, 2, 1]


def test_a_column_can_be_left_out() -> None:
    table = table_of(["a", "b"], [["1", "2"], ["x", "y"]], [2, 3])
    assert isinstance(table, Table)
    assert list(table.without("b").frame) == ["a"]
    assert table.lines == [2, 3]
