"""From a fitted graph to its expression in the units of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import symbol
from eqdarts.expression.simplify import points_of, simplified
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import NONE

__all__ = ["equation_expression", "graph_to_expression"]


def equation_expression(
    graph: Graph,
    coefficients: Sequence[float],
    variables: Sequence[str],
    x_scale: Array,
    y_scale: float,
    rows: Array | None = None,
) -> Expr:
    """Return the short expression of a graph fitted on scaled rows.

    Parameters
    ----------
    graph, coefficients, variables, x_scale, y_scale
        As in `graph_to_expression`.
    rows : ndarray of shape (n, d), optional
        Unscaled inputs on which the short form must agree. Default: random points of both signs and of the magnitude
        of `x_scale`.
    """
    expr = graph_to_expression(graph, coefficients, variables, x_scale, y_scale)
    return simplified(expr, points_of(variables, rows, np.asarray(x_scale, dtype=np.float64)))


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
