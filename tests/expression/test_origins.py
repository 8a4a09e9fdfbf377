"""Formulas of columns that count from an origin."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.expression.build import symbol
from eqdarts.expression.origins import counted_from, origins_in, symbols_of_origins, with_free_origins
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write

ORIGINS, RANGES = {"x": 1990}, {"x": (1990.5, 2024.0)}
V = np.linspace(0.5, 34, 40)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("3.5*x", "3.5*(x - 1990)"),
        ("3.5*x + 2.5", "3.5*x - 6962.5"),  # a line has no origin
        ("2.5*(3.5*x + 2.5*y)", "2.5*(3.5*x + 2.5*y - 6965)"),
        ("3.5*x*y", "3.5*y*(x - 1990)"),
        ("0.5*x**2 + 5.5", "0.5*(x - 1990)**2 + 5.5"),
        ("0.5*(x - 17.0)**2 + 5.5", "0.5*(x - 2007)**2 + 5.5"),
        ("0.5*x**2 - 17.0*x + 150.0", "0.5*(x - 2007)**2 + 5.5"),  # the vertex
        ("0.5*x**2 + 17.0*x + 150.0", "0.5*(x - 1990)**2 + 17*(x - 1990) + 150"),  # which lies outside the rows
        ("3.5*exp(0.5*x)", "3.5*exp(0.5*(x - 1990))"),
        ("3.5*exp(0.5*x) + x", "3.5*exp(0.5*(x - 1990)) + x - 1990"),
        ("4/(exp(4.0 - 0.25*x) + 1)", "4/(exp(-0.25*(x - 2006)) + 1)"),
        ("sin(1.5*x + 0.75)", "sin(1.5*(x - 1989.5))"),
        ("log(0.5*x + 3000.0)", "log(0.5*x + 2005)"),  # nothing cancels
        ("x**1.5/(x + 2.5)", "(x - 1990)**1.5/(x - 1987.5)"),
        ("2.5*y + 1.5", "2.5*y + 1.5"),
    ],
)
def test_a_formula_of_differences_becomes_one_of_columns(formula: str, shown: str) -> None:
    expr = parse_formula(formula).expr
    moved = counted_from(expr, ORIGINS, RANGES)
    assert text(write(moved), 8) == text(write(parse_formula(shown).expr), 8)
    y = np.linspace(1, 2, len(V))
    before, after = (evaluate(e, {"x": V + at, "y": y}, len(V)) for e, at in ((expr, 0), (moved, 1990)))
    np.testing.assert_allclose(after, before, rtol=1e-9)
    assert parse_formula(text(write(moved), whole=False)).expr == moved


def test_origins_are_counted_and_become_free() -> None:
    expr = parse_formula("2.5*(x - 1990)**2 + exp(-(x - 1990)/3.5) + (x - 1991)*(y - 1990)").expr
    assert origins_in(expr, {"x": 1990, "y": 7}) == ("x",)
    assert symbols_of_origins(expr, ORIGINS) == 4
    free = with_free_origins(expr, ORIGINS, {"x": "o"})
    assert symbol("o") in free.free_symbols
    rows = {"x": np.array([2000.0]), "y": np.array([1.0]), "o": np.array([1990.0])}
    np.testing.assert_allclose(evaluate(free, rows, 1), evaluate(expr, rows, 1))
    assert origins_in(free, ORIGINS) == ()
