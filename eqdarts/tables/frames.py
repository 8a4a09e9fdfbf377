"""DataFrames of users in `fit` and `predict`: what the command line does with a file is done with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts.errors import TableError, explain
from eqdarts.tables.columns import Columns, is_numeric
from eqdarts.tables.prepare import Prepared, named_in, prepare
from eqdarts.tables.table import as_table

__all__ = ["numbers_of", "prepare_frame", "taken"]


def prepare_frame(X: Any, y: Any, guesses: Iterable[Any] | None = None) -> Prepared | None:
    """Return a DataFrame made ready for a fit; None for anything else, which has to be numbers already.

    Parameters
    ----------
    X, y
        As for ``DARTSRegressor.fit``. Gaps in y cost their rows if it is a Series.
    guesses : iterable, optional
        Formulas of the user; the columns that they name stay.

    Raises
    ------
    ValueError
        If it cannot be made ready, or y has several columns.
    """
    _check_one_target(y)
    if not _is_table(X) or len(np.shape(y)) != 1 or not 0 < len(y) == len(X):
        return None
    target = str(getattr(y, "name", None) or "y")
    while target in map(str, X.columns):
        target += "_"
    frame = X.assign(**{target: y.array if isinstance(y, pd.Series) else 0.0})
    frame.attrs = dict(X.attrs)
    table = as_table(frame)
    ready = prepare(table, target, kept=named_in(guesses, table.frame.columns) | {target})
    rows, partial = ready.rows + table.first, ready.partial
    if partial is not None:
        partial = replace(partial, rows=partial.rows + table.first)
    if not isinstance(y, pd.Series):
        ready = replace(ready, y=taken(y, rows))
        partial = partial and replace(partial, y=taken(y, partial.rows))
    if ready.columns.is_plain:  # keep the labels of the columns, of whatever type
        unchanged = len(rows) == len(X) and all(map(_is_plain_number, X.dtypes))
        numbers = X if unchanged else ready.X.set_axis(X.columns, axis=1)
        ready = replace(ready, X=numbers, y=y if unchanged else ready.y)
    return replace(ready, rows=rows, partial=partial)


def taken(values: Any, rows: Any) -> Any:
    """Return the entries of an array of shape (n,) at these rows; a number or None as it is."""
    if values is None or np.ndim(values) == 0:
        return values
    return values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]


def numbers_of(columns: Columns | None, X: Any, needed: Collection[str]) -> Array | None:
    """Return the columns of numbers of new rows; None if X has to be numbers already, as the fit had.

    Parameters
    ----------
    columns : Columns or None
        What the fit made of its table.
    X : DataFrame or array
    needed : collection of str
        The columns of numbers that are used; the others may be NaN.

    Raises
    ------
    ValueError
        If X lacks a column of the table, or it holds something else.
    """
    if columns is None or (columns.is_plain and not _is_table(X)):
        return None
    if not _is_table(X):
        if np.ndim(X) != 2 or np.shape(X)[1] != len(columns.given):
            todo = f"Columns: {', '.join(columns.given)}."
            raise TableError(explain("X must be a DataFrame, as in the fit.", type(X).__name__, todo))
        X = pd.DataFrame(X, columns=list(columns.given))
    elif (
        columns.is_plain
        and not columns.unused
        and all(map(_is_plain_number, X.dtypes))
        and not X.isna().to_numpy().any()
    ):
        return None
    return np.asarray(columns.numbers(X, needed), dtype=np.float64)


def _check_one_target(y: Any) -> None:
    """Raise ValueError if y has several columns."""
    if isinstance(y, (np.ndarray, pd.DataFrame)) and y.ndim == 2 and y.shape[1] > 1:
        names = ", ".join(map(repr, y.columns)) if hasattr(y, "columns") else f"shape {y.shape}"
        todo = "Fit each by itself: [DARTSRegressor().fit(X, column) for column in np.transpose(y)]."
        raise ValueError(explain("y must be one column: a law has one target.", names, todo))


def _is_table(X: Any) -> bool:
    """Whether X is a DataFrame whose columns can be told apart."""
    return isinstance(X, pd.DataFrame) and not isinstance(X.columns, pd.MultiIndex) and X.columns.is_unique


def _is_plain_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and is_numeric(pd.Series(dtype=dtype))
