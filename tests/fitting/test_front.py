"""The front of a fit: on all rows, in order, chosen in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts.data import Data, FitRows, prepare
from eqdarts.equation.equation import Equation
from eqdarts.fitting import front as front_module
from eqdarts.fitting.front import Entry, Front, fitted_rows, held_out_losses, refit_front
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.losses import SQUARED
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.selection import Candidate
from tests.fits import fallen
from tests.helpers import edge, node


@pytest.mark.slow
def test_a_front_stays_a_front_when_its_chosen_member_changes() -> None:
    for model in (fallen(), fallen(named=True)):
        assert model.equations_["complexity"].is_monotonic_increasing
        assert model.equations_["chosen"].sum() == 1
        chosen = model.equations_[model.equations_["chosen"]].iloc[0]
        later = model.equations_[model.equations_["complexity"] > chosen["complexity"]]
        assert (later["loss"] < chosen["loss"]).all()


def test_a_front_without_members_is_refitted_to_one_without_members() -> None:
    X = np.ones((5, 1))
    data = prepare(X, X[:, 0], np.ones(5), 0.3, np.random.default_rng(0))
    assert refit_front((), data, np.arange(5), np.random.default_rng(0)) == ()


def test_a_chosen_law_that_takes_the_form_of_another_takes_its_place() -> None:
    laws = [
        ("2.0*x", Candidate(3, 1, 1.0)),
        ("2.71*x**0.53", Candidate(5, 2, 0.1)),
        ("1.9*x + 0.4", Candidate(5, 2, 0.2)),
    ]
    entries = tuple(Entry(None, Equation.parse(text, ["x"]), candidate, None) for text, candidate in laws)  # type: ignore[arg-type]
    front = Front(entries, (9.0, 5.0, 0.0), 2)
    after = front.with_chosen(Equation.parse("2.72*x**0.529", ["x"]), Candidate(5, 2, 0.1001))
    assert [entry.equation.format() for entry in after.entries] == ["2*x", "2.72*x**0.529"]
    assert after.best.candidate.loss == 0.1001


def test_a_law_that_is_printed_as_another_is_there_once() -> None:
    x = np.linspace(1, 9, 40)[:, None]
    rows = FitRows(x, 2.7 * x[:, 0] ** 0.53 + 0.1 * np.sin(9 * x[:, 0]), None, None, 40)
    texts = "2*x", "2.7000001*x**0.53", "2.7*x**0.53", "2.7*x**0.53 + 0.01"
    entries = tuple(Entry(None, Equation.parse(text, ["x"]), Candidate(5, 2, 0.1), None) for text in texts)  # type: ignore[arg-type]
    front = Front(entries, (9.0, 5.0, 4.0, 6.0), 2).with_digits(rows, SQUARED, {"x": (1.0, 9.0)})
    assert [entry.equation.format() for entry in front.entries] == ["2*x", "2.7*x**0.53", "2.7*x**0.53 + 0.01"]
    assert (front.chosen, front.lengths) == (1, (9.0, 4.0, 6.0))


def test_selection_says_why() -> None:
    model = fallen()
    assert model.selection_.startswith("Chosen by description length of the ")
    assert model.equation_.format() in model.selection_
    assert f"{model.history_.n_refits} refitted" in model.selection_


def test_held_out_losses_come_from_coefficients_that_have_not_seen_the_rows() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.2, 3.0, (100, 1))
    y = 5 * X[:, 0] + rng.normal(size=100)
    data = prepare(X, y, None, 0.3, rng)
    member = FittedGraph(Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]),)),)), (1.0,), 1.0)
    train, held = data.train, data.validation
    slope = X[train, 0] @ y[train] / (X[train, 0] @ X[train, 0])
    expected = np.mean((y[held] - slope * X[held, 0]) ** 2)
    assert held_out_losses([member], data, rng) == [pytest.approx(expected, rel=1e-9)]


def test_a_product_gets_its_free_factor() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (60, 2))
    data = prepare(X, 5 * np.sqrt(X[:, 0]) + rng.normal(size=60), None, 0.3, rng)
    power, below = Edge(0, PRIMITIVES["power"]), Node("sum", (Edge(1, PRIMITIVES["exp"]),))
    bare = Graph(2, (Node("product", (power,)),))
    scaled = Graph(2, (below, Node("product", (power, Edge(2, PRIMITIVES["sqrt"])))))
    stiff = Graph(2, (below, Node("product", (power, Edge(2, PRIMITIVES["exp"])))))
    front = [
        FittedGraph(bare, (0.4,), 1.0),
        FittedGraph(scaled, (1.0, 0.1, 0.4), 1.0),
        FittedGraph(stiff, (0.1, 0.1, 0.4), 1.0),
    ]
    refitted = refit_front(front, data, fitted_rows(data, rng), rng)
    assert [m.graph.nodes[-1].constant for m in refitted] == [True, False, True]
    assert [len(m.coefficients) for m in refitted] == [m.graph.n_coefficients for m in refitted]
    assert refitted[0].coefficients[1] == pytest.approx(0.5, abs=0.2)


def line(slope: float, constant: float, loss: float = 1.0) -> FittedGraph:
    return FittedGraph(Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]),), True),)), (constant, slope), loss)


def noisy_line(n: int = 400) -> Data:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.2, 3.0, (n, 1))
    return prepare(X, 1 + 2 * X[:, 0] + rng.normal(size=n), None, 0.3, rng)


def best_line(data: Data, rows: Any = slice(None)) -> tuple[float, float]:
    slope, constant = np.polyfit(data.X[rows, 0], data.y[rows], 1, w=np.sqrt(data.weight[rows]))
    return constant, slope


def refit(front: list[FittedGraph], data: Data) -> tuple[FittedGraph, ...]:
    rng = np.random.default_rng(0)
    return refit_front(front, data, fitted_rows(data, rng), rng)


def test_refit_uses_every_row_with_weight() -> None:
    data = noisy_line()
    data.weight[::3] = 0.0
    (member,) = refit([line(0.1, 0.1)], data)
    rows = data.weight > 0
    np.testing.assert_allclose(member.coefficients, best_line(data, rows), rtol=1e-7)
    residual = data.y - member.coefficients[0] - member.coefficients[1] * data.X[:, 0]
    assert member.loss == pytest.approx(np.average(residual**2, weights=data.weight) / data.variance)


def test_what_fits_all_rows_worse_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "MOST_ROWS", 12)
    data = noisy_line()
    best, poor = line(best_line(data)[1], best_line(data)[0]), line(9.0, -9.0)
    kept, mended = refit([best, poor], data)
    assert kept.coefficients == best.coefficients
    assert mended.coefficients != poor.coefficients
    assert kept.loss < mended.loss < 1.2 * kept.loss


def test_members_are_refitted_in_portions_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "MOST_NUMBERS", 1)
    data = noisy_line()
    constant = FittedGraph(Graph(1, (Node("sum", (), True),)), (0.0,), 1.0)
    undefined = FittedGraph(Graph(1, (Node("sum", (Edge(0, PRIMITIVES["arcsin"]),)),)), (1.0, 5.0), 1.0)
    first, second, third = refit([constant, undefined, line(1.0, 0.0)], data)
    assert first.coefficients == pytest.approx((np.average(data.y, weights=data.weight),))
    assert first.loss == pytest.approx(1.0)
    assert second == FittedGraph(undefined.graph, undefined.coefficients, np.inf)
    np.testing.assert_allclose(third.coefficients, best_line(data), rtol=1e-7)


def test_when_time_is_up_members_with_many_coefficients_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (100, 2))
    data = prepare(X, 5 + X[:, 0] + 2 * X[:, 1], None, 0.3, rng)
    constant = FittedGraph(Graph(2, (node("sum", constant=True),)), (0.1,), 1.0)
    both = Graph(2, (node("sum", edge(0, "linear"), edge(1, "linear"), constant=True),))
    plane = FittedGraph(both, (0.1, 0.1, 0.1), 1.0)
    monkeypatch.setattr(front_module, "MOST_NUMBERS", 150)
    rows = np.arange(100)
    for go_on, is_fitted in ((True, True), (False, False)):
        left, right = refit_front([plane, constant], data, rows, rng, lambda go_on=go_on: go_on)
        assert (left.loss < 1e-9) is is_fitted
        assert right.loss == pytest.approx(1.0)


def test_the_chosen_equation_knows_what_became_exact() -> None:
    for model in (fallen(), fallen(named=True)):
        assert model.snaps_
        assert [(snap.constant, snap.estimate) for snap in model.snaps_] == list(model.equation_.exact)
        assert f", where {model.snaps_[0].constant} was " in model.equation_.format(exact=True)
