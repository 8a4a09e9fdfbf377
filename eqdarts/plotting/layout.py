"""A layered layout for small DAGs: longest-path layers, barycentre order, and a separate slot for each edge.

Nodes are on even layers. Every edge has its own slot on each layer that it passes: the first slot holds its label, the
others keep its path free. Therefore labels never overlap nodes or each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Layout", "layered"]

N_SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """The positions of nodes and edges.

    Parameters
    ----------
    layer : tuple of int
        Layer of each item: nodes first, then the slots of the edges.
    height : ndarray of float
        Vertical position of each item, in units of the smallest distance.
    ways : tuple of tuple of int
        For each edge the items that it passes: source, slots, target.
    """

    layer: tuple[int, ...]
    height: NDArray[np.float64]
    ways: tuple[tuple[int, ...], ...]


def layered(n_nodes: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Lay out a DAG.

    Parameters
    ----------
    n_nodes : int
    edges : sequence of (source, target)
        With source < target: nodes are numbered in topological order. Two edges may join the same nodes.
    """
    layer = [0] * n_nodes
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layer[target] = max(layer[target], layer[source] + 2)
    ways = []
    for source, target in edges:
        slots = range(layer[source] + 1, layer[target])
        ways.append((source, *range(len(layer), len(layer) + len(slots)), target))
        layer.extend(slots)
    neighbours: list[list[int]] = [[] for _ in layer]
    for way in ways:
        for a, b in pairwise(way):
            neighbours[a].append(b)
            neighbours[b].append(a)
    return Layout(tuple(layer), _heights(layer, neighbours), tuple(ways))


def _heights(layer: Sequence[int], neighbours: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Order each layer by the mean height of its neighbours, sweeping back and forth, then straighten."""
    layers = [[i for i, own in enumerate(layer) if own == k] for k in range(max(layer) + 1)]
    height = np.zeros(len(layer))
    for items in layers:
        height[items] = _spread(np.zeros(len(items)))
    for sweep in range(N_SWEEPS):
        upward = sweep % 2 == 0
        for items in layers if upward else reversed(layers):
            desired = {i: _mean_height(i, layer, neighbours, height, upward) for i in items}
            items.sort(key=lambda i: desired[i])  # stable: ties keep their order
            height[items] = _spread(np.array([desired[i] for i in items]))
    for _ in range(4):
        for items in layers:
            height[items] = _spread(np.array([height[neighbours[i]].mean() if neighbours[i] else 0.0 for i in items]))
    return np.asarray(height - (height.max() + height.min()) / 2, dtype=np.float64)


def _mean_height(
    i: int, layer: Sequence[int], neighbours: Sequence[Sequence[int]], height: NDArray[np.float64], upward: bool
) -> float:
    """Return the mean height of the neighbours of `i` on the side from which the sweep comes, or its own."""
    side = [j for j in neighbours[i] if (layer[j] < layer[i]) == upward]
    return float(height[side].mean() if side else height[i])


def _spread(desired: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the heights nearest to `desired`, in the given order and at least 1 apart (isotonic regression)."""
    blocks: list[tuple[float, int]] = []  # mean and length of runs that are pushed together
    for value in desired - np.arange(len(desired)):
        mean, length = float(value), 1
        while blocks and blocks[-1][0] > mean:
            below, n = blocks.pop()
            mean, length = (below * n + mean * length) / (n + length), n + length
        blocks.append((mean, length))
    flat = [mean for mean, length in blocks for _ in range(length)]
    return np.asarray(flat, dtype=np.float64) + np.arange(len(desired))
