"""What a cell holds."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from eqdarts.tables.cells import Cell, as_number, cells_in_words, first_text, read_column
from eqdarts.tables.styles import Style


@pytest.mark.parametrize(("cell", "number"), [("1", 1.0), ("-2.5e3", -2500.0), (" 7 ", 7.0), ("1e999", math.inf)])
def test_numbers(cell: str, number: float) -> None:
    assert as_number(cell) == number


@pytest.mark.parametrize("cell", ["abc", "3 %", "$3", "1_000", "1,000", "0x10", "--", "=1"])
def test_text(cell: str) -> None:
    assert as_number(cell) is None


def test_a_column_is_numbers_where_most_cells_are() -> None:
    assert read_column(["1", "m", "2"], [2, 3, 5]) == (
        pytest.approx([1, math.nan, 2], nan_ok=True),
        (Cell("m", 1, 3),),
    )
    assert read_column(["1", "m"], [2, 3]) == (["1", "m"], ())
    assert read_column(["NA", "NA", "m"], [2, 3, 4]) == (["NA", "NA", "m"], ())
    assert read_column(["", ""])[0] == pytest.approx([math.nan, math.nan], nan_ok=True)
    assert read_column(["1,5", "2"], [], Style(",")) == ([1.5, 2.0], ())


def test_a_column_is_dates_where_most_cells_are() -> None:
    dates, gaps = read_column(["2020-01-31", "", "soon", "2020/2/1 12:00", "2020-02-30"], [2, 3, 4, 5, 6])
    assert dates.tolist() == [pd.Timestamp("2020-01-31"), pd.NaT, pd.NaT, pd.Timestamp("2020-02-01T12:00"), pd.NaT]
    assert [cell.in_words() for cell in gaps] == ["'soon' in line 4", "'2020-02-30' in line 6"]
    assert read_column(["03/04/2020", "04/04/2020"]) == (["03/04/2020", "04/04/2020"], ())


def test_only_some_bad_cells_are_named() -> None:
    assert cells_in_words([Cell("a", 0, 2), Cell("b", 1, None)]) == "'a' in line 2, 'b' in row 2"
    assert cells_in_words([Cell("a", k, k) for k in range(5)]).endswith("'a' in line 2 and 2 more")


def test_a_cell_in_words_is_short_and_says_where() -> None:
    assert Cell("x" * 99, 0, 2).in_words() == f"'{'x' * 30}...' in line 2"
    assert Cell("\x1b[1m", 3, None).in_words() == "'\\x1b[1m' in row 4"


def test_the_first_text() -> None:
    assert first_text(["1", "NA", "a", "b"], [2, 3, 4, 5]) == Cell("a", 2, 4)
    assert first_text([1.0, None], []) is None
