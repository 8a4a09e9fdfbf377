"""Forms with constants, and forms with one constant more."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.choice import price_all, write_all
from eqdarts.fitting.front import Entry
from eqdarts.fitting.group_forms import GroupForm, extended, factored, in_turns, look_alikes
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import resolve
from eqdarts.solver.grouped import GroupedProblem
from tests.helpers import edge, node

PLACE = np.repeat([0, 1], 8)
COLUMNS = {"t": np.tile(np.linspace(1, 4, 8), 2)}


def _extended(text: str, names: tuple[str, ...]) -> set[str]:
    form = GroupForm(parse_formula(text).expr, names, (), 5.0)
    theta = np.full((len(names), 2), 1.3)
    problem = GroupedProblem(form.formula, names, COLUMNS, COLUMNS["t"] ** 2, PLACE)
    longer = extended(form, theta, problem, COLUMNS)
    assert all(new.names[-1] == "extra" and new.structure is not None and new.structure > 5 for new in longer)
    return {str(new.formula) for new in longer}


def test_a_constant_is_added_where_the_form_has_not_its_freedom_yet() -> None:
    # A factor of exp is its shift, and the rate is its stretch.
    assert _extended("a*exp(k*t)", ("a", "k")) == {"a*exp(k*t) + extra"}
    assert _extended("a*t + b", ("a", "b")) == set()
    assert "a*(-extra + t)**2" in _extended("a*t**2", ("a",))


def _entries(x: np.ndarray, y: np.ndarray, *texts: str) -> tuple[list[Entry], Table]:
    """Return laws of one primitive each, with rough coefficients."""
    table = Table(x[:, None], y, None, ("x",), "y")
    data = prepare(table.X, table.y, None, 0.0, np.random.default_rng(0))
    graphs = [Graph(1, (node("sum", edge(0, name)),)) for name in texts]
    members = [FittedGraph(graph, (1.0,) * graph.n_coefficients, 1.0) for graph in graphs]
    return price_all(write_all(members, data, table), data, table, resolve("default")), table


def test_forms_of_several_searches_take_turns_the_most_promising_first() -> None:
    x = np.linspace(1, 2, 12)
    (line, square), _ = _entries(x, x**2, "linear", "square")
    (root,), _ = _entries(x, np.sqrt(x), "sqrt")
    assert in_turns([[line, square], [], [root]]) == [square, root, line]


def test_laws_that_look_like_the_best_one_are_forms_too() -> None:
    x = np.linspace(0.1, 3, 30)
    entries, table = _entries(x, 2 - np.exp(-x) + 0.01 * np.sin(40 * x), "tanh")
    alike = look_alikes(entries, table, resolve(["tanh", "exp"]), np.random.default_rng(0))
    formulas = {str(entry.equation.template) for entry in alike}
    assert any("exp" in text for text in formulas)
    assert str(entries[0].equation.template) not in formulas
    assert look_alikes([], table, resolve("minimal"), np.random.default_rng(0)) == []


def test_a_common_factor_is_put_before_a_sum_of_terms() -> None:
    formula = parse_formula("a + b*exp(c*t)").expr
    found = factored(GroupForm(formula, ("a", "b", "c"), (np.array([2.0, -3.0, 0.5]),), 5.0))
    assert found is not None
    values = {"t": 1.3, **dict(zip(found.names, found.starts[0].tolist(), strict=True))}
    value = found.formula.subs({symbol(name): number for name, number in values.items()})
    assert float(value) == pytest.approx(2 - 3 * np.exp(0.65))
    assert found.formula.is_Mul
    for text in ("a*exp(c*t)", "a + exp(c*t)", "a*t + a*b*t**2"):
        names = tuple(name for name in "abc" if name in text)
        assert factored(GroupForm(parse_formula(text).expr, names, (), 5.0)) is None
