"""Picking the target and the features from a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eqdarts.cli.tables import TableError, as_number
from eqdarts.errors import closest, explain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "numeric_columns", "select"]


@dataclass(frozen=True)
class Columns:
    """Features and target, all float64 and finite.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
    y : Series of length n
        Named after the target column.
    notes : tuple of str
        What the user should know: columns left out, rows dropped.
    """

    X: Any
    y: Any
    notes: tuple[str, ...] = ()


def select(
    frame: pd.DataFrame, target: str, features: Sequence[str] | None = None, drop_missing: bool = False
) -> Columns:
    """Pick the target and the features.

    Parameters
    ----------
    frame : DataFrame
    target : str
    features : sequence of str, optional
        Default: every other numeric column.
    drop_missing : bool, default=False
        Whether rows with a missing value are left out; else they are an error.

    Raises
    ------
    TableError
        If a column is missing or not numeric, no feature is left, or a value is missing or infinite.
    """
    notes: list[str] = []
    _require(frame, [target, *(features or ())])
    if features is None:
        others = [column for column in frame.columns if column != target]
        features = [column for column in others if _is_numeric(frame[column])]
        left_out = [_with_example(frame, column) for column in others if column not in features]
        if left_out:
            notes.append(f"Left out, not numeric: {', '.join(left_out)}.")
    elif target in features:
        raise TableError(explain("The target must not be a feature.", repr(target), "Leave it out of --features."))
    if not features:
        raise TableError(
            explain("No numeric feature is left.", f"columns {', '.join(map(str, frame.columns))}", "Add one.")
        )
    columns = numeric_columns(frame, [*dict.fromkeys(features), target])
    n_before = len(columns)
    columns = _without_missing(columns, drop_missing)
    if len(columns) < n_before:
        notes.append(f"Dropped {n_before - len(columns)} of {n_before} rows: they miss a value.")
    return Columns(columns.drop(columns=target), columns[target], tuple(notes))


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise TableError(
                explain("The table must have the column.", repr(name), closest(name, map(str, frame.columns)))
            )


def _is_numeric(column: pd.Series) -> bool:
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(column.dtype)) and not is_complex_dtype(column.dtype)


def _with_example(frame: pd.DataFrame, name: str) -> str:
    """Return the column's name with the first value in it that is text."""
    text = [str(value) for value in frame[name] if as_number(str(value)) is None]
    return f"{name!r} (such as {text[0][:30]!r})" if text else repr(name)


def numeric_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns `names` as float64.

    Raises
    ------
    TableError
        If one is missing or not numeric.
    """
    _require(frame, names)
    for name in names:
        if not _is_numeric(frame[name]):
            raise TableError(
                explain(
                    "The column must hold numbers.", f"text in {_with_example(frame, name)}", "Mend or leave it out."
                )
            )
    return frame[list(names)].astype("float64")


def _without_missing(columns: pd.DataFrame, drop: bool) -> pd.DataFrame:
    """Return `columns` without rows that miss a value if `drop`; raise if not, or if a value is infinite."""
    infinite = columns.abs().eq(math.inf).sum()
    if infinite.any():
        name = str(infinite.idxmax())
        raise TableError(
            explain("Values must be finite.", f"{infinite[name]} infinite in {name!r}", "Mend or remove those rows.")
        )
    missing = columns.isna().sum()
    if missing.any() and not drop:
        name = str(missing.idxmax())
        n_rows = int(columns.isna().any(axis=1).sum())
        raise TableError(
            explain(
                f"Values are missing in {n_rows} of {len(columns)} rows.",
                f"{missing[name]} missing in {name!r}",
                "Fill them, or leave those rows out with --drop-missing.",
            )
        )
    columns = columns.dropna()
    if columns.empty:
        raise TableError(explain("Every row misses a value.", "no complete row", "Leave a column out by --features."))
    return columns
