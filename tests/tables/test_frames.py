"""DataFrames in fit and predict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts.tables.frames import numbers_of, prepare_frame, taken

X = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3, 5, 4]})
Y = pd.Series([1.0, 2.0, 3.0], name="a")  # of the same name as an input


def test_a_plain_table_goes_through_as_it_is() -> None:
    ready = prepare_frame(X, Y)
    assert ready is not None
    assert ready.X is X
    assert ready.y is Y
    assert ready.notes == ready.told == ()
    assert numbers_of(ready.columns, X, ["a"]) is None
    by_number = X.set_axis([0, 1], axis=1)
    assert prepare_frame(by_number, Y.to_numpy()).X is by_number  # type: ignore[union-attr]


@pytest.mark.parametrize("rows", [X.to_numpy(), X.iloc[:0], X.set_axis(["a", "a"], axis=1), X.iloc[:2]])
def test_anything_else_has_to_be_numbers_already(rows: object) -> None:
    assert prepare_frame(rows, Y) is None


def test_gaps_cost_their_rows_and_the_labels_of_columns_stay() -> None:
    gappy = X.set_axis([0, 1], axis=1).astype(object)
    gappy.iloc[1, 0] = None
    ready = prepare_frame(gappy, [1.0, 2.0, 3.0])
    assert ready is not None
    assert list(ready.X.columns) == [0, 1]
    assert ready.X.to_numpy().tolist() == [[1.0, 3.0], [4.0, 4.0]]
    assert ready.y.tolist() == [1.0, 3.0]
    assert taken(np.arange(3), ready.rows).tolist() == [0, 2]
    assert taken(None, ready.rows) is None
    assert taken(0.5, ready.rows) == 0.5


def test_a_row_of_units_is_no_row_of_y_either() -> None:
    frame = pd.DataFrame({"m": ["kg", "1", "2", "4"], "y": ["s", "2", "3", "5"]})
    ready = prepare_frame(frame[["m"]], frame["y"])
    assert ready is not None
    assert ready.rows.tolist() == [1, 2, 3]
    assert ready.y.tolist() == [2.0, 3.0, 5.0]
    assert ready.columns.units == {"m": "kg", "y": "s"}


def test_new_rows_are_read_by_name_or_by_place() -> None:
    frame = X.assign(on=["n", "y", "n"]).astype(object).loc[np.repeat([0, 1, 2], 3)]
    columns = prepare_frame(frame, np.arange(9.0)).columns  # type: ignore[union-attr]
    expected = np.column_stack([X.to_numpy(), [0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(numbers_of(columns, frame.iloc[::3], columns.names), expected)
    np.testing.assert_array_equal(numbers_of(columns, frame.iloc[::3].to_numpy(), columns.names), expected)
    with pytest.raises(ValueError, match=r"X must be a DataFrame, as in the fit. Got ndarray. Columns: a, b, on"):
        numbers_of(columns, X.to_numpy(), columns.names)
    assert numbers_of(None, frame, ["a"]) is None
