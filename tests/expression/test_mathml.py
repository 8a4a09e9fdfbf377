"""Formulas as MathML: well-formed, and read as they are written."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings

from eqdarts.equation.equation import Equation
from eqdarts.equation.from_graph import graph_to_expression
from eqdarts.expression.mathml import rate_mathml
from eqdarts.graph.graph import Graph
from tests.strategies import graphs


def test_a_rate_is_a_fraction_of_any_order() -> None:
    tree = ElementTree.fromstring(rate_mathml("x<y", "t_1", 2))
    above, below = tree.find(".//mfrac") or ()
    assert "".join(above.itertext()) == "d2x<y"
    assert "".join(below.itertext()) == "dt12"
    assert "".join(ElementTree.fromstring(rate_mathml("x", "t")).itertext()) == "dxdt="


@given(graphs())
@settings(max_examples=40)
def test_mathml_is_xml(drawn: tuple[Graph, tuple[float, ...]]) -> None:
    graph, coefficients = drawn
    names = tuple(f"x{k}" for k in range(graph.n_inputs))
    shown = Equation(
        graph_to_expression(graph, coefficients, names, np.ones(len(names)), 1.0), names, target="a < b"
    ).mathml()
    tree = ElementTree.fromstring(f"<p>{shown}</p>")
    for parent in ("msup", "msub", "mfrac"):
        assert all(len(element) == 2 for element in tree.iter(parent))
    assert all(len(element) == 1 for element in tree.iter("math"))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("theta_0 - 2.5*x", "θ0 -2.5 x"),
        ("a/(b + x)", "ab+x"),
        ("exp(-x)*lambda_x", "λx e-x"),
        ("1.5e-7*abs(x)", "1.5.10-7 |x|"),
        ("-log(x)**2*(a - 2)", "-(a-2) (log(x))2"),
    ],
)
def test_mathml(formula: str, text: str) -> None:
    shown = ElementTree.fromstring(f"<p>{Equation.parse(formula).mathml()}</p>")
    plain = {0x2212: "-", 0x2062: " ", 0x2061: "", 0x22C5: "."}  # minus, times, of, dot
    assert "".join(shown.itertext()).translate(plain) == text


@pytest.mark.parametrize("name", ["period_days", "semi_major_axis_au", "log_pressure", "mass1"])
def test_a_word_with_underscores_is_one_name_however_many_there_are(name: str) -> None:
    assert Equation.parse(name).mathml() == f"<math><mrow><mi>{name}</mi></mrow></math>"


def test_a_letter_has_all_that_follows_as_subscripts() -> None:
    shown = ElementTree.fromstring(Equation.parse("theta_max_2").mathml())
    assert [element.tag for element in shown.iter()] == ["math", "mrow", "msub", "mi", "mrow", "mi", "mo", "mn"]
