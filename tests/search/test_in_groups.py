"""The rows in dimensionless groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eqdarts.data import Data, prepare
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR
from eqdarts.search.in_groups import in_groups

# metre and second, of x, u, t and y
DIMENSIONS = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, -1.0, 1.0, 0.0]])


def _data(law: str, dimensions: np.ndarray | None = DIMENSIONS) -> Data:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (60, 3))
    x, u, t = X.T
    y = {"consistent": x + 2 * u * t, "other": np.sin(x) + np.sqrt(u + t**2)}[law]
    return replace(prepare(X, y, None, 0.3, rng), dimensions=dimensions)


def test_a_consistent_law_is_one_of_a_group() -> None:
    data = _data("consistent")
    found = in_groups(data, np.random.default_rng(0))
    assert found is not None
    assert found.data.n_inputs == 1
    # y over a product of powers is a line in the group, or over the group
    group, y = found.data.X[:, 0], found.data.y
    assert min(np.polyfit(z, y, 1, full=True)[1][0] for z in (group, 1 / group)) < 1e-12


def test_a_graph_of_the_groups_becomes_one_of_the_inputs() -> None:
    data = _data("consistent")
    found = in_groups(data, np.random.default_rng(0))
    assert found is not None
    line = Graph(1, (Node("sum", (Edge(0, LINEAR),), True),))
    graph, coefficients = found.lifted(FittedGraph(line, (1.0, 1.0), 0.0))
    assert graph.n_inputs == 3
    assert len(coefficients) == graph.n_coefficients
    assert graph.inputs == {0, 1, 2}


def test_rows_that_contradict_the_units_have_no_groups() -> None:
    assert in_groups(_data("other"), np.random.default_rng(0)) is None
    assert in_groups(_data("consistent", None), np.random.default_rng(0)) is None
