"""Sets of usual terms: each contains laws of its kind, with half points and slopes from the rows."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.usual_terms import polynomials, usual_terms
from eqdarts.equation.equation import Equation
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import PRIMITIVES, resolve

NAMES = ("x", "y")


def table(law: str, low: float = -2.0, high: float = 2.0) -> Table:
    """Return a hundred rows of a law."""
    X = np.random.default_rng(0).uniform(low, high, (100, 2))
    return Table(X, Equation.parse(law, NAMES).predict(X), None, NAMES, None)


@pytest.mark.parametrize(
    ("law", "low"),
    [
        ("1.67 - 0.64*y*abs(y) - sin(x)", -2.0),  # drag
        ("0.3*sin(x - y) - sin(x)", -2.0),
        ("1.4*x - 1.4*x*y/(x**2 + 0.7)", 0.0),  # rises and falls again
        ("0.7*x*y/(x + 0.5) - 0.2*y", 0.0),
        ("0.6*y - 1.9*x*y/(y + 1.3) - 0.3*y/(y + 0.1)", 0.0),
        ("1/(exp(1.3*x + 0.8*y - 0.4) + 1) - x", -2.0),
    ],
)
def test_one_set_has_all_terms_of_a_usual_law(law: str, low: float) -> None:
    rows = table(law, low)
    variance = float(rows.y.var())
    assert min(one.square for one in polynomials(rows)) > 1e-5 * variance
    assert min(one.square for one in usual_terms(rows, resolve("default"))) < 1e-10 * variance


def test_only_functions_that_are_searched_are_in_a_set() -> None:
    rows = table("x*y")
    few = list(usual_terms(rows, [PRIMITIVES["linear"], PRIMITIVES["reciprocal"]]))
    shown = " ".join(str(term) for one in few for term in one.terms)
    assert few
    assert not any(name in shown for name in ("sin", "cos", "exp", "Abs"))


def test_no_set_has_more_terms_than_the_rows_can_tell() -> None:
    rows = table("x*y")
    few = Table(rows.X[:15], rows.y[:15], None, NAMES, None)
    assert all(len(one.terms) <= 5 for one in [*polynomials(few), *usual_terms(few, resolve("default"))])
