"""Forms as text: which functions are to be found, of what."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eqdarts.errors import FormulaError
from eqdarts.expression.parse import parse_formula
from eqdarts.form.read import Inside, read_form

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


@pytest.mark.parametrize(
    ("text", "coefficients", "argument"),
    [
        ("f(x/K, x - y)", (), "x"),
        ("f((x - a)/K)", (), "x"),
        ("f(x - v*time)", ("v",), "-time*v + x"),
        ("K*f(x/K)", ("K",), "x/K"),
        ("f(x/K) + f(y)", ("K",), "x/K"),
    ],
)
def test_a_coefficient_in_an_argument_stays_unless_the_function_makes_up_for_it(
    text: str, coefficients: tuple[str, ...], argument: str
) -> None:
    form = read_form(text, NAMES)
    assert form.coefficients == coefficients
    assert str(form.calls[0].arguments[0]) == argument


def test_arguments_are_computed_and_named_after_columns() -> None:
    form = read_form("f(2*x, y) + g(x)", NAMES)
    columns = {"x": np.array([1.0, 2.0]), "y": np.array([3.0, 4.0])}
    np.testing.assert_allclose(form.arguments(form.calls[0], columns, 2), [[2, 3], [4, 4]])
    assert (form.names_of("f"), form.names_of("g")) == (("u1", "u2"), ("x",))


def test_a_function_inside_another_becomes_arguments_of_it() -> None:
    (call,) = read_form("f(g(x, y), time)", NAMES).calls
    assert (list(map(str, call.arguments)), call.inside) == (["x", "y", "time"], (Inside("g", 0, 2),))


def test_formulas_are_put_in_the_place_of_functions() -> None:
    form = read_form("a*f(x) + f(y)", NAMES)
    inner = parse_formula("c*u1**2").expr, ("u1",)
    assert str(form.with_functions({"f": inner})) == "a*c*x**2 + c*y**2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a*exp(-k*time)", "must have an unknown function"),
        ("f(2*g(x))", "must be a whole argument"),
        ("f(g(x)) + g(y)", "can stand only once"),
        ("f(x", "Every bracket of a form must be closed"),
        ("f(x) + f(x, y)", "the same number of arguments"),
    ],
)
def test_an_error_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(told)):
        read_form(text, NAMES)
