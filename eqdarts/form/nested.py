"""Functions inside of functions: a formula of x, y, z as f(g(x, y), z), where its terms allow that.

The search sees one function of all arguments. A formula obeys the form if x and y stand in it only together, in one
part that becomes g. A function g of one argument is no restriction: f can make up for any g.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eqdarts._typing import Expr
from eqdarts.equation.equation import Equation
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.readable import readable
from eqdarts.form.read import Inside

__all__ = ["parted"]


def parted(equation: Equation, inside: Sequence[Inside]) -> dict[str, Equation] | None:
    """Return the functions inside of one, and that one under the name ""; None if the formula does not allow that.

    Parameters
    ----------
    equation : Equation
        A function of all arguments.
    inside : sequence of Inside

    Examples
    --------
    >>> law = Equation.parse("3*exp(2*x + y)*z", ["x", "y", "z"])
    >>> {name: str(part.expr) for name, part in parted(law, [Inside("g", 0, 2)]).items()}
    {'g': '2*x + y', '': '3*z*exp(g)'}
    """
    found: dict[str, Equation] = {}
    expr, names = equation.expr, list(equation.variables)
    for own in inside:
        arguments = equation.variables[own.first : own.end]
        value = own.name
        while value in equation.variables:
            value += "_"
        split = _split(expr, arguments, symbol(value))
        if split is None:
            return None
        part, expr = split
        found[own.name] = Equation(readable(part), tuple(arguments), own.name)
        names[names.index(arguments[0])] = value
        names = [name for name in names if name not in arguments]
    return {**found, "": replace(equation, expr=readable(expr), variables=tuple(names))}


def _split(expr: Expr, arguments: Sequence[str], value: Expr) -> tuple[Expr, Expr] | None:
    """Return the one part of a formula in which the arguments stand, and the formula with `value` for it."""
    own = set(map(symbol, arguments))
    if not expr.free_symbols & own:
        return symbol(arguments[0]), expr
    if len(own) == 1:
        return own.pop(), rebuild(expr, {symbol(arguments[0]): value})
    parts = sorted(_parts(expr, own), key=lambda part: (part.count_ops(), str(part)))
    for part in parts:
        bare = _bare(part, own)
        rest = expr.subs(bare, value)
        if not rest.free_symbols & own:
            return bare, rest
    return None


def _parts(expr: Expr, own: set[Expr]) -> list[Expr]:
    """Return the largest parts of a formula that have some of these names and no others."""
    if not expr.free_symbols & own:
        return []
    if expr.free_symbols <= own:
        return [expr]
    if expr.is_Add or expr.is_Mul:
        alone = [a for a in expr.args if a.free_symbols and a.free_symbols <= own]
        others = [part for a in expr.args if a not in alone for part in _parts(a, own)]
        return [*([expr.func(*alone)] if alone else []), *others]
    return [part for a in expr.args for part in _parts(a, own)]


def _bare(part: Expr, own: set[Expr]) -> Expr:
    """Return a part without numbers that are added to it or multiply it, down to where a function or a sum begins."""
    while True:
        rest = part.as_independent(*own, as_Add=True)[1]
        rest = rest.as_independent(*own, as_Add=False)[1]
        rest = rest.args[0] if len(rest.args) == 1 or (rest.is_Pow and not rest.args[1].free_symbols) else rest
        if rest == part:
            return part
        part = rest
