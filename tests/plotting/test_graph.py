"""The graph: inputs, nodes, edges with their coefficients, labels apart."""

from __future__ import annotations

import pytest

from eqdarts import plotting
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.plotting.graph import edge_label
from eqdarts.primitives.table import PRIMITIVES
from tests.plotting.pictures import drawn, two_nodes


def test_graph_shows_inputs_nodes_target_and_edges_with_coefficients() -> None:
    #               c    w    w   scale  c
    coefficients = [0.5, 2.0, 3.0, -0.25, 7.0]
    ax = plotting.plot_graph(two_nodes(), coefficients, ["a", "b"], "y", input_scale=[1, 10], target_scale=1e4)
    shown = {text.get_text() for text in ax.texts}
    assert {"a", "b / 10", "y / 10000"} <= shown
    assert {"$2$", "$3\\,e^{-0.25u}$", "$\\sqrt{u}$", "$u^{3/2}$"} <= shown
    assert any("Sigma" in text and "0.5" in text for text in shown)
    assert any("Pi" in text and "7" in text for text in shown)


def test_graph_leaves_out_inputs_that_nothing_reads() -> None:
    graph = Graph(3, (Node("sum", (Edge(1, PRIMITIVES["linear"]),)),))
    assert "x0" not in {text.get_text() for text in plotting.plot_graph(graph).texts}


def test_a_constant_graph_can_be_drawn() -> None:
    assert drawn(plotting.plot_graph(Graph(1, (Node("sum", (), constant=True),)), [2.0]).figure)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_primitive_has_a_label_that_mathtext_reads(name: str) -> None:
    from matplotlib.mathtext import MathTextParser

    graph = Graph(1, (Node("sum", (Edge(0, PRIMITIVES[name]),)),))
    label = edge_label(graph.nodes[0].edges[0], graph.layout[0].edges[0], [-1.25e-7] * graph.n_coefficients)
    assert "-1.25" in label
    MathTextParser("path").parse(f"${label}$")


def test_labels_in_a_graph_do_not_overlap() -> None:
    ax = plotting.plot_graph(two_nodes(), [0.5, 2.0, 3.0, -0.25, 7.0], ["a long name", "b"], "target")
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])
