"""What the user gives to an equation: columns, target, weights and starting values, read or refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.equation.rows import (
    as_columns,
    as_target,
    check_enough_rows,
    checked_constants,
    column_names,
    errors_of_new_rows,
    known_errors,
    name_array_columns,
    positive_weights,
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
        ({"a": [1.0, 2.0], "z": [1.0]}, "same length"),
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
        with pytest.raises(ValueError, match="columns of an array"):
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


def test_a_fit_needs_a_row_with_weight_for_each_parameter() -> None:
    check_enough_rows(("a", "b"), 2, None)
    check_enough_rows(("a", "b"), 4, np.array([0.0, 1.0, 0.0, 2.0]))
    check_enough_rows((), 1, None)
    with pytest.raises(ValueError, match="A fit needs rows"):
        check_enough_rows((), 0, None)
    with pytest.raises(ValueError, match=r"Got 1 row\(s\) for 2 parameters \(a, b\)"):
        check_enough_rows(("a", "b"), 3, np.array([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("sigma", [0.0, -1.0, [1.0, 2.0], [[1.0, 1.0, 1.0]], [1.0, 0.0, 1.0]])
def test_known_errors_are_one_positive_number_or_one_for_each_row(sigma: Any) -> None:
    assert known_errors(2, 3).tolist() == [2.0, 2.0, 2.0]
    assert known_errors([1, 2, 3], 3).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="sigma must be one positive number, or 3 of them"):
        known_errors(sigma, 3)


@pytest.mark.parametrize("sigma", [-1.0, np.inf, [1.0, 2.0], [1.0, -1.0, 1.0], []])
def test_errors_of_new_rows_may_be_unknown_but_not_negative(sigma: Any) -> None:
    np.testing.assert_array_equal(errors_of_new_rows([1.0, None, 0.0], 3), [1.0, np.nan, 0.0])
    with pytest.raises(ValueError, match="sigma must be one finite number of 0 or more, or 3 of them"):
        errors_of_new_rows(sigma, 3)


@pytest.mark.parametrize("weight", [1.0, [1.0], [1.0, 0.0, 1.0], [1.0, None, 1.0]])
def test_weights_of_new_rows_are_positive(weight: Any) -> None:
    assert positive_weights([1, 2, 3], 3).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="sample_weight must"):
        positive_weights(weight, 3)
