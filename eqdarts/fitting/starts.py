"""The starting graphs of a search: the user's guesses, and the front of an earlier fit."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eqdarts.arrays import spread
from eqdarts.data import Data, Scales
from eqdarts.equation.equation import Equation
from eqdarts.equation.to_graph import graph_of_formula, rescaled
from eqdarts.errors import EqdartsWarning, FormulaError, closest, explain, level_of_caller
from eqdarts.expression.build import symbol
from eqdarts.fitting.run import Run
from eqdarts.fitting.table import Table
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR, PRIMITIVES
from eqdarts.solver.kinks import kink_of
from eqdarts.solver.peaks import peak_of

__all__ = [
    "BENT",
    "PEAKED",
    "best_line",
    "broken_line",
    "constant",
    "fitted_guess",
    "in_units",
    "peak",
    "starts_of_fit",
    "starts_of_guesses",
]


MOST_ROWS_OF_LINE = 10_000
MOST_ROWS = 1000  # rows to which the coefficients of a guess are fitted; the search fits them again
MOST_INPUTS_OF_KINK = 6
BENT = PRIMITIVES["relu"]  # the function of a broken line
PEAKED = {PRIMITIVES["exp"], PRIMITIVES["square"]}  # the functions of a peak
ALIKE = 0.75  # similarity of names at which a coefficient looks like a misspelt column


def starts_of_fit(before: Run, data: Data, names: Sequence[str], logistic: bool) -> list[Start]:
    """Return the graphs that an earlier fit has kept, with coefficients for other rows.

    Parameters
    ----------
    before : Run
    data : Data
        Data whose scales the coefficients will have.
    names : sequence of str
        Names of the columns.
    logistic : bool
        Whether the new law is a probability.

    Raises
    ------
    ValueError
        If the columns differ, or only one of the laws is a probability.
    """
    if tuple(names) != before.names:
        todo = "Set warm_start=False, or pass the same columns."
        given = f"{', '.join(names)}, after {', '.join(before.names)}"
        raise ValueError(explain("warm_start needs the same columns as the previous fit.", given[:200], todo))
    if logistic != before.logistic:
        todo = "Set warm_start=False."
        raise ValueError(
            explain("warm_start cannot be used between loss='bernoulli' and other losses.", "the other loss", todo)
        )
    return [rescaled(m.graph, m.coefficients, before.scales, data.scales) for m in before.kept]


def in_units(member: FittedGraph, old: Scales, new: Scales) -> FittedGraph:
    """Return the graph in the units `new` for one in the units `old`."""
    graph, coefficients = rescaled(member.graph, member.coefficients, old, new)
    return replace(member, graph=graph, coefficients=coefficients)


def starts_of_guesses(
    guesses: Any, data: Data, table: Table, constants: Mapping[str, float], logistic: bool, max_complexity: int
) -> list[Start]:
    """Return the graphs of the user's guesses, with the coefficients at which each fits the rows best.

    Parameters
    ----------
    guesses : sequence of str or Equation, or None
    data : Data
    table : Table
    constants : mapping of str to float
        Names whose values are known.
    logistic : bool
        Whether a guess is a probability, whose log odds are searched.
    max_complexity : int

    Raises
    ------
    ValueError
        If a guess cannot be read, is undefined at some rows, or cannot be written as a graph.
    """
    if guesses is None:
        return []
    if isinstance(guesses, (str, Equation)) or not isinstance(guesses, Iterable):
        raise ValueError(explain("guesses must be a list.", repr(guesses)[:80], 'Pass ["a*x/(b + x)"], for example.'))
    starts = []
    for guess in guesses:
        text = guess if isinstance(guess, str) else str(guess)
        try:
            fitted = fitted_guess(guess, table, constants)
            formula = fitted.expr if fitted.formula is None else fitted.formula
            values = {**dict(fitted.parameters), **dict(fitted.constants)}
            if logistic:
                formula = _log_odds(formula)
            start = graph_of_formula(formula, values, table.names, data.scales)
        except ValueError as error:
            raise FormulaError(f"The guess {text[:80]!r} cannot be used. {error}") from None
        if start[0].complexity > max_complexity:
            todo = "Raise max_complexity, or shorten the guess."
            raise FormulaError(
                explain(
                    f"The guess {text[:80]!r} must have at most {max_complexity} symbols.", start[0].complexity, todo
                )
            )
        starts.append(start)
    return starts


def fitted_guess(guess: Any, table: Table, constants: Mapping[str, float]) -> Equation:
    """Return a guess as an equation in the table's columns, with its missing coefficients fitted.

    Raises
    ------
    ValueError
        If it cannot be read, or is undefined at some rows.
    """
    return _fitted(_read(guess, table, constants), table)


def _read(guess: Any, table: Table, constants: Mapping[str, float]) -> Equation:
    """Return a guess as an equation in the table's columns."""
    if isinstance(guess, Equation):
        unknown = [
            name for name in guess.variables if name not in table.names and symbol(name) in guess.expr.free_symbols
        ]
        if unknown and guess.formula is None and guess.names:  # typed without `variables`
            return _read(str(guess), table, constants)
        if unknown:
            raise FormulaError(
                explain("Its columns must be columns of X.", unknown[0], closest(unknown[0], table.names))
            )
        return guess
    if not isinstance(guess, str):
        raise FormulaError(explain("A guess must be text or an Equation.", type(guess).__name__, "Pass a formula."))
    names = Equation.parse(guess).names
    known = {name: constants[name] for name in names if name in constants}
    equation = Equation.parse(guess, variables=table.names, constants=known)
    if not set(names) & set(table.names):
        todo = f"Columns: {', '.join(table.names)}."
        raise FormulaError(explain("It must contain a column of X.", ", ".join(names) or "none", todo[:200]))
    for name in equation.free_names(table.names):
        alike = difflib.get_close_matches(name, table.names, n=1, cutoff=ALIKE) if len(name) > 2 else []
        if alike and alike[0] not in names:
            message = (
                f"In the guess {guess[:80]!r} the name {name!r} is a coefficient. Is the column {alike[0]!r} meant?"
            )
            warnings.warn(message, EqdartsWarning, stacklevel=level_of_caller())
    return equation


