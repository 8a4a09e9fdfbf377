"""The three passes from graphs to the chosen equation: what is written, in which order, and how it is stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

from eqdarts.data import Data, prepare
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.fitting.choice import (
    ExactForms,
    always_told,
    by_exact_constants,
    no_longer_than,
    price_all,
    select_front,
    with_held_out,
    write_all,
)
from eqdarts.fitting.front import refit_front
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, resolve

NAMES = ("linear", "exp", "square", "log")


def rows() -> tuple[Table, Data]:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (60, 1))
    y = 1.5 * X[:, 0] ** 2 + 0.4 + 0.01 * rng.normal(size=60)
    return Table(X, y, None, ("x",), "y"), prepare(X, y, None, 0.3, rng)


def fitted(data: Data) -> tuple[FittedGraph, ...]:
    """Return a constant, and a constant and one term for each of the primitives, fitted to all rows."""
    graphs = [Graph(1, (Node("sum", (Edge(0, PRIMITIVES[name]),), True),)) for name in NAMES]
    members = [FittedGraph(graph, (0.5,) * graph.n_coefficients, np.inf) for graph in graphs]
    members.insert(0, FittedGraph(Graph(1, (Node("sum", (), True),)), (1.0,), np.inf))
    return refit_front(members, data, np.arange(len(data.y)), np.random.default_rng(0))


def test_all_are_written_and_the_law_is_chosen() -> None:
    table, data = rows()
    members = fitted(data)
    written = write_all(members, data, table)
    assert [member for member, _ in written] == list(members)
    front = select_front(price_all(written, data, table, resolve("default")), data, table, "mdl")
    assert front.best.member == members[3]
    assert front.lengths[front.chosen] == min(front.lengths)
    assert front.as_table()["score"][front.chosen] == 0


def test_writing_begins_with_what_is_always_told_then_short_and_promising_in_turn() -> None:
    table, data = rows()
    members = fitted(data)
    guess = members[4].graph.key
    always = always_told(members, 60, [guess])
    assert always == {members[0].graph.key, members[1].graph.key, guess}
    written = write_all(members, data, table, always, lambda n_written: n_written < 3)
    assert {member.graph.key for member, _ in written} == always
    front = select_front(price_all(written, data, table, resolve("default"), always=always), data, table, "mdl")
    assert len(front.entries) == 3


def test_what_is_longer_than_the_limit_is_left_out_unless_it_is_kept() -> None:
    table, data = rows()
    members = fitted(data)
    always = [members[4].graph.key]
    entries = price_all(write_all(members, data, table), data, table, resolve("default"), always=always)
    sizes = [entry.candidate.complexity for entry in entries]
    assert max(sizes) > 5
    shown = no_longer_than(entries, 5)
    assert [entry for entry in entries if entry.candidate.complexity <= 5 or entry.candidate.kept] == shown
    assert members[4] in [entry.member for entry in shown]
    assert [entry.candidate.complexity for entry in no_longer_than(entries[1:4], 1)] == [min(sizes[1:4])]


def test_writing_can_be_stopped() -> None:
    table, data = rows()
    members = fitted(data)
    asked: list[int] = []

    def go_on(n_written: int) -> bool:
        asked.append(n_written)
        return n_written < 2

    written = write_all(members, data, table, go_on=go_on)
    assert asked == [0, 1, 2]
    in_turn = members[0], min(members, key=lambda m: 30 * np.log(m.loss) + 2 * m.graph.complexity)
    assert {id(member) for member, _ in written} == {id(member) for member in in_turn}
    assert len(select_front(price_all(written, data, table, resolve("default")), data, table, "bic").entries) >= 1


def test_a_member_that_leaves_the_real_line_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table, data = rows()
    members = fitted(data)
    original = Equation.from_graph

    def unreal(graph: Graph, *given: object, **more: object) -> Equation:
        if graph == members[2].graph:
            raise FormulaError("A formula cannot contain this.")
        return original(graph, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Equation, "from_graph", unreal)
    written = write_all(members, data, table)
    assert [member for member, *_ in written] == [*members[:2], *members[3:]]


def test_a_member_whose_settled_coefficients_overflow_is_left_out() -> None:
    table, data = rows()
    members = fitted(data)

    def settle(equation: Equation) -> Equation:
        return replace(equation, expr=sympy.oo * sympy.Symbol("x")) if "exp" in str(equation) else equation

    assert [member for member, *_ in write_all(members, data, table, settle=settle)] == [*members[:2], *members[3:]]


def test_losses_on_rows_held_back_come_from_the_others() -> None:
    table, data = rows()
    entries = price_all(write_all(fitted(data), data, table), data, table, resolve("default"))
    held_out = with_held_out(entries, np.random.default_rng(0))
    assert all(entry.candidate.n_held_out == len(data.validation) for entry in held_out)
    train, rest = data.train, data.validation
    theta = np.polyfit(table.X[train, 0] ** 2, table.y[train], 1)
    expected = np.mean((table.y[rest] - np.polyval(theta, table.X[rest, 0] ** 2)) ** 2)
    assert held_out[3].candidate.held_out == pytest.approx(expected, rel=1e-6)


def test_a_law_of_plain_ones_is_chosen_before_one_with_fewer_numbers_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X = np.random.default_rng(0).uniform(1, 2.2, (300, 2))
    law = X[:, 0] * X[:, 1] / (X[:, 0] + X[:, 1])
    y = law + 0.042 * np.random.default_rng(3).normal(size=300)
    table, data = Table(X, y, None, ("x", "z"), "y"), prepare(X, y, None, 0.3, np.random.default_rng(0))
    root, reciprocal = PRIMITIVES["sqrt"], PRIMITIVES["reciprocal"]
    means = (
        Graph(2, (Node("product", (Edge(0, root), Edge(1, root)), True),)),
        Graph(2, (Node("sum", (Edge(0, reciprocal), Edge(1, reciprocal))), Node("product", (Edge(2, reciprocal),)))),
    )
    starts = [FittedGraph(graph, (1.0,) * graph.n_coefficients, np.inf) for graph in means]
    members = refit_front(starts, data, np.arange(300), np.random.default_rng(0))
    entries = price_all(write_all(members, data, table), data, table, resolve("default"))
    front = select_front(entries, data, table, "mdl")
    assert front.best.member == members[0]
    forms = ExactForms(table, table.drawn(np.arange(300)), {})
    exact = by_exact_constants(front, forms, "mdl")
    assert exact.best.member == members[1]
    assert exact.lengths[exact.chosen] == min(exact.lengths)
    # The time may end before the others are exact: the law that can save most came first.
    assert next(iter(forms.known.values()))[0] is exact.best.equation
    assert forms.of(exact.best.equation) is forms.of(exact.best.equation)
    # It need not be on the front: a lookalike of as many symbols may fit a little better.
    short = select_front([entry for entry in entries if entry.member != members[1]], data, table, "mdl")
    assert by_exact_constants(short, forms, "mdl", entries).best.member == members[1]
    assert by_exact_constants(front, forms, "aicc").best is front.best
    late = ExactForms(table, forms.rows, {}, lambda: False)
    assert by_exact_constants(front, late, "mdl").best is front.best
    monkeypatch.setattr("eqdarts.fitting.choice.FEWEST_ROWS", 301)
    assert by_exact_constants(front, forms, "mdl").best is front.best
