"""The plan of a batch: every row of every buffer has one writer, every coefficient one column."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.solver.batch import Batch
from eqdarts.solver.batch_plan import (
    CONSTANT,
    DEGREE,
    HIDDEN,
    LEVEL,
    NODE,
    OUTPUT,
    PRODUCT,
    SOURCE,
    ZEROS,
    Plan,
    tables,
)


def plan_of(seed: int, count: int = 30) -> tuple[list[Graph], Plan]:
    rng = np.random.default_rng(seed)
    graphs = [random_graph(rng, 3, resolve("physics"))[0] for _ in range(count)]
    batch = Batch(graphs, torch.from_numpy(rng.uniform(0.3, 1.5, (10, 3))))
    batch.predict(torch.ones((count, batch.n_columns), dtype=torch.float64))
    assert batch._plan is not None
    return graphs, batch._plan


def test_tables_say_what_the_graph_says_and_are_made_once() -> None:
    inner = DraftNode("product", [DraftEdge(0, LINEAR), DraftEdge(1, PRIMITIVES["exp"], 1.0, [0.5])], 2.0)
    graph, _ = Draft(2, [inner, DraftNode("sum", [DraftEdge(2, LINEAR, 1.5), DraftEdge(0, PRIMITIVES["log"])])]).build()
    nodes, edges = tables(graph)
    assert tables(graph)[0] is nodes
    assert nodes[:, [LEVEL, PRODUCT, DEGREE, OUTPUT]].tolist() == [[0, 1, 2, 0], [1, 0, 2, 1]]
    assert (nodes[:, CONSTANT] >= 0).tolist() == [node.constant for node in graph.nodes]
    assert edges[:, NODE].tolist() == [0, 0, 1, 1]
    read = [(int(source), bool(hidden)) for source, hidden in edges[:, [SOURCE, HIDDEN]]]
    assert sorted(read) == [(0, False), (0, False), (0, True), (1, False)]


@pytest.mark.parametrize("seed", range(3))
def test_every_coefficient_has_a_column_of_its_own_and_padding_has_zeros(seed: int) -> None:
    graphs, plan = plan_of(seed)
    columns = plan.column_of.reshape(len(graphs), plan.columns)
    used = [row[: graph.n_coefficients] for row, graph in zip(columns, graphs, strict=True)]
    taken = np.concatenate(used)
    assert ZEROS not in taken
    assert len(set(taken.tolist())) == len(taken)
    for row, graph in zip(columns, graphs, strict=True):
        assert (row[graph.n_coefficients :] == ZEROS).all()
    assert not plan.reverse[ZEROS].any()


@pytest.mark.parametrize("seed", range(3))
def test_buffers_hold_all_rows_that_are_taken(seed: int) -> None:
    _, plan = plan_of(seed)
    assert plan.n_values <= len(plan.values)
    assert plan.n_reverse <= len(plan.reverse)
    assert plan.n_adjoints <= len(plan.adjoints)
    assert len(plan.loaded) == len(plan.positions) == plan.n_loaded
    places = plan.node_row.tolist()
    assert len(set(places)) == len(places)


def test_coefficients_are_loaded_in_the_order_of_the_groups() -> None:
    graphs, plan = plan_of(0)
    theta = torch.arange(2.0, 2 + len(graphs) * plan.columns, dtype=torch.float64).view(len(graphs), plan.columns)
    with torch.inference_mode():
        plan.load(theta)
    loaded = plan.loaded.view(-1).tolist()
    own = {float(v) for row, g in zip(theta, graphs, strict=True) for v in row[: g.n_coefficients]}
    assert own <= set(loaded)
    assert set(loaded) - own <= {0.0, 1.0}  # constants that are absent, of sums and of products
