"""Sums with the positive part of something, written as the larger or the smaller of two."""

from __future__ import annotations

from eqdarts._typing import Expr
from eqdarts.expression.normal_form import cost

__all__ = ["with_extremes"]


def with_extremes(expr: Expr) -> Expr:
    """Return a - Max(0, a - b) as Min(a, b), and a + Max(0, b - a) as Max(a, b), where that is shorter.

    A line that breaks stays as it is: the positive part of one input names the place of the break.
    """
    import sympy

    def written(total: Expr) -> Expr:
        for term in total.args:
            factor, part = term.as_coeff_Mul()
            if not (isinstance(part, sympy.Max) and len(part.args) == 2 and sympy.S.Zero in part.args):
                continue
            rest = total - term
            (inside,) = (argument for argument in part.args if argument != 0)
            extreme = sympy.Max if factor > 0 else sympy.Min
            other = sympy.expand(rest + factor * inside)
            if len(inside.free_symbols) == 1 and other.free_symbols:
                continue
            shorter = extreme(rest, other)
            if cost(shorter) < cost(total):
                return shorter
        return total

    return expr if not expr.has(sympy.Max) else expr.replace(lambda e: e.is_Add, written)
