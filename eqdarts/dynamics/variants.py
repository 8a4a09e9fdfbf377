"""Simpler variants of a law: parts that become constants or vanish, and coefficients that become exact."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.data import Scales
from eqdarts.dynamics.laws import Law
from eqdarts.equation.equation import Equation
from eqdarts.equation.to_graph import graph_of_formula
from eqdarts.errors import FormulaError
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.program import evaluate
from eqdarts.expression.readable import readable
from eqdarts.primitives.table import Primitive
from eqdarts.selection import structure_length

__all__ = ["collected", "exact_law", "law_of", "simpler_laws"]

MOST_VARIANTS = 12
LARGEST = 10  # whole number that a coefficient may become; halves are tried too
PRICE = math.log(4 * LARGEST)  # nats that say which
NARROW = 0.1  # standard error above which a coefficient does not become exact
CHANCE = 0.2  # largest probability that a whole number or half is near by chance
LIKELY = 2.5  # standard errors within which an exact number must lie


def law_of(expr: Expr, variables: Sequence[str], primitives: Sequence[Primitive]) -> Law | None:
    """Return the law of an expression, or None if it is no right-hand side that a search could have found."""
    scales = Scales(np.ones(len(variables)), 1.0, np.zeros(len(variables)))
    try:
        equation = Equation(readable(expr), tuple(variables))
        if not equation.expr.free_symbols:
            return Law(equation, math.log(2))
        graph, _ = graph_of_formula(equation.expr, {}, variables, scales)
        return Law(equation, structure_length(graph, primitives))
    except (FormulaError, ArithmeticError, TypeError):
        return None


def collected(law: Law, primitives: Sequence[Primitive]) -> Law:
    """Return the law with common factors of its terms in front if that is a shorter form of it: x*(a - b*y)."""
    import sympy

    expr = sympy.factor_terms(law.equation.expr)
    found = None if expr == law.equation.expr else law_of(expr, law.equation.variables, primitives)
    if found is None or found.structure >= law.structure or found.n_coefficients > law.n_coefficients:
        return law
    return found


def simpler_laws(law: Law, columns: Mapping[str, Array], primitives: Sequence[Primitive]) -> list[Law]:
    """Return variants of a law with fewer symbols: a part becomes its mean, or a term vanishes.

    Parameters
    ----------
    law : Law
    columns : mapping of str to ndarray of shape (n,)
        Rows on which means are taken.
    primitives : sequence of Primitive
        Those of the search, for the price of the form.
    """
    found: dict[str, Law] = {}
    for expr in _cut(law.equation.expr, columns):
        simpler = law_of(expr, law.equation.variables, primitives)
        if simpler is not None and simpler.equation.complexity < law.equation.complexity:
            found.setdefault(simpler.key, simpler)
    return sorted(found.values(), key=lambda one: -one.equation.complexity)[:MOST_VARIANTS]


def _cut(expr: Expr, columns: Mapping[str, Array]) -> Iterator[Expr]:
    """Yield expressions with one part replaced by a constant, or one term left out."""
    import sympy

    n_rows = len(next(iter(columns.values())))
    for part in dict.fromkeys(sympy.preorder_traversal(expr)):
        if not part.free_symbols:
            continue
        if part.is_Add:
            for term in part.args:
                yield rebuild(expr, {part: sympy.Add(*(other for other in part.args if other is not term))})
        if part is expr:
            continue
        values = evaluate(part, columns, n_rows)
        mean = float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
        if math.isfinite(mean):
            yield rebuild(expr, {part: sympy.Float(mean)})


def exact_law(law: Law, name: str, error: float) -> Law | None:
    """Return the law with one coefficient exact: the nearest whole number or half; None if none is likely."""
    import sympy

    values: dict[str, Any] = law.equation.coefficients
    value = values.pop(name)
    nearest = Fraction(round(2 * value), 2)
    nearest = Fraction(round(value)) if abs(round(value) - value) <= LIKELY * error else nearest
    if not error <= NARROW * abs(value) or abs(float(nearest) - value) > LIKELY * error:
        return None
    is_exponent = any(symbol(name) in power.exp.free_symbols for power in law.equation.template.atoms(sympy.Pow))
    # Exponents mostly are whole numbers or halves; other coefficients only if none is near by chance.
    if not is_exponent and 2 * LIKELY * error * nearest.denominator > CHANCE:
        return None
    if nearest == 0 or abs(nearest) > LARGEST:
        return None
    numbers = {symbol(other): sympy.Float(number) for other, number in values.items()}
    numbers[symbol(name)] = sympy.Rational(nearest.numerator, nearest.denominator)
    try:
        expr = readable(rebuild(law.equation.template, numbers))
        return Law(replace(law.equation, expr=expr), law.structure + PRICE)
    except FormulaError:
        return None
