"""A graph solved for one of its inputs gives back what that input was."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.inverted import solved_for
from eqdarts.primitives.table import LINEAR, POWER, PRIMITIVES, Primitive, fixed_power
from eqdarts.search.growth.sites import linearise

SQUARE, RECIPROCAL, ROOT = (fixed_power(Fraction(p)) for p in (2, -1, "1/2"))


def _edge(source: int, primitive: Primitive, weight: float = 1.0, *coefficients: float) -> DraftEdge:
    return DraftEdge(source, primitive, weight, list(coefficients))


LAWS = {
    "a factor, and a function of another input beside it": Draft(2, [
        DraftNode("sum", [_edge(1, PRIMITIVES["exp"], 2.0, 0.5)], 1.0),
        DraftNode("product", [_edge(0, ROOT), _edge(2, LINEAR)], 3.0),
    ]),
    "a square in a root": Draft(2, [
        DraftNode("sum", [_edge(0, SQUARE, 2.0), _edge(1, SQUARE, 3.0)], 0.5),
        DraftNode("product", [_edge(2, ROOT)]),
    ]),
    "an exponential of a product": Draft(2, [
        DraftNode("product", [_edge(0, LINEAR), _edge(1, RECIPROCAL)]),
        DraftNode("sum", [_edge(2, PRIMITIVES["exp"], 1.5, 0.7)], -1.0),
        DraftNode("product", [_edge(3, RECIPROCAL)], 2.0),
    ]),
    "a learned power": Draft(2, [DraftNode("product", [_edge(0, POWER, 1.0, 1.7), _edge(1, POWER, 1.0, -0.3)])]),
    "a square and a line": Draft(2, [
        DraftNode("sum", [_edge(0, SQUARE, 0.4), _edge(0, LINEAR, 2.0), _edge(1, LINEAR)]),
    ]),
    "a square and a line, each with a factor": Draft(2, [
        DraftNode("product", [_edge(0, SQUARE), _edge(1, LINEAR)]),
        DraftNode("product", [_edge(0, LINEAR), _edge(1, ROOT)]),
        DraftNode("sum", [_edge(2, LINEAR, 0.3), _edge(3, LINEAR, 2.0)], 1.0),
    ]),
    "an input and its reciprocal": Draft(2, [
        DraftNode("sum", [_edge(0, LINEAR, 2.0), _edge(0, RECIPROCAL, 5.0), _edge(1, LINEAR)]),
    ]),
    "a saturation": Draft(2, [
        DraftNode("sum", [_edge(0, LINEAR, 1.0), _edge(1, LINEAR, 2.0)], 0.3),
        DraftNode("product", [_edge(0, LINEAR), _edge(1, LINEAR), _edge(2, RECIPROCAL)], 3.0),
    ]),
    "a sine": Draft(2, [DraftNode("sum", [_edge(0, PRIMITIVES["sin"], 1.2, 0.5), _edge(1, LINEAR, 0.3)])]),
    "a cosine": Draft(2, [DraftNode("sum", [_edge(0, PRIMITIVES["cos"], 1.2, 0.5), _edge(1, LINEAR, 0.3)])]),
    "an arc tangent": Draft(2, [
        DraftNode("sum", [_edge(0, PRIMITIVES["arctan"], 1.2, 0.8), _edge(1, LINEAR, 0.3)]),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_a_solution_gives_the_input_back(name: str) -> None:
    draft = LAWS[name]
    X = np.random.default_rng(0).uniform(0.5, 2.5, (40, 2))
    value = linearise(draft.copy().prune(), X).prediction
    solutions = solved_for(draft, 0)
    assert solutions
    moved = np.column_stack([value, X[:, 1]])
    # On some rows one branch is the input, on others another.
    missed = [np.abs(linearise(solution, moved).prediction - X[:, 0]) for solution in solutions]
    assert np.nanmin(missed, axis=0).max() < 1e-9


def test_what_has_no_solution_in_closed_form_has_none() -> None:
    twice = Draft(1, [DraftNode("sum", [_edge(0, LINEAR, 1.0), _edge(0, PRIMITIVES["exp"], 1.0, 1.0)])])
    without = Draft(2, [DraftNode("sum", [_edge(1, LINEAR, 2.0)], 1.0)])
    assert solved_for(twice, 0) == []
    assert solved_for(without, 0) == []


def test_a_solution_leaves_the_draft_and_the_other_solutions_alone() -> None:
    draft = LAWS["a square in a root"]
    before = draft.build()
    first, second = solved_for(draft, 0)
    assert draft.build() == before
    X = np.array([[3.0, 1.0]])
    np.testing.assert_allclose(linearise(first, X).prediction, -linearise(second, X).prediction)
