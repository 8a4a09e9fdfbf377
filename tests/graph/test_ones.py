"""Graphs at inputs that are one."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import Scales
from eqdarts.equation.to_graph import graph_of_formula
from eqdarts.expression.parse import parse_formula
from eqdarts.graph.graph import Graph
from eqdarts.graph.ones import with_ones

NAMES = ("m1", "m2", "r")


def _graph(text: str) -> Graph:
    d = len(NAMES)
    return graph_of_formula(parse_formula(text).expr, {}, NAMES, Scales(np.ones(d), 1.0, np.zeros(d)))[0]


@pytest.mark.parametrize(
    ("text", "ones", "key"),
    [
        ("m1*m2/r**2", {0, 2}, "P[linear(x0)]"),
        ("m1*m2/r**2", {0, 1}, "P[power[-2](x0)]"),
        ("m1*m2/r**2", {0, 1, 2}, "Sc[]"),
        ("sqrt(m1 + m2*r)", {0}, "S[sqrt(Sc[linear(P[linear(x0),linear(x1)])])]"),
        ("sqrt(m1 + m2*r)", {0, 1}, "S[sqrt(Sc[linear(x0)])]"),
        ("m1*exp(m2/r)", {0, 1}, "P[exp(P[reciprocal(x0)])]"),
    ],
)
def test_what_is_left_of_a_law(text: str, ones: set[int], key: str) -> None:
    found = with_ones(_graph(text), ones)
    assert (found.n_inputs, found.key) == (len(NAMES) - len(ones), key)
