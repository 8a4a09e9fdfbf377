"""Building sympy expressions that keep the form in which a formula was written.

sympy's own constructors multiply 3.0*(x + 1.0) out and turn exp(x - 900.0) into 0.0*exp(x); these do not.
"""

from __future__ import annotations

from collections.abc import Mapping

from eqdarts._typing import Expr

__all__ = [
    "COMPOSED",
    "absolute",
    "apply",
    "composed",
    "exponential",
    "product",
    "rebuild",
    "symbol",
    "with_values",
    "without_units",
]


COMPOSED = ("sqrt", "logistic", "sigmoid", "softplus", "relu", "square", "cube", "log10", "log2")
"""Functions of the grammar that sympy writes by others."""


def symbol(name: str) -> Expr:
    """Return the real sympy symbol that stands for a column or parameter called `name`."""
    import sympy

    return sympy.Symbol(name, real=True)


def product(*factors: Expr) -> Expr:
    """Return the product; a number times a sum stays that."""
    import sympy

    result = sympy.Mul(*factors)
    if not result.is_Add:
        return result
    number = sympy.Mul(*(f for f in factors if f.is_Number))
    own, total = sympy.Mul(*(f for f in factors if not f.is_Number)).as_coeff_Mul()
    number = number * own
    if not total.is_Add or number in (1, -1):
        return result
    return sympy.Mul(number, total, evaluate=False)


def exponential(u: Expr) -> Expr:
    """Return exp(u), keeping a number in a sum where it is."""
    import sympy

    if u.is_Add and not u.args[0].free_symbols:
        return sympy.exp(u, evaluate=False)
    return sympy.exp(u)


def absolute(u: Expr) -> Expr:
    """Return abs(u); a root is not negative where it is real, while sympy thinks of its complex values elsewhere."""
    import sympy

    if u.is_real is not None:
        return sympy.Abs(u)
    if u.is_Mul:
        return product(*(absolute(factor) for factor in u.args))
    if u.is_Pow and u.exp.is_Number and not u.exp.is_Integer:
        return u
    return sympy.Abs(u, evaluate=False)


def apply(function: str, *arguments: Expr) -> Expr:
    """Return the function of this sympy name, built our way."""
    import sympy

    if function == "exp":
        return exponential(*arguments)
    if function == "Abs":
        return absolute(*arguments)
    return getattr(sympy, function)(*arguments)


def composed(name: str, u: Expr) -> Expr:
    """Return the function `name` of `COMPOSED` at u."""
    import sympy

    if name == "sqrt":
        return sympy.sqrt(u)
    if name in ("logistic", "sigmoid"):
        return 1 / (1 + exponential(-u))
    if name == "softplus":
        return sympy.log(1 + exponential(u))
    if name == "relu":
        return sympy.Max(0, u)
    if name in ("log10", "log2"):
        return sympy.log(u) / sympy.log(int(name[3:]))
    return u ** (2 if name == "square" else 3)


def rebuild(expr: Expr, replaced: Mapping[Expr, Expr]) -> Expr:
    """Return the expression with subexpressions replaced, in the form in which it is written."""
    import sympy

    known: dict[Expr, Expr] = dict(replaced)

    def visit(e: Expr) -> Expr:
        if e not in known:
            known[e] = make(e, [visit(a) for a in e.args]) if e.args else e
        return known[e]

    def make(e: Expr, args: list[Expr]) -> Expr:
        if all(new is old for new, old in zip(args, e.args, strict=True)):
            return e
        if e.is_Mul:
            return product(*args)
        if isinstance(e, (sympy.exp, sympy.Abs)):
            return apply(type(e).__name__, *args)
        return e.func(*args)

    return visit(expr)


def with_values(formula: Expr, values: Mapping[str, float]) -> Expr:
    """Return the formula with numbers in the place of its parameters."""
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
        if e.is_Pow:
            return args[0] ** units.get(args[1], args[1])
        return apply(type(e).__name__, *args) if isinstance(e, (sympy.exp, sympy.Abs)) else e.func(*args)

    return visit(expr)
