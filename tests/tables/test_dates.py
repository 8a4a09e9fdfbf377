"""Dates and the time since an origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts.tables.dates import elapsed, from_calendar, is_date, order_of, parsed, time_unit


@pytest.mark.parametrize(
    ("cells", "unit", "origin", "expected"),
    [
        (["2020-03-01", "2020-03-11"], "days", "2020-03-01", [0, 10]),
        (["2020-03-01T12:00", "2020-03-11"], "days", "2020-03-01", [0.5, 10]),
        (["1999-07-02", "2004-01-01"], "years", "1999-01-01", [182 / 365.25, 1826 / 365.25]),
        (["2020-03-01 22:30:00Z", "2020-03-02T03:00:00+01:00"], "hours", "2020-03-01T22:00", [0.5, 4]),
        (["2020-03-01T00:00:01.5", "2020-03-01T00:00:03"], "seconds", "2020-03-01T00:00:01", [0.5, 2]),
        (["2020-03-01", "2020-03-01"], "seconds", "2020-03-01T00:00:00", [0, 0]),
        (["1.3.2020", "11.03.2020 12:00"], "days", "2020-03-01", [0, 10.5]),
        (["3/1/20 12:30 AM", "March 1, 2020 3:00 p.m."], "hours", "2020-03-01T00:00", [0.5, 15]),
        (["01-Mar-20 11:59:30 pm", "2 Mar 2020"], "seconds", "2020-03-01T23:59:30", [0, 30]),
        (["28.12.68", "01.01.69"], "years", "1969-01-01", [36521 / 365.25, 0]),
        (["Sept. 2020", "September 2019"], "days", "2019-09-01", [366, 0]),
        (["1990-01", "1999-12"], "years", "1990-01-01", [0, 3621 / 365.25]),
    ],
)
def test_the_unit_goes_with_the_span_and_the_origin_is_round(
    cells: list[str], unit: str, origin: str, expected: list[float]
) -> None:
    assert all(is_date(cell, "month") for cell in cells)
    instants = parsed(cells, "month")
    found = time_unit(instants)
    assert (found[0].name, found[1]) == (unit, origin)
    np.testing.assert_allclose(elapsed(instants, *found), expected)


NO_DATES = ["28/02/2020", "2020", "2020-1-", "12:30", "2020-01-01 and later", "20200101", "1/2"]


@pytest.mark.parametrize("cell", [*NO_DATES, "2/28/20", "20-01-28", "1.2.15", "41.12.20", "28-Foo-2020", "May"])
def test_what_is_no_date(cell: str) -> None:
    assert not is_date(cell)
    assert parsed([cell]).isna().all()


def test_years_months_and_days_are_dates_where_there_is_such_a_day() -> None:
    instants = from_calendar([np.array([2020, 2021, np.nan]), np.array([2, 2, 1]), np.array([29, 29, 1])])
    assert instants.tolist() == [pd.Timestamp("2020-02-29"), pd.NaT, pd.NaT]
    assert from_calendar([np.array([2020.0]), np.array([5.0])])[0] == pd.Timestamp("2020-05-01")


def test_one_day_above_twelve_tells_what_comes_first_in_all_dates() -> None:
    cells = ["03/04/2020", "x", "4/13/2020 7:05", "13.4.2020"]
    assert order_of(cells) == ("month", "4/13/2020 7:05")
    instants = parsed(cells, "month").tolist()
    assert instants == [
        pd.Timestamp("2020-03-04"),
        pd.NaT,
        pd.Timestamp("2020-04-13T07:05"),
        pd.Timestamp("2020-04-13"),
    ]
    assert parsed(cells, "day")[0] == pd.Timestamp("2020-04-03")
    assert order_of(["31-01-1999"]) == ("day", "31-01-1999")
    assert order_of(["03/04/2020"], usual="day") == ("day", "")
    assert order_of(["13/04/2020", "04/13/2020"]) == ("", "")  # one of both is wrong


def test_a_year_of_two_digits_is_the_part_that_changes_least() -> None:
    assert order_of(["28/01/20", "03/02/20"]) == ("day", "28/01/20")
    assert order_of(["01/28/20", "02/03/21"]) == ("month", "01/28/20")
    assert order_of(["20/01/28", "20/02/03"]) == ("", "")  # the year comes first
    assert parsed(["13:30 PM", "2020-01-28 13:30 PM"]).isna().all()
