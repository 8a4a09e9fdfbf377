"""Roots that hide a sign: 1/sqrt(1/v**2 - 1/c**2) equals v/sqrt(1 - v**2/c**2) for v > 0 and not for v < 0."""

from __future__ import annotations

from eqdarts._typing import Expr
from eqdarts.expression.normal_form import cost

__all__ = ["with_signs_before_roots"]


def with_signs_before_roots(expr: Expr) -> Expr:
    """Return an expression with even powers of the minuend before the root of a difference, unless that is longer.

    It is another function where an input is negative, so compare the values on the rows.
    """
    import sympy

    def taken_out(e: Expr) -> Expr:
        if not (e.base.is_Add and len(e.base.args) == 2):
            return e
        terms = sorted((term.as_coeff_Mul() for term in e.base.args), key=lambda term: term[0], reverse=True)
        (weight, minuend), (other, subtrahend) = terms
        powers = minuend.as_powers_dict()
        even = all(base.is_Symbol and power.is_Integer and power % 2 == 0 for base, power in powers.items())
        # where there is a value, the minuend is the larger one
        if not (weight > 0 > other and even and any(power < 0 for power in powers.values())):
            return e
        before = sympy.Mul(*(base ** (power * e.exp) for base, power in powers.items()))
        return before * (weight + other * subtrahend / minuend) ** e.exp

    found = expr.replace(lambda e: e.is_Pow and e.exp in (sympy.S.Half, -sympy.S.Half), taken_out)
    return found if found == expr or cost(found)[0] <= cost(expr)[0] else expr
