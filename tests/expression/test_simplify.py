"""Short forms of expressions: no redundant number, no needless digit, and never another function."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from eqdarts.expression.simplify import points_of, simplified
from eqdarts.expression.written import numbers, text, write

Array = NDArray[np.float64]
ROWS = np.random.default_rng(0).uniform(0.3, 3.0, (100, 3))
NAMES = ("x", "y", "z")
POINTS = points_of(NAMES, ROWS, np.ones(3))

SHORT = {
    "2.0*sqrt(3.0 + 4.0*x)": "4*sqrt(x + 0.75)",
    "sqrt(3.0*x + 1.0)": "sqrt(3*x + 1)",
    "0.20000000000000004*log(3.0000000000000004*x + 0.9999999999999998)": "0.2*log(3*x + 1)",
    "0.13862943611198905 + 0.2*log(1.5*x + 0.5)": "0.2*log(3*x + 1)",
    "1.0*x*y + 1e-17": "x*y",
    "1e-18*sin(x) + 2.5*y": "2.5*y",
    "1.0000000000000002*x**1.9999999999999998": "x**2",
    "x**1.0000000000000002": "x",
    "3.0/(2.0 + 4.0*exp(-0.7*x))": "0.75/(0.5 + exp(-0.7*x))",
    "1/(2.0 + 3.0/x)": "0.5*x/(x + 1.5)",
    "x - y*z*log(0.5*x) - 0.6931471805599453*y*z": "x - y*z*log(x)",
    "y/(2.0 + 3.0/x**2)": "0.5*x**2*y/(x**2 + 1.5)",
    "x*y + x*z": "x*(y + z)",
    "2.0*x - 2.0*y": "2*(x - y)",
    "3.0 - 3.0*exp(-0.3*x)": "3*(1 - exp(-0.3*x))",
    "2.0*abs(3.0*x - 6.0)": "6*abs(x - 2)",
    "2.0*Max(0, 3.0*x - 6.0)": "6*Max(0, x - 2)",
    "(2.0*x + 4.0)/(3.0*x + 1.5)": "(x + 2)/(1.5*x + 0.75)",
    "x/(x + y) + 2*y/(x + y)": "(x + 2*y)/(x + y)",
    "-1.0*(x - 3.3)": "3.3 - x",
    "3.0*exp(0.5*x)*exp(0.25*x)": "3*exp(0.75*x)",
    "1/(1 + exp(-y*log(x/z)))": "1/((z/x)**y + 1)",
    "exp(y*(log(x) + 0.6931471805599453))": "(2*x)**y",
    "3.0*exp(0.5*y*log(1 + x) - z)": "3*(x + 1)**(0.5*y)*exp(-z)",
    "3.1*sqrt(x**2.999)": "3.1*x**1.4995",
}


@pytest.mark.parametrize("formula", SHORT)
def test_short_forms(formula: str) -> None:
    assert text(write(simplified(parse_formula(formula).expr, POINTS))) == SHORT[formula]


UNCHANGED = ["sqrt(x**2 + y)", "log(x**2)", "x**1.5*y", "1/(1 + exp(-x))", "2.5/(1 + exp(3 - 2*x))", "0.123456789*x"]


@pytest.mark.parametrize("formula", UNCHANGED)
def test_what_is_short_stays(formula: str) -> None:
    expr = parse_formula(formula).expr
    assert simplified(expr, POINTS) == expr


def test_no_positivity_is_assumed() -> None:
    rows = np.array([[-2.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [1.5, 1.0, 1.0], [2.0, 1.0, 1.0]])
    points = points_of(NAMES, rows, np.ones(3))
    root = simplified(parse_formula("sqrt(x**2)*y").expr, points)
    np.testing.assert_allclose(
        evaluate(root, points.columns, points.n_points), np.abs(points.columns["x"]) * points.columns["y"]
    )
    cubes = simplified(parse_formula("(x**3)**(1/3)").expr, points)
    assert np.isnan(evaluate(cubes, points.columns, points.n_points)[:2]).all()


@pytest.mark.parametrize(
    ("formula", "degrees_of_freedom"),
    [
        ("2.3*(1.7 + 3.1*x)**0.7", 3), ("1.9*log(2.3*x) + 1.1", 2), ("1.3*log(2.1*x) + 1.7*log(3.1*y)", 3),
        ("1.9*exp(1.3*x + 0.7)", 2), ("2.3/(1.7 + 3.1*x)", 2), ("(1.3*x + 2.1)/(1.7*x + 3.3)", 3),
        ("1.7*(2.3*x + 1.1)*(3.1*y + 1.9)", 3), ("1.3*(2.1*x + 1.9*y)**2", 2),
    ],
)  # fmt: skip
def test_no_number_is_redundant(formula: str, degrees_of_freedom: int) -> None:
    assert len(list(numbers(write(simplified(parse_formula(formula).expr, POINTS))))) == degrees_of_freedom


def test_rounding_keeps_twelve_digits_of_a_number_that_needs_them() -> None:
    expr = simplified(parse_formula("0.12345678901234567*x + 0.7654321098765432").expr, POINTS)
    for number, exact in zip(numbers(write(expr)), (0.12345678901234567, 0.7654321098765432), strict=True):
        assert number == pytest.approx(exact, rel=1e-11)


def test_large_exponents_do_not_overflow() -> None:
    rows = np.linspace(850.0, 950.0, 50)[:, None]
    expr = simplified(parse_formula("1/(1 + exp(900.0 - x))").expr, points_of(("x",), rows, np.ones(1)))
    np.testing.assert_allclose(evaluate(expr, {"x": rows[:, 0]}, 50), 1 / (1 + np.exp(900 - rows[:, 0])), rtol=1e-12)


@pytest.mark.parametrize("power", ["40", "(-40)", "(81/2)", "(2/3)"])
def test_large_powers_of_sums_are_not_expanded(power: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expanded: list[object] = []
    monkeypatch.setattr("sympy.expand", lambda expr, **_: expanded.append(expr) or expr)
    expr = parse_formula(f"x*(2*x + 3*y + z)**{power}").expr
    assert evaluate(simplified(expr, POINTS), POINTS.columns, POINTS.n_points) == pytest.approx(POINTS.evaluate(expr))
    assert bool(expanded) == (power == "(2/3)")


def test_constant_column_of_zeros() -> None:
    expr = simplified(parse_formula("2.5*x").expr, points_of(("x",), np.zeros((5, 1)), np.ones(1)))
    np.testing.assert_array_equal(evaluate(expr, {"x": np.zeros(5)}, 5), 0.0)
