"""A graph with its coefficients: a value that compares and travels."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES

GRAPH = Graph(1, (Node("sum", (Edge(0, PRIMITIVES["exp"]),), True),))
FITTED = FittedGraph(GRAPH, (0.5, 2.0, -1.0), 0.25, "converged")


def test_how_a_fit_ended_is_no_part_of_what_was_found() -> None:
    assert dataclasses.replace(FITTED, status="") == FITTED
    assert dataclasses.replace(FITTED, loss=0.5) != FITTED
    assert "converged" not in repr(FITTED)


@pytest.mark.parametrize("again", [copy.deepcopy(FITTED), pickle.loads(pickle.dumps(FITTED))])
def test_copies_are_equal(again: FittedGraph) -> None:
    assert again == FITTED
    assert hash(again) == hash(FITTED)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FITTED.loss = 0.0  # type: ignore[misc]
