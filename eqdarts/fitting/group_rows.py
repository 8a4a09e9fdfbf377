"""Tables of users with groups: the labels are taken out of the inputs, and a new group gets constants of its own."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups, labels_of, row_groups
from eqdarts.equation.names import used_names
from eqdarts.errors import EqdartsWarning, explain, level_of_caller
from eqdarts.fitting.run import Run
from eqdarts.solver.grouped import GroupedProblem

__all__ = ["adapted", "check_plain", "labels_in", "parted", "without_labels"]

FEWEST_GROUPS = 2
NEW = "new"
PLAIN = {"loss": "squared", "warm_start": False, "checkpoint": None}  # what a fit with groups needs


def parted(groups: Any, X: Any) -> tuple[Any, RowGroups | None]:
    """Return the inputs without the column of labels, and the group of each row; None without groups.

    Raises
    ------
    ValueError
        If a row has no label, or all have the same.
    """
    if groups is None:
        return X, None
    labels, by = labels_of(groups, X) or ([], "")
    found = row_groups(labels, by)
    if len(found.labels) < FEWEST_GROUPS:
        todo = "Leave out groups."
        raise ValueError(explain("groups must have two different labels or more.", f"{len(found.labels)}", todo))
    return without_labels(X, by), found


def without_labels(X: Any, by: str) -> Any:
    """Return a DataFrame without the column of labels; anything else as it is."""
    return X.drop(columns=by) if hasattr(X, "columns") and by in X.columns else X


def labels_in(run: Run, groups: Any, X: Any) -> list[Any] | None:
    """Return the label of each row for a fit with groups; None if there are none.

    Raises
    ------
    ValueError
        If there are labels and the fit has no groups.
    """
    if run.groups is not None:
        found = labels_of(groups, X, run.groups.by)
        return None if found is None else found[0]
    if groups is not None:
        todo = "Leave out groups, or fit with groups."
        raise ValueError(explain("groups need a fit with groups.", "a fit without", todo))
    return None


def check_plain(given: dict[str, Any]) -> None:
    """Raise ValueError for parameters that a fit with groups cannot have."""
    for name, only in PLAIN.items():
        if given[name] != only:
            todo = f"Leave out {name}, or groups."
            raise ValueError(explain(f"A fit with groups needs {name}={only!r}.", repr(given[name])[:80], todo))
    if given["noise"] not in ("auto", "constant"):
        todo = "Leave out noise, or give sigma."
        raise ValueError(explain("A fit with groups takes the scatter as the same at all rows.", given["noise"], todo))


def adapted(run: Run, X: Array, y: Array, labels: Sequence[Any] | None, weight: Array | None) -> Run:
    """Return the fit with the constants of new groups, or new constants of known ones; those that are shared stay.

    Parameters
    ----------
    run : Run
    X, y : ndarrays of shape (n, d) and (n,)
        Rows of these groups.
    labels : sequence or None
        The label of each row. Without any, all rows are one group with the label "new", or "new 2" if there is one.
    weight : ndarray of shape (n,) or None
    """
    if run.groups is None:
        raise ValueError(explain("adapt needs a fit with groups.", "a fit without", "Call fit with groups first."))
    given = [_free_label(run.groups)] * len(y) if labels is None else labels
    rows = _complete(run, X)
    X, y = X[rows], y[rows]
    weight = None if weight is None else weight[rows]
    new = row_groups([given[k] for k in rows], run.groups.by)
    equations = tuple(_with_groups(equation, X, y, new, weight) for equation in run.equations)
    replaced = set(map(str, new.labels))
    kept = np.array([str(label) not in replaced for label in run.groups.label_of_rows], dtype=bool)
    everyone = [label for label, keep in zip(run.groups.label_of_rows, kept, strict=True) if keep]
    groups = row_groups([*everyone, *new.label_of_rows], run.groups.by)
    return replace(run, equations=equations, groups=groups, rows=_joined(run.rows, kept, X, y, weight))


def _complete(run: Run, X: Array) -> NDArray[np.intp]:
    """Return the rows without gaps in the inputs of the laws, and warn of the others."""
    used = {name for equation in run.equations for name in used_names(equation.expr, run.names)}
    columns = [k for k, name in enumerate(run.names) if name in used]
    rows = np.flatnonzero(np.isfinite(X[:, columns]).all(axis=1))
    if not len(rows):
        raise ValueError(explain("At least one row must be complete.", "no complete row", "Fill the gaps."))
    if len(rows) < len(X):
        told = f"{len(X) - len(rows)} of {len(X)} rows are left out, which have missing values."
        warnings.warn(told, EqdartsWarning, stacklevel=level_of_caller())
    return rows


def _free_label(groups: RowGroups) -> str:
    """Return a label that no group has."""
    known = set(map(str, groups.labels))
    return next(label for k in itertools.count(1) if (label := NEW if k == 1 else f"{NEW} {k}") not in known)


def _joined(rows: FitRows, kept: NDArray[np.bool_], X: Array, y: Array, weight: Array | None) -> FitRows:
    """Return some of the rows of a fit, and new ones; without weights these count like a usual row."""
    n_all = rows.n_all - int((~kept).sum()) + len(y)
    before = rows.weight if rows.sigma is None else rows.sigma**-2.0
    X, y = np.vstack([rows.X[kept], X]), np.concatenate([rows.y[kept], y])
    if before is None and weight is None:
        return FitRows(X, y, None, None, n_all)
    before = np.ones(len(kept)) if before is None else before
    n_new = len(y) - int(kept.sum())
    joined = np.concatenate([before[kept], np.full(n_new, np.median(before)) if weight is None else weight])
    return FitRows(X, y, joined, None, n_all) if rows.sigma is None else FitRows(X, y, None, joined**-0.5, n_all)


def _with_groups(equation: Equation, X: Array, y: Array, new: RowGroups, weight: Array | None) -> Equation:
    """Return the equation with constants fitted to each new group, from those of every known group."""
    constants = equation.groups
    if constants is None:
        return equation
    columns = {name: np.ascontiguousarray(X[:, k]) for k, name in enumerate(equation.variables)}
    problem = GroupedProblem(equation.expr, constants.names, columns, y, new.place, weight)
    known = np.array(constants.values)  # (L, Q)
    starts = np.repeat(np.vstack([np.median(known, axis=0), known])[:, :, None], len(new.labels), axis=2)
    with np.errstate(all="ignore"):  # the law may be undefined at some of the starts
        theta, squares = problem.fit_each(starts)
    best = squares.argmin(axis=0)
    if not np.isfinite(squares.min(axis=0)).all():
        todo = "Look at its rows: the law may be undefined there."
        raise ValueError(explain("The constants of the new group cannot be fitted.", equation.format(), todo))
    for k, label in enumerate(new.labels):
        constants = constants.with_group(label, theta[best[k], :, k].tolist())
    return replace(equation, groups=constants)
