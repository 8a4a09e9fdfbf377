"""From a fitted graph to its expression in the units of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.origins import counted_from
from eqdarts.expression.program import evaluate
from eqdarts.expression.rounding import rounded
from eqdarts.expression.simplify import Points, points_of, simplified
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import NONE

__all__ = ["equation_expression", "graph_to_expression"]


AGREEMENT = 1e-7  # of the largest value; the origin of a column with large numbers is no more exact


def equation_expression(
    graph: Graph,
    coefficients: Sequence[float],
    variables: Sequence[str],
    x_scale: Array,
    y_scale: float,
    rows: Array | None = None,
    origin: Array | None = None,
) -> Expr:
    """Return the short expression of a graph fitted on scaled rows.

    Parameters
    ----------
    graph, coefficients, variables, x_scale, y_scale
        As in `graph_to_expression`.
    rows : ndarray of shape (n, d), optional
        Unscaled inputs on which the short form must agree. Default: random points of both signs and of the magnitude
        of `x_scale`.
    origin : ndarray of shape (d,), optional
        What was subtracted from the inputs before they were divided. Default: 0.
    """
    expr = graph_to_expression(graph, coefficients, variables, x_scale, y_scale)
    start = np.zeros(len(variables)) if origin is None else np.asarray(origin, dtype=np.float64)
    moved = None if rows is None else np.asarray(rows, dtype=np.float64) - start
    points = points_of(variables, moved, np.asarray(x_scale, dtype=np.float64))
    short = simplified(expr, points)
    return short if not start.any() else _in_columns(short, points, dict(zip(variables, start.tolist(), strict=True)))


def _in_columns(expr: Expr, points: Points, origins: Mapping[str, float]) -> Expr:
    """Return the expression in the columns for one in what the columns exceed their origins by."""
    used = {name: int(origin) for name, origin in origins.items() if origin}
    raw = {name: column + origins[name] for name, column in points.columns.items()}
    ends = {name: (float(raw[name][: points.n_rows].min()), float(raw[name][: points.n_rows].max())) for name in used}
    reference = points.evaluate(expr)

    def agrees(other: Expr) -> bool:
        values = evaluate(other, raw, points.n_points)
        scale = np.nanmax(np.abs(reference), initial=1e-300)
        same = np.array_equal(np.isnan(values), np.isnan(reference))
        return same and bool(np.nanmax(np.abs(values - reference), initial=0.0) <= AGREEMENT * scale)

    # The short form, if it survives that the numbers in it are rounded; otherwise column - origin everywhere.
    moved = counted_from(expr, used, ends)
    if not agrees(moved):
        return rebuild(expr, {symbol(name): symbol(name) - origin for name, origin in used.items()})
    few = rounded(moved, raw, points.n_rows)
    return few if agrees(few) else moved


def graph_to_expression(
    graph: Graph, coefficients: Sequence[float], variables: Sequence[str], x_scale: Array, y_scale: float
) -> Expr:
    """Return a graph as a sympy expression of the unscaled inputs, not simplified.

    Parameters
    ----------
    graph : Graph
    coefficients : sequence of float
        The flat vector, fitted on X / x_scale -> y / y_scale.
    variables : sequence of str
        Names of the D inputs.
    x_scale : ndarray of shape (d,)
    y_scale : float

    Raises
    ------
    FormulaError
        If a number is not finite and real, for example because a coefficient lies outside a function's domain.

    Notes
    -----
    sympy merges powers and splits roots while it builds: sqrt(x)*sqrt(x) becomes x, which is defined everywhere, and
    sqrt(x*Max(0, y)) becomes sqrt(x)*sqrt(Max(0, y)), which is undefined where x < 0 although y < 0. Elsewhere the
    expression is defined at the same points as the graph.
    """
    import sympy

    theta = [float(c) for c in coefficients]
    sources = [symbol(name) * _float(1 / scale) for name, scale in zip(variables, x_scale, strict=True)]
    for node, slots in graph.slots():
        constant = _float(theta[slots.constant]) if slots.constant >= 0 else None
        terms = []
        for edge, own in zip(node.edges, slots.edges, strict=True):
            # Inner coefficients that the graph leaves out have their neutral values.
            values = theta[own.first : own.first + own.count]
            full = [*edge.primitive.neutral, *values] if own.neutral else values
            if edge.primitive == NONE:
                continue  # an absent edge: 0 in a sum, 1 in a product
            term = edge.primitive.sympy(sources[edge.source], *map(_float, full))
            terms.append(_float(theta[own.weight]) * term if own.weight >= 0 else term)
        if node.aggregator == "sum":
            sources.append(sympy.Add(*terms, *([] if constant is None else [constant])))
        else:
            sources.append(sympy.Mul(*terms, *([] if constant is None else [constant])))
    expr = sympy.Mul(_float(y_scale), sources[-1])
    if expr.has(sympy.zoo, sympy.oo, -sympy.oo, sympy.nan, sympy.I):
        raise FormulaError(
            explain("The graph has no equation of finite real numbers.", str(expr)[:80], "Leave this graph out.")
        )
    return expr


def _float(value: float) -> Expr:
    """Return a float as a sympy number; 0, 1 and -1 exactly, so that sympy drops them."""
    import sympy

    return sympy.Integer(int(value)) if value in (0.0, 1.0, -1.0) else sympy.Float(float(value))
