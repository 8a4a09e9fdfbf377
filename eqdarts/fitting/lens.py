"""What statements say of the form of a law, as columns that a search sees in place of those of the table.

A law that is even in theta is a function of abs(theta); one that is symmetric in m1 and m2, of their sum and product;
one with the period P, of a cosine and a sine; one that is v at x = a, is v and a function of x - a that is zero at 0.
Of these columns every law obeys the statement, or more of them do, whatever the coefficients are.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.data import LARGE, Data, typical_magnitude
from eqdarts.equation.equation import Equation
from eqdarts.expression.build import absolute, composed, product, rebuild, symbol
from eqdarts.expression.program import evaluate
from eqdarts.expression.readable import readable
from eqdarts.fitting.table import Table
from eqdarts.knowledge.statements import Statement

__all__ = ["Lens", "lens_of"]


@dataclass(frozen=True, eq=False)
class Lens:
    """The columns that a search sees, as formulas of those of the table, and a known part of y.

    Parameters
    ----------
    columns : dict of str to sympy.Expr
        By name, in order.
    offset : sympy.Expr
    """

    columns: Mapping[str, Expr]
    offset: Expr

    def values(self, names: tuple[str, ...], X: Array) -> Array:
        """Return the columns (N, D') at rows X (N, D) of the table's columns."""
        own = dict(zip(names, X.T, strict=True))
        return np.column_stack([evaluate(expr, own, len(X)) for expr in self.columns.values()])

    def known_part(self, names: tuple[str, ...], X: Array) -> Array:
        """Return the known part (N,) of y at rows X (N, D)."""
        return evaluate(self.offset, dict(zip(names, X.T, strict=True)), len(X))

    def seen(self, table: Table) -> Table:
        """Return the table with these columns, for what is written before it is given back."""
        X = self.values(table.names, table.X)
        return replace(table, X=X, y=self.rest(table), names=tuple(self.columns), knowledge=(), units=None)

    def rest(self, table: Table) -> Array:
        """Return y (N,) without its known part."""
        return np.asarray(table.y - self.known_part(table.names, table.X) / table.y_unit)

    def data(self, data: Data, table: Table) -> Data:
        """Return the rows of a search with these columns; the split into training and validation rows is the same."""
        X, y = self.values(table.names, table.X), self.rest(table)
        x_scale = typical_magnitude(X, data.weight)
        y_scale = float(typical_magnitude(y[:, None], data.weight)[0])
        rows = replace(data, X=X / x_scale, y=y / y_scale, x_scale=x_scale, y_scale=y_scale)
        return replace(rows, origin=None, dimensions=None, seen_as=tuple(self.columns))

    def given_back(self, equation: Equation, table: Table) -> Equation:
        """Return an equation of these columns as one of the columns of the table."""
        expr = rebuild(equation.expr, {symbol(name): column for name, column in self.columns.items()})
        offset = self.offset if table.y_unit == 1.0 else self.offset / table.y_unit
        return replace(equation, expr=readable(expr + offset if offset != 0 else expr), variables=table.names)


def lens_of(table: Table) -> Lens | None:
    """Return the columns that what is known suggests; None if these are those of the table."""
    import sympy

    if not table.knowledge or table.X.size > LARGE:
        return None
    columns: dict[str, dict[str, Expr]] = {name: {name: symbol(name)} for name in table.names}
    for statement in table.knowledge:
        names = statement.columns
        # The first statement about a column says what becomes of it.
        if statement.kind in _COLUMNS and all(list(columns.get(x, ())) == [x] for x in names):
            new = _COLUMNS[statement.kind](statement)
            columns |= {x: {} for x in names}
            columns[names[0]] = new or {names[0]: symbol(names[0])}
    flat = {name: expr for own in columns.values() for name, expr in own.items()}
    values = [_exact(s.value) for s in table.knowledge if s.kind == "value" and s.value is not None]
    limits = [_exact(s.value) for s in table.knowledge if s.kind == "limit" and s.value is not None]
    offset = next((v for v in (*values, *limits) if v.is_finite is not False and v != 0), sympy.S.Zero)
    if offset == 0 and list(flat.items()) == [(name, symbol(name)) for name in table.names]:
        return None
    if len(flat) < sum(map(len, columns.values())):
        return None  # a column of the table has the name of a new one
    lens = Lens(flat, offset)
    X = lens.values(table.names, table.X)
    return lens if np.isfinite(X).all() and np.ptp(lens.rest(table)) > 0 else None


def _exact(value: Expr) -> Expr:
    """Return a formula of the user's with fractions in the place of decimals: they are no coefficients."""
    import sympy

    return value.xreplace({number: sympy.nsimplify(number, rational=True) for number in value.atoms(sympy.Float)})


def _even(statement: Statement) -> dict[str, Expr]:
    (x,) = statement.columns
    return {f"abs({x})": absolute(symbol(x))} if statement.sign > 0 else {}


def _symmetric(statement: Statement) -> dict[str, Expr]:
    """Return the elementary symmetric polynomials: of two columns, the sum and the product."""
    import sympy

    found = {}
    for k in range(1, len(statement.columns) + 1):
        terms = [sympy.Mul(*map(symbol, chosen)) for chosen in itertools.combinations(statement.columns, k)]
        total = sympy.Add(*terms)
        found[f"({total})" if total.is_Add else str(total)] = total
    return found


def _turning(statement: Statement) -> dict[str, Expr]:
    import sympy

    (x,) = statement.columns
    angle = product(2 * sympy.pi / _exact(statement.value), symbol(x))
    return {f"{name}({angle})": composed(name, angle) for name in ("cos", "sin")}


def _shifted(statement: Statement) -> dict[str, Expr]:
    import sympy

    if len(statement.at) != 1 or statement.at[0][1] == 0:
        return {}
    ((x, place),) = statement.at
    shift = sympy.nsimplify(place, rational=True)
    return {f"({symbol(x) - shift})": symbol(x) - shift}


_COLUMNS = {"mirror": _even, "symmetry": _symmetric, "period": _turning, "value": _shifted}
