"""The tables in which forms of laws with groups are searched for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqdarts.equation.groups import row_groups
from eqdarts.fitting.group_views import group_views
from eqdarts.fitting.table import Table


def test_views_are_all_rows_rows_without_size_or_mean_of_their_group_and_large_groups() -> None:
    x = np.tile(np.linspace(1, 2, 6), 3)
    dose = np.repeat([1.0, 2.0, 3.0], 6)
    y = dose * x**2
    table = Table(np.column_stack([x, dose]), y, None, ("x", "dose"), "y")
    groups = row_groups(np.repeat(["a", "b", "c"], 6), "g")
    views = group_views(table, groups)
    assert sum(view.share for view in views) == pytest.approx(1.0)
    whole, scaled, shifted, *single = [view.table for view in views]
    assert whole is table
    assert np.ptp(scaled.y[::6]) == pytest.approx(0.0)  # each group has lost its factor
    np.testing.assert_allclose(scaled.weight, (dose / 3) ** 2)
    assert [shifted.y[groups.place == g].mean() for g in range(3)] == pytest.approx([0, 0, 0], abs=1e-12)
    # What is constant within a group is no input of its law.
    assert [view.names for view in single] == [("x",)] * 3
    np.testing.assert_array_equal(single[0].y, y[dose == 3])


def test_small_groups_are_not_searched_by_themselves() -> None:
    x = np.arange(8.0)
    table = Table(x[:, None], x**2, np.ones(8), ("x",), "y")
    views = group_views(table, row_groups(np.repeat(["a", "b"], 4), "g"))
    assert [len(view.table.y) for view in views] == [8, 8, 8]
    flat = group_views(replace(table, y=np.repeat([1.0, 2.0], 4)), row_groups(np.repeat(["a", "b"], 4), "g"))
    assert len(flat) == 2  # without its mean nothing is left of y
