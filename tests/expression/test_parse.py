"""The grammar of formulas: what it reads and what it refuses, and that printed text reads back."""

from __future__ import annotations

import keyword

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.expression.latex import latex, latex_name
from eqdarts.expression.parse import parse_formula, quoted
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import complexity, numbers, text, write

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


COMPLEXITY = {
    "a + b": 3, "a - b": 3, "a/b": 3, "x**2": 3, "sqrt(x)": 2, "exp(x)": 2, "-x": 2, "1/x": 3, "2.5*x": 3, "-2.5*x": 3,
    "1/(1 + exp(-x))": 7, "x": 1, "3.5": 1, "x**-0.5": 3, "x - 1.5": 3, "4.0*sqrt(x + 0.75)": 6, "Max(0, x)": 3,
    "a*b/(c*d)": 7, "pi*x/2": 5, "1 - x": 3, "-x - y": 4, "x**(3/2)": 3,
}  # fmt: skip


@pytest.mark.parametrize("formula", COMPLEXITY)
def test_complexity(formula: str) -> None:
    assert complexity(parse_formula(formula).expr) == COMPLEXITY[formula]


TEXTS = {
    "1 - exp(-x)": "1 - exp(-x)",
    "x/(y*z)": "x/(y*z)",
    "-x + y": "y - x",
    "x**0.5*2.0": "2*x**0.5",
    "1/sqrt(x)": "1/sqrt(x)",
    "x**(-3/2)": "1/x**(3/2)",
    "(-x)**2.5": "(-x)**2.5",
    "(x + y)**2": "(x + y)**2",
    "x**(y*z)": "x**(y*z)",
    "1.5e-7*x": "1.5e-07*x",
    "0.1*x + 0.2": "0.1*x + 0.2",
    "2.0*(x + 1.0)": "2*(x + 1)",
}


@pytest.mark.parametrize("formula", TEXTS)
def test_text(formula: str) -> None:
    assert text(write(parse_formula(formula).expr)) == TEXTS[formula]


@given(st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=False).filter(lambda v: abs(v) > 1e-300))
@settings(deadline=None)
def test_numbers_read_back_exactly(value: float) -> None:
    expr = parse_formula(f"{value!r}*x").expr
    (back,) = numbers(write(parse_formula(text(write(expr), whole=False)).expr))
    assert back == value
    assert float(evaluate(parse_formula(text(write(expr))).expr, {"x": np.array([1.0])}, 1)[0]) == value


def test_rounded_text() -> None:
    assert text(write(parse_formula("0.123456789*x + 1234567.8").expr), digits=3) == "0.123*x + 1.23e+06"


LATEX = {
    "theta_0*x1": r"\theta_{0} x_{1}",
    "T_room/period_days": r"\frac{T_{\mathrm{room}}}{\mathrm{period}_{\mathrm{days}}}",
    "`a b`**2": r"\mathrm{a\ b}^{2}",
    "365.25*semi_major_axis_au**1.5": r"365.25 \, \mathrm{semi\_major\_axis\_au}^{1.5}",
    "2.5*v_max*height": r"2.5 \, \mathrm{height} \, v_{\mathrm{max}}",
    "T_room*x": r"T_{\mathrm{room}} \, x",
    "1.5e-7*rate": r"1.5 \cdot 10^{-7} \, \mathrm{rate}",
    "2*mass*v**1.5": r"2 \, \mathrm{mass} \, v^{1.5}",
    "1.5e-7*x": r"1.5 \cdot 10^{-7} x",
    "sqrt(x)*exp(-y)": r"\sqrt{x} e^{- y}",
    "2*pi*θ": r"2 \pi \theta",
    "x - 2.5*y": "x - 2.5 y",
    "-x/y": r"- \frac{x}{y}",
    "abs(x)": r"\left|x\right|",
    "(x + y)**-1": r"\frac{1}{x + y}",
    "2.5*3**x": r"2.5 \cdot 3^{x}",
    "tanh(x)": r"\tanh\left(x\right)",
    "Max(0, x)": r"\max\left(0, x\right)",
}


@pytest.mark.parametrize("formula", LATEX)
def test_latex(formula: str) -> None:
    assert latex(write(parse_formula(formula).expr)) == LATEX[formula]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("theta_0", r"\theta_{0}"),
        ("x_1", "x_{1}"),
        ("x1_a", "x_{1,a}"),
        ("v_max", r"v_{\mathrm{max}}"),
        ("semi_major_axis_au", r"\mathrm{semi\_major\_axis\_au}"),
        ("x_1_2", r"\mathrm{x\_1\_2}"),
        ("_x", r"\mathrm{\_x}"),
        ("a\x1b\u2028b", r"\mathrm{a\ \ b}"),
    ],
)
def test_latex_names(name: str, shown: str) -> None:
    assert latex_name(name) == shown


@given(st.text(min_size=1, max_size=15))
@settings(deadline=None, max_examples=200)
@example("<script>alert(1)</script>")
@example(r"\input{secret}")
@example("$x$")
def test_latex_names_are_safe(name: str) -> None:
    shown = latex_name(name)
    unescaped = shown.replace("{<}", "").replace("{>}", "").replace(r"\$", "")
    assert not any(c in unescaped for c in "<>$\n")
    opened = shown.replace(r"\{", "").replace(r"\}", "")
    assert opened.count("{") == opened.count("}")
    assert r"\input" not in shown


@pytest.mark.parametrize(
    "formula", ["x*x*x", "1/(x*y)", "exp(x)*exp(y)", "x*Max(0, y)", "2.5*a_b_c", "(2*x)**0.5", "-(x + y)*3.5"]
)
def test_latex_is_typeset_by_matplotlib(formula: str) -> None:
    from matplotlib.mathtext import MathTextParser

    MathTextParser("path").parse(f"${latex(write(parse_formula(formula).expr))}$")


def test_no_keyword_is_printed_bare() -> None:
    assert all(quoted(word).startswith("`") for word in keyword.kwlist)
