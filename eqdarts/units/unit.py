"""A unit: a product of powers of named units, with its dimension and its size in the SI."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from eqdarts.units.table import BASES, NamedUnit, named_unit

__all__ = ["ONE", "Exponent", "Unit", "in_base_units", "plain"]

# Whole exponents are int: sums of Fraction take twenty times as long, and the audit of a front has many of them.
Exponent = int | Fraction
Dimension = tuple[Exponent, ...]

# Units of the SI in which people state constants. In a tie bases come first, then the order of this row.
_DERIVED = ("J", "N", "Pa", "W", "V", "C", "F", "T", "ohm", "H", "S")
SAME = 1e-12  # share by which two factors may differ by rounding


@dataclass(frozen=True)
class Unit:
    """A product of powers of named units.

    Parameters
    ----------
    powers : tuple of (str, int or Fraction)
        Symbols with their exponents, each symbol once, no exponent zero. Empty for a plain number.

    Examples
    --------
    >>> from eqdarts.units.parse import parse_unit
    >>> force = parse_unit("kg m s-2")
    >>> str(force / parse_unit("kg")), force == parse_unit("m kg/s^2"), force.is_same(parse_unit("N"))
    ('m s-2', False, True)
    """

    powers: tuple[tuple[str, Exponent], ...] = ()

    @cached_property
    def dimension(self) -> Dimension:
        """The exponents of `BASES`."""
        total: list[Exponent] = [0] * len(BASES)
        for symbol, power in self.powers:
            for k, exponent in enumerate(_row(symbol).dimension):
                if exponent:
                    total[k] += power * exponent
        return tuple(map(plain, total))

    @cached_property
    def log_factor(self) -> float:
        """The natural logarithm of its size in coherent units of the SI."""
        return sum(float(power) * math.log(_row(symbol).factor) for symbol, power in self.powers)

    @property
    def factor(self) -> float:
        """Its size in coherent units of the SI."""
        return math.exp(self.log_factor)

    @property
    def is_number(self) -> bool:
        """Whether its dimension is that of a plain number, such as of % and rad."""
        return self.dimension == (0,) * len(BASES)

    @property
    def is_coherent(self) -> bool:
        """Whether its size in the SI is 1, so that no number changes when it is written in base units."""
        return abs(self.log_factor) < SAME

    @property
    def offset(self) -> float:
        """Where its scale begins, in kelvin; 0 for all units but degC and degF standing alone."""
        if len(self.powers) != 1 or self.powers[0][1] != 1:
            return 0.0
        return _row(self.powers[0][0]).offset

    @property
    def size(self) -> float:
        """The sum of the magnitudes of the exponents of `BASES`: how complex it is."""
        return sum(abs(float(exponent)) for exponent in self.dimension)

    def is_same(self, other: Unit) -> bool:
        """Whether both have one dimension and one size, however they are written."""
        near = abs(self.log_factor - other.log_factor) <= SAME * max(1.0, abs(self.log_factor))
        return self.dimension == other.dimension and near

    def __mul__(self, other: Unit) -> Unit:
        if not (self.powers and other.powers):
            return self if self.powers else other
        return _product((*self.powers, *other.powers))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __pow__(self, exponent: Exponent) -> Unit:
        return _product((symbol, power * exponent) for symbol, power in self.powers)

    def __str__(self) -> str:
        """Return the symbols with their exponents, such as "m3 kg-1 s-2"; "" for a plain number."""
        return " ".join(symbol + _exponent(symbol, power) for symbol, power in self.ordered)

    @property
    def ordered(self) -> list[tuple[str, Exponent]]:
        """The symbols with their exponents, positive ones first."""
        return sorted(self.powers, key=lambda pair: pair[1] < 0)

    def latex(self) -> str:
        r"""Return `shown` as LaTeX.

        >>> from eqdarts.units.parse import parse_unit
        >>> print(parse_unit("N m2 kg-2").latex())
        \mathrm{m^{3}\,kg^{-1}\,s^{-2}}
        """
        inside = r"\,".join(
            _latex_symbol(symbol) + ("" if p == 1 else f"^{{{p}}}") for symbol, p in self._shortest.ordered
        )
        return rf"\mathrm{{{inside}}}" if inside else ""

    def shown(self) -> str:
        """Return the shortest usual way to write it: in units of the SI where no number changes by that.

        >>> from eqdarts.units.parse import parse_unit
        >>> parse_unit("N m2 kg-2").shown(), parse_unit("kg m2 s-1").shown(), parse_unit("mmHg L").shown()
        ('m3 kg-1 s-2', 'J s', 'mmHg L')
        """
        return str(self._shortest)

    @cached_property
    def _shortest(self) -> Unit:
        if not self.is_coherent:
            return self
        choices = [in_base_units(self.dimension)]
        for symbol in _DERIVED:
            for power in (1, -1):
                derived = Unit(((symbol, power),))
                choices.append(derived * in_base_units((self / derived).dimension))
        return min((*choices, self), key=lambda unit: len(unit.powers))


ONE = Unit()
"""The unit of a plain number."""


def in_base_units(dimension: Dimension) -> Unit:
    """Return the coherent unit of the SI with a dimension."""
    return Unit(tuple((base, power) for base, power in zip(BASES, dimension, strict=True) if power))


def _row(symbol: str) -> NamedUnit:
    row = named_unit(symbol)
    if row is None:
        raise KeyError(symbol)
    return row


def plain(exponent: Exponent) -> Exponent:
    """Return a whole exponent as int, another as it is."""
    return exponent if isinstance(exponent, int) or exponent.denominator != 1 else exponent.numerator


def _product(factors: Iterable[tuple[str, Exponent]]) -> Unit:
    total: dict[str, Exponent] = {}
    for symbol, power in factors:
        total[symbol] = total.get(symbol, 0) + power
    return Unit(tuple((symbol, plain(power)) for symbol, power in total.items() if power))


_LATEX = {"ohm": r"\Omega", "%": r"\%", "angstrom": r"\AA", "degC": r"^{\circ}C", "degF": r"^{\circ}F"}


def _latex_symbol(symbol: str) -> str:
    body, _, below = symbol.partition("_")
    return _LATEX.get(symbol, body + (f"_{{{below}}}" if below else ""))


def _exponent(symbol: str, power: Exponent) -> str:
    if power == 1:
        return ""
    if power.denominator != 1:
        return f"^({power})" if power.denominator < 10 else f"^{float(power):.4g}"
    return f"^{power}" if symbol[-1].isdigit() or symbol == "%" else str(power)
