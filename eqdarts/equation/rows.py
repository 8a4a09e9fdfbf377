"""The checked input of the user to an equation: named columns, a target, weights, starting values, constants."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import as_floats, finite
from eqdarts.errors import FormulaError, closest, explain
from eqdarts.losses import loss_of
from eqdarts.tables.units import names_and_units

__all__ = [
    "as_columns",
    "as_target",
    "check_enough_rows",
    "check_sigma_alone",
    "checked_constants",
    "column_names",
    "errors_of_new_rows",
    "finite_columns",
    "is_finite_number",
    "known_errors",
    "name_array_columns",
    "names_in",
    "positive_weights",
    "starting_values",
    "undefined_words",
    "weights_of_errors",
]


def column_names(X: Any) -> list[str] | None:
    """Return the names of a table's columns, or None for an array."""
    if isinstance(X, Mapping):
        return [str(name) for name in X]
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    return None


def as_columns(X: Any, variables: Sequence[str], needed: Iterable[str]) -> tuple[dict[str, Array], int]:
    """Return the needed columns by name, as contiguous floats with NaN for missing values, and the number of rows.

    Parameters
    ----------
    X : DataFrame, mapping of columns, or array of shape (n, d) or, for one variable, (n,)
    variables : sequence of str
        The names of an array's columns.
    needed : iterable of str
        Columns that must be in X; all others are ignored.

    Raises
    ------
    ValueError
        If a column is missing or not numeric, or the shape is wrong.
    """
    names = column_names(X)
    if names is None:
        return _from_array(X, variables, needed)
    labels = dict(zip(names, X if isinstance(X, Mapping) else X.columns, strict=True))
    for name, header in zip(names_and_units(names)[0], names, strict=True):  # "m" is the column "m [kg]"
        labels.setdefault(name, labels[header])
    columns: dict[str, Array] = {}
    for name in needed:
        if name not in labels:
            raise ValueError(explain("X must have every column of the equation.", f"no {name!r}", closest(name, names)))
        columns[name] = as_floats(X[labels[name]], f"Column {name!r}")
        if columns[name].ndim > 1:
            raise ValueError(
                explain(f"Column {name!r} must be one-dimensional.", columns[name].shape, "Check the table.")
            )
    if hasattr(X, "columns"):
        return columns, len(X)
    # A mapping may hold scalars: they are repeated for the rows of the other columns.
    lengths = {length for values in X.values() if (length := _length(values)) is not None} or {1}
    if len(lengths) > 1:
        raise ValueError(explain("Columns must have the same length.", sorted(lengths), "Check the lengths."))
    n_rows = lengths.pop()
    return {name: np.ascontiguousarray(np.broadcast_to(column, n_rows)) for name, column in columns.items()}, n_rows


def _length(values: Any) -> int | None:
    """Return the number of rows of a column in a mapping; None for a scalar."""
    try:
        return None if isinstance(values, str) else len(values)
    except TypeError:
        return None


def _from_array(X: Any, variables: Sequence[str], needed: Iterable[str]) -> tuple[dict[str, Array], int]:
    rows = as_floats(X, "X")
    if rows.ndim == 1 and len(variables) == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] != len(variables):
        wanted = f"(n, {len(variables)})" + (" or (n,)" if len(variables) == 1 else "")
        raise ValueError(
            explain(f"X must be of shape {wanted}.", rows.shape, f"Its columns are {', '.join(variables) or 'none'}.")
        )
    return {name: np.ascontiguousarray(rows[:, variables.index(name)]) for name in needed}, len(rows)


def finite_columns(columns: Mapping[str, Array]) -> None:
    """Raise ValueError if a column has a value that is missing (NaN) or infinite."""
    for name, column in columns.items():
        finite(column, f"Column {name!r}")


