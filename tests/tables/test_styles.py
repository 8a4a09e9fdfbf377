"""How numbers are written."""

from __future__ import annotations

import pytest

from eqdarts.tables.styles import PLAIN, STYLES, Style, style_of

COMMA = Style(",")


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2.5", "-3e-2", ".5"], [1.0, 2.5, -0.03, 0.5]),
        (["1,5", "2", "-3e2"], [1.5, 2.0, -300.0]),
        (["1,234", "2,345,678.5", "7.5"], [1234.0, 2345678.5, 7.5]),
        (["1.234,5", "7,5"], [1234.5, 7.5]),
        (["1 234.5", "7.5", "12\u00a0345"], [1234.5, 7.5, 12345.0]),
        (["1 234,5", "7,5"], [1234.5, 7.5]),
        (["1'234.5", "7.5"], [1234.5, 7.5]),
        (["0,125", "0,250"], [0.125, 0.25]),
    ],
)
def test_the_style_is_that_which_reads_most_cells(cells: list[str], numbers: list[float]) -> None:
    style = style_of(["text", "", *cells])
    assert [float(style.plain(cell)) for cell in cells] == numbers


def test_what_could_be_both_is_read_as_usual() -> None:
    assert style_of(["1,234"]).plain("1,234") == "1234"
    assert style_of(["1,234"], COMMA).plain("1,234") == "1.234"
    assert style_of(["1.234"], COMMA) == PLAIN
    assert style_of(["1,5", "4.5"], COMMA) == PLAIN  # one of both is wrong; a point is more common


def test_a_cell_that_is_no_number_stays_as_it_is() -> None:
    for style in STYLES:
        for cell in ("a,b", "1,2,3,", "12 m", "1-2", ""):
            assert style.plain(cell) == cell
