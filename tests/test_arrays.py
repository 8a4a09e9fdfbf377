"""Arrays as users give them: every spelling of a missing value, every layout, and what is no number."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from eqdarts.arrays import as_floats, finite, without_masks

MASKED = np.ma.masked_array([1, 2, 3], [False, True, False])
MISSING: dict[str, Any] = {
    "None": [1.0, None, 3.0],
    "NaN": [1.0, np.nan, 3.0],
    "NA": [1.0, pd.NA, 3.0],
    "text": ["1", "nan", "3"],
    "array of text": np.array(["1", "nan", "3"]),
    "array of objects": np.array([1, None, 3], dtype=object),
    "NA in an array of objects": np.array([1, pd.NA, 3], dtype=object),
    "masked integers": MASKED,
    "masked floats": MASKED.astype(float),
    "masked big-endian": MASKED.astype(">f8"),
    "the masked constant": [1.0, np.ma.masked, 3.0],
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "Float32": pd.Series([1, None, 3], dtype="Float32"),
    "nullable text": pd.Series(["1", None, "3"], dtype="string"),
}
PLAIN: dict[str, Any] = {
    "reversed": np.array([3.0, 2.0, 1.0])[::-1],
    "strided": np.repeat([1.0, 2.0, 3.0], 2)[::2],
    "big-endian": np.array([1, 2, 3], dtype=">i4"),
    "float32": np.array([1, 2, 3], dtype=np.float32),
    "unsigned": np.array([1, 2, 3], dtype=np.uint8),
    "tensor": torch.tensor([1, 2, 3]),
    "decimals": [Decimal(1), Decimal(2), Decimal(3)],
    "text": ["1", "2.0", "3e0"],
    "categories": pd.Series([1, 2, 3], dtype="category"),
    "generic": pd.Series([1, 2, 3], dtype="UInt16"),
}
NO_NUMBERS: dict[str, Any] = {
    "complex": np.array([1.0 + 0j]),
    "a list of complex": [1j],
    "masked complex": np.ma.masked_array([1j], [True]),
    "dates": pd.date_range("2020-01-01", periods=2),
    "dates with a zone": pd.Series(pd.date_range("2020-01-01", periods=2, tz="UTC")),
    "a column of dates": pd.DataFrame({"a": [1.0], "b": pd.date_range("2020-01-01", periods=1)}),
    "durations": np.array([1], dtype="m8[s]"),
    "words": ["one"],
    "masked words": np.ma.masked_array(["one"], [False]),
    "a ragged list": [[1], [1, 2]],
    "an integer that no float holds": [10**400],
    "a mapping": {"a": 1.0},
    "a tensor that needs a gradient": torch.tensor([1.0], requires_grad=True),
}


@pytest.mark.parametrize("values", MISSING.values(), ids=MISSING)
def test_every_spelling_of_a_missing_value_is_nan(values: Any) -> None:
    np.testing.assert_array_equal(as_floats(values, "y"), [1.0, np.nan, 3.0])


@pytest.mark.parametrize("values", PLAIN.values(), ids=PLAIN)
def test_every_layout_becomes_the_same_array(values: Any) -> None:
    found = as_floats(values, "y")
    assert found.tolist() == [1.0, 2.0, 3.0]
    assert (found.dtype, found.flags.c_contiguous, found.strides) == (np.dtype(np.float64), True, (8,))


def test_shapes_stay_and_an_array_that_is_in_order_is_not_copied() -> None:
    plain = np.ones((2, 3))
    assert as_floats(plain, "X") is plain
    assert as_floats(plain.T, "X").shape == (3, 2)
    assert as_floats(2, "sigma").shape == ()
    rows = [np.ma.masked_array([1, 2], [False, True]), [3, 4]]
    np.testing.assert_array_equal(as_floats(rows, "X"), [[1.0, np.nan], [3.0, 4.0]])
    table = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1.5, 2.5]})
    np.testing.assert_array_equal(as_floats(table, "X"), [[1.0, 1.5], [np.nan, 2.5]])


@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="y must be numeric"):
        as_floats(values, "y")


def test_what_is_missing_or_infinite_is_counted_and_placed() -> None:
    assert finite(np.ones(2), "y").tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match=r"y must be finite\. Got 2 missing \(NaN or masked\) and 1 infinite"):
        finite(np.array([1.0, np.nan, np.inf, np.nan]), "y")
    with pytest.raises(ValueError, match=r"Got 1 infinite, first in row 2 \(counted from 0\)"):
        finite(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, -np.inf]]), "X")
    with pytest.raises(ValueError, match=r"Got 1 missing \(NaN or masked\)\. "):
        finite(np.array(np.nan), "sigma")


def test_only_masks_are_taken_off_before_others_convert() -> None:
    table = pd.DataFrame({"a": [1, 2]})
    assert without_masks(table, "X") is table
    np.testing.assert_array_equal(without_masks(MASKED[:, None], "X"), [[1.0], [np.nan], [3.0]])
    assert without_masks(np.array([1j]), "X").dtype == complex  # scikit-learn has its own words for these
    with pytest.raises(ValueError, match="X must be numeric"):
        without_masks(table.assign(b=pd.date_range("2020-01-01", periods=2)), "X")
