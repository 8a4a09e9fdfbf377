"""Units that are not known yet, and equations between them: a triangular system over the rational numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from eqdarts.units.unit import ONE, Exponent, Unit, plain

__all__ = ["Balance", "Open", "exponent_vectors", "simplest", "unit_price"]


MOST_ORDERS = 5  # in which coefficients are made plain numbers: of a long formula not all are tried


@dataclass(frozen=True)
class Open:
    """A known unit times powers of units that have names and may not be known.

    Parameters
    ----------
    known : Unit
    unknown : mapping of str to int or Fraction
        The exponent of each unknown unit, none zero.
    """

    known: Unit = ONE
    unknown: Mapping[str, Exponent] = field(default_factory=dict)

    def __mul__(self, other: Open) -> Open:
        total = dict(self.unknown)
        for name, power in other.unknown.items():
            total[name] = plain(total.get(name, 0) + power)
        return Open(self.known * other.known, {name: power for name, power in total.items() if power})

    def __pow__(self, exponent: Exponent) -> Open:
        powers = {name: plain(power * exponent) for name, power in self.unknown.items()}
        return Open(self.known**exponent, {name: power for name, power in powers.items() if power})

    @classmethod
    def of(cls, name: str) -> Open:
        """Return the unknown unit with this name."""
        return cls(ONE, {name: 1})


@dataclass
class Balance:
    """The equations between units so far.

    Parameters
    ----------
    solved : dict of str to Open
        Unknown units in terms of those that are still open.
    """

    solved: dict[str, Open] = field(default_factory=dict)

    def copy(self) -> Balance:
        """Return the same equations, to which others can be added."""
        return Balance(dict(self.solved))

    def reduced(self, unit: Open) -> Open:
        """Return a unit in terms of those that are still open."""
        if not any(name in self.solved for name in unit.unknown):
            return unit
        found = Open(unit.known)
        for name, power in unit.unknown.items():
            found = found * self.solved.get(name, Open.of(name)) ** power
        return found

    def equate(self, one: Open, other: Open) -> Unit | None:
        """Add the equation one = other, and return None; or return one / other if the two differ in any case."""
        left = self.reduced(one * other**-1)
        if not left.unknown:
            return None if left.known.is_same(ONE) else left.known
        name, power = next(iter(left.unknown.items()))
        rest = Open(left.known, {other: p for other, p in left.unknown.items() if other != name})
        self.solved[name] = rest ** plain(Fraction(-1) / power)
        depend = [known for known, unit in self.solved.items() if name in unit.unknown]
        self.solved.update({known: self.reduced(self.solved[known]) for known in depend})
        return None


def simplest(balance: Balance, exact: Sequence[str], free: Sequence[str], n_bases: int) -> dict[str, Unit]:
    """Return units for names that the equations leave open or fix, as few and as simple as possible.

    Parameters
    ----------
    balance : Balance
    exact, free : sequences of str
        Names of numbers that had rather not have a unit, and of all others.
    n_bases : int
        Number of bases that the units of the problem have; see `unit_price`.
    """
    orders = [[*exact, *free], *([*exact, name, *free] for name in free[1:MOST_ORDERS])]
    return min((_settled(balance.copy(), order) for order in orders), key=lambda found: _cost(found, n_bases))


def _settled(balance: Balance, order: Sequence[str]) -> dict[str, Unit]:
    for name in order:
        if balance.reduced(Open.of(name)).unknown:
            balance.equate(Open.of(name), Open())
    return {name: balance.reduced(Open.of(name)).known for name in order}


def _cost(found: Mapping[str, Unit], n_bases: int) -> float:
    return sum(unit_price(unit, n_bases) for unit in found.values())


def exponent_vectors(size: int, n_bases: int) -> int:
    """Return the number of vectors of `n_bases` whole exponents whose magnitudes add up to at most `size`.

    >>> exponent_vectors(1, 3), exponent_vectors(6, 3)
    (7, 377)
    """
    return sum(2**k * math.comb(n_bases, k) * math.comb(size, k) for k in range(min(n_bases, size) + 1))


def unit_price(unit: Unit, n_bases: int) -> float:
    """Return the nats that say which unit a coefficient has: the logarithm of the number of those at most as complex.

    A plain number costs nothing. With exponents that are not whole, halves are counted, and other fractions, of a power
    whose exponent was fitted, as the next halves.
    """
    if all(isinstance(exponent, int) for exponent in unit.dimension):
        return math.log(exponent_vectors(int(unit.size), max(n_bases, 1)))
    halves = sum(math.ceil(abs(2 * float(exponent))) for exponent in unit.dimension)
    return math.log(2) + math.log(exponent_vectors(halves, max(n_bases, 1)))
