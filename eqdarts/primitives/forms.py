"""Building sympy expressions that keep the form in which a formula was written.

sympy's own constructors multiply 3.0*(x + 1.0) out and turn exp(x - 900.0) into 0.0*exp(x); these do not. sympy is
imported when a form is built, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

from eqdarts._typing import Expr

__all__ = ["absolute", "exponential", "logistic", "product", "rational_power", "softplus", "sympy_class", "tangent"]


def sympy_class(name: str) -> Callable[..., Expr]:
    """Return the function that builds what sympy calls `name`."""

    def form(*arguments: Expr) -> Expr:
        import sympy

        return getattr(sympy, name)(*arguments)

    return form


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


LARGEST_SHIFT = 10.0  # of an exponent; the factor exp(10) has four digits more than what it multiplies


def exponential(u: Expr) -> Expr:
    """Return exp(u), keeping a number in a sum where it is: taken out it may overflow.

    sympy takes it out later too, when it multiplies: 3*exp(x - 900.5) would become 0. A large number stays.
    """
    import sympy

    factor, total = u.as_coeff_Mul()
    number = total.as_coeff_Add()[0] if total.is_Add else sympy.Integer(0)
    if abs(factor * number) > LARGEST_SHIFT:
        return _shifted_exponential()(u)
    if u.is_Add and not u.args[0].free_symbols:
        return sympy.exp(u, evaluate=False)
    return sympy.exp(u)


@cache
def _shifted_exponential() -> type:
    """Return the class of exponentials that sympy neither takes apart nor multiplies together."""
    import sympy

    class exp(sympy.exp):  # type: ignore[misc]  # noqa: N801  (the name is the one that is printed and looked up)
        @classmethod
        def eval(cls, u: Expr) -> None:
            return None

        def as_base_exp(self) -> tuple[Expr, Expr]:
            return self, sympy.Integer(1)

        def _eval_power(self, other: Expr) -> Expr | None:
            return exponential(product(other, self.args[0])) if other.is_Number else None

    return exp


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


def tangent(u: Expr) -> Expr:
    """Return tan(u); sympy writes tan(u + pi/2) by the cotangent, which formulas do not have."""
    import sympy

    return sympy.tan(u).replace(sympy.cot, lambda v: 1 / sympy.tan(v))


def logistic(u: Expr) -> Expr:
    """Return 1/(1 + exp(-u))."""
    return 1 / (1 + exponential(-u))


def softplus(u: Expr) -> Expr:
    """Return log(1 + exp(u))."""
    import sympy

    return sympy.log(1 + exponential(u))


def rational_power(exponent: Fraction) -> Callable[[Expr], Expr]:
    """Return the function that builds u**p for a fixed p."""

    def form(u: Expr) -> Expr:
        import sympy

        return u ** sympy.Rational(exponent.numerator, exponent.denominator)

    return form
