"""DataFrames of users in an estimator: made ready for a fit, and read again for predictions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils.validation import validate_data

from eqdarts._typing import Array
from eqdarts.arrays import as_floats, finite, without_masks
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups
from eqdarts.equation.names import checked_names, target_name, used_names
from eqdarts.errors import EqdartsWarning, level_of_caller
from eqdarts.fitting.checks import check_noise, checked_target, checked_weight, target_as_floats
from eqdarts.fitting.group_rows import check_plain, parted
from eqdarts.fitting.run import Run
from eqdarts.fitting.table import Table
from eqdarts.losses import typical_size
from eqdarts.tables.frames import numbers_of, prepare_frame, taken
from eqdarts.tables.prepare import Prepared
from eqdarts.units.parse import UnitError, parse_unit

__all__ = [
    "Given",
    "checked_table",
    "explained_share",
    "given_rows",
    "new_rows",
    "observed",
    "with_columns",
    "with_units_of_table",
]

FEWEST_ROWS, FEW_ROWS = 3, 10


@dataclass(frozen=True, eq=False)
class Given:
    """The rows of a fit as the user gave them, or what was made of a DataFrame.

    Parameters
    ----------
    X, y, sample_weight, sigma
        As for ``DARTSRegressor.fit``. `X` may be `Prepared`, as the command line does it.
    groups : RowGroups or None
    ready : Prepared or None
        The columns of numbers that were made of the DataFrame, and how; None if there was nothing to make.
    partial : Given or None
        The rows with a gap in an input.
    """

    X: Any
    y: Any
    sample_weight: Any
    sigma: Any
    groups: RowGroups | None = None
    ready: Prepared | None = None
    partial: Given | None = None


def given_rows(given: Given, labels: Any, params: Mapping[str, Any]) -> Given:
    """Return the rows with numbers alone and with their groups, and warn of what was left out of a DataFrame.

    Parameters
    ----------
    given : Given
    labels : str, array or None
        The groups, as for ``DARTSRegressor.fit``.
    params : mapping of str to object
        The parameters of the estimator, and "checkpoint".
    """
    is_ready = isinstance(given.X, Prepared)
    X, groups = parted(labels, given.y if is_ready else given.X)
    if groups is not None:
        check_plain(dict(params))
    guesses = params["guesses"] or ()
    named = [*(guesses if isinstance(guesses, (list, tuple)) else [guesses]), params.get("form") or ""]
    ready = given.X if is_ready else prepare_frame(X, given.y, named)
    if ready is None:
        return replace(given, X=X, groups=groups)
    for note in ready.notes:
        warnings.warn(note, EqdartsWarning, stacklevel=3)

    def part(X: Any, y: Any, rows: Any) -> Given:
        weights = taken(given.sample_weight, rows), taken(given.sigma, rows)
        return Given(X, y, *weights, None if groups is None else groups.of(rows))

    found = replace(part(ready.X, ready.y, ready.rows), ready=ready)
    others = ready.partial
    return found if others is None else replace(found, partial=part(others.X, others.y, others.rows))


def checked_table(rows: Given, model: Any) -> Table:
    """Return the rows of a fit, if they can be fitted; the estimator learns their number of columns and names."""
    target = getattr(rows.y, "name", None)
    X, y = without_masks(rows.X, "X"), target_as_floats(rows.y)
    with np.errstate(all="ignore"):  # the sum by which sklearn looks for infinity may overflow
        X, y = validate_data(model, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=FEWEST_ROWS)
    weight, sigma = checked_weight(rows.sample_weight, rows.sigma, X, model.loss)
    check_noise(model.noise, weight, sigma, model.loss)
    named = hasattr(model, "feature_names_in_")
    names = tuple(map(str, model.feature_names_in_)) if named else tuple(f"x{i}" for i in range(X.shape[1]))
    target = target_name(None if target is None else str(target))
    if len(y) < FEW_ROWS:
        told = f"Only {len(y)} rows: the law may be a coincidence."
        warnings.warn(told, EqdartsWarning, stacklevel=level_of_caller())
    table = Table(X, checked_target(y, model.loss), weight, checked_names(names), target, sigma, named)
    return table if rows.partial is None else replace(table, partial=_partial(rows.partial, table, model.loss))


def _partial(rows: Given, table: Table, loss: Any) -> Table | None:
    """Return the rows with gaps as a table like that of the others; None if none of them counts."""
    X, y = np.asarray(rows.X, dtype=np.float64), finite(as_floats(rows.y, "y"), "y")
    if rows.sample_weight is not None and not np.any(as_floats(rows.sample_weight, "sample_weight")):
        return None
    weight, sigma = checked_weight(rows.sample_weight, rows.sigma, np.nan_to_num(X), loss)
    return replace(table, X=X, y=y, weight=weight, sigma=sigma)


def with_units_of_table(ready: Prepared | None, units: Any, y_units: Any) -> Any:
    """Return the units that a user gave, with those of the table for the columns that have none; None without both.

    A unit of the table that cannot be read is left out with a warning.
    """
    if ready is None or not (known := ready.columns.units_of_table) or not isinstance(units, (Mapping, type(None))):
        return units
    names = {column.header: column.name for column in ready.columns.columns if column.header}
    given = {names.get(name, name): unit for name, unit in (units or {}).items()}
    for column, text in known.items():
        is_target = column == ready.columns.target
        name = str(getattr(ready.y, "name", None) or "y") if is_target else column
        if name in given or (is_target and y_units is not None):
            continue
        try:
            given[name] = str(parse_unit(text))
        except UnitError as error:
            message = f"The unit of {name} in the table is not used. {error}"
            warnings.warn(message, EqdartsWarning, stacklevel=3)
    return given or None


def with_columns(run: Run, ready: Prepared | None) -> Run:
    """Return the fit with the record of its columns, and warn of rows that were lost to a column without use."""
    if ready is None:
        return run
    columns = ready.columns
    unused, n_lost = ready.unused(used_names(run.equation.expr, run.names))
    n_back = run.rows.n_all - len(ready.rows)
    if n_back > 0:
        left_out = {
            column: replace(column, kind="gaps", to=(), why="the law does not use it, so its gaps cost no row")
            for column in columns.columns
            if not set(column.to) <= set(run.names)
        }
        kept = tuple(left_out.get(column, column) for column in columns.columns)
        columns = replace(columns, columns=kept, unused=tuple(unused), n_back=n_back)
    elif n_lost:
        names = ", ".join(map(repr, unused))
        cost = f"The law does not use {names}, whose gaps cost {n_lost} of the rows."
        warnings.warn(f"{cost} To use these, fit again without it.", EqdartsWarning, stacklevel=3)
    return replace(run, columns=columns)


def new_rows(run: Run, X: Any, equations: Sequence[Equation]) -> Array | None:
    """Return the columns of numbers of new rows; None if X has to be numbers already, as the fit had.

    A column that none of the equations uses may be missing.
    """
    if run.columns is None:
        return None
    used = {name for equation in equations for name in used_names(equation.expr, run.names)}
    return numbers_of(run.columns, X, used)


def observed(run: Run, X: Any, y: Any) -> Any:
    """Return the positions of the rows of a DataFrame without gaps in what the law uses, and in y; all for an array."""
    rows = new_rows(run, X, [run.equation])
    if rows is None:
        return slice(None)
    used = [run.names.index(name) for name in used_names(run.equation.expr, run.names)]
    gaps = np.isnan(rows[:, used]).any(axis=1)
    if hasattr(y, "isna"):
        gaps = gaps | np.asarray(y.isna(), dtype=bool)
    return np.flatnonzero(~gaps)


def explained_share(y: Any, predicted: Any, sample_weight: Any, rows: Any) -> float:
    """Return the share of the variance of y (n,) that predictions (n,) explain at some of the rows, R2.

    Raises
    ------
    ValueError
        If a value of y or a weight is missing or infinite there.
    """
    y = finite(as_floats(y, "y")[rows], "y")
    if sample_weight is not None:
        sample_weight = finite(as_floats(sample_weight, "sample_weight")[rows], "sample_weight")
    unit = typical_size(y)  # the squares of y in this unit are floats
    return float(r2_score(y / unit, np.asarray(predicted)[rows] / unit, sample_weight=sample_weight))
