"""The structure of a law in the units in which it is shortest."""

from __future__ import annotations

import numpy as np

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import Scales
from eqdarts.equation.to_graph import graph_of_formula
from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.unit_structure import length_in_own_units
from eqdarts.primitives.table import resolve
from eqdarts.selection import structure_length
from eqdarts.units.parse import parse_unit

UNITS = {"x": "m", "u": "m/s", "c": "m/s", "t": "s", "y": "m"}
NAMES = ("x", "u", "c", "t")


def _saved(text: str) -> float:
    """Return the nats by which a structure is shorter with units than without."""
    d, primitives = len(NAMES), resolve(DARTSRegressor().primitives)
    graph, _ = graph_of_formula(parse_formula(text).expr, {}, NAMES, Scales(np.ones(d), 1.0, np.zeros(d)))
    found = Equation.parse(text, variables=NAMES, target="y").check_units(UNITS, numbers=True)
    columns = [parse_unit(UNITS[name]) for name in NAMES]
    return structure_length(graph, primitives) - length_in_own_units(graph, primitives, columns, found)


def test_a_law_of_physics_is_shorter_in_its_own_units() -> None:
    assert _saved("(x - u*t)/sqrt(1 - u**2/c**2)") > 20


def test_a_constant_with_a_unit_leaves_less_to_save() -> None:
    assert _saved("x - u*t") > _saved("x - 1.5*u") + 2 > 2


def test_a_law_whose_units_do_not_add_up_saves_least() -> None:
    assert _saved("x + u*t*c") < _saved("x + u*t")
    assert _saved("x + u*t + c + t") == 0
