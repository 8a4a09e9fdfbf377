"""What is known of a law, as a search sees it."""

from __future__ import annotations

import numpy as np

from eqdarts.data import Scales
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.knowledge.probes import make_screen
from eqdarts.knowledge.statements import read_statements
from eqdarts.search.screen import GraphScreen
from tests.helpers import edge, node

SCALES = Scales(np.array([2.0, 5.0]), 3.0, np.array([10.0, 0.0]))


def line(k: int, slope: float) -> FittedGraph:
    graph = Graph(2, (node("sum", edge(k, "linear"), constant=True),))
    first, second = (1.0, slope) if graph.layout[0].constant == 0 else (slope, 1.0)
    return FittedGraph(graph, (first, second), 0.1)


def screen_of(*texts: str, logistic: bool = False) -> GraphScreen:
    names, box = ["x", "z"], {"x": (10.0, 14.0), "z": (0.0, 5.0)}
    found = GraphScreen.of(make_screen(read_statements(texts, names, None), names, box, 1.0), SCALES, 3.0, logistic)
    assert found is not None
    return found


def test_graphs_are_judged_in_the_units_of_the_rows() -> None:
    members = [line(0, 1.0), line(0, -1.0), line(1, -1.0)]
    assert screen_of("increasing in x").obeyed(members).tolist() == [True, False, True]
    # From 3 at x = 10 to 9 at x = 14.
    assert screen_of("y <= 8").obeyed(members).tolist() == [False, True, True]
    assert screen_of("y <= 9").obeyed(members).tolist() == [True, True, True]
    assert screen_of("y <= 1", logistic=True).obeyed(members).tolist() == [True, True, True]


def test_graphs_are_judged_by_their_inputs() -> None:
    members = [line(0, 1.0), line(1, 1.0)]
    assert screen_of("uses z").obeyed(members).tolist() == [False, True]
    banned = screen_of("without z")
    assert banned.obeyed(members).tolist() == [True, False]
    assert [banned.admits(member.graph) for member in members] == [True, False]


def test_nothing_known_is_no_screen() -> None:
    assert GraphScreen.of(None, SCALES, 1.0, False) is None