def undefined_words(values: Array, columns: Mapping[str, Array]) -> str:
    """Return the sentence that says where predictions (n,) are NaN: undefined, or with a value missing in a column."""
    undefined = np.isnan(values)
    missing = np.zeros(len(values), dtype=bool)
    for column in columns.values():
        missing |= np.isnan(column)
    why = f" (a value is missing in {missing.sum()} of these)" if missing.any() else ""
    return f"The equation is undefined at {undefined.sum()} of {len(values)} row(s){why}; predict gives NaN there."


def as_target(y: Any, sample_weight: Any, n_rows: int) -> tuple[Array, Array | None]:
    """Return y, and the weights if there are any, as arrays of shape (n,).

    Raises
    ------
    ValueError
        If the length is wrong, a value is not finite, or a weight is negative.
    """
    values = as_floats(y, "y")
    if values.shape != (n_rows,):
        raise ValueError(
            explain(f"y must be of shape ({n_rows},), one value for each row of X.", values.shape, "Check the lengths.")
        )
    finite(values, "y")
    if sample_weight is None:
        return values, None
    weight = finite(as_floats(sample_weight, "sample_weight"), "sample_weight")
    if weight.shape != (n_rows,) or (weight < 0).any() or not (weight.any() or not n_rows):
        raise ValueError(
            explain(
                "sample_weight must hold one finite weight >= 0 for each row.",
                f"shape {weight.shape}",
                "Check the weights.",
            )
        )
    return values, weight


def known_errors(sigma: Any, n_rows: int) -> Array:
    """Return the standard deviations (n,) of y for one number, or one for each row.

    Raises
    ------
    ValueError
        If there are not that many, or one of them is not a positive finite number.
    """
    values = finite(as_floats(sigma, "sigma"), "sigma")
    if values.shape not in ((), (n_rows,)) or not (values > 0).all():
        raise ValueError(
            explain(
                f"sigma must be one positive number, or {n_rows} of them, one for each row of X.",
                f"shape {values.shape}, least {values.min() if values.size else 'of nothing'}",
                "Pass the standard deviations of the measurements.",
            )
        )
    return np.asarray(np.broadcast_to(values, n_rows))


def check_sigma_alone(sample_weight: Any, loss: Any) -> None:
    """Raise ValueError if known errors come with weights, or with a loss that is no sum of squares."""
    if not loss_of(loss).is_least_squares:
        raise ValueError(
            explain("sigma can only be used with squared residuals.", f"loss={loss!r}", "Leave sigma out.")
        )
    if sample_weight is not None:
        raise ValueError(
            explain(
                "Pass either sigma or sample_weight, not both.",
                "sigma and sample_weight",
                "To use both, pass sigma = s / sqrt(w).",
            )
        )


def weights_of_errors(sigma: Any, sample_weight: Any, loss: Any, n_rows: int) -> Array:
    """Return the weights (n,) of rows with known errors, which come without weights and with squares."""
    check_sigma_alone(sample_weight, loss)
    return np.asarray(known_errors(sigma, n_rows) ** -2.0)


def errors_of_new_rows(sigma: Any, n_rows: int) -> Array:
    """Return the standard deviations (n,) of new observations; NaN, for an error that is not known, stays NaN.

    Raises
    ------
    ValueError
        If there is neither one of them nor one for each row, or one is negative or infinite.
    """
    values = as_floats(sigma, "sigma")
    if values.shape not in ((), (n_rows,)) or (values < 0).any() or np.isinf(values).any():
        raise ValueError(
            explain(
                f"sigma must be one finite number of 0 or more, or {n_rows} of them, one for each row of X.",
                f"shape {values.shape}, least {np.nanmin(values, initial=np.inf):g}",
                "Pass the standard deviations of the new observations.",
            )
        )
    return np.asarray(np.broadcast_to(values, n_rows))


def positive_weights(sample_weight: Any, n_rows: int) -> Array:
    """Return the weights (n,) of new observations.

    Raises
    ------
    ValueError
        If there is not one positive finite weight for each row.
    """
    weight = finite(as_floats(sample_weight, "sample_weight"), "sample_weight")
    if weight.shape != (n_rows,) or not (weight > 0).all():
        raise ValueError(
            explain(
                "sample_weight must hold one positive weight for each row.",
                f"shape {weight.shape}",
                "Check the weights.",
            )
        )
    return weight


