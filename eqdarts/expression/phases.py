"""Phases and signs as people write them: phases within half a period of zero, frequencies and widths positive.

sin(2*x + 20.0) and sin(2*x + 1.150444) are one function, and so are exp(-(x/w)**2) with w and with -w. A fit may end
at any of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from eqdarts._typing import Expr
from eqdarts.expression.build import applied, product, rebuild, symbol
from eqdarts.primitives.functions import function_of

__all__ = ["usual_numbers", "usual_parameters", "wrapped"]


LARGEST = 1e6  # a larger phase has lost digits that no shift brings back
MOST_FLIPPED = 2  # parameters that change their sign together with a frequency or width


def wrapped(phase: float, period: float) -> float:
    """Return the phase in [-period/2, period/2) that differs from this one by whole periods.

    >>> round(wrapped(20.0, 2 * math.pi), 6), wrapped(math.pi, 2 * math.pi) == -math.pi
    (1.150444, True)
    """
    small = math.remainder(phase, period)
    return -small if small == period / 2 else small


def usual_numbers(expr: Expr) -> Expr:
    """Return the same function with small phases, and with positive factors in the base of an even power.

    sympy already moves the minus sign out of sin(1 - 2*x) and out of the other odd and even functions.
    """

    def visit(e: Expr) -> Expr:
        if not e.args:
            return e
        args = [visit(a) for a in e.args]
        function = function_of(e)
        if function is not None and function.period:
            args = [_with_small_phase(args[0], function.period)]
        elif e.is_Pow and args[1].is_Integer and args[1] % 2 == 0:
            args[0] = _with_positive_factors(args[0])
        return e if all(new is old for new, old in zip(args, e.args, strict=True)) else applied(e, args)

    return visit(expr)


def _with_small_phase(argument: Expr, period: float) -> Expr:
    import sympy

    factor, total = argument.as_coeff_Mul()  # 2.0*(x + 10.0) keeps this form
    number, rest = total.as_coeff_Add()
    phase = float(factor * number)
    if total.is_Add and number.is_Float and period / 2 <= abs(phase) < LARGEST:
        return product(factor, rest + sympy.Float(wrapped(phase, period) / float(factor)))
    return argument


def _with_positive_factors(base: Expr) -> Expr:
    """Return minus a sum in which every term but the number is negative, and any other base as it is."""
    import sympy

    if not base.is_Add:
        return base
    number, rest = base.as_coeff_Add()
    terms = sympy.Add.make_args(rest)
    if not all(term.as_coeff_Mul()[0].is_negative for term in terms):
        return base
    return sympy.Add(-number, *(-term for term in terms))


def usual_parameters(formula: Expr, values: Mapping[str, float]) -> dict[str, float]:
    """Return parameters of the same function with small phases, and with positive frequencies and widths if possible.

    Parameters
    ----------
    formula : sympy.Expr
    values : mapping of str to float
        Its parameters by name.

    Notes
    -----
    A parameter is shifted by a period, or changes its sign, only where sympy sees that the formula is then the same.
    The sign of a frequency may take those of a phase and an amplitude with it.
    """
    import sympy

    found = dict(values)
    rates = [name for name in values if _is_rate(formula, name, list(values))]
    for name in values:
        if found[name] < 0:
            for flipped in next(_flips(formula, name, rates, found), ()):
                found[flipped] = -found[flipped]
    for name, value in found.items():
        if math.pi / 2 <= abs(value) < LARGEST:
            periods = (half * sympy.pi for half in (1, 2))
            same = next((p for p in periods if _same(formula, {symbol(name): symbol(name) + p})), None)
            found[name] = value if same is None else wrapped(value, float(same))
    return found


def _flips(formula: Expr, name: str, rates: Sequence[str], values: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    """Yield the sets of parameters whose signs can change with that of `name`, smallest first.

    No positive rate becomes negative.
    """
    others = [other for other in values if other != name and (other not in rates or values[other] < 0)]
    for n in range((MOST_FLIPPED if name in rates else 0) + 1):
        for more in combinations(others, n):
            flipped = (name, *more)
            if _same(formula, {symbol(each): -symbol(each) for each in flipped}):
                yield flipped


def _is_rate(formula: Expr, name: str, parameters: Sequence[str]) -> bool:
    """Whether a parameter stands beside an input in the argument of a function, as a frequency or width does."""
    import sympy

    own, fitted = symbol(name), {symbol(each) for each in parameters}
    arguments = [call.args[0] for call in formula.atoms(sympy.Function) if function_of(call) is not None]
    terms = [term for argument in arguments for term in sympy.Add.make_args(argument)]
    return any(own in term.free_symbols and term.free_symbols - fitted for term in terms)


def _same(formula: Expr, changed: Mapping[Expr, Expr]) -> bool:
    return bool(rebuild(formula, changed) == formula)
