"""Building sympy expressions that keep the form in which a formula was written.

sympy's own constructors multiply 3.0*(x + 1.0) out and turn exp(x - 900.0) into 0.0*exp(x); those of the table of
functions and these do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.primitives.forms import absolute, exponential, product
from eqdarts.primitives.functions import function_of, notation

__all__ = [
    "absolute",
    "applied",
    "composed",
    "exponential",
    "product",
    "rebuild",
    "symbol",
    "with_values",
    "without_units",
]


def symbol(name: str) -> Expr:
    """Return the real sympy symbol of a column or parameter called `name`."""
    import sympy

    return sympy.Symbol(name, real=True)


def composed(name: str, *arguments: Expr) -> Expr:
    """Return the function of the formula that `name` calls.

    Raises
    ------
    FormulaError
        If there is no such function.
    """
    row = notation(name)
    if row is None:
        raise FormulaError(explain("A formula cannot use this function.", repr(name), "Use the functions of eqdarts."))
    return row.build(*arguments)


def applied(expr: Expr, arguments: Sequence[Expr]) -> Expr:
    """Return the operation of `expr`, a call or another one, applied to other arguments."""
    if expr.is_Mul:
        return product(*arguments)
    row = function_of(expr)
    return expr.func(*arguments) if row is None else row.build(*arguments)


def rebuild(expr: Expr, replaced: Mapping[Expr, Expr]) -> Expr:
    """Return the expression with subexpressions replaced, in the form in which it is written."""
    known: dict[Expr, Expr] = dict(replaced)

    def visit(e: Expr) -> Expr:
        if e not in known:
            known[e] = make(e, [visit(a) for a in e.args]) if e.args else e
        return known[e]

    def make(e: Expr, args: list[Expr]) -> Expr:
        unchanged = all(new is old for new, old in zip(args, e.args, strict=True))
        return e if unchanged else applied(e, args)

    return visit(expr)


def with_values(formula: Expr, values: Mapping[str, float]) -> Expr:
    """Return the formula with its parameters replaced by numbers."""
    import sympy

    return rebuild(formula, {symbol(name): sympy.Float(value) for name, value in values.items()})


def without_units(expr: Expr) -> Expr:
    """Return the expression without factors and exponents that are a Float 1.0; -1.0 becomes a minus sign or 1/x."""
    import sympy

    units = {e: sympy.Integer(int(e)) for e in expr.atoms(sympy.Float) if e in (1.0, -1.0)}
    if not units:
        return expr

    def visit(e: Expr) -> Expr:
        if not e.args:
            return e
        args = [visit(a) for a in e.args]
        if e.is_Mul:
            return product(*(units.get(a, a) for a in args))
        return args[0] ** units.get(args[1], args[1]) if e.is_Pow else applied(e, args)

    return visit(expr)
