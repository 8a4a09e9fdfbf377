"""Constants of a law that differ between groups of rows, such as the final size of each tree, and labels of rows."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.equation.rows import column_names
from eqdarts.errors import FormulaError, explain
from eqdarts.files import is_number, short

__all__ = ["GroupConstants", "Label", "RowGroups", "labels_of", "names_of_own", "row_groups"]

Label = str | int | float | bool

DEFAULT_NAME = "group"
LETTERS = "abdfghjklmnopqrsuvw"  # for constants that have no name yet; without those that look like others
MOST_NAMED = 5
TABLE = 2  # axes


@dataclass(frozen=True, eq=False)
class RowGroups:
    """The group of each row.

    Parameters
    ----------
    by : str
        The name of the labels: of their column, or "group".
    labels : tuple
        Of the L groups.
    place : ndarray of int, shape (n,)
        The position of each row's group in `labels`.
    """

    by: str
    labels: tuple[Label, ...]
    place: NDArray[np.intp]

    def of(self, rows: NDArray[Any]) -> RowGroups:
        """Return the groups of some of the rows, without those that then have none."""
        kept, place = np.unique(self.place[rows], return_inverse=True)
        return RowGroups(self.by, tuple(self.labels[k] for k in kept), place.astype(np.intp))

    @property
    def label_of_rows(self) -> list[Label]:
        """The label of each row."""
        return [self.labels[k] for k in self.place]


def row_groups(labels: Iterable[Any], by: str) -> RowGroups:
    """Return the groups of rows with these labels, in the order in which they appear.

    Raises
    ------
    ValueError
        If a row has no label.
    """
    given = list(labels)
    missing = [row for row, label in enumerate(given) if _is_missing(label)]
    if missing:
        got = f"{len(missing)} missing in {by!r} (the first in row {missing[0] + 1})"
        raise ValueError(explain("Every row must have a label of its group.", got, "Fill them, or remove these rows."))
    known: dict[Label, int] = {}
    place = [known.setdefault(_plain(label), len(known)) for label in given]
    return RowGroups(by, tuple(known), np.array(place, dtype=np.intp))


def labels_of(groups: Any, X: Any, by: str | None = None) -> tuple[list[Any], str] | None:
    """Return the label of each row, and the name of the labels; None if there are none.

    Parameters
    ----------
    groups : str, label, array of shape (n,) or None
        A column of X, one label for all rows, or a label for each row. With None, the column `by` of X.
    X : DataFrame, mapping of columns, or array
    by : str, optional
        The name of the labels, if it is known.

    Raises
    ------
    ValueError
        If there is not one label for each row.
    """
    names = column_names(X) or []
    n_rows = len(next(iter(X.values()), ())) if isinstance(X, Mapping) else len(X)
    if groups is None:
        if by is None or by not in names:
            return None
        groups = by
    groups = _one_column(groups, names)
    if isinstance(groups, (str, numbers.Number)) and str(groups) in names:
        return list(X[groups]), str(groups)
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        if by is None:
            todo = f"Columns: {', '.join(names[:20]) or 'none, X is an array'}."
            raise ValueError(explain("groups must be a column of X, or a label for each row.", repr(groups), todo))
        return [groups] * n_rows, by
    name = getattr(groups, "name", None)
    labels = list(groups)
    if len(labels) != n_rows:
        todo = "Give one label for each row."
        raise ValueError(explain("groups must be as long as X.", f"{len(labels)} labels for {n_rows} rows", todo))
    if by is not None or name is not None:
        return labels, by or str(name)
    free = DEFAULT_NAME
    while free in names:  # labels without a name are no column of X
        free += "_"
    return labels, free


def _one_column(groups: Any, names: Sequence[str]) -> Any:
    """Return groups that are a table of one column as that column.

    Raises
    ------
    ValueError
        If there are several columns.
    """
    if isinstance(groups, (list, tuple)) and groups and all(isinstance(g, str) and g in names for g in groups):
        n_columns, first = len(groups), groups[0]
    elif getattr(groups, "ndim", 1) == TABLE:
        n_columns = groups.shape[1]
        first = groups.iloc[:, 0] if hasattr(groups, "iloc") else groups[:, 0]
    else:
        return groups
    if n_columns != 1:
        todo = "Join them: X['a'].astype(str) + ' ' + X['b'].astype(str)."
        raise ValueError(explain("groups must be one column of labels.", f"{n_columns} columns", todo))
    return first


def _is_missing(label: Any) -> bool:
    return label is None or bool(label != label)  # NaN and NaT are not themselves


def _plain(label: Any) -> Label:
    """Return a label as text or a number of Python; a date without a time of day is 2020-02-28.

    Raises
    ------
    ValueError
        If it is missing.
    """
    if _is_missing(label):
        raise ValueError(explain("Every row must have a label of its group.", repr(label), "Leave these rows out."))
    if isinstance(label, np.datetime64):
        label = label.astype("datetime64[us]")  # those of pandas count nanoseconds, which datetime does not
    value = label.item() if hasattr(label, "item") else label
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value if isinstance(value, (str, int, float)) else str(value)


def names_of_own(n: int, by: str, taken: Collection[str], given: Iterable[str] = ()) -> list[str]:
    """Return names for `n` constants that differ between groups, such as a_Tree, none of which is in `taken`.

    >>> names_of_own(2, "Tree", ["age"]), names_of_own(1, "Plant no.", ["a_Plant_no"], ["Asym"])
    (['a_Tree', 'b_Tree'], ['Asym_Plant_no'])
    """
    suffix = re.sub(r"\W+", "_", by).strip("_") or DEFAULT_NAME
    bases = [*given, *LETTERS, *(f"a{k}" for k in range(n))]
    free = [name for base in bases if (name := f"{base}_{suffix}") not in taken]
    return free[:n]


@dataclass(frozen=True)
class GroupConstants:
    """The constants of a law that differ between groups.

    Parameters
    ----------
    by : str
        The name of the labels.
    labels : tuple
        Of the L groups: text or numbers.
    names : tuple of str
        The names of the constants in the law, such as "a_Tree".
    values : tuple of tuple of float
        For each group the value of each constant.
    """

    by: str
    labels: tuple[Label, ...]
    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def places(self, labels: Iterable[Any]) -> NDArray[np.intp]:
        """Return the position of each label.

        Raises
        ------
        ValueError
            If a label is not one of a group whose constants are known.
        """
        known = {str(label): k for k, label in enumerate(self.labels)}
        wanted = [str(_plain(label)) for label in labels]
        strange = list(dict.fromkeys(label for label in wanted if label not in known))
        if strange:
            got = _some(strange)
            todo = f"Call adapt with rows of it first: this fits its constants alone. Known: {_some(self.labels)}."
            raise ValueError(explain(f"{self.by} must be one whose constants are known.", got, todo))
        return np.array([known[label] for label in wanted], dtype=np.intp)

    def columns(self, groups: Any, X: Any) -> dict[str, Array]:
        """Return the value of each constant at each row of X.

        Raises
        ------
        ValueError
            If the labels of the rows are missing, or one is not known.
        """
        table = np.array(self.values).reshape(len(self.labels), len(self.names))[self.places_of_rows(groups, X)]
        return dict(zip(self.names, np.ascontiguousarray(table.T), strict=True))

    def places_of_rows(self, groups: Any, X: Any) -> NDArray[np.intp]:
        """Return the position of the group of each row of X.

        Raises
        ------
        ValueError
            If the labels of the rows are missing, or one is not known.
        """
        found = labels_of(groups, X, self.by)
        if found is None:
            todo = f"Pass groups=, or a table with the column {self.by!r}."
            raise ValueError(explain(f"The law has constants for each {self.by}.", "no groups", todo))
        return self.places(found[0])

    def of(self, label: Any) -> dict[str, float]:
        """Return the constants of one group by name."""
        return dict(zip(self.names, self.values[int(self.places([label])[0])], strict=True))

    def with_group(self, label: Any, values: Iterable[float]) -> GroupConstants:
        """Return the constants with those of one more group, or other values for a known one."""
        label, new = _plain(label), tuple(map(float, values))
        kept = [(k, v) for k, v in zip(self.labels, self.values, strict=True) if str(k) != str(label)]
        labels, rows = zip(*kept, (label, new), strict=True)
        return replace(self, labels=labels, values=rows)

    def in_words(self) -> str:
        """Return a sentence that says which constants differ between groups."""
        return f"{_listed(self.names)} {'has' if len(self.names) == 1 else 'have'} a value for each {self.by}."

    def record(self) -> dict[str, Any]:
        """Return plain values for a file."""
        return {
            "by": self.by,
            "labels": list(self.labels),
            "names": list(self.names),
            "values": [list(row) for row in self.values],
        }

    @classmethod
    def read(cls, record: Any) -> GroupConstants | None:
        """Return the constants of a file's record, None for none.

        Raises
        ------
        FormulaError
            If it is not such a record.
        """
        if record is None:
            return None
        todo = "Write the file with Equation.to_json()."
        rule = "'groups' must have labels, names, and a finite number for each of both."
        if not isinstance(record, dict) or not all(isinstance(record.get(key), list) for key in _LISTS):
            raise FormulaError(explain(rule, short(record), todo))
        labels, names, values = (record[key] for key in _LISTS)
        known = all(isinstance(label, (str, int, float)) for label in labels) and all(isinstance(n, str) for n in names)
        rows = [row for row in values if isinstance(row, list) and len(row) == len(names) and all(map(is_number, row))]
        if not known or not len(labels) == len(set(map(str, labels))) == len(rows) == len(values) or not labels:
            raise FormulaError(explain(rule, short(record), todo))
        return cls(str(record.get("by")), tuple(labels), tuple(names), tuple(tuple(map(float, row)) for row in rows))


_LISTS = ("labels", "names", "values")


def _some(labels: Sequence[Label]) -> str:
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return f"{', '.join(map(repr, labels[:MOST_NAMED]))}{more}"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
