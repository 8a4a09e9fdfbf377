"""The limit of an expression by its form, with a guard on the work."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Mapping
from typing import Any

from eqdarts._typing import Expr
from eqdarts.expression.build import symbol

__all__ = ["limit_of", "others_of"]

MOST_CALLS = 4_000_000  # of Python functions: about a second, and the same on every machine
OF_EXPONENTS = 1_000_000  # denominators of exponents are at most this: sympy takes long for others


class _TooLong(BaseException):
    """Raised in the middle of sympy, which must not catch it."""


@functools.lru_cache(maxsize=1024)
def limit_of(expr: Expr, x: str, place: float, others: tuple[tuple[str, float], ...] = ()) -> float | None:
    """Return the limit of an expression as x goes to a place, which may be infinite, at values of the other columns.

    Returns
    -------
    float or None
        NaN if there is no limit, such as for a sine. None if it is not known.

    Examples
    --------
    >>> from eqdarts.expression.parse import parse_formula
    >>> limit_of(parse_formula("3.3*x/(x + 7.3)").expr, "x", math.inf)
    3.3
    """
    import sympy

    numbers = {symbol(name): sympy.Rational(value) for name, value in others}
    exact = _rational(expr.xreplace(numbers))
    to = sympy.oo if place == math.inf else -sympy.oo if place == -math.inf else sympy.Rational(place)
    found = _guarded(lambda: sympy.limit(exact, symbol(x), to))
    if found is None:
        return None
    if found.has(sympy.AccumBounds) or found in (sympy.nan, sympy.zoo):
        return math.nan
    if found.free_symbols or found.has(sympy.Limit):
        return None
    return float(found) if found.is_real or found in (sympy.oo, -sympy.oo) else math.nan


def _rational(expr: Expr) -> Expr:
    """Return the expression with fractions in the place of decimals: exact ones, and simple ones as exponents."""
    import sympy

    def exponent(power: Expr) -> Expr:
        return power.base ** sympy.Rational(power.exp).limit_denominator(OF_EXPONENTS)

    simple = expr.replace(lambda e: e.is_Pow and e.exp.is_Float, exponent)
    return simple.xreplace({number: sympy.Rational(number) for number in simple.atoms(sympy.Float)})


def _guarded(compute: Any) -> Any:
    """Return ``compute()``; None if it takes too many calls, or fails."""
    left = MOST_CALLS

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooLong

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return compute()
    except (_TooLong, Exception):  # sympy raises many kinds of errors for what it cannot do
        return None
    finally:
        sys.setprofile(before)


def others_of(expr: Expr, x: str, values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the values of the columns of an expression besides x."""
    names = sorted(str(s.name) for s in expr.free_symbols if str(s.name) != x)
    return tuple((name, float(values[name])) for name in names)
