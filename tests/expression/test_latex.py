"""Formulas and names as LaTeX."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eqdarts.expression.latex import latex, latex_name
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.written import write

LATEX = {
    "theta_0*x1": r"\theta_{0} x_{1}",
    "T_room/period_days": r"\frac{T_{\mathrm{room}}}{\mathrm{period\_days}}",
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
        ("period_days", r"\mathrm{period\_days}"),
        ("log_pressure", r"\mathrm{log\_pressure}"),
        ("mass1", r"\mathrm{mass1}"),
        ("v_max_air", r"v_{\mathrm{max},\mathrm{air}}"),
        ("tau_2", r"\tau_{2}"),
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
