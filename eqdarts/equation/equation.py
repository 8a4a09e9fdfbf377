"""Equations: closed-form functions of named columns, found by a search or typed by hand.

`predict` evaluates exactly what is printed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Expr
from eqdarts.data import Scales, scales_of
from eqdarts.equation.bounded import fit_within
from eqdarts.equation.digits import DIGITS, digits_needed
from eqdarts.equation.file import as_text, read
from eqdarts.equation.groups import GroupConstants
from eqdarts.equation.names import checked_names, target_name, used_names
from eqdarts.equation.ranges import (
    MARGIN,
    Range,
    any_outside,
    checked_range,
    extrapolation_words,
    outside_by_input,
)
from eqdarts.equation.rows import (
    as_columns,
    as_target,
    check_enough_rows,
    checked_constants,
    finite_columns,
    is_finite_number,
    names_in,
    starting_values,
    undefined_words,
    weights_of_errors,
)
from eqdarts.equation.units import checked_units, latex_with_units
from eqdarts.errors import EqdartsWarning, explain, visible
from eqdarts.export import formats
from eqdarts.expression import written
from eqdarts.expression.build import symbol, with_values, without_units
from eqdarts.expression.latex import latex as latex_of
from eqdarts.expression.latex import latex_name
from eqdarts.expression.mathml import mathml as mathml_of
from eqdarts.expression.parse import parse_formula, quoted
from eqdarts.expression.phases import usual_parameters
from eqdarts.expression.program import evaluate
from eqdarts.expression.readable import readable
from eqdarts.losses import SQUARED, Loss

if TYPE_CHECKING:
    from eqdarts.data import Data
    from eqdarts.export.torch_module import EquationModule
    from eqdarts.expression.unit_check import UnitCheck
    from eqdarts.graph.graph import Graph
    from eqdarts.solver.formula import FitResult

__all__ = ["Equation", "warn_outside"]


@dataclass(frozen=True, eq=False, repr=False)
class Equation:
    """A closed-form equation: a formula, the names of its columns, and the values of its coefficients.

    Type one with `Equation.parse`, or take ``model.equation_``. The constructor is for these two; it checks nothing.

    Parameters
    ----------
    expr : sympy.Expr
        In real symbols named after the columns. Coefficients are sympy Floats.
    variables : tuple of str
        Names of the input columns, in the order of the columns of a 2-D array.
    target : str or None
        Name of the output column.
    formula : sympy.Expr or None
        The formula with its parameters as symbols, if the equation was typed.
    parameters : tuple of (str, float)
        The fitted values of those parameters; empty before the fit.
    names : tuple of str
        The names in the typed text, in order of appearance.
    fit_result_ : FitResult or None
        Residual sum of squares, status and number of iterations of the last `fit`.
    constants : tuple of (str, float)
        Names and known values of constants of the formula, such as g. They are printed by name and never fitted; `expr`
        has their values.
    ranges : tuple of (str, float, float)
        Each input of the equation with its smallest and largest value among the fitted rows; empty where these are
        unknown. `outside` compares rows with them.
    digits : int or None
        Significant digits in `format`, `latex` and `mathml`: as many as the fitted rows need. None without rows: 6.
    groups : GroupConstants or None
        Constants of `expr` that have a value for each group of rows.
    exact : tuple of (str, float)
        Constants of a fit that became exact, such as "3/2", each with the value that was fitted.
    units : tuple of (str, str)
        The units of inputs and target that the fit was given.

    Examples
    --------
    >>> Equation.parse("3.5*(1 - exp(-0.2*t))").predict({"t": [0.0, 5.0]})
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
    ranges: tuple[Range, ...] = field(default=(), repr=False)
    digits: int | None = field(default=None, repr=False)
    groups: GroupConstants | None = field(default=None, repr=False)
    exact: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    units: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    # --- making ---

    @classmethod
    def parse(
        cls,
        text: str,
        variables: Sequence[str] | None = None,
        target: str | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> Equation:
        """Read an equation from text. Names that are not variables are parameters, which `fit` fits.

        Parameters
        ----------
        text : str
            For example ``"b1*(1 - exp(-b2*x))"``. A column name with spaces goes between backticks.
        variables : sequence of str, optional
            The input columns. Default: all names are taken for columns until `fit` sees the table.
        target : str, optional
            Name of the output column.
        constants : mapping of str to float, optional
            Names in the text that are neither columns nor parameters, with their values, such as ``{"g": 9.80665}``.
            They need `variables`.

        Raises
        ------
        FormulaError
            If the text is not a formula, a name is empty or there twice, or a constant is not a finite number or not in
            the formula.
        """
        formula, names = parse_formula(text)
        formula = readable(formula)
        known = checked_constants(constants or {}, names, variables)
        chosen = names if variables is None else checked_names(tuple(variables), "The variables")
        free = [name for name in names if name not in chosen]
        expr = with_values(formula, dict(known))
        return cls(expr, chosen, target_name(target), formula if free else None, names=names, constants=known)

    @classmethod
    def from_graph(
        cls,
        graph: Graph,
        coefficients: Sequence[float],
        scales: Data | Scales | tuple[Array, float],
        variables: Sequence[str],
        target: str | None = None,
        rows: Array | None = None,
    ) -> Equation:
        """Return the equation of a fitted graph in the units of the data, in a short form of the same function.

        Parameters
        ----------
        graph : Graph
        coefficients : sequence of float
            The K coefficients of the graph, fitted on scaled rows.
        scales : Data, (x_scale, y_scale) or (x_scale, y_scale, origin)
        variables : sequence of str
            Names of the D inputs.
        target : str, optional
            Name of the output column.
        rows : ndarray of shape (n, d), optional
            Unscaled inputs on which the short form must agree with the graph. Default: the rows of `scales`, if it is
            a `Data`.

        Raises
        ------
        FormulaError
            If a number of the equation is not finite and real, or the equation cannot be read when it is written.
        """
        from eqdarts.equation.from_graph import equation_expression  # here: it loads the graphs

        names = checked_names(tuple(variables), "The variables")
        units = scales_of(scales, len(names))
        if rows is None and not isinstance(scales, tuple):
            rows = scales.X[:] * units.x + units.origin
        expr = readable(equation_expression(graph, coefficients, names, units.x, units.y, rows, units.origin))
        return cls(expr, names, target)

    # --- identity ---

    def _identity(self) -> tuple[Any, ...]:
        return self.expr, self.variables, self.target, self.formula, self.parameters, self.constants, self.groups

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Equation) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> Any:
        # As text: unpickling a sympy expression would multiply 2.0*(x + 1.0) out.
        return _restored, (self.to_json(), self.fit_result_)

    # --- the numbers ---

    @cached_property
    def free_parameters(self) -> tuple[str, ...]:
        """Names in the formula that are neither variables nor fitted, in alphabetical order."""
        known = {*self.variables, *(() if self.groups is None else self.groups.names)}
        return tuple(sorted(str(s.name) for s in self.expr.free_symbols if s.name not in known))

    @cached_property
    def _template(self) -> tuple[Expr, dict[str, float]]:
        if self.formula is not None:
            return self.formula, dict(self.parameters)
        prefix = written.number_prefix(self.variables)
        return written.template(self._written, lambda k: f"{prefix}{k}")

    @property
    def template(self) -> Expr:
        """The expression with its coefficients as symbols, named as in `coefficients`, and constants as symbols."""
        return self._template[0]

    @property
    def coefficients(self) -> dict[str, float]:
        """The fitted numbers by name: the parameters, or c0, c1, ... in printed order, with learned exponents."""
        return dict(self._template[1])

    def with_coefficients(self, values: Mapping[str, float]) -> Equation:
        """Return the equation with other values of its coefficients.

        Parameters
        ----------
        values : mapping of str to float
            By the names of `coefficients`. Coefficients that are not in it keep their values.

        Raises
        ------
        ValueError
            If a name is not one of `coefficients`, or a value is not finite.

        Examples
        --------
        >>> Equation.parse("2.5*x + 1.5").with_coefficients({"c1": 4.5}).format()
        '2.5*x + 4.5'
        """
        template, found = self._template
        for name, value in values.items():
            if name not in found or not is_finite_number(value):
                todo = f"Coefficients: {', '.join(found) or 'none'}."
                raise ValueError(
                    explain("A coefficient must be one of the equation, and finite.", f"{name!r}: {value!r}", todo)
                )
        found = {**found, **{name: float(value) for name, value in values.items()}}
        expr = with_values(template, found | dict(self.constants))
        # A formula is written with its parameters beside it; numbers without names are all that is written.
        if self.formula is None:
            return replace(self, expr=readable(expr), fit_result_=None)
        return replace(self, expr=expr, parameters=tuple(found.items()), fit_result_=None)

    # --- using ---

    def predict(self, X: Any, groups: Any = None) -> Array:
        """Evaluate the equation.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
            A table is read by column names, an array by the order of `variables`.
        groups : str, array of shape (n,) or label, optional
            If constants differ between groups: the column of X with the label of each row, the labels, or one label
            for all rows. Default: the column of the fit, if X has it.

        Returns
        -------
        ndarray of shape (n,)
            NaN, and one `EqdartsWarning`, where the equation is undefined or a value of X is missing: NaN, None, NA, or
            hidden by the mask of a masked array.

        Raises
        ------
        ValueError
            If a column is missing or not numeric, a parameter has no value yet, or a group is not known.
        """
        if self.free_parameters:
            raise ValueError(
                explain(
                    "An equation needs values for its parameters.", ", ".join(self.free_parameters), "Call fit first."
                )
            )
        columns, n_rows = as_columns(X, self.variables, used_names(self.expr, self.variables))
        own = {} if self.groups is None else self.groups.columns(groups, X)
        values = evaluate(self.expr, {**columns, **own}, n_rows)
        if np.isnan(values).any():
            warnings.warn(undefined_words(values, columns), EqdartsWarning, stacklevel=2)
        return values

    def of_group(self, label: Any) -> Equation:
        """Return the equation of one group, with the constants of that group as numbers."""
        if self.groups is None:
            return self
        return replace(self, expr=readable(with_values(self.expr, self.groups.of(label))), groups=None, digits=None)

    def with_own_as_inputs(self) -> Equation:
        """Return the equation with the constants that differ between groups as further input columns, the last."""
        if self.groups is None:
            return self
        return replace(self, variables=(*self.variables, *self.groups.names), groups=None)

    def fit(
        self,
        X: Any,
        y: Any,
        start: Mapping[str, float] | Sequence[float] | None = None,
        sample_weight: Any = None,
        sigma: Any = None,
        loss: Any = "squared",
        bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    ) -> Equation:
        """Fit the parameters, by least squares or another loss, and return the fitted equation.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n,) or (n, d)
            Names in the formula that are columns of X are variables; all others are parameters. The columns of an
            array are `variables` if `parse` was given them. Otherwise they are x, or x0, x1, ..., or x1, x2, ...
        y : array of shape (n,)
        start : mapping or sequence, optional
            Starting values, by name or in order of first appearance. Default: 32 starts, of which the best is kept.
        sample_weight, sigma, loss : optional
            Weights of the rows, known errors of y, and the loss, as for `eqdarts.DARTSRegressor`.
        bounds : mapping of str to (float or None, float or None), optional
            Such as ``{"k": (0, None)}``. What the rows push beyond a bound stays there: see `fit_result_.at_bounds`.

        Returns
        -------
        Equation
            With `coefficients` and `fit_result_`, whose `loss` is the weighted sum of the rows' losses.

        Raises
        ------
        ValueError
            If the input is not valid, the rows are too few, or the formula is undefined at the start.

        Notes
        -----
        In an equation without parameters, such as one from a search, the decimal numbers are fitted, from their present
        values. A formula without either comes back as it is, with its loss; it has no standard errors.
        """
        from eqdarts.solver.formula_loss import fit_formula_by  # here: it imports torch

        if bounds:
            return fit_within(self, bounds, start, lambda own, at: own.fit(X, y, at, sample_weight, sigma, loss))
        if self.groups is not None:
            todo = "Fit an eqdarts.DARTSRegressor with groups and this formula as a guess, or an equation of_group."
            raise ValueError(explain("One equation has the same constants for all rows.", self.groups.by, todo))
        given = self.formula is not None or not self.names
        variables, known = self.variables if given else names_in(X, self.names), dict(self.constants)
        formula = self.expr if self.formula is None else self.formula
        parameters = tuple(name for name in self.names if name not in variables and name not in known)
        values = dict(self.parameters)
        # Without parameters, the numbers of the equation take their place.
        if not parameters:
            formula, values = self._template
            parameters = tuple(values)
        columns, n_rows = as_columns(X, variables, used_names(formula, variables))
        finite_columns(columns)
        target, weight = as_target(y, sample_weight, n_rows)
        weight = weight if sigma is None else weights_of_errors(sigma, sample_weight, loss, n_rows)
        check_enough_rows(parameters, n_rows, weight)
        guess = starting_values(parameters, start if start is not None else values or None)
        wanted = with_values(formula, known), [symbol(p) for p in parameters]
        found, record = fit_formula_by(loss, *wanted, columns, target, guess, weight)
        fitted = tuple(usual_parameters(formula, dict(zip(parameters, found, strict=True))).items())
        expr = with_values(formula, {**known, **dict(fitted)})
        box = {name: (float(column.min()), float(column.max())) for name, column in columns.items()}
        # Only an equation that was typed with parameters keeps its formula: the names of all others are made up.
        if self.formula is None and not self.free_names(variables):
            law = Equation(readable(expr), variables, self.target, names=self.names, fit_result_=record)
        else:
            law = Equation(expr, variables, self.target, formula, fitted, self.names, record, self.constants)
        return law.with_ranges(box).with_digits(X, target, weight)

    def free_names(self, variables: Sequence[str]) -> tuple[str, ...]:
        """Return the names in the typed formula that are not among `variables`, in order of appearance."""
        return tuple(name for name in self.names if name not in variables)

    # --- where it was fitted ---

    def with_ranges(self, box: Mapping[str, tuple[float, float]]) -> Equation:
        """Return the equation with the smallest and largest value of each of its inputs.

        Parameters
        ----------
        box : mapping of str to (float, float)
            Names that are not inputs of the equation are ignored.

        Raises
        ------
        ValueError
            If a range is not two finite numbers in order.
        """
        used = used_names(self.expr, self.variables)
        return replace(self, ranges=tuple(checked_range(name, box[name]) for name in used if name in box))

    def with_digits(self, X: Any, y: Any, sample_weight: Any = None, loss: Loss = SQUARED) -> Equation:
        """Return the equation with as many `digits` as the rows need: the loss of what is printed is within 1 %.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
        loss : Loss, default=SQUARED
            Row of `eqdarts.losses.LOSSES`.
        """
        # With k = 0 the expression lacks the t of exp(-k*t).
        columns, n_rows = as_columns(X, self.variables, used_names(self.template, self.variables))
        target, weight = as_target(y, sample_weight, n_rows)
        digits = digits_needed(self._written, dict(self.constants), columns, target, weight, loss)
        return replace(self, digits=digits)

    def outside(self, X: Any, margin: float = MARGIN) -> NDArray[np.bool_]:
        """Return which rows lie outside the range of the rows that the equation was fitted to.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
            As for `predict`. Only inputs that are in the equation count.
        margin : float, default=0.05
            How far outside the range a row may lie without being counted, as a share of the range's width.

        Returns
        -------
        ndarray of bool, shape (n,)
            All false where no range is known, as for a typed equation before its fit.

        Raises
        ------
        ValueError
            If the margin is negative.
        """
        return any_outside(*self._outside_by_input(X, margin))

    def extrapolation(self, X: Any, margin: float = MARGIN) -> str:
        """Return a sentence that says how many rows lie outside the range, and in which inputs.

        The parameters are those of `outside`. It is "" if no row lies outside. `predict` of a regressor warns with it.
        """
        return extrapolation_words(self.ranges, *self._outside_by_input(X, margin))

    def _outside_by_input(self, X: Any, margin: float) -> tuple[dict[str, NDArray[np.bool_]], int]:
        needed = used_names(self.expr, [name for name, _, _ in self.ranges])
        columns, n_rows = as_columns(X, self.variables, needed)
        return outside_by_input(self.ranges, columns, margin), n_rows

    # --- showing ---

    @cached_property
    def _written(self) -> written.Written:
        expr = self.expr
        if self.constants and self.formula is not None:
            expr = without_units(with_values(self.formula, dict(self.parameters)))
        return written.with_places(written.write(expr), {name: high - low for name, low, high in self.ranges})

    @cached_property
    def complexity(self) -> int:
        """Number of operators, functions, variables and numbers, as a person writes the equation."""
        return written.symbols_of(self._written)

    def __str__(self) -> str:
        return written.text(self._written)

    def _shown(self, digits: int | None) -> int:
        """Return the number of significant digits to print."""
        return digits or self.digits or DIGITS

    def __repr__(self) -> str:
        return f"Equation({self.format()!r}, variables={list(self.variables)})"

    def format(self, digits: int | None = None, exact: bool = False) -> str:
        """Return the equation with rounded numbers, and with the name of the target where it is known.

        Parameters
        ----------
        digits : int, optional
            Significant digits. Default: as many as the fitted rows need, see `digits`; 6 without rows.
        exact : bool, default=False
            Whether to add what became exact, with its fitted value: "y = x**(3/2), where 3/2 was 1.49944".
        """
        shown = written.text(self._written, self._shown(digits))
        if exact and self.exact:
            shown += ", where " + " and ".join(f"{constant} was {value:.6g}" for constant, value in self.exact)
        return visible(shown if self.target is None else f"{quoted(self.target)} = {shown}")

    def latex(self, digits: int | None = None, units: bool = False) -> str:
        """Return the equation as LaTeX, with `digits` as for `format`; the right-hand side if there is no target.

        With `units`, coefficients are letters, and their values follow with their units.
        """
        if units:
            return latex_with_units(self, self._shown(digits))
        shown = latex_of(self._written, self._shown(digits))
        return shown if self.target is None else f"{latex_name(self.target)} = {shown}"

    def mathml(self, digits: int | None = None) -> str:
        """Return the equation as MathML for a web page, with `digits` as for `format`: lines can break at each term."""
        return mathml_of(self._written, self.target, self._shown(digits))

    def _repr_html_(self) -> str:
        # No mathematics between dollar signs: a notebook would look for it in the names of columns.
        return f'<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">{self.mathml()}</div>'

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def check_units(self, units: Mapping[str, Any] | None = None, numbers: bool | None = None) -> UnitCheck:
        """Return whether the units add up, the term that does not, and the unit of each coefficient.

        Parameters
        ----------
        units : mapping of str to str or a unit of pint, astropy or unyt, optional
            By the names of columns, target, parameters and constants. A name that is missing gets the unit that the
            formula needs. Default: those of the fit.
        numbers : bool, optional
            Whether decimal numbers may carry units. Default: those of a search may, and those that were typed do not.

        Examples
        --------
        >>> print(Equation.parse("m*v**2/2 + m*g", target="E").check_units({"m": "kg", "v": "m/s", "g": "m/s2"}))
        The term g*m has unit N, but the terms beside it have unit J.
        """
        return checked_units(self, self._written, dict(self.units) if units is None else units, numbers)

    # --- in other languages ---

    def to_torch(self) -> EquationModule[Equation]:
        """Return a torch module whose coefficients can be trained; see `eqdarts.export.to_torch`."""
        return formats.to_torch(self.with_own_as_inputs())

    def to_numpy_source(self, name: str = "predict") -> str:
        """Return Python source of a function called `name` of numpy arrays; see `eqdarts.export.to_numpy_source`."""
        return formats.to_numpy_source(self.with_own_as_inputs(), name)

    def to_c_source(self, name: str = "predict") -> str:
        """Return C99 source of a function called `name` of doubles; see `eqdarts.export.to_c_source`."""
        return formats.to_c_source(self.with_own_as_inputs(), name)

    def to_excel(self, cells: Mapping[str, str] | None = None) -> str:
        """Return a spreadsheet formula; see `eqdarts.export.to_excel`.

        Parameters
        ----------
        cells : mapping of str to str, optional
            The cell of each variable, such as ``{"t": "B2"}``. Default: A2, B2, C2 and so on, in order.
        """
        return formats.to_excel(self.with_own_as_inputs(), cells)

    # --- keeping ---

    def to_json(self) -> str:
        """Return the equation as JSON text, which `from_json` reads."""
        return as_text(self, self._written)

    @classmethod
    def from_json(cls, text: str) -> Equation:
        """Read an equation from the text of `to_json`; nothing in it is executed.

        Raises
        ------
        FormulaError
            If it is not such a text.
        """
        return cls(*read(text))


def _restored(text: str, fit_result: FitResult | None) -> Equation:
    return replace(Equation.from_json(text), fit_result_=fit_result)


def warn_outside(equation: Equation, X: Any, stacklevel: int) -> None:
    """Warn, once, of rows outside the range of the rows that the equation was fitted to."""
    words = equation.extrapolation(X)
    if words:
        warnings.warn(words, EqdartsWarning, stacklevel=stacklevel + 1)
