"""The grammar of formulas: what it reads, what it refuses, and names that read back."""

from __future__ import annotations

import keyword

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula, quoted
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import text, write

x, y = symbol("x"), symbol("y")

READ = {
    "2*x + 3*y": 2 * x + 3 * y,
    "-x**2": -(x**2),
    "x**-2": x**-2,
    "x**y**2": x ** (y**2),
    "x - y - x": -y,
    "x/y/2": x / y / 2,
    "+x": x,
    "exp(-x)*sqrt(y)": sympy.exp(-x) * sympy.sqrt(y),
    "ln(x) + log(y)": sympy.log(x) + sympy.log(y),
    "asin(x) + arctan(y)": sympy.asin(x) + sympy.atan(y),
    "abs(x) + Abs(y)": sympy.Abs(x) + sympy.Abs(y),
    "logistic(x)": 1 / (1 + sympy.exp(-x)),
    "softplus(x)": sympy.log(1 + sympy.exp(x)),
    "relu(x)": sympy.Max(0, x),
    "Max(x, y) + Min(x, 2)": sympy.Max(x, y) + sympy.Min(x, 2),
    "2*pi*x": 2 * sympy.pi * x,
    " x\n + y ": x + y,
    "1e-3*x": sympy.Float(1e-3) * x,
    ".5*x": sympy.Float(0.5) * x,
}


@pytest.mark.parametrize("formula", READ)
def test_reads(formula: str) -> None:
    assert parse_formula(formula).expr == READ[formula]


def test_names_come_in_order_of_appearance() -> None:
    assert parse_formula("b2*exp(-b1*x) + b2*c").names == ("b2", "b1", "x", "c")


def test_a_number_times_a_sum_stays_so() -> None:
    assert str(parse_formula("2.5*(x + 1.5)").expr.args[1]) == "x + 1.5"
    assert parse_formula("1/(1 + exp(x - 900.0))").expr.has(sympy.Float(-900.0))


