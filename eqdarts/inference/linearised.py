r"""An equation linearised in its coefficients as printed, at the rows to which it was fitted.

With weights w, residual r and Jacobian J of the prediction in the K coefficients, everything needed for inference is in
the triangle of one QR decomposition of :math:`\sqrt w\,[J\; r]` and in the singular values of its left part. The normal
equations, which square the condition number, are never formed.

Axes: N rows, K coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.equation.rows import as_columns, as_target, check_sigma_alone, column_names, finite_columns, known_errors
from eqdarts.errors import explain
from eqdarts.expression.build import symbol
from eqdarts.expression.program import compile_expression, evaluate

__all__ = ["Decomposition", "Form", "Rows", "decompose", "form_of", "precise_residual", "rows_of"]


RANK_TOLERANCE = 1e-12  # singular values below this share of the largest are rounding errors of the Jacobian
ROUNDING_RESIDUAL = 1e-10  # residuals below this share of y are evaluated with more digits than a float has
MOST_PRECISE_ROWS = 500  # at about a millisecond for each row
DIGITS = 40
SMALLEST_ERROR = 1e-140  # of y; the weights of smaller ones overflow


class Rows(NamedTuple):
    """The rows with weight above zero."""

    columns: dict[str, Array]  # each (N,)
    inputs: Array  # (N, D) all variables of the table, to find replicates
    y: Array  # (N,)
    root: Array  # (N,) square roots of the weights
    absolute: bool  # whether the weights are 1 / sigma**2 with known sigma


@dataclass(frozen=True, eq=False)
class Form:
    """A formula with named coefficients at their values; `known` names are numbers that were not estimated."""

    formula: Expr
    names: tuple[str, ...]
    estimate: Array  # (K,)
    known: Mapping[str, float]

    def at(self, theta: Array, columns: Mapping[str, Array], n_rows: int) -> tuple[Array, Array]:
        """Return values (N,) and Jacobian (N, K) at coefficients `theta`, NaN where undefined."""
        import torch

        from eqdarts.solver.formula import FormulaModel

        fixed = {name: torch.tensor(value, dtype=torch.float64) for name, value in self.known.items()}
        tensors = {name: torch.tensor(np.asarray(column)) for name, column in columns.items()}
        linear = torch.zeros((1, len(self.names)), dtype=torch.bool)
        model = FormulaModel(compile_expression(self.formula), self.names, {**fixed, **tensors}, n_rows, linear)
        with torch.inference_mode(), np.errstate(all="ignore"):
            values, jacobian = model.evaluate(torch.tensor(theta[None], dtype=torch.float64))
        return values[0].numpy(), jacobian[0].T.numpy()


class Decomposition(NamedTuple):
    """Results of the QR and singular value decompositions of the weighted Jacobian and residual."""

    factor: Array  # (K, rank) F with F F^T = pseudo-inverse of J^T W J
    null: Array  # (K, K - rank) directions of coefficients, in units of 1 / scale, that change no prediction
    scale: Array  # (K,) norms of the columns of the weighted Jacobian
    rank: int
    squares: float  # weighted residual sum of squares
    slope_squares: float  # the part of it that lies in the column space of J: 0 at a least squares estimate


def form_of(equation: Equation, known: Sequence[str] = ()) -> Form:
    """Return the formula of an equation. Coefficients in `known` and named constants are fixed numbers.

    Raises
    ------
    ValueError
        If parameters have no values yet, or a name in `known` is not a coefficient.
    """
    if equation.free_parameters:
        free = ", ".join(equation.free_parameters)
        raise ValueError(explain("Inference needs a fitted equation.", f"no value for {free}", "Call fit first."))
    values, constants = equation.coefficients, dict(equation.constants)
    known = [name for name in known if name not in constants]
    strange = [name for name in known if name not in values]
    if strange:
        raise ValueError(
            explain(
                "Every name in known must be a coefficient.", ", ".join(strange), f"Coefficients: {', '.join(values)}."
            )
        )
    names = tuple(name for name in values if name not in known)
    return Form(
        equation.template,
        names,
        np.array([values[name] for name in names]),
        {**{name: values[name] for name in known}, **constants},
    )


def rows_of(equation: Equation, X: Any, y: Any, sample_weight: Any = None, sigma: Any = None) -> Rows:
    """Return the rows of a table with weight above zero, and the square roots of their weights.

    Raises
    ------
    ValueError
        If both `sample_weight` and `sigma` are given, or if one of them, y or X is not valid.
    """
    available = column_names(X)
    every = [name for name in equation.variables if available is None or name in available]
    needed = [name for name in equation.variables if symbol(name) in equation.template.free_symbols]
    columns, n_rows = as_columns(X, equation.variables, dict.fromkeys([*every, *needed]))
    finite_columns({name: columns[name] for name in needed})
    weight = sample_weight if sigma is None else _precision(sigma, sample_weight, n_rows)
    target, weights = as_target(y, weight, n_rows)
    counted = slice(None) if weights is None else weights > 0
    kept = {name: np.ascontiguousarray(columns[name][counted]) for name in columns}
    target = target[counted]
    root = np.ones(len(target)) if weights is None else np.sqrt(weights[counted])
    inputs = np.column_stack(list(kept.values())) if kept else np.zeros((len(target), 0))
    return Rows({name: kept[name] for name in needed}, inputs, target, root, sigma is not None)


def _precision(sigma: Any, sample_weight: Any, n_rows: int) -> Array:
    check_sigma_alone(sample_weight, "squared")
    return np.maximum(known_errors(sigma, n_rows), SMALLEST_ERROR) ** -2.0


def precise_residual(equation: Equation, form: Form, rows: Rows) -> Array:
    """Return y - prediction (N,), evaluated with 40 digits if it is at the rounding level of y.

    Each float then represents the shortest decimal number as which it prints: the number in the file.

    Raises
    ------
    ValueError
        If the equation is undefined at a row.
    """
    numbers = {name: np.asarray(value) for name, value in zip(form.names, form.estimate, strict=True)}
    fixed = {name: np.asarray(value) for name, value in form.known.items()}
    residual = rows.y - evaluate(form.formula, {**rows.columns, **numbers, **fixed}, len(rows.y))
    n_undefined = int(np.isnan(residual).sum())
    if n_undefined:
        raise ValueError(
            explain(
                "Inference needs an equation that is defined at every row.",
                f"{n_undefined} row(s) where {equation.format()} is not",
                "Leave these rows out.",
            )
        )
    small = float(np.linalg.norm(residual)) <= ROUNDING_RESIDUAL * float(np.linalg.norm(rows.y))
    if not small or len(rows.y) > MOST_PRECISE_ROWS:
        return residual
    return _with_digits(form, rows)


def _with_digits(form: Form, rows: Rows) -> Array:
    import sympy

    given = {symbol(name): sympy.Float(repr(float(value)), DIGITS) for name, value in form.known.items()}
    fitted = {symbol(n): sympy.Float(float(v), DIGITS) for n, v in zip(form.names, form.estimate, strict=True)}

    def residual(i: int) -> float:
        row = {symbol(name): sympy.Float(repr(float(column[i])), DIGITS) for name, column in rows.columns.items()}
        value = form.formula.evalf(DIGITS, subs={**given, **fitted, **row})
        return float(sympy.Float(repr(float(rows.y[i])), DIGITS) - value)

    return np.array([residual(i) for i in range(len(rows.y))])


def decompose(jacobian: Array, residual: Array) -> Decomposition:
    """Decompose a weighted Jacobian (N, K) and residual (N,); see the module's notes.

    Notes
    -----
    The rank is that of the Jacobian with its columns scaled to length one: it does not change with the units of the
    coefficients. A column of zeros counts as a direction of the null space.
    """
    n_rows, k = jacobian.shape
    peak = np.abs(jacobian).max(axis=0, initial=0.0)
    norm = peak * np.linalg.norm(jacobian / np.where(peak > 0, peak, 1.0), axis=0)
    scale = np.where(norm > 0, norm, 1.0)
    triangle = np.asarray(np.linalg.qr(np.column_stack([jacobian / scale, residual]), mode="r"))
    u, singular, vt = np.linalg.svd(triangle[:, :k])
    largest = singular[0] if k and len(singular) else 0.0
    rank = int((singular > RANK_TOLERANCE * largest).sum())
    factor = vt[:rank].T / singular[:rank] / scale[:, None]
    inside = u[:, :rank].T @ triangle[:, k] if len(triangle) else np.zeros(0)
    return Decomposition(
        factor, vt[rank:].T, scale, rank, float(residual @ residual) if n_rows else 0.0, float(inside @ inside)
    )
