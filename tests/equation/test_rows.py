"""What the user gives to an equation: columns, target, weights and starting values, read or refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.equation.rows import (
    as_columns,
    as_target,
    checked_constants,
    column_names,
    name_array_columns,
    starting_values,
)
from eqdarts.errors import FormulaError

TABLE = pd.DataFrame({"a": [1, 2, 3], "b c": [0.5, 0.25, 0.125], "unused": ["x", "y", "z"]})
COLUMNS = {"a": [1.0, 2.0, 3.0], "b c": [0.5, 0.25, 0.125]}


@pytest.mark.parametrize("X", [TABLE, TABLE.to_dict("list"), np.array([[1, 0.5], [2, 0.25], [3, 0.125]])], ids=range(3))
def test_tables_mappings_and_arrays_are_read_alike(X: Any) -> None:
    columns, n_rows = as_columns(X, ("a", "b c"), ("b c", "a"))
    assert n_rows == 3
    assert {name: column.tolist() for name, column in columns.items()} == COLUMNS
    assert list(columns) == ["b c", "a"]


def test_columns_that_are_not_needed_may_hold_anything() -> None:
    rows = {"x": [1.0, 2.0], "site": ["north", "south"], "note": None, "unit": "kg"}
    columns, n_rows = as_columns(rows, ("x",), ("x",))
    assert (columns["x"].tolist(), n_rows) == ([1.0, 2.0], 2)


def test_a_vector_is_the_column_of_one_variable_and_scalars_fill_a_mapping() -> None:
    columns, n_rows = as_columns([1.0, 2.0], ("a",), ("a",))
    assert (columns["a"].tolist(), n_rows) == ([1.0, 2.0], 2)
    columns, n_rows = as_columns({"a": 2.5, "b": [1, 2]}, ("a", "b"), ("a", "b"))
    assert (columns["a"].tolist(), n_rows) == ([2.5, 2.5], 2)
    assert as_columns({"a": 2.5}, ("a",), ("a",))[1] == 1


@pytest.mark.parametrize(
    ("X", "says"),
    [
        ({"A": [1.0]}, "no 'a'. Did you mean 'A'"),
        ({"a": ["x"]}, "Column 'a' must be numeric"),
        ({"a": [[1.0]]}, "Column 'a' must be one-dimensional"),
        ({"a": [1.0, 2.0], "z": [1.0]}, "equally long"),
        (np.ones((3, 2)), r"of shape \(n, 1\) or \(n,\)"),
        ([["x"]], "X must be numeric"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(X: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_columns(X, ("a",), ("a",))


def test_names_of_columns() -> None:
    assert column_names(TABLE) == ["a", "b c", "unused"]
    assert column_names({"a": 1, 2: 3}) == ["a", "2"]
    assert column_names(np.ones((2, 2))) is None


@pytest.mark.parametrize(
    ("width", "names", "found"),
    [
        (1, ("a", "x"), ("x",)),
        (2, ("x0", "a"), ("x0", "x1")),
        (2, ("x2", "x1"), ("x1", "x2")),
        (2, ("x1",), ("x0", "x1")),
        (1, ("t",), None),
        (2, ("x0", "x2"), None),
    ],
)
def test_the_columns_of_an_array_are_named_by_the_formula(
    width: int, names: tuple[str, ...], found: tuple[str, ...] | None
) -> None:
    X = np.ones((4, width))
    if found is not None:
        assert name_array_columns(X, names) == found
    else:
        with pytest.raises(ValueError, match="columns of the array"):
            name_array_columns(X, names)


@pytest.mark.parametrize(
    ("y", "weight", "says"),
    [
        ([1.0], None, r"y must be of shape \(2,\)"),
        ([1.0, np.nan], None, "y must be finite"),
        (["a", "b"], None, "y must be numeric"),
        ([1.0, 2.0], [1.0, -1.0], "one finite weight >= 0 for each row"),
        ([1.0, 2.0], [0.0, 0.0], "sample_weight"),
        ([1.0, 2.0], [1.0], "sample_weight"),
        ([1.0, 2.0], [1.0, np.inf], "sample_weight"),
    ],
)
def test_targets_and_weights_are_checked(y: Any, weight: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_target(y, weight, 2)


def test_targets_and_weights_come_back_as_floats() -> None:
    values, weight = as_target([1, 2], [0, 3], 2)
    assert weight is not None
    assert (values.tolist(), weight.tolist(), values.dtype) == ([1.0, 2.0], [0.0, 3.0], np.float64)
    assert as_target([1, 2], None, 2)[1] is None


def test_starting_values_by_name_or_in_order() -> None:
    assert starting_values(("a", "b"), None) is None
    for given in ({"b": 2, "a": 1}, [1, 2]):
        values = starting_values(("a", "b"), given)
        assert values is not None
        assert values.tolist() == [1.0, 2.0]
    for wrong in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, [1], [1, np.inf]):
        with pytest.raises(ValueError, match=r"start must give every parameter .* Parameters: a, b"):
            starting_values(("a", "b"), wrong)


def test_constants_are_names_of_the_formula_with_finite_values() -> None:
    assert checked_constants({"g": 10}, ("g", "x"), ("x",)) == (("g", 10.0),)
    assert checked_constants({}, ("x",), None) == ()
    for wrong, variables, says in (
        ({"g": 1.0}, None, "the columns must be named too"),
        ({"x": 1.0}, ("x",), "not a column"),
        ({"h": 1.0}, ("x",), "a name in the formula"),
        ({"g": True}, ("x",), "must be a finite number"),
        ({"g": float("inf")}, ("x",), "must be a finite number"),
    ):
        with pytest.raises(FormulaError, match=says):
            checked_constants(wrong, ("g", "x"), variables)
