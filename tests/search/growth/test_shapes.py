"""Curves that look alike take each other's place, whatever they are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.growth.shapes import SHAPES, reshaped
from eqdarts.search.growth.sites import linearise
from eqdarts.solver.refit import refit
from tests.helpers import Array, rows

DEFAULT = resolve("default")


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_the_nodes_of_a_curve_have_its_values(number: int) -> None:
    shape, g = SHAPES[number], 0.7
    X = 1 + rows(20, 1)
    draft = Draft(1, [*shape.build(0, g, 1), DraftNode("sum", [DraftEdge(0, LINEAR)])])
    draft.nodes[-1].edges[0].source = len(draft.nodes) - 1
    ratio = linearise(draft.prune(), X).prediction / shape.values(g * X[:, 0])
    if number < 15:  # the others are powers and a logarithm, which have no scale of their own
        np.testing.assert_allclose(ratio, ratio[0])


def _best(starts: list[Start], X: Array, y: Array) -> float:
    graphs, coefficients = [s[0] for s in starts], [s[1] for s in starts]
    fits = refit(graphs, coefficients, *map(torch.from_numpy, (X, y, np.ones(len(y)))), max_iterations=60)
    return min(fit.loss for fit in fits)


def test_a_saturation_of_a_sum_is_found_from_an_arc_tangent() -> None:
    X = 1 + rows(80, 3)
    w = X[:, 1] / 2 + X[:, 2]
    y = 3 * X[:, 0] * w / (1.5 + w)
    total = DraftNode("sum", [DraftEdge(1, LINEAR, 0.5), DraftEdge(2, LINEAR, 1.0)], 0.1)
    bent = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(3, PRIMITIVES["arctan"], 1.0, [0.5])], 2.0)
    draft = Draft(3, [total, bent]).prune()
    starts = list(reshaped(draft, linearise(draft, X), X, DEFAULT))
    assert _best(starts, X, y) < 1e-20


def test_an_exponential_is_found_from_a_saturation_made_of_two_nodes() -> None:
    X = rows(80, 2, low=0.3, high=2.0)
    y = 2 * (1 - np.exp(-0.8 * X[:, 0] * X[:, 1]))
    product = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, LINEAR)])
    below = DraftNode("sum", [DraftEdge(2, LINEAR, 0.7)], 1.0)
    whole = DraftNode("product", [DraftEdge(2, LINEAR), DraftEdge(3, PRIMITIVES["reciprocal"])], 2.2)
    draft = Draft(2, [product, below, whole])
    starts = list(reshaped(draft, linearise(draft, X), X, DEFAULT))
    assert _best(starts, X, y) < 1e-20


def test_curves_use_only_the_functions_that_are_allowed_and_lines_stay() -> None:
    X = 1 + rows(50, 2)
    few = resolve(["linear", "reciprocal", "exp"])
    bent = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["exp"], 1.0, [-0.5]), DraftEdge(1, LINEAR)])])
    used = {e.primitive.name for g, _ in reshaped(bent, linearise(bent, X), X, few) for n in g.nodes for e in n.edges}
    assert used <= {"linear", "reciprocal", "exp"}
    assert used
    line = Draft(2, [DraftNode("sum", [DraftEdge(0, LINEAR, 2.0), DraftEdge(1, LINEAR)], 1.0)])
    assert not list(reshaped(line, linearise(line, X), X, DEFAULT))
