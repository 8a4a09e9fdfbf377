"""The dimensional audit of a formula: which unit each part has, which term does not add up, and what numbers carry.

Terms of a sum have one unit. Functions other than roots, magnitudes and the larger of two take plain numbers, and so
do exponents; the base of a power whose exponent is a name is a plain number. Every name or number whose unit is
not given is solved for: the equations between units are linear in the exponents.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from eqdarts.expression import written
from eqdarts.expression.written import Call, Name, Negative, Number, Power, Product, Sum, Written, number_prefix
from eqdarts.primitives.functions import SQRT, notation
from eqdarts.units.balance import Balance, Open, simplest, unit_price
from eqdarts.units.unit import ONE, Unit

__all__ = ["Break", "NumberUnit", "UnitCheck", "check_formula"]

DIGITS = 6
DECIMALS = 3  # of a fitted exponent, as far as the unit of its factor is concerned


@dataclass(frozen=True)
class Break:
    """A place where the units do not add up.

    Parameters
    ----------
    part : str
        The term, the argument or the base that does not fit.
    sentence : str
        What is wrong with it.
    missing : Unit
        The unit by which it differs from what is needed.
    """

    part: str
    sentence: str
    missing: Unit

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class NumberUnit:
    """The unit of a number or of a name for which none was given.

    Parameters
    ----------
    name : str
        The name, or the number as text for one that is exact.
    value : float or None
    unit : Unit
    """

    name: str
    value: float | None
    unit: Unit


@dataclass(frozen=True)
class UnitCheck:
    """The units of a formula.

    Parameters
    ----------
    breaks : tuple of Break
        The places where units do not add up; empty if all do.
    numbers : tuple of NumberUnit
        The unit that each coefficient, and each name without a unit, must have.
    n_bases : int
        Number of bases of the SI in the units that were given.
    """

    breaks: tuple[Break, ...]
    numbers: tuple[NumberUnit, ...]
    n_bases: int = 7

    @property
    def ok(self) -> bool:
        """Whether the units add up everywhere."""
        return not self.breaks

    @property
    def units(self) -> dict[str, str]:
        """The unit of each coefficient, and of each name without a unit, as text; "" for a plain number."""
        return {number.name: number.unit.shown() for number in self.numbers}

    @property
    def price(self) -> float:
        """The nats that the units of the coefficients cost, by `eqdarts.units.balance.unit_price`."""
        return sum(unit_price(number.unit, self.n_bases) for number in self.numbers)

    def __str__(self) -> str:
        if self.breaks:
            return " ".join(map(str, self.breaks))
        told = [f"{number.name} has {_in_words(number.unit)}" for number in self.numbers if number.unit.shown()]
        return "The units add up." + (f" {', '.join(told)}." if told else "")


def check_formula(
    tree: Written, units: Mapping[str, Unit], target: Unit | None = None, numbers: bool = False
) -> UnitCheck:
    """Check a written formula.

    Parameters
    ----------
    tree : Written
    units : mapping of str to Unit
        By name. Other names have the unit that the formula needs.
    target : Unit, optional
        The unit that the formula has to have.
    numbers : bool, default=False
        Whether numbers may carry units; exact ones only where it is needed. Exponents never do.
    """
    walk = _Walk(units, numbers)
    found = walk.unit(tree, None if target is None else Open(target))
    if target is not None and not isinstance(_bare(tree), Sum):
        walk.need(tree, found, Open(target), "The formula {part} has {unit}, but the target has {wanted}.")
    used = [*units.values(), *([] if target is None else [target])]
    n_bases = sum(any(unit.dimension[k] for unit in used) for k in range(len(ONE.dimension)))
    solved = simplest(walk.balance, walk.exact, [*walk.names, *walk.free], n_bases)
    told = [NumberUnit(name, walk.value.get(name), solved[name]) for name in (*walk.names, *walk.free)]
    told += [
        NumberUnit(walk.shown[name], walk.value[name], solved[name]) for name in walk.exact if solved[name].shown()
    ]
    return UnitCheck(tuple(walk.breaks), tuple(told), n_bases)


class _Walk:
    """Walks over a formula from the inside and collects the equations between units."""

    def __init__(self, units: Mapping[str, Unit], numbers: bool) -> None:
        self.given = units
        self.numbers = numbers
        self.balance = Balance()
        self.breaks: list[Break] = []
        self.names: dict[str, None] = {}  # without a unit, in order
        self.free: list[str] = []  # decimal numbers: c0, c1, ... in printed order
        self.exact: list[str] = []
        self.zeros = itertools.count()
        self.shown: dict[str, str] = {}
        self.value: dict[str, float] = {}
        self.prefix = number_prefix(units)

    def unit(self, node: Written, wanted: Open | None = None) -> Open:
        """Return the unit of a part; `wanted` is what it should be, if that is known."""
        match node:
            case Name(name, constant):
                return self.of_name(name, constant)
            case Number():
                return self.of_number(node)
            case Negative(of):
                return self.unit(of, wanted)
            case Sum(terms):
                return self.of_sum(terms, wanted)
            case Product(above, below):
                found = Open()
                for factor in above:
                    found = found * self.unit(factor)
                for factor in below:
                    found = found * self.unit(factor) ** -1
                return found
            case Power(base, exponent):
                return self.of_power(base, exponent)
            case Call(function, arguments):
                return self.of_call(function, arguments)
        raise AssertionError(node)

    def of_name(self, name: str, constant: bool) -> Open:
        if constant:
            return Open()
        if name in self.given:
            return Open(self.given[name])
        self.names.setdefault(name)
        return Open.of(name)

    def of_number(self, number: Number) -> Open:
        if not number.value:  # a zero has every unit, as in Max(0, x)
            return Open.of(f"zero {next(self.zeros)}")
        if not self.numbers:
            return Open()
        name = f"{self.prefix}{len(self.free)}" if number.free else f"#{len(self.exact)}"
        (self.free if number.free else self.exact).append(name)
        self.value[name] = number.value
        self.shown[name] = number.exact
        return Open.of(name)

    def of_sum(self, terms: tuple[Written, ...], wanted: Open | None) -> Open:
        found = [self.unit(term, wanted) for term in terms]
        if wanted is not None:
            for term, unit in zip(terms, found, strict=True):
                if not isinstance(_bare(term), Sum):
                    self.need(term, unit, wanted, "The term {part} has {unit}, but the target has {wanted}.")
            return wanted
        common = self.most_common(found)
        for term, unit in zip(terms, found, strict=True):
            self.need(term, unit, common, "The term {part} has {unit}, but the terms beside it have {wanted}.")
        return common

    def most_common(self, found: list[Open]) -> Open:
        """Return the unit that most of the terms have, the first if none has more than another."""
        known = [unit for unit in map(self.balance.reduced, found) if not unit.unknown]
        if not known:
            return found[0]
        (dimension, log_factor), _ = Counter(
            (u.known.dimension, round(u.known.log_factor, 9)) for u in known
        ).most_common(1)[0]
        return next(u for u in known if (u.known.dimension, round(u.known.log_factor, 9)) == (dimension, log_factor))

    def of_power(self, base: Written, exponent: Written) -> Open:
        inside = self.unit(base)
        self.need(exponent, self.unit(exponent), Open(), "The exponent {part} has {unit}; it must be a plain number.")
        fixed = _value(exponent)
        if fixed is not None:
            return inside**fixed
        self.need(base, inside, Open(), "The base {part} has {unit}, and its exponent is not a number.")
        return Open()

    def of_call(self, function: str, arguments: tuple[Written, ...]) -> Open:
        row = notation(function)
        found = [self.unit(argument) for argument in arguments]
        if function == SQRT.name:
            return found[0] ** Fraction(1, 2)
        if row is not None and row.homogeneous:
            common = self.most_common(found)
            for argument, unit in zip(arguments, found, strict=True):
                self.need(argument, unit, common, f"In {function} {{part}} has {{unit}}, but another has {{wanted}}.")
            return common
        if row is not None and row.any_unit:
            return Open()
        for argument, unit in zip(arguments, found, strict=True):
            words = f"The argument of {function}, {{part}}, has {{unit}}; it must be a plain number."
            self.need(argument, unit, Open(), words)
        return Open()

    def need(self, part: Written, unit: Open, wanted: Open, words: str) -> None:
        """Note that a part must have a unit, or why it cannot."""
        left = self.balance.equate(unit, wanted)
        if left is None:
            return
        own, other = (self.balance.reduced(u).known for u in (unit, wanted))
        shown = written.text(part, DIGITS)
        sentence = words.format(part=shown, unit=_in_words(own), wanted=_in_words(other))
        if left.is_number:
            sentence += f" The dimension is the same; 1 of the first is {left.factor:.6g} of what is needed."
        self.breaks.append(Break(shown, sentence, left))


def _bare(node: Written) -> Written:
    return _bare(node.of) if isinstance(node, Negative) else node


def _value(node: Written) -> Fraction | None:
    """Return the value of an exponent that is a number, None for others; a fitted one with three decimals."""
    sign = 1
    while isinstance(node, Negative):
        sign, node = -sign, node.of
    if not isinstance(node, Number):
        return None
    return sign * (Fraction(round(node.value, DECIMALS)) if node.free else Fraction(node.exact)).limit_denominator(1000)


def _in_words(unit: Unit) -> str:
    shown = str(unit) if not unit.is_coherent else unit.shown()
    return f"unit {shown}" if shown else "no unit"
