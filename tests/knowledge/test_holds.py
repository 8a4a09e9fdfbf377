"""Whether a statement holds for an equation, and by what that is known."""

from __future__ import annotations

import pytest

from eqdarts.expression.parse import parse_formula
from eqdarts.knowledge.box import Box, widened
from eqdarts.knowledge.holds import BROKEN, CHECKED, PROVED, UNDECIDED, Held, held, in_words, obeyed, status_of
from eqdarts.knowledge.statements import read_statements

LINE: Box = {"x": (0.2, 45.0)}
MANY: Box = {"x": (-2.0, 2.0), "m1": (1.0, 2.0), "m2": (1.0, 5.0), "phi": (0.0, 7.0)}


def judged(formula: str, text: str, box: Box) -> Held:
    (statement,) = read_statements([text], list(box), None)
    expr, wide = parse_formula(formula).expr, widened(box)
    found = held(statement, expr, wide, 1.0)
    # The quick look of a search may overlook a fault. It never finds one where there is none.
    assert found.status == BROKEN or obeyed((statement,), expr, wide, 1.0)
    return found


@pytest.mark.parametrize(
    ("formula", "text", "status"),
    [
        ("3.3*tanh(0.15*x)", "increasing in x", PROVED),
        ("3.3*tanh(0.15*x)", "y -> const as x -> oo", PROVED),
        ("3.3*tanh(0.15*x)", "concave in x", PROVED),
        ("3.3*tanh(0.15*x)", "y = 0 at x = 0", PROVED),
        ("3.3*tanh(0.15*x)", "0 <= y <= 3.5", PROVED),
        ("2.1*sin(0.03*x)", "increasing in x", PROVED),  # on the box of the rows
        ("2.1*sin(0.03*x)", "y -> const as x -> oo", BROKEN),
        ("2.1*sin(0.05*x)", "increasing in x", BROKEN),
        ("1.3*log(x + 2.2)", "y -> const as x -> oo", BROKEN),
        ("1.3*log(x + 2.2)", "y -> oo as x -> oo", PROVED),
        ("log(log(x + 3))", "y -> const as x -> oo", BROKEN),  # by its form: values do not show it
        ("3*exp(-0.2*x)", "y -> 0 as x -> oo", PROVED),
        ("3*exp(-0.2*x) + 0.01", "y -> 0 as x -> oo", BROKEN),
        ("1/x", "y -> oo as x -> 0", PROVED),
        ("1/(x - 3)", "decreasing in x", BROKEN),  # at its pole
        ("Max(0, x - 2.2)", "increasing in x", CHECKED),
        ("sqrt(x - 0.19)", "increasing in x", UNDECIDED),  # undefined in the margin
        ("sin(x)/x", "y = 1 at x = 0", UNDECIDED),
        ("sin(x)/x", "y = 2 at x = 0", BROKEN),
        ("sqrt(x - 0.1)", "y = 3 at x = 0", BROKEN),  # and no equation avoids a value by being undefined
        ("0", "positive", BROKEN),
        ("x", "positive", PROVED),
    ],
)
def test_equations_of_one_column(formula: str, text: str, status: str) -> None:
    assert judged(formula, text, LINE).status == status


@pytest.mark.parametrize(
    ("formula", "text", "status"),
    [
        ("3*cos(x)*m1*m2", "even in x", PROVED),
        ("3*cos(x)*m1*m2", "odd in x", BROKEN),
        ("sin(2*phi + 0.3)*x**3", "odd in x", PROVED),
        ("log(x + 3)", "even in x", BROKEN),
        ("sqrt(m1**2 + m2**2)", "symmetric in (m1, m2)", PROVED),
        ("m1/m2", "symmetric in (m1, m2)", BROKEN),
        ("m1*m2 + x*m1 + x*m2", "symmetric in (m1, m2, x)", PROVED),
        ("sin(2*phi + 0.3)*x", "periodic in phi: 2*pi", PROVED),
        ("sin(2.1*phi)*x", "periodic in phi: 2*pi", BROKEN),
        ("x*m1", "uses m1", PROVED),
        ("x*m1", "uses m2", BROKEN),
        ("x*m1", "without m2", PROVED),
        ("x*m1", "without m1", BROKEN),
        ("m1*x**3 + phi", "increasing in x", PROVED),
        ("m1*x**2", "increasing in x", BROKEN),
        ("m2*exp(-m1*x**2)", "y -> 0 as x -> oo", CHECKED),  # for one value of the other columns by its form
        ("m1/(m1 + m2)", "0 <= y <= 1", PROVED),
        ("x + m1", "y <= m1 + 2.2", PROVED),
    ],
)
def test_equations_of_several_columns(formula: str, text: str, status: str) -> None:
    assert judged(formula, text, MANY).status == status


def test_it_is_said_where_and_how() -> None:
    assert str(judged("sin(x)", "increasing in x", {"x": (0.0, 5.0)})).startswith("increasing in x: broken at x = 3.")
    found = judged("x + 1", "y <= 1", LINE)
    assert str(found) == "y <= 1: broken at x = 47.24"
    assert in_words([found]) == f"What you know, on the box of the rows with a margin of 5%: {found}."
    assert status_of([found, judged("x", "positive", LINE)]) == BROKEN


def test_bounds_are_those_of_the_unit_of_y() -> None:
    (statement,) = read_statements(["y <= 100"], ["x"], None)
    expr = parse_formula("x").expr
    assert held(statement, expr, {"x": (0.0, 2.0)}, 1.0, unit=50.0).status == PROVED
    assert held(statement, expr, {"x": (0.0, 2.1)}, 1.0, unit=50.0).status == BROKEN
