"""Cells that a spreadsheet must not take for formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.equation.equation import Equation
from eqdarts.tables.spreadsheets import law_cell, name_from_cell, name_to_cell


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", " =1", "\t=1"])
def test_what_begins_like_a_formula_becomes_text(name: str) -> None:
    assert name_to_cell(name) == "'" + name


@given(st.text(alphabet="'=+-@ ax", max_size=6))
def test_names_come_back_and_none_is_a_formula(name: str) -> None:
    cell = name_to_cell(name)
    assert cell.lstrip()[:1] not in ("=", "+", "-", "@")
    assert name_from_cell(cell) == name or cell == name


def test_a_law_stays_a_law() -> None:
    law = Equation.parse("-2.5*x + 1", variables=["x"])
    cell = law_cell(str(law))
    assert not cell.startswith(("-", "="))
    assert Equation.parse(cell, variables=["x"]) == law
