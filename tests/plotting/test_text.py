"""Formulas in pictures: typeset, broken between terms, never wider than their room."""

from __future__ import annotations

import pytest
from matplotlib import pyplot

from eqdarts.equation.equation import Equation
from eqdarts.plotting.style import title_width
from eqdarts.plotting.text import terms, typeset

LONG = (
    "3.14*sin(2.5*x - 1.0)*exp(-0.1*x) + 2.7*log(1 + x**2)/(1.5 + x) - 0.577*sqrt(x)*cos(7.1*x + 0.3)"
    " + 1.41*tanh(3.3*x - 2.0)**2 - 0.25*x**1.5 + 4.0/(2.2 + exp(-x)) - 0.001*x**3"
)


def test_a_long_formula_is_broken_between_terms_and_none_is_lost() -> None:
    law = Equation.parse(LONG, ["x"], target="response")
    assert law.complexity >= 60
    latex = law.latex(4)
    assert " ".join(terms(latex)) == latex
    ax = pyplot.subplots(figsize=(3.5, 2.6))[1]
    text = ax.set_title(" ", loc="left")
    typeset(text, latex, law.format(4), title_width(ax))
    lines = text.get_text().split("\n")
    assert 1 < len(lines) <= 3
    assert " ".join(line.strip("$").removeprefix(r"\quad ") for line in lines) == latex
    ax.figure.canvas.draw()
    assert text.get_window_extent().width * 72 / ax.figure.dpi <= title_width(ax) * 1.02


@pytest.mark.slow
@pytest.mark.parametrize("width", [20.0, 200.0])
def test_no_formula_is_wider_than_its_room(width: float) -> None:
    ax = pyplot.subplots(figsize=(8, 2))[1]
    for formula in ("x", LONG, f"exp({LONG})", f"sqrt({LONG})/({LONG})", f"abs({LONG})**0.3"):
        law = Equation.parse(formula, ["x"])
        text = ax.set_title(" ", loc="left")
        typeset(text, law.latex(), law.format(), width)
        ax.figure.canvas.draw()
        assert text.get_window_extent().width * 72 / ax.figure.dpi <= max(width * 1.05, 45)
        assert text.get_text().count("\n") <= 2
