"""The table of units: each name says one unit, and prefixes go where they belong."""

from __future__ import annotations

import pytest

from eqdarts.units.table import UNITS, known_names, named_unit


def test_no_name_stands_twice() -> None:
    names = known_names()
    assert len(names) == len(set(names))


def test_every_symbol_is_found_with_its_own_size() -> None:
    for row in UNITS:
        assert named_unit(row.symbol) is row


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("min", "min"), ("Pa", "Pa"), ("cd", "cd"), ("mmol", "mmol"), ("kilogram", "kg"), ("meters", "m"), ("Tm", "Tm")],
)
def test_a_name_of_its_own_comes_before_a_prefix(name: str, symbol: str) -> None:
    found = named_unit(name)
    assert found is not None
    assert found.symbol == symbol


@pytest.mark.parametrize("name", ["kmin", "kilom", "kmeter", "mh", "kau", ""])
def test_no_prefix_where_none_belongs(name: str) -> None:
    assert named_unit(name) is None
