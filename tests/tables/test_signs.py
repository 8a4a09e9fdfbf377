"""Signs that every value of a column carries, and values that stand for missing ones."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.tables.signs import sentinel, without_sign


@pytest.mark.parametrize(
    ("cells", "numbers", "unit"),
    [
        (["3 %", "?", "4.5%"], ["3", "?", "4.5"], "%"),
        (["$1,200.50", "$ 3"], ["1,200.50", "3"], ""),
        (["-1,5 kg", "2e3 kg"], ["-1,5", "2e3"], "kg"),
        (["20 \u00b0C", ".5 \u00b0C"], ["20", ".5"], "\u00b0C"),
        (["5 m", "7 m"], ["5", "7"], "m"),
    ],
)
def test_a_sign_of_all_values_is_taken_off(cells: list[str], numbers: list[str], unit: str) -> None:
    found = without_sign(cells)
    assert found is not None
    assert (found.cells, found.unit) == (numbers, unit)
    assert (f"ends in {unit!r}" if unit else "has the sign '$'") in found.in_words("x")


@pytest.mark.parametrize(
    "cells",
    [
        ["3 %", "4"],
        ["3 %", "4 kg"],
        ["5m", "6m"],
        ["t1", "t2"],
        ["3 trees", "4 trees"],
        ["1", "2"],
        ["", "?"],
        ["2020-01-02"],
    ],
)
def test_other_columns_stay_as_they_are(cells: list[str]) -> None:
    assert without_sign(cells) is None


def test_nines_that_repeat_far_from_all_others_may_stand_for_gaps() -> None:
    values = np.array([3.0, 5, 8, np.nan, 7, 4])
    assert sentinel(np.append(values, [-999, -999])) == (-999.0, 2)
    assert sentinel(np.append(values, [99.9, 99.9, 99.9])) == (99.9, 3)
    assert sentinel(np.append(values, -999)) is None  # once: an outlier
    assert sentinel(np.append(values, [9, 9])) is None
    assert sentinel(np.append(values * 70, [-99, -99])) is None  # not far
    assert sentinel(np.append(values, [-99.98, -99.98])) is None
    assert sentinel(np.array([np.nan])) is None
