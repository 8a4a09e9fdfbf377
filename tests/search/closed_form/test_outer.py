"""What may stand outside of a law, and starts behind it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from eqdarts.graph.draft import DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.closed_form.outer import behind, outer_functions, seeds
from eqdarts.search.growth.sites import linearise
from eqdarts.solver.batch import Batch
from tests.helpers import Array, noise, predict, rows

EVERY = tuple(row for row in PRIMITIVES.values() if row.name != "none")


@pytest.mark.parametrize("unit", [1.0, 0.2])
@pytest.mark.parametrize("shape", ["positive", "negative", "of both signs", "below one"])
def test_each_function_behind_its_name_gives_the_target_back(shape: str, unit: float) -> None:
    inside = rows(40, 1, 0.2, 0.9)[:, 0]
    y = {"positive": 1.6 * inside, "negative": -inside, "of both signs": inside - 0.5, "below one": inside}[shape]
    found = list(outer_functions(y, EVERY, unit))
    assert found[0][:2] == ("linear", 1.0)
    for name, factor, inner in found:
        sound = np.isfinite(inner)
        assert sound.mean() >= 0.99
        # the target itself is the one input, and h(input) comes from outside the graph: an edge of weight one reads it
        draft = behind(name, factor, DraftNode("sum", [DraftEdge(0, LINEAR)]), 1, [])
        with np.errstate(all="ignore"):
            again = linearise(draft, inner[sound][:, None]).prediction
        # behind a root there is the square of the target, which has lost its sign
        size = np.abs if name == "sqrt" else np.positive
        np.testing.assert_allclose(size(again), size(y[sound]), rtol=1e-9, atol=1e-12, err_msg=name)


def test_only_functions_of_the_users_primitives_and_with_room_for_the_target_are_tried() -> None:
    y = rows(40, 1, 2.0, 5.0)[:, 0]
    assert [name for name, _, _ in outer_functions(y, resolve(["exp", "square"]))] == ["linear", "exp", "square"]
    names = {name for name, _, _ in outer_functions(y, EVERY)}
    assert not names & {"sin", "tanh", "logistic"}  # none of them reaches 2
    assert "exp" not in {name for name, _, _ in outer_functions(y - 3.0, EVERY)}  # which keeps its sign


def test_an_angle_may_be_an_arccosine() -> None:
    inside = np.linspace(-0.9, 0.9, 30)
    found = {name: (factor, h) for name, factor, h in outer_functions(np.arccos(inside), EVERY)}
    factor, inner = found["arccos"]
    assert factor == 1.0
    np.testing.assert_allclose(inner, inside)
    assert "arccos" not in {name for name, _, _ in outer_functions(np.arccos(inside) * 2, EVERY)}


def test_seeds_are_constants_behind_each_function_and_power_products() -> None:
    X = rows(60)
    y = 3.0 * X[:, 0] ** 1.5 / X[:, 1]
    found = list(seeds(X, y, np.ones(60), EVERY))
    assert found[0][0] == "linear"
    np.testing.assert_allclose(predict(found[0][1], X), y.mean())
    assert min(np.abs(predict(start, X) - y).max() for _, start in found) < 1e-9
    for name, start in found:
        assert name == "linear" or math.isfinite(predict(start, X).sum())


@pytest.mark.parametrize("y", [noise(), np.abs(noise()) + 0.1, -np.abs(noise()) - 0.1, np.zeros(60)])
def test_seeds_are_finite_and_simple(y: Array) -> None:
    X = rows()
    found = list(seeds(X, y, np.ones(60), resolve("default")))
    assert found[0][1][1] == pytest.approx([y.mean()])
    for _, (graph, coefficients) in found:
        assert graph.complexity <= 12
        assert np.isfinite(coefficients).all()


def test_the_seed_of_a_power_law_is_the_law() -> None:
    X = rows()
    y = 3 * X[:, 0] ** 1.5 / X[:, 1]
    batches = [(g, c) for _, (g, c) in seeds(X, y, np.ones(60), resolve("default"))]
    batch = Batch([g for g, _ in batches], torch.from_numpy(X))
    predictions = batch.predict(batch.pad([c for _, c in batches])).numpy()
    assert np.abs(predictions - y).max(1).min() < 1e-9