def _fitted(equation: Equation, table: Table) -> Equation:
    """Return the equation with its missing coefficients fitted by least squares."""
    rows = np.linspace(0, len(table.y) - 1, min(len(table.y), MOST_ROWS)).astype(np.intp)
    if table.weight is not None and not table.weight[rows].any():
        rows = np.flatnonzero(table.weight)[:MOST_ROWS]
    columns = {name: table.X[rows, k] for k, name in enumerate(table.names)}
    weight = None if table.weight is None else table.weight[rows]
    if equation.free_parameters:
        equation = equation.fit(columns, table.y[rows], sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        n_undefined = int(np.isnan(equation.predict(columns)).sum())
    if n_undefined:
        raise FormulaError(explain("It must be defined at every row.", f"NaN at {n_undefined}", "Use another guess."))
    return equation


def _log_odds(formula: Any) -> Any:
    """Return log(p / (1 - p)) for the formula p; u for p = 1 / (1 + exp(-u))."""
    import sympy

    base = formula.base if formula.is_Pow and formula.exp == -1 else sympy.Integer(0)
    if base.is_Add and len(base.args) == 2 and base.args[0] == 1 and isinstance(base.args[1], sympy.exp):
        return -base.args[1].args[0]
    return sympy.log(formula / (1 - formula))


def constant(data: Data) -> Start:
    """Return the mean as a start: a front always has a constant, also where a factor of an input fits better."""
    return Graph(data.n_inputs, (Node("sum", (), constant=True),)), (float(np.average(data.y, weights=data.weight)),)


def best_line(data: Data) -> Start:
    """Return the straight line in the one input that explains most, as a start: a front always has a line."""
    # A few of many rows tell which input it is; its coefficients are fitted to all of them later.
    rows = spread(len(data.y), MOST_ROWS_OF_LINE)
    X, y = data.X[rows], data.y[rows]
    weight = data.weight[rows]
    root = np.sqrt(weight)
    centred = (X - np.average(X, axis=0, weights=weight)) * root[:, None]
    mean = float(np.average(y, weights=weight))
    with np.errstate(all="ignore"):
        say = np.abs(centred.T @ ((y - mean) * root)) / np.linalg.norm(centred, axis=0)
    i = int(np.argmax(np.where(np.isfinite(say), say, -1.0)))
    return Graph(data.n_inputs, (Node("sum", (Edge(i, LINEAR),), constant=True),)), (mean, 0.0)


def broken_line(data: Data) -> list[Start]:
    """Return the plane with a break in the slope of one input, if some break fits better than a smooth bend."""
    rows = spread(len(data.y), MOST_ROWS)
    X, y = data.X[rows], data.y[rows]
    root = np.sqrt(data.weight[rows])
    d = X.shape[1]
    if d > MOST_INPUTS_OF_KINK:
        return []
    columns = np.column_stack([np.ones(len(y)), X])
    kinks = [(kink.left, i, kink) for i in range(d) if (kink := kink_of(columns, X[:, i], y, root)) is not None]
    if not kinks:
        return []
    _, i, kink = min(kinks)
    bent = np.maximum(X[:, i] - kink.place, 0.0)
    weights = np.linalg.lstsq(np.column_stack([columns, bent]) * root[:, None], y * root, rcond=None)[0]
    edges = [DraftEdge(j, LINEAR, float(weights[1 + j])) for j in range(d)]
    edges.append(DraftEdge(i, BENT, float(weights[-1]), [-kink.place]))
    return [Draft(d, [DraftNode("sum", edges, float(weights[0]))]).build()]


def peak(data: Data) -> list[Start]:
    """Return the peak or dip in one input on a level, if some peak fits better than a polynomial."""
    rows = spread(len(data.y), MOST_ROWS)
    X, y = data.X[rows], data.y[rows]
    d = data.n_inputs
    if d > MOST_INPUTS_OF_KINK:
        return []
    root = np.sqrt(data.weight[rows])
    peaks = [(found.squares, i, found) for i in range(d) if (found := peak_of(X[:, i], y, root)) is not None]
    if not peaks:
        return []
    _, i, best = min(peaks)
    names = [f"x{k}" for k in range(d)]
    formula = Equation.parse(f"a + b*exp(-k*(x{i} - c)**2)", names).expr
    values = {"a": best.level, "b": best.height, "c": best.place, "k": 0.5 / best.width**2}
    return [graph_of_formula(formula, values, names, Scales(np.ones(d), 1.0, np.zeros(d)))]
