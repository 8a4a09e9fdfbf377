"""Arrays as users give them: converted to floats in one layout, and checked after the conversion.

Missing values have many spellings: NaN, None, NA of pandas, the text "nan", a masked value. All of them become NaN
here, so that one check finds them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.errors import explain

__all__ = ["as_floats", "finite", "spread", "without_masks"]


_DATES = {"M": "dates", "m": "durations"}
_GAPS = ("NAType", "NaTType", "MaskedConstant")  # types of missing values that are no floats


def as_floats(values: Any, what: str) -> Array:
    """Return numbers as float64 in C order and native byte order; missing values are NaN.

    Parameters
    ----------
    values : array-like
        Numbers, or text that can be read as numbers. Masked values are missing.
    what : str
        Name of the array in an error: "y".

    Returns
    -------
    ndarray of float64
        Of the shape of `values`; the array itself if it has this type and layout.

    Raises
    ------
    ValueError
        If a value is not a real number. Complex numbers, dates and durations are refused.

    Examples
    --------
    >>> as_floats(np.ma.masked_array([1, 2], [False, True]), "y")
    array([ 1., nan])
    """
    if isinstance(values, list | tuple) and any(map(np.ma.isMaskedArray, values)):
        values = [as_floats(entry, what) for entry in values]  # numpy would forget the masks
    values = without_masks(values, what)
    _refuse_complex(values, what)
    try:
        if hasattr(getattr(values, "dtype", None), "na_value"):  # of pandas, whose NA numpy does not know
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), order="C")
        return np.asarray(_without_objects(values, what), dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError, RuntimeError):  # RuntimeError: a tensor that needs a gradient
        raise _not_numeric(what, repr(values)[:60]) from None


def without_masks(values: Any, what: str) -> Any:
    """Return an array or a table unchanged, but a masked array as floats with NaN for the masked values.

    Parameters
    ----------
    values : array-like
    what : str
        Its name in an error.

    Raises
    ------
    ValueError
        If it has dates or durations, which a conversion to floats would count in nanoseconds.
    """
    parts = values.dtypes if hasattr(values, "columns") else [getattr(values, "dtype", None)]
    for part in parts:
        kind = getattr(part, "kind", "")
        if kind in _DATES:
            raise _not_numeric(what, _DATES[kind])
    if not np.ma.isMaskedArray(values) or values.dtype.kind == "c":
        return values
    try:
        return np.ma.asarray(values, dtype=np.float64).filled(np.nan)
    except (TypeError, ValueError):
        raise _not_numeric(what, repr(values)[:60]) from None


def finite(values: Array, what: str) -> Array:
    """Return an array if all its values are finite.

    Parameters
    ----------
    values : ndarray of float64
    what : str
        Its name in the error.

    Raises
    ------
    ValueError
        If a value is missing (NaN) or infinite; the error says how many are, and where the first one is.
    """
    wrong = ~np.isfinite(values)
    if not wrong.any():
        return values
    n_missing = int(np.isnan(values).sum())
    n_infinite = int(wrong.sum()) - n_missing
    counts = [f"{n_missing} missing (NaN or masked)"] * (n_missing > 0) + [f"{n_infinite} infinite"] * (n_infinite > 0)
    row = f", first in row {int(np.argwhere(wrong)[0][0])} (counted from 0)" if values.ndim else ""
    raise ValueError(explain(f"{what} must be finite.", " and ".join(counts) + row, "Leave these rows out."))


def spread(n: int, most: int) -> NDArray[np.intp]:
    """Return all of n positions, or where they are more than `most`, that many from the first to the last.

    >>> spread(9, 3)
    array([0, 4, 8])
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.intp))


def _without_objects(values: Any, what: str) -> Any:
    """Return an array that numpy can convert: Python objects, with NaN for missing values."""
    if getattr(getattr(values, "dtype", None), "kind", "O") != "O":
        return values
    array = np.asarray(values)
    without_masks(array, what)
    _refuse_complex(array, what)
    if array.dtype.kind != "O":
        return array
    missing = [entry is None or type(entry).__name__ in _GAPS for entry in array.ravel()]
    return np.where(np.reshape(missing, array.shape), np.nan, array) if any(missing) else array


def _refuse_complex(values: Any, what: str) -> None:
    if getattr(getattr(values, "dtype", None), "kind", "") == "c":
        raise _not_numeric(what, "complex numbers")


def _not_numeric(what: str, got: str) -> ValueError:
    return ValueError(explain(f"{what} must be numeric.", got, "Convert it to numbers."))
