"""Simple constants and the cost of naming them: integers, fractions, and these times pi, e, sqrt(2) or a given name.

The cost is the length of a prefix code in nats. Numerator and denominator are positive integers m with probability
1 / (m (m + 1)) each. The cost of the unit depends on its place in a table. The sign costs one bit, and the statement
that the number is exact another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from eqdarts._typing import Expr
from eqdarts.errors import explain
from eqdarts.expression.build import rebuild, symbol

__all__ = ["Constant", "Unit", "is_exponent", "near", "near_exponent", "told_apart", "units_of", "zero"]


DENOMINATORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 20, 32)
LARGEST_FRACTION = 200  # limit of numerator times denominator: 31/10 is not simpler than 3.1
LARGEST_MULTIPLE = 50  # the same in front of a unit, whole numbers included
POWERS = (Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-1, 2), Fraction(2), Fraction(-2))
EXACT_EXPONENT, HALVES = 0.9, 7 / 8
APART, APART_IRRATIONAL = 1.5, 4.0  # half widths of an interval within which no constant as simple may lie
WIDEST = 0.25  # half width of an interval over the constant: in a wider one even 1 says nothing
TWO_BITS = 2 * math.log(2)  # the sign, and that the number is exact
ZERO_COST = 6.0  # nats; the code of 3/3, which is not needed as a fraction, is cheaper in both codes and becomes free
NAME_SHARES = (1 / 2, 1 / 10, 1 / 10, 1 / 10, 1 / 10, 1 / 10)


class Unit(NamedTuple):
    """A factor of a fraction: an exact expression, its value, and the cost of naming it."""

    expr: Expr
    value: float
    cost: float
    names: frozenset[str] = frozenset()


class Constant(NamedTuple):
    """An exact number that may replace a coefficient: fraction times unit."""

    expr: Expr
    value: float
    cost: float
    names: frozenset[str]

    @property
    def is_number(self) -> bool:
        """Whether it is a number, and not another coefficient."""
        return bool(self.expr.is_number)


def units_of(named: Mapping[str, float]) -> list[Unit]:
    """Return the units: 1, powers of pi, e, sqrt(2), sqrt(2*pi), and powers of each name, also times pi.

    Raises
    ------
    ValueError
        If a value is zero or not finite.
    """
    import sympy

    pi = sympy.pi
    usual = {pi: 4.0, sympy.E: 2.0, sympy.sqrt(2): 2.0, 1 / sympy.E: 1.0, sympy.sqrt(2 * pi): 1.0}
    usual |= {1 / sympy.sqrt(2 * pi): 1.0} | {pi ** _exact(p): 1.0 for p in POWERS[1:]}
    total = sum(usual.values())
    plain, share_usual, share_named = (0.625, 0.125, 0.25) if named else (0.75, 0.25, 0.0)
    found = [Unit(sympy.Integer(1), 1.0, -math.log(plain))]
    found += [Unit(expr, float(expr), -math.log(share_usual * w / total)) for expr, w in usual.items()]
    for name, value in named.items():
        if not math.isfinite(value) or value == 0:
            raise ValueError(explain(f"The constant {name!r} must be finite and not 0.", value, "Leave it out."))
        for power, share in zip(POWERS, NAME_SHARES, strict=True):
            if power.denominator == 2 and value < 0:
                continue
            size, expr = float(value) ** float(power), symbol(name) ** _exact(power)
            cost = -math.log(share_named * share / len(named))
            found.append(Unit(expr, size, cost - math.log(0.75), frozenset({name})))
            found.append(Unit(pi * expr, math.pi * size, cost - math.log(0.25), frozenset({name})))
    return found


def near(value: float, radius: float, most_cost: float, units: list[Unit]) -> Iterator[Constant]:
    """Yield the constants within `radius` of `value` that cost at most `most_cost` nats; never 0."""
    import sympy

    if not (math.isfinite(value) and math.isfinite(radius)):
        return
    for unit in units:
        left = most_cost - unit.cost - TWO_BITS
        for q in DENOMINATORS:
            if _integer_cost(q) > left:
                break
            scaled = value / unit.value * q
            if abs(scaled) > 1e9:
                continue
            p = round(scaled)
            if p == 0 or math.gcd(p, q) != 1 or abs(p - scaled) * abs(unit.value) / q > radius:
                continue
            if (unit.value != 1.0 and abs(p) * q > LARGEST_MULTIPLE) or (q > 1 and abs(p) * q > LARGEST_FRACTION):
                continue
            spent = _integer_cost(abs(p)) + _integer_cost(q)
            if spent <= left:
                yield Constant(
                    sympy.Rational(p, q) * unit.expr, p / q * unit.value, spent + unit.cost + TWO_BITS, unit.names
                )


def told_apart(value: float, radius: float, most_cost: float, units: list[Unit], half: float) -> Iterator[Constant]:
    """Yield the constants of `near` that the rows tell from all others as simple.

    A constant says something only where the interval of the coefficient is narrow compared with the distance to the
    next one of no higher cost. For an irrational one, of which there are more, it must be narrower. And it says nothing
    where the interval is as wide as a large part of the constant itself. An irrational one whose code has L nats needs
    a half width of at most exp(-L) of it: as the sum of exp(-L) over all of them is small, a number drawn at random is
    then seldom as near to any.

    Parameters
    ----------
    value, radius, most_cost, units
        As for `near`.
    half : float
        Half the width of the coefficient's 95 % interval.
    """
    wide = max(APART, APART_IRRATIONAL) * half
    around = list(near(value, max(radius, wide), most_cost, units))
    for constant in around:
        is_usual = constant.expr.is_Rational or bool(constant.names)
        widest = WIDEST if is_usual else min(WIDEST, math.exp(-constant.cost))
        if abs(constant.value - value) > radius or half > widest * abs(constant.value):
            continue
        room = (APART if is_usual else APART_IRRATIONAL) * half
        rivals = [c for c in around if c is not constant and c.cost <= constant.cost and abs(c.value - value) <= room]
        if all(math.isclose(c.value, constant.value, rel_tol=1e-12) for c in rivals):
            yield constant


def near_exponent(value: float, radius: float, most_cost: float, half: float = 0.0) -> Iterator[Constant]:
    """Yield the exponents within `radius` of `value` that cost at most `most_cost` nats; never 0.

    As in `told_apart`, halves, thirds or quarters say something only where the interval, of which `half` is half the
    width, is narrow compared with the distance between them.

    Exponents of laws are usually whole numbers or halves, sometimes thirds and quarters, and rarely anything else.
    An exponent is exact with a probability of 0.9, positive with 2/3, and a multiple of 1/2 with 7/8.
    """
    import sympy

    for q in (2, 3, 4):
        p = round(value * q) if math.isfinite(value) else 0
        exact = Fraction(p, q)
        if p == 0 or abs(float(exact) - value) > radius or (q > 2 and exact.denominator != q) or APART * half > 1 / q:
            continue
        share = EXACT_EXPONENT * (2 / 3 if p > 0 else 1 / 3) * (HALVES if q == 2 else (1 - HALVES) / 2)
        cost = _integer_cost(abs(p)) - math.log(share)
        if cost <= most_cost:
            yield Constant(sympy.Rational(exact.numerator, exact.denominator), float(exact), cost, frozenset())


def zero() -> Constant:
    """Return the constant 0: its term or factor is left out."""
    import sympy

    return Constant(sympy.Integer(0), 0.0, ZERO_COST, frozenset())


def is_exponent(formula: Expr, name: Expr) -> bool:
    """Whether a coefficient occurs in the formula only as the exponent of something that varies."""
    import sympy

    powers = [p for p in formula.atoms(sympy.Pow) if p.exp in (name, -name) and p.base.free_symbols]
    return bool(powers) and not rebuild(formula, {p: p.base for p in powers}).has(name)


def _integer_cost(m: int) -> float:
    return math.log(m) + math.log(m + 1)


def _exact(fraction: Fraction) -> Expr:
    import sympy

    return sympy.Rational(fraction.numerator, fraction.denominator)
