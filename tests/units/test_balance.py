"""Equations between units that are not known."""

from __future__ import annotations

from fractions import Fraction
from math import log

import pytest

from eqdarts.units.balance import Balance, Open, exponent_vectors, simplest, unit_price
from eqdarts.units.parse import parse_unit


def test_unknown_units_are_solved_exactly() -> None:
    balance = Balance()
    a, b = Open.of("a"), Open.of("b")
    assert balance.equate(a**2 * b, Open(parse_unit("m3"))) is None
    assert balance.equate(b * a**-1, Open()) is None
    assert balance.reduced(a) == Open(parse_unit("m"))
    left = balance.equate(a, Open(parse_unit("s")))
    assert str(left) == "m s-1"


def test_fractions_stay_exact() -> None:
    balance = Balance()
    assert balance.equate(Open.of("a") ** 3, Open(parse_unit("kg"))) is None
    assert balance.reduced(Open.of("a")).known.powers == (("kg", Fraction(1, 3)),)


def test_as_few_coefficients_as_possible_have_a_unit() -> None:
    balance = Balance()
    # sqrt(a - b v**2): a plain number is left for one of them.
    balance.equate(Open.of("a"), Open.of("b") * Open(parse_unit("m2 s-2")))
    found = simplest(balance, [], ["b", "a"], 2)
    assert sorted(map(str, found.values())) in (["", "m2 s-2"], ["", "s2 m-2"])
    # Numbers that are exact stay plain where they can.
    assert str(simplest(balance, ["a"], ["b"], 2)["a"]) == ""


@pytest.mark.parametrize(("size", "bases", "count"), [(0, 3, 1), (1, 1, 3), (1, 3, 7), (2, 2, 13), (6, 3, 377)])
def test_the_number_of_exponent_vectors(size: int, bases: int, count: int) -> None:
    assert exponent_vectors(size, bases) == count


def test_simple_units_cost_less() -> None:
    assert unit_price(parse_unit(""), 3) == unit_price(parse_unit("%"), 3) == 0
    assert unit_price(parse_unit("m3 kg-1 s-2"), 3) == pytest.approx(log(377))
    assert unit_price(parse_unit("m"), 3) < unit_price(parse_unit("m2"), 3) < unit_price(parse_unit("m^(5/2)"), 3)
