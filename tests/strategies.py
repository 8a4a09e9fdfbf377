"""Hypothesis strategies that several test modules draw from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.graph import Aggregator, Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import PRIMITIVES, Primitive, resolve

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


# few different numbers, so that equal terms, cancelling terms and the neutral constants turn up often
_NUMBERS = (-1.0, 0.0, 0.5, 1.0, 1.7, -0.8)


def random_draft(rng: np.random.Generator, n_inputs: int, primitives: Sequence[Primitive], n_nodes: int) -> Draft:
    """Draw a draft in need of pruning: absent edges, unread and empty nodes, equal terms, constants 0 and 1."""
    nodes = []
    for j in range(n_nodes):
        aggregator: Aggregator = "sum" if rng.random() < 0.5 else "product"
        edges = []
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            source = int(rng.integers(n_inputs + j)) if rng.random() < 0.5 else max(0, n_inputs + j - 1)
            primitive = primitives[rng.integers(len(primitives))] if rng.random() < 0.6 else PRIMITIVES["linear"]
            coefficients = list(primitive.initial[rng.integers(len(primitive.initial))])
            weight = float(rng.choice(_NUMBERS)) if aggregator == "sum" else 1.0
            edges.append(DraftEdge(source, primitive, weight, coefficients))
        constant = float(rng.choice(_NUMBERS)) if rng.random() < 0.5 else None
        nodes.append(DraftNode(aggregator, edges, constant))
    return Draft(n_inputs, nodes)


@st.composite
def drafts(
    draw: st.DrawFn, max_inputs: int = 2, primitives: str | Iterable[str | Primitive] = (*PRIMITIVES, "power[3/2]")
) -> Draft:
    """Draw a draft that has not been pruned."""
    n_inputs = draw(st.integers(1, max_inputs), label="n_inputs")
    n_nodes = draw(st.integers(1, 6), label="n_nodes")
    seed = draw(st.integers(0, 2**32 - 1), label="seed")
    rows = [*resolve(primitives), PRIMITIVES["none"]]
    return random_draft(np.random.default_rng(seed), n_inputs, rows, n_nodes)


def evaluate(draft: Draft, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate a draft node by node, the plain way: shape (N,). An absent edge is 0 in a sum and 1 in a product.

    A row is NaN if anything on the way is not finite, or so large that what follows is all rounding.
    """
    sound = torch.ones(len(X), dtype=torch.bool)
    columns = [torch.tensor(X[:, i], dtype=torch.float64) for i in range(draft.n_inputs)]
    for node in draft.nodes:
        neutral = 0.0 if node.is_sum else 1.0
        value = torch.full((len(X),), neutral if node.constant is None else node.constant, dtype=torch.float64)
        for edge in node.edges:
            if edge.primitive.name == "none":
                continue
            coefficients = (torch.tensor(c, dtype=torch.float64) for c in edge.coefficients)
            term = edge.primitive(columns[edge.source], *coefficients)
            sound &= term.abs() < 1e100
            value = value + edge.weight * term if node.is_sum else value * term
        sound &= value.abs() < 1e100
        columns.append(value)
    return torch.where(sound, columns[-1], torch.nan).numpy()
