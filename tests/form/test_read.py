"""Forms as text: which functions are to be found, of what."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eqdarts.errors import FormulaError
from eqdarts.expression.parse import parse_formula
from eqdarts.form.read import read_form

NAMES = ["conc", "time", "x", "y", "reaction time"]


@pytest.mark.parametrize(
    ("text", "functions", "coefficients", "outer"),
    [
        ("f(conc)*exp(-k*time)", ("f",), ("k",), "f_of_1*exp(-k*time)"),
        ("a + f(x)*g(y)", ("f", "g"), ("a",), "a + f_of_1*g_of_2"),
        ("V*f(x/K)", ("f",), ("V",), "V*f_of_1"),
        ("log(f(x)) + b*time", ("f",), ("b",), "b*time + log(f_of_1)"),
        ("f(x) - f(y)", ("f",), (), "f_of_1 - f_of_2"),
        ("f(`reaction time`, (x + y)*2)**2", ("f",), (), "f_of_1**2"),
    ],
)
def test_forms_are_read(text: str, functions: tuple[str, ...], coefficients: tuple[str, ...], outer: str) -> None:
    form = read_form(text, NAMES)
    assert (form.functions, form.coefficients, str(form.outer)) == (functions, coefficients, outer)


def test_arguments_are_formulas_of_columns_in_which_coefficients_are_one() -> None:
    form = read_form("f(x/K, x - y)", NAMES)
    X = np.arange(10.0).reshape(2, 5)
    np.testing.assert_allclose(form.arguments(form.calls[0], NAMES, X), [[2, -1], [7, -1]])


def test_formulas_are_put_in_the_place_of_functions() -> None:
    form = read_form("a*f(x) + f(y)", NAMES)
    inner = parse_formula("c*u1**2").expr, ("u1",)
    assert str(form.with_functions({"f": inner})) == "a*c*x**2 + c*y**2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a*exp(-k*time)", "must have an unknown function"),
        ("f(g(x))", "cannot be inside another"),
        ("f(x", "Every bracket of a form must be closed"),
        ("f(x) + f(x, y)", "the same number of arguments"),
    ],
)
def test_an_error_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(told)):
        read_form(text, NAMES)