def check_enough_rows(parameters: Sequence[str], n_rows: int, weight: Array | None) -> None:
    """Raise ValueError if there are no rows, or fewer rows with weight than parameters."""
    counted = n_rows if weight is None else int(np.count_nonzero(weight))
    if not counted:
        raise ValueError(explain("A fit needs rows.", "none", "Pass at least one row for each parameter."))
    if counted < len(parameters):
        given = f"{counted} row(s) for {len(parameters)} parameters ({', '.join(parameters)})"
        raise ValueError(
            explain(
                "A fit needs at least one row for each parameter.",
                given,
                "Pass more rows, or use a formula with fewer parameters.",
            )
        )


def names_in(X: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the names of a formula that are columns of X, in the order of X.

    Raises
    ------
    ValueError
        If X is an array, and it is not clear which names its columns have.
    """
    columns = column_names(X)
    return name_array_columns(X, names) if columns is None else tuple(name for name in columns if name in names)


def name_array_columns(X: Any, formula_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that the columns of an array have in a formula: x, or x0, x1, ..., or x1, x2, ...

    Raises
    ------
    ValueError
        If the formula has no such names, or numbers that the array does not have.
    """
    shape = np.shape(X)
    d = 1 if len(shape) < 2 else shape[1]
    choices: list[tuple[str, ...]] = [("x",)] if d == 1 else []
    choices += [tuple(f"x{i + first}" for i in range(d)) for first in (0, 1)]
    for choice in choices:
        numbered = [name for name in formula_names if name[0] == "x" and name[1:].isdigit()]
        if any(name in formula_names for name in choice) and all(name in choice for name in numbered):
            return choice
    raise ValueError(
        explain(
            "The names of the columns of an array must be known.",
            ", ".join(formula_names),
            "Pass a DataFrame or a mapping, or use Equation.parse(text, variables=[...]).",
        )
    )


def starting_values(parameters: Sequence[str], start: Mapping[str, float] | Sequence[float] | None) -> Array | None:
    """Return the values at which a fit starts, in the order of the parameters; None if none are given.

    Raises
    ------
    ValueError
        If a parameter has no finite value.
    """
    if start is None:
        return None
    if isinstance(start, Mapping):
        missing = [name for name in parameters if name not in start]
        if missing or len(start) > len(parameters):
            given = ", ".join(map(str, start)) or "nothing"
            raise ValueError(
                explain("start must give every parameter a value.", given, f"Parameters: {', '.join(parameters)}.")
            )
        start = [start[name] for name in parameters]
    values = as_floats(start, "start")
    if values.shape != (len(parameters),) or not np.isfinite(values).all():
        raise ValueError(
            explain("start must give every parameter a finite value.", values, f"Parameters: {', '.join(parameters)}.")
        )
    return values


def is_finite_number(value: Any) -> bool:
    """Whether a value is a finite number, of Python or of numpy."""
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)


def checked_constants(
    constants: Mapping[str, Any], names: Sequence[str], variables: Sequence[str] | None
) -> tuple[tuple[str, float], ...]:
    """Return the constants of a formula, such as g, as pairs of name and value.

    Parameters
    ----------
    constants : mapping of str to float
    names : sequence of str
        All names in the formula.
    variables : sequence of str or None
        The names that are columns.

    Raises
    ------
    FormulaError
        If a name is not in the formula or is a column, or a value is not a finite number.
    """
    if constants and variables is None:
        raise FormulaError(
            explain("With constants, the columns must be named too.", "no variables", "Pass variables=[...].")
        )
    for name, value in constants.items():
        if name not in names or name in (variables or ()):
            raise FormulaError(
                explain("A constant must be a name in the formula, not a column.", repr(name), "Leave it out.")
            )
        if not is_finite_number(value):
            raise FormulaError(
                explain(f"The constant {name!r} must be a finite number.", repr(value), "Pass its value.")
            )
    return tuple((name, float(value)) for name, value in constants.items())
