"""Hypothesis strategies that several test modules draw from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph import Graph
from eqdarts.primitives import Primitive, resolve
from eqdarts.search.random_graphs import random_graph

Pair = tuple[Graph, tuple[float, ...]]


@st.composite
def graphs(
    draw: st.DrawFn,
    min_inputs: int = 1,
    max_inputs: int = 3,
    primitives: str | Iterable[str | Primitive] = "default",
    max_complexity: int = 30,
    max_nodes: int = 5,
) -> Pair:
    """Draw a pruned graph and its starting coefficients; fewer inputs and nodes shrink first."""
    n_inputs = draw(st.integers(min_inputs, max_inputs), label="n_inputs")
    n_nodes = draw(st.integers(1, max_nodes), label="n_nodes")
    seed = draw(st.integers(0, 2**32 - 1), label="seed")
    return random_graph(np.random.default_rng(seed), n_inputs, resolve(primitives), max_complexity, n_nodes)


@st.composite
def inputs(draw: st.DrawFn, n_inputs: int, positive: bool = True, n_rows: int = 20) -> NDArray[np.float64]:
    """Draw X of shape (n_rows, n_inputs) with typical magnitude one: 0.1 to 3, of either sign unless `positive`."""
    seed = draw(st.integers(0, 2**32 - 1), label="rows seed")
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.1, 3.0, (n_rows, n_inputs))
    return X if positive else X * rng.choice([-1.0, 1.0], X.shape)
