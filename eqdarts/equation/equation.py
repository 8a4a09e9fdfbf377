"""Equations: closed-form functions of named columns, found by a search or typed by hand.

What `predict` evaluates is what is printed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation_constants import checked_constants
from eqdarts.equation.equation_display import DisplayMixin
from eqdarts.equation.equation_range import RangeMixin
from eqdarts.equation.equation_travel import TravelMixin
from eqdarts.equation.file import FORMAT, VERSION, read
from eqdarts.equation.rows import as_columns, as_target, column_names, name_array_columns, starting_values
from eqdarts.errors import EqdartsWarning, explain
from eqdarts.expression import written as formula_text
from eqdarts.expression.build import symbol, with_values
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate

if TYPE_CHECKING:
    from eqdarts.data import Data
    from eqdarts.graph.graph import Graph
    from eqdarts.solver.formula import FitResult

__all__ = ["Equation", "warn_outside"]


@dataclass(frozen=True, eq=False, repr=False)
class Equation(RangeMixin, DisplayMixin, TravelMixin):
    """A closed-form equation.

    Make one with `Equation.parse` or take one from a search; do not call the class.

    Parameters
    ----------
    expr : sympy.Expr
        In real symbols that bear the names of the columns; numbers are Floats where they are coefficients.
    variables : tuple of str
        Names of the input columns, in the order of the columns of a 2-D array.
    target : str or None
        Name of what the equation gives.
    formula : sympy.Expr or None
        The formula with its parameters as symbols, if the equation was typed by hand.
    parameters : tuple of (str, float)
        The fitted values of those parameters; empty before the fit.
    names : tuple of str
        The names in the text that was typed, in order of appearance.
    fit_result_ : FitResult or None
        How the fit went.
    constants : tuple of (str, float)
        Named constants of the formula, such as g, whose values are known: printed by name, never fitted. `expr` has
        their values.
    ranges : tuple of (str, float, float)
        Smallest and largest value, among the rows it was fitted to, of each input that is in the equation; empty where
        they are not known. `outside` compares rows with them.

    Examples
    --------
    >>> law = Equation.parse("3.5*(1 - exp(-0.2*t))")
    >>> law.variables, law.complexity
    (('t',), 8)
    >>> law.predict({"t": [0.0, 5.0]})
    array([0.        , 2.21242196])
    """

    expr: Expr
    variables: tuple[str, ...]
    target: str | None = None
    formula: Expr | None = field(default=None, repr=False)
    parameters: tuple[tuple[str, float], ...] = ()
    names: tuple[str, ...] = field(default=(), repr=False)
    fit_result_: FitResult | None = field(default=None, repr=False)
    constants: tuple[tuple[str, float], ...] = ()
    ranges: tuple[tuple[str, float, float], ...] = field(default=(), repr=False)

    # --- making ---

    @classmethod
    def parse(
        cls,
        text: str,
        variables: Sequence[str] | None = None,
        target: str | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> Equation:
        """Read an equation from text; names that are not variables are parameters, to be fitted.

        Parameters
        ----------
        text : str
            For example ``"b1*(1 - exp(-b2*x))"``; a column's name with spaces goes between backticks.
        variables : sequence of str, optional
            The input columns. Default: every name, until `fit` tells which are columns.
        target : str, optional
        constants : mapping of str to float, optional
            Names in the text that are neither columns nor parameters, and their values, such as ``{"g": 9.80665}``;
            with them `variables` must be given.

        Raises
        ------
        FormulaError
            If the text is not a formula, or a constant is not a number or not in it.
        """
        formula, names = parse_formula(text)
        known = checked_constants(constants or {}, names, variables)
        chosen = names if variables is None else tuple(variables)
        free = [name for name in names if name not in chosen]
        expr = with_values(formula, dict(known))
        return cls(expr, chosen, target, formula if free else None, names=names, constants=known)

    @classmethod
    def from_graph(
        cls,
        graph: Graph,
        coefficients: Sequence[float],
        scales: Data | tuple[Array, float],
        variables: Sequence[str],
        target: str | None = None,
        rows: Array | None = None,
    ) -> Equation:
        """Make the equation of a fitted graph: scaling undone, simplified without changing the function.

        Parameters
        ----------
        graph : Graph
        coefficients : sequence of float
            The graph's flat vector, fitted on scaled rows.
        scales : Data or (x_scale, y_scale)
        variables : sequence of str
            Names of the D inputs.
        target : str, optional
        rows : ndarray of shape (n, d), optional
            Unscaled inputs on which the equation must stay the same function. Default: those of `scales`, if Data.
        """
        from eqdarts.equation.from_graph import equation_expression

        if isinstance(scales, tuple):
            x_scale, y_scale = scales
        else:
            x_scale, y_scale = scales.x_scale, scales.y_scale
            rows = scales.X * x_scale if rows is None else rows
        expr = equation_expression(graph, coefficients, tuple(variables), x_scale, y_scale, rows)
        return cls(expr, tuple(variables), target)

    # --- identity ---

    def _identity(self) -> tuple[Any, ...]:
        return self.expr, self.variables, self.target, self.formula, self.parameters, self.constants

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Equation) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> Any:
        # As text: unpickling a sympy expression would multiply 2.0*(x + 1.0) out.
        return _restored, (self.to_json(), self.fit_result_)

    # --- using ---

    def predict(self, X: Any) -> Array:
        """Evaluate the equation.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
            A table is read by column names, an array by the order of `variables`.

        Returns
        -------
        ndarray of shape (n,)
            NaN, and one `EqdartsWarning`, where the equation is undefined.
        """
        free = self.expr.free_symbols
        needed = [name for name in self.variables if symbol(name) in free]
        if self.free_parameters:
            raise ValueError(
                explain(
                    "An equation needs values for its parameters.", ", ".join(self.free_parameters), "Call fit first."
                )
            )
        columns, n_rows = as_columns(X, self.variables, needed)
        values = evaluate(self.expr, columns, n_rows)
        n_undefined = int(np.isnan(values).sum())
        if n_undefined:
            warnings.warn(
                f"The equation is undefined at {n_undefined} of {n_rows} row(s); predict gives NaN there.",
                EqdartsWarning,
                stacklevel=2,
            )
        return values

    def fit(
        self,
        X: Any,
        y: Any,
        start: Mapping[str, float] | Sequence[float] | None = None,
        sample_weight: Any = None,
    ) -> Equation:
        """Fit the parameters by least squares and return the fitted equation.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n,) or (n, d)
            Names in the formula that are columns of X are variables, all others parameters. An array's columns are
            `variables` if those were given, else x, or x0, x1, ... or x1, x2, ...
        y : array of shape (n,)
        start : mapping or sequence, optional
            Starting values, by name or in order of first appearance. Default: a batch of starts, the best is kept.
        sample_weight : array of shape (n,), optional

        Returns
        -------
        Equation
            With `coefficients` and the record `fit_result_` (residual sum of squares, status, iterations).

        Notes
        -----
        An equation without parameters, such as one from a search, has its numbers fitted, from where they stand.
        """
        from eqdarts.solver.formula import fit_formula

        formula, known = self.expr if self.formula is None else self.formula, dict(self.constants)
        variables = self._variables_in(X)
        parameters = tuple(name for name in self.names if name not in variables and name not in known)
        values = dict(self.parameters)
        if not parameters:
            formula, values = self._template
            parameters = tuple(values)
        if not parameters:
            raise ValueError(explain("The equation has nothing to fit.", repr(str(self)), "Give it a parameter."))
        free = formula.free_symbols
        needed = [name for name in variables if symbol(name) in free]
        columns, n_rows = as_columns(X, variables, needed)
        target, weight = as_target(y, sample_weight, n_rows)
        guess = starting_values(parameters, start if start is not None else values or None)
        found, record = fit_formula(
            with_values(formula, known), [symbol(p) for p in parameters], columns, target, guess, weight
        )
        expr = with_values(formula, {**known, **dict(zip(parameters, found, strict=True))})
        box = {name: (float(column.min()), float(column.max())) for name, column in columns.items()}
        if self.formula is None and not self.free_names(variables):
            return Equation(expr, variables, self.target, names=self.names, fit_result_=record).with_ranges(box)
        fitted = tuple(zip(parameters, found, strict=True))
        return Equation(expr, variables, self.target, formula, fitted, self.names, record, self.constants).with_ranges(
            box
        )

    def free_names(self, variables: Sequence[str]) -> tuple[str, ...]:
        """Return the names in the formula that are not among `variables`, in order of appearance."""
        return tuple(name for name in self.names if name not in variables)

    def _variables_in(self, X: Any) -> tuple[str, ...]:
        """Return which names are columns of X: those given to `parse`, or else those that X has."""
        if self.formula is not None or not self.names:
            return self.variables
        columns = column_names(X)
        if columns is None:
            return name_array_columns(X, self.names)
        return tuple(name for name in columns if name in self.names)

    # --- keeping ---

    def to_json(self) -> str:
        """Return the equation as JSON text, to be read by `from_json`."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "expression": formula_text.text(self._written, whole=False),
            "variables": list(self.variables),
            "target": self.target,
        }
        if self.formula is not None:
            record["formula"] = formula_text.text(formula_text.write(self.formula), whole=False)
            record["parameters"] = dict(self.parameters)
        if self.constants:
            record["constants"] = dict(self.constants)
        if self.names:
            record["names"] = list(self.names)
        if self.ranges:
            record["ranges"] = {name: [low, high] for name, low, high in self.ranges}
        return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Equation:
        """Read an equation from the text that `to_json` gives; nothing in it is executed.

        Raises
        ------
        FormulaError
            If it is not such a text.
        """
        return cls(*read(text))


def _restored(text: str, fit_result: FitResult | None) -> Equation:
    return replace(Equation.from_json(text), fit_result_=fit_result)


def warn_outside(equation: Equation, X: Any, stacklevel: int) -> None:
    """Warn, once, of rows outside the range that the equation was fitted in."""
    words = equation.extrapolation(X)
    if words:
        warnings.warn(words, EqdartsWarning, stacklevel=stacklevel + 1)
