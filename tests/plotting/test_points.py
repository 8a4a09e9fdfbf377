"""What every picture of a fit asks: the variables, the predictions, the labels, and points however many there are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.collections import PolyCollection

from eqdarts.equation.equation import Equation
from eqdarts.plotting.points import FEW, MANY, draw_points, label_axis, predicted, rows_of_picture, used_variables
from tests.plotting.pictures import drawn


def test_variables_come_in_the_order_of_the_equation_and_without_the_unused() -> None:
    law = Equation.parse("c/a + c", ["a", "b", "c"])
    assert used_variables(law) == ["a", "c"]
    assert used_variables(Equation.parse("3.5", ["a"])) == []


def test_columns_are_those_of_variables_and_an_unused_one_may_be_missing() -> None:
    law = Equation.parse("2*c", ["a", "b", "c"])
    X = pd.DataFrame({"other": [0.0, 0.0], "c": [1.0, 2.0], "b": [3.0, 4.0]})
    columns, y = rows_of_picture(law, X, [5, 6])
    assert {name: column.tolist() for name, column in columns.items()} == {"c": [1.0, 2.0], "b": [3.0, 4.0]}
    assert y.tolist() == [5.0, 6.0]
    with pytest.raises(ValueError, match="c"):
        rows_of_picture(law, X[["b"]], y)


def test_a_picture_needs_rows_that_are_finite_where_the_equation_looks() -> None:
    law = Equation.parse("2*c", ["c", "unused"])
    columns, _ = rows_of_picture(law, {"c": [1.0], "unused": [np.nan]}, [1.0])
    assert np.isnan(columns["unused"]).all()
    with pytest.raises(ValueError, match="Column 'c' must be finite"):
        rows_of_picture(law, {"c": [1.0, None]}, [1.0, 2.0])
    with pytest.raises(ValueError, match="y must be finite"):
        rows_of_picture(law, {"c": [1.0, 2.0]}, np.ma.masked_array([1.0, 2.0], [False, True]))
    with pytest.raises(ValueError, match="A picture needs rows"):
        rows_of_picture(law, {"c": []}, [])


def test_an_undefined_row_is_a_gap_and_no_warning() -> None:
    values = predicted(Equation.parse("log(x)", ["x"]), {"x": [-1.0, 1.0]})
    np.testing.assert_array_equal(values, [np.nan, 0.0])


@pytest.mark.parametrize(("which", "expected"), [("x", "speed (m/s), measured"), ("y", "speed (m/s), measured")])
def test_a_label_has_name_unit_and_the_rest(which: str, expected: str) -> None:
    ax = pyplot.subplots(figsize=(6, 4))[1]
    label_axis(ax, which, "speed", {"speed": "m/s", "other": "kg"}, ", measured")
    assert (ax.get_xlabel() if which == "x" else ax.get_ylabel()) == expected
    label_axis(ax, which, "other name", {"speed": "m/s"})
    assert (ax.get_xlabel() if which == "x" else ax.get_ylabel()) == "other name"


def test_few_points_are_circles_many_are_dots_and_more_are_counted() -> None:
    rng = np.random.default_rng(0)
    for n, marker in ((FEW, "o"), (FEW + 1, "."), (MANY, ".")):
        ax = pyplot.subplots()[1]
        draw_points(ax, rng.normal(size=n), rng.normal(size=n))
        (points,) = ax.get_lines()
        assert points.get_marker() == marker
        assert len(points.get_xdata()) == n
    ax = pyplot.subplots()[1]
    draw_points(ax, rng.normal(size=MANY + 1), rng.normal(size=MANY + 1))
    (cells,) = ax.collections
    assert isinstance(cells, PolyCollection)
    assert cells.get_array().sum() == MANY + 1


def test_cells_leave_out_what_has_no_place() -> None:
    n = MANY + 100
    x = np.geomspace(1.0, 1e4, n)
    x[:100] = 0.0
    y = np.ones(n)
    y[100:110] = np.nan
    ax = pyplot.subplots()[1]
    ax.set_xscale("log")
    draw_points(ax, x, y)
    assert ax.collections[0].get_array().sum() == n - 110
    assert drawn(ax.figure)
    empty = pyplot.subplots()[1]
    draw_points(empty, np.full(n, np.nan), y)
    assert not empty.collections
