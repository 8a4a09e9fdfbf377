"""Picking the target and the features from a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eqdarts.errors import TableError, closest, explain
from eqdarts.tables.cells import MOST_SHOWN, cells_in_words, first_text
from eqdarts.tables.files import cell_note
from eqdarts.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "gap_notes", "numeric_columns", "part_groups", "select"]


@dataclass(frozen=True)
class Columns:
    """Features and target, all float64 and finite.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
    y : Series of length n
        Named after the target column.
    notes : tuple of str
        Notes on lost data: columns left out, cells treated as missing, rows dropped. They are printed even with
        --quiet.
    """

    X: Any
    y: Any
    notes: tuple[str, ...] = ()


def part_groups(table: Table, name: str | None) -> tuple[Table, Any]:
    """Return the table without its column of labels, and that column; the table and None without a name.

    Raises
    ------
    TableError
        If there is no such column, or a row has no label.
    """
    if name is None:
        return table, None
    name = table.name_of(name)
    _require(table.frame, [name])
    labels = table.frame[name]
    if labels.isna().any():
        got = f"{int(labels.isna().sum())} missing in {name!r}{_first_line(labels.isna(), table)}"
        raise TableError(explain("Every row must have a label of its group.", got, "Fill them, or remove these rows."))
    return replace(table, frame=table.frame.drop(columns=name)), labels


def select(table: Table, target: str, features: Sequence[str] | None = None, drop_missing: bool = False) -> Columns:
    """Pick the target and the features.

    Parameters
    ----------
    table : Table
    target : str
    features : sequence of str, optional
        Default: every other numeric column.
    drop_missing : bool, default=False
        Whether rows with a missing value are left out; otherwise they are an error.

    Raises
    ------
    TableError
        If a column is missing or not numeric, no feature is left, or a value is missing or infinite.
    """
    frame, notes = table.frame, list(table.notes)
    target, features = table.name_of(target), features and [*map(table.name_of, features)]
    _require(frame, [target, *(features or ())])
    if features is None:
        others = [column for column in frame.columns if column != target]
        features = [column for column in others if _is_numeric(frame[column])]
        left_out = [_with_example(table, column) for column in others if column not in features]
        if left_out:
            notes.append(f"Left out, not numeric: {', '.join(left_out)}.")
    elif target in features:
        raise TableError(explain("The target must not be a feature.", repr(target), "Remove it from --features."))
    if not features:
        raise TableError(
            explain(
                "The table must have a numeric feature.",
                f"columns {', '.join(map(repr, frame.columns))}",
                "Add a numeric column.",
            )
        )
    names = [*dict.fromkeys(features), target]
    columns = numeric_columns(table, names)
    n_before = len(columns)
    columns = _without_missing(columns, drop_missing, table)
    notes += gap_notes(table, names)
    if len(columns) < n_before:
        notes.append(f"Dropped {n_before - len(columns)} of {n_before} rows: they have missing values.")
    return Columns(columns.drop(columns=target), columns[target], tuple(notes))


def gap_notes(table: Table, names: Sequence[str]) -> list[str]:
    """Return one note for each of the columns `names` in which text was treated as missing."""
    return [cell_note(name, table.gaps[name]) for name in names if name in table.gaps]


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise TableError(
                explain("The table must have the column.", repr(name), closest(name, map(str, frame.columns)))
            )


def _is_numeric(column: pd.Series) -> bool:
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(column.dtype)) and not is_complex_dtype(column.dtype)


def _with_example(table: Table, name: str) -> str:
    """Return the column's name with the first value in it that is text, and its line."""
    text = first_text(table.frame[name], table.lines)
    return repr(name) if text is None else f"{name!r} (such as {text.in_words()})"


def numeric_columns(table: Table, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns `names` as float64.

    Raises
    ------
    TableError
        If one is missing or not numeric.
    """
    _require(table.frame, names)
    for name in names:
        if not _is_numeric(table.frame[name]):
            raise TableError(
                explain(
                    "The column must hold numbers.",
                    f"text in {_with_example(table, name)}",
                    "Correct the column or leave it out.",
                )
            )
    return table.frame[list(names)].astype("float64")


def _without_missing(columns: pd.DataFrame, drop: bool, table: Table) -> pd.DataFrame:
    """Return `columns` without incomplete rows if `drop`; raise if not, or if a value is infinite."""
    infinite = columns.abs().eq(math.inf)
    if infinite.to_numpy().any():
        name = str(infinite.sum().idxmax())
        got = f"{infinite[name].sum()} infinite in {name!r}{_first_line(infinite[name], table)}"
        raise TableError(explain("Values must be finite.", got, "Correct or remove those rows."))
    missing = columns.isna()
    if missing.to_numpy().any() and not drop:
        raise TableError(
            explain(
                f"Values are missing in {int(missing.any(axis=1).sum())} of {len(columns)} rows.",
                _missing_in_words(missing, table),
                "Fill them, leave these rows out with --drop-missing, or leave a column out with --features.",
            )
        )
    columns = columns.dropna()
    if columns.empty:
        raise TableError(
            explain("At least one row must be complete.", "no complete row", "Leave a column out with --features.")
        )
    return columns


def _missing_in_words(missing: pd.DataFrame, table: Table) -> str:
    """Return the columns with most missing values, those with text in place of a number first."""
    counts = missing.sum()
    names = sorted(counts.index[counts > 0], key=lambda name: (name not in table.gaps, -counts[name]))
    words = []
    for name in names[:MOST_SHOWN]:
        gaps = table.gaps.get(name, ())
        where = (
            f" (treated as missing, not a number: {cells_in_words(gaps)})"
            if gaps
            else _first_line(missing[name], table)
        )
        words.append(f"{counts[name]} missing in {name!r}{where}")
    return "; ".join(words) + (f"; and in {len(names) - MOST_SHOWN} more columns" if len(names) > MOST_SHOWN else "")


def _first_line(wrong: pd.Series, table: Table) -> str:
    """Return the line of the first wrong row, in brackets, if the file has lines."""
    return f" (the first in line {table.lines[int(wrong.to_numpy().argmax())]})" if table.lines else ""
