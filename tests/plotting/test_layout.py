"""Layers of a graph: in order and apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.plotting.layout import layered


@given(st.integers(2, 9), st.data())
def test_layout_keeps_layers_in_order_and_items_apart(n_nodes: int, data: st.DataObject) -> None:
    pairs = [(a, b) for b in range(n_nodes) for a in range(b)]
    edges = data.draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=12))
    layout = layered(n_nodes, edges)
    for (source, target), way in zip(edges, layout.ways, strict=True):
        assert (way[0], way[-1]) == (source, target)
        assert [layout.layer[i] for i in way] == list(range(layout.layer[source], layout.layer[target] + 1))
    for k in set(layout.layer):
        heights = np.sort([h for h, own in zip(layout.height, layout.layer, strict=True) if own == k])
        assert (np.diff(heights) > 1 - 1e-9).all()
