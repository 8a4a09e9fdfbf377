"""A table made ready for a fit: columns of finite numbers, and what was done for that.

The command line and ``DARTSRegressor.fit`` on a DataFrame both use `prepare`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eqdarts.errors import TableError, closest, explain
from eqdarts.tables.cells import MOST_SHOWN
from eqdarts.tables.columns import KINDS, Column, Columns
from eqdarts.tables.files import cell_note
from eqdarts.tables.kinds import planned
from eqdarts.tables.signs import sentinel
from eqdarts.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Partial", "Prepared", "named_in", "part_groups", "prepare"]

LEAST_COMPLETE = 0.5  # share of the rows; with fewer, columns are left out, those with most gaps first


@dataclass(frozen=True)
class Partial:
    """Rows that have a gap in an input, NaN there.

    Parameters
    ----------
    X : DataFrame of shape (m, d)
    y : Series or array of length m
    rows : ndarray of int, shape (m,)
        Their positions in the table.
    """

    X: Any
    y: Any
    rows: NDArray[Any]


@dataclass(frozen=True)
class Prepared:
    """Features and target, all float64 and finite.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
    y : Series of length n
        Named after the target column.
    columns : Columns
        What became of the columns of the table.
    rows : ndarray of int, shape (n,)
        Their positions in the table.
    notes : tuple of str
        Notes on lost data: columns left out, cells treated as missing, rows dropped.
    told : tuple of str
        Notes on what was only converted.
    missing : dict of str to ndarray of bool
        For each column with gaps which of the rows of the table have one; the target is among them.
    partial : Partial or None
        The rows that have a target, and a gap in an input; None if there are none.
    """

    X: Any
    y: Any
    columns: Columns
    rows: NDArray[Any]
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    missing: Mapping[str, Any] = field(default_factory=dict)
    partial: Partial | None = None

    def unused(self, used: Iterable[str]) -> tuple[list[str], int]:
        """Return the columns whose gaps cost rows and which a law does not use, and the number of these rows."""
        wanted = {column.name for column in self.columns.columns if set(column.to) & set(used)} | {self.columns.target}
        n_complete = self.columns.n_rows - int(_any(self.missing, wanted, self.columns.n_rows).sum())
        n_lost = n_complete - len(self.rows)
        return ([name for name in self.missing if name not in wanted], n_lost) if n_lost > 0 else ([], 0)


def named_in(guesses: Any, names: Iterable[Any]) -> set[str]:
    """Return the columns that the formulas of a user name."""
    text = " ".join(map(str, guesses)) if isinstance(guesses, (list, tuple)) else str(guesses or "")
    return {str(name) for name in names if re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", text)}


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
    gaps = labels.isna() | labels.astype(str).eq("")
    if gaps.any():
        got = f"{int(gaps.sum())} missing in {name!r}{_first_place(gaps.to_numpy(), table)}"
        raise TableError(explain("Every row must have a label of its group.", got, "Fill them, or remove these rows."))
    return table.without(name), labels


def prepare(
    table: Table, target: str, features: Sequence[str] | None = None, kept: Collection[str] = frozenset()
) -> Prepared:
    """Make columns of numbers of a table, and leave out rows with gaps.

    Parameters
    ----------
    table : Table
    target : str
    features : sequence of str, optional
        The inputs. Default: every other column that is numbers, dates or text of few levels.
    kept : collection of str
        Columns that stay even if they are the same in all rows, or the same as another one.

    Raises
    ------
    TableError
        If a column is missing or holds something else, no feature is left, or a value is infinite.
    """
    target = table.name_of(target)
    names = None if features is None else list(dict.fromkeys(map(table.name_of, features)))
    if target not in table.frame.columns and set(target.split(",")) <= set(table.frame.columns):
        todo = "Fit each by itself."
        raise TableError(explain("The target must be one column: a law has one target.", repr(target), todo))
    _require(table.frame, [target, *(names or ())])
    if names is not None and target in names:
        raise TableError(explain("The target must not be a feature.", repr(target), "Remove it from the features."))
    y = Column(target, "number", (target,), table.units.get(target, "")).numbers(table)[target]
    others = [str(name) for name in table.frame.columns if name != target] if names is None else names
    plan = planned(table, others, names is not None, set(kept))
    values = {name: array for column in plan for name, array in column.numbers(table).items()}
    plan = [replace(column, header=table.headers.get(column.name, "")) for column in plan]
    columns, complete, missing = _complete(plan, values, y, target, fixed=names or kept)
    if not any(column.to for column in columns):
        known = f"columns {', '.join(map(repr, table.frame.columns))}"
        raise TableError(explain("The table must have a numeric feature.", known, "Add a numeric column."))
    found = Columns(
        columns,
        target,
        table.units.get(target, ""),
        len(y),
        len(y) - len(complete),
        table.style,
        table.told,
    )
    _refuse_infinite({**values, target: y}, [*found.names, target], table)
    return _taken(found, values, y, complete, missing, table)


def _taken(found: Columns, values: Mapping[str, Any], y: Any, rows: Any, missing: Any, table: Table) -> Prepared:
    """Return the complete rows as they are fitted, and beside them those with a gap in an input."""
    import numpy as np
    import pandas as pd

    own = slice(None) if len(rows) == len(y) else rows  # all rows: no copy

    def taken(own: Any) -> tuple[Any, Any]:
        index = table.frame.index[own]
        X = pd.DataFrame({name: values[name][own] for name in found.names}, index=index, copy=False)
        return X, pd.Series(y[own], index, name=found.target)

    X, target = taken(own)
    others = np.setdiff1d(np.flatnonzero(~np.isnan(y)), rows) if found.n_dropped else rows[:0]
    partial = Partial(*taken(others), others) if len(others) else None
    used = {source for column in found.columns if column.to for source in column.sources} | {found.target}
    bad = [cell_note(name, table.gaps[name]) for name in table.frame.columns if name in table.gaps and name in used]
    strange = _sentinels({**{name: values[name] for name in found.names}, str(found.target): y})
    notes = [*table.notes, *_left_out(found.columns), *bad, *strange, *_dropped(found, missing)]
    return Prepared(X, target, found, rows, tuple(notes), tuple(_told(found)), missing, partial)


def _complete(
    columns: Sequence[Column], values: Mapping[str, Any], y: Any, target: str, fixed: Collection[str]
) -> tuple[tuple[Column, ...], Any, dict[str, Any]]:
    """Return the columns, the rows that are complete in them, and where each has gaps.

    If fewer than half of the rows are complete, columns are left out, those with most gaps first, but none of `fixed`.
    """
    import numpy as np

    first = {**{column.name: values[column.to[0]] for column in columns if column.to}, target: y}
    missing = {name: gaps for name, array in first.items() if (gaps := np.isnan(array)).any()}
    n_rows = len(y) - int(missing.get(target, np.zeros(1)).sum())
    left_out: dict[str, str] = {}
    while True:
        gaps = {name: rows for name, rows in missing.items() if name not in left_out}
        complete = np.flatnonzero(~_any(gaps, gaps, len(y)))
        free = {name: int(rows.sum()) for name, rows in gaps.items() if name != target and name not in fixed}
        n_left = sum(bool(column.to) for column in columns) - len(left_out)
        if len(complete) >= LEAST_COMPLETE * n_rows or not free or n_left < 2:
            break
        worst = max(free, key=lambda name: free[name])
        left_out[worst] = f"{free[worst]} of {len(y)} values are missing"
    if not len(complete):
        raise TableError(explain("At least one row must be complete.", "no complete row", "Leave a column out."))
    found = [
        replace(column, kind="gaps", to=(), why=left_out[column.name]) if column.name in left_out else column
        for column in columns
    ]
    counted = [replace(column, gaps=int(missing.get(column.name, np.zeros(1)).sum())) for column in found]
    return tuple(counted), complete, gaps


def _any(missing: Mapping[str, Any], names: Collection[str | None], n: int) -> Any:
    """Return whether each of the n rows has a gap in one of these columns."""
    import numpy as np

    found = np.zeros(n, dtype=bool)
    for name in missing:
        if name in names:
            found |= missing[name]
    return found


def _left_out(columns: Sequence[Column]) -> list[str]:
    """Return the notes on columns that were left out with what they say."""
    notes = []
    for name, kind in KINDS.items():
        lost = [f"{column.name!r} ({column.why})" for column in columns if column.kind == name and kind.lost]
        notes += [f"Left out, {kind.lost}: {', '.join(lost)}."] if lost else []
    return notes


def _sentinels(values: Mapping[str, Any]) -> list[str]:
    """Return the note on values that look like signs for missing ones; they are used as they are."""
    found = {name: told for name, array in values.items() if (told := sentinel(array)) is not None}
    seen = [f"{name!r} ({value:g} in {count} rows)" for name, (value, count) in found.items()]
    if not seen:
        return []
    what = "Values far from all others that may stand for missing ones are used as numbers"
    return [f"{what}: {', '.join(seen)}. If they are gaps, write NA there."]


def _dropped(found: Columns, missing: Mapping[str, Any]) -> list[str]:
    """Return the note on rows that were left out."""
    if not found.n_dropped:
        return []
    most = sorted(missing, key=lambda name: -int(missing[name].sum()))
    named = ", ".join(f"{int(missing[name].sum())} in {name!r}" for name in most[:MOST_SHOWN])
    more = f" and in {len(most) - MOST_SHOWN} more columns" if len(most) > MOST_SHOWN else ""
    rows = f"{found.n_dropped} of {found.n_rows} rows"
    return [f"The law is chosen without {rows}, which have missing values: {named}{more}."]


def _told(found: Columns) -> list[str]:
    """Return the notes on what was converted, or left out without a loss."""
    same = [f"{column.name!r} ({column.why})" for column in found.columns if column.kind == "same"]
    became = [f"{column.name}: {column.in_words()}." for column in found.columns if column.kind in ("time", "levels")]
    return [*found.told, *([f"Left out: {', '.join(same)}."] if same else []), *became]


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise TableError(
                explain("The table must have the column.", repr(name), closest(name, map(str, frame.columns)))
            )


def _refuse_infinite(values: Mapping[str, Any], names: Sequence[str], table: Table) -> None:
    """Raise TableError for an infinite value."""
    import numpy as np

    for name in names:
        infinite = np.isinf(values[name])
        if infinite.any():
            got = f"{int(infinite.sum())} infinite in {name!r}{_first_place(infinite, table)}"
            raise TableError(explain("Values must be finite.", got, "Correct or remove those rows."))


def _first_place(wrong: Any, table: Table) -> str:
    """Return the line or the row of the first wrong value, in brackets."""
    row = int(wrong.argmax())
    return f" (the first in line {table.lines[row]})" if table.lines else f" (the first in row {row + 1})"