NAMES = [
    "my column",
    "price [$]",
    "lambda",
    "exp",
    "pi",
    "θ_0",
    "µ",
    "a`b",
    "x.y",
    "3rd",
    "T\u0300",
    "if",
    "Max",
    " ",
    "é",
    "x²",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_written(name: str) -> None:
    expr, names = parse_formula(f"2*{quoted(name)} + x")
    assert names == (name, "x")
    assert expr == 2 * symbol(name) + x
    assert parse_formula(text(write(expr))).expr == expr


@given(st.text(min_size=1, max_size=12))
@settings(deadline=None, max_examples=200)
@example("v0")
@example("`")
def test_every_name_reads_back(name: str) -> None:
    assert parse_formula(f"{quoted(name)}*2").names == (name,)


REFUSED = {
    "": "must not be empty",
    "x^2": "Write ** for a power",
    "2x": "Write an operator",
    "y = x": "right-hand side only",
    "x[0]": "round brackets",
    "lambda*x": "keyword",
    "exp*2": "It is a function",
    "foo(x)": "only known functions",
    "expp(x)": "Did you mean 'exp'",
    "(x + 1)(x)": "Write * for a product",
    "exp(x, y)": "takes 1 argument",
    "Max(x)": "takes 2 argument",
    "exp()": "takes 1 argument",
    "exp(x=1)": "right-hand side only",
    "x +": "Check the operators",
    "x x": "Write an operator",
    "x // y": "Use names, numbers",
    "x , y": "Use names, numbers",
    "x.real": "Use names, numbers",
    "'x'": "Use names, numbers",
    "True": "keyword",
    "x if y else 1": "Write an operator",
    "if*x": "keyword",
    "`x": "Close the backticks",
    "1/0": "divide by zero",
    "x/(2 - 2)": "divide by zero",
    "0**-1": "positive exponent",
    "log(-1)": "finite real",
    "sqrt(-2)*x": "finite real",
    "log(0)": "finite real",
    "arcsin(2)": "Use real numbers",
    "1e999*x": "1.7e308",
    "2j*x": "Write an operator",
    "9**9**9": "exponents of size at most",
    "(9*x)**(10**9)": "exponents of size at most",
    "((9*x)**1000)**1000": "Use numbers between",
    "(sqrt(2)*x)**(10**9)": "exponents of size at most",
    "x**600*x**601": "exponents of size at most",
    "2*y/x**600/x**601 + y": "exponents of size at most",
    "exp(exp(exp(1000)))": "Use real numbers",
    "exp(1000.0)": "Use real numbers",
    "1e200*x*1e200": "Use real numbers",
    "1e-200*x*1e-200": "Use real numbers",
    "__import__('os').system('true')": "Use names, numbers",
    "(" * 70 + "x" + ")" * 70: "Nest brackets",
    "-" * 5000 + "x": "deep",
    "exp(" * 300 + "x" + ")" * 300: "deep",
    "**".join(["x"] * 100): "deep",
    "+".join(["x"] * 12000): "characters",
    "9" * 6000: "",
}


@pytest.mark.parametrize("formula", REFUSED, ids=lambda formula: repr(formula[:30]))
def test_refuses_with_one_clear_error(formula: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(formula)
    assert REFUSED[formula] in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "formula",
    [
        "Min(sqrt(Min(-2.5, x)), 1)",
        "1 + Max(log(-cosh(x)), y)",
        "sinh((1e-300*x)**(y - 123456789012345678901234567890))",
        "Min(Max(x, 3/2**(y - 9007199254740992)), 2)",
        "((710*-1e300)**(x + 999.5))",
    ],
)
def test_what_sympy_cannot_work_out_is_refused_at_once(formula: str) -> None:
    with pytest.raises(FormulaError, match="cannot be read at position"):
        parse_formula(formula)


@pytest.mark.parametrize(
    ("formula", "value"), [("2**(x - 3)", 2.0), ("0**(x + 1)", 0.0), ("x**(x - 900)*x**898", 16.0)]
)
def test_an_exponent_with_a_number_in_it(formula: str, value: float) -> None:
    assert float(parse_formula(formula).expr.subs(x, 4)) == value


def test_a_sum_beyond_what_sympy_can_compare_is_read() -> None:
    read = parse_formula("cosh(logistic((1e300+log(cube(x)))))").expr
    assert evaluate(read, {"x": np.array([2.0])}, 1).tolist() == [np.cosh(1.0)]
    assert parse_formula(text(write(read), whole=False)).expr == read


@pytest.mark.parametrize("formula", ["tan(x + pi/2)", "tan(x - pi/2)", "2*tan(pi/2 - x*y)", "tan(x + 3*pi/2)**2"])
def test_a_shifted_tangent_is_written_with_the_functions_that_there_are(formula: str) -> None:
    read = parse_formula(formula).expr
    at = {"x": np.array([0.3, 1.9]), "y": np.array([1.0, 2.0])}
    expected = eval(formula, {"tan": np.tan, "pi": np.pi, **at})
    np.testing.assert_allclose(evaluate(read, at, 2), expected, rtol=1e-12)
    assert parse_formula(text(write(read))).expr == read


def test_long_names_do_not_count_as_a_long_formula() -> None:
    name = "a long name " * 80
    assert parse_formula(" + ".join([f"2.5*`{name}`**{k}" for k in range(1, 40)])).names == (name,)
    with pytest.raises(FormulaError, match="at most 20000 characters"):
        parse_formula("`" + "x" * 1_000_001 + "`")


def test_error_names_the_place() -> None:
    with pytest.raises(FormulaError, match=r"position 8, '\^'"):
        parse_formula("2*x + x^2")
    with pytest.raises(FormulaError, match=r"position 5, 'foo\(`a b`\)'"):
        parse_formula("2 + foo(`a b`)")


def test_text_must_be_text() -> None:
    with pytest.raises(FormulaError, match="must be text"):
        parse_formula(3)  # type: ignore[arg-type]


@given(st.text(alphabet="xy019.+-*/()e `^[]=,πθ\n", max_size=40))
@settings(deadline=None, max_examples=400)
def test_any_text_is_read_or_refused(noise: str) -> None:
    try:
        expr = parse_formula(noise).expr
    except FormulaError:
        return
    assert parse_formula(text(write(expr), whole=False)).expr is not None


def test_no_keyword_is_printed_bare() -> None:
    assert all(quoted(word).startswith("`") for word in keyword.kwlist)


@pytest.mark.parametrize(
    "formula",
    ["3*exp(x - 900.5)", "3*exp(0.4*(x - 300))", "3.5*y*exp(-(x - 300.5)/2) + 5", "4/(3*exp(2*(x - 1000000)) + 1)"],
)
def test_a_large_number_in_an_exponent_is_read_as_it_is_written(formula: str) -> None:
    expr = parse_formula(formula).expr
    assert text(write(expr)) == formula
    assert parse_formula(text(write(expr), whole=False)).expr == expr
