"""Structure that a law has and its data bear out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.data import prepare
from eqdarts.evidence.structure import Finding, findings
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph
from eqdarts.primitives.table import PRIMITIVES, fixed_power
from eqdarts.search.problem import training_problem
from eqdarts.solver.batch import Batch
from tests.helpers import edge, node

NAMES = ("a", "b", "c")


def found_in(
    graph: Graph, coefficients: tuple[float, ...], names: tuple[str, ...], noise: float = 0.0
) -> list[Finding]:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (600, graph.n_inputs))
    batch = Batch([graph], torch.from_numpy(X))
    y = batch.predict(batch.pad([coefficients])).numpy()[0]
    data = prepare(X, y + noise * y.std() * rng.standard_normal(len(y)), None, 0.3, rng)
    unit = replaced_scales(data)
    member = FittedGraph(graph, coefficients, 0.0)
    return list(findings(training_problem(unit, 150, rng), member, names, "y", rng))


def replaced_scales(data):  # type: ignore[no-untyped-def]
    """Return the data as given, so that the coefficients of a law are those on paper."""
    from dataclasses import replace

    return replace(
        data,
        X=data.X * data.x_scale,
        y=data.y * data.y_scale,
        x_scale=np.ones_like(data.x_scale),
        y_scale=1.0,
    )


BOLTZMANN = Graph(
    4,
    (
        node("product", edge(1, "linear"), edge(2, "reciprocal"), edge(3, "reciprocal")),
        node("product", edge(0, "linear"), edge(4, "exp")),
    ),
)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_inputs_that_act_only_together_and_a_scale_are_told(noise: float) -> None:
    found = found_in(BOLTZMANN, (-1.0,), ("n0", "E", "kb", "T"), noise)
    texts = [finding.text for finding in found]
    assert "y is proportional to n0" in texts
    assert "E, kb and T act only through E/(kb*T)" in texts
    assert all(finding.in_law for finding in found)
    assert "a polynomial in 1 input leaves" in str(found[0])


@pytest.mark.parametrize(
    ("graph", "coefficients", "expected"),
    [
        (
            Graph(
                3,
                (
                    node("sum", edge(1, "linear"), edge(2, "linear")),
                    node("sum", edge(3, "square"), edge(0, "sin")),
                ),
            ),
            (1.0, -1.0, 1.0, 1.0, 1.0),
            "b and c act only through b - c",
        ),
        (
            Graph(3, (node("product", edge(0, "linear"), edge(1, "sqrt"), edge(2, "reciprocal"), constant=True),)),
            (2.0,),
            "y is proportional to a*b**(1/2)/c",
        ),
        (
            Graph(
                3,
                (
                    node("sum", edge(0, "square"), edge(1, "square")),
                    node("product", edge(3, "sqrt"), edge(2, "linear")),
                ),
            ),
            (1.0, 1.0),
            "y/(a*c) depends on a, b and c only through a/b",
        ),
    ],
)
def test_structure_is_told_in_words(graph: Graph, coefficients: tuple[float, ...], expected: str) -> None:
    assert expected in [finding.text for finding in found_in(graph, coefficients, NAMES)]


def test_a_law_without_structure_gets_no_sentence() -> None:
    graph = Graph(3, (node("sum", edge(0, "sin"), edge(1, "exp"), edge(2, "square")),))
    assert found_in(graph, (1.0, 1.0, 1.0, 0.5, 1.0), NAMES) == []


def test_structure_of_a_graph_that_the_data_contradict_is_not_told() -> None:
    """A product shows a scale for every input, whatever the data are like."""
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 3.0, (600, 2))
    data = replaced_scales(prepare(X, np.sin(2 * X[:, 0]) + X[:, 1] ** 2, None, 0.3, rng))
    product = Graph(2, (node("product", edge(0, "linear"), Edge(1, fixed_power(PRIMITIVES["square"].exponent))),))  # type: ignore[arg-type]
    assert findings(training_problem(data, 150, rng), FittedGraph(product, (), 1.0), ("a", "b"), "y", rng) == ()
