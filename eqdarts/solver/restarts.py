"""Refits from many starts: all starts are screened by a few steps on some of the rows, and the best are refitted.

Least squares of nested functions have many minima, and the start decides which one a refit reaches. Linear coefficients
are solved for at once, so that only the coefficients inside functions need good starts.

Axes: G graphs, R restarts, K coefficients (padded), N rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.graph.graph import Graph
from eqdarts.solver.levenberg_marquardt import Limits, Refit, solve

__all__ = ["draw_starts", "solve_from_many"]

SPREAD = 0.5  # spread of the logarithm of a coefficient about its initial value, and of one whose initial value is zero
SCREENING = Limits(max_iterations=6, tolerance=1e-4, patience=2)
SCREENING_ROWS = 50  # and at least five for each coefficient
KEPT = 4  # screened starts for each one that is refitted; the given start is always refitted
SAME_MINIMUM = 1e-3  # losses closer than this share count as one minimum reached twice
MOST_NUMBERS = 2**24  # largest size of a Jacobian; beyond it, graphs are refitted in portions


def draw_starts(graph: Graph, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw starting coefficients (count, K): weights and constants are normal, others are near a row of `initial`."""
    starts = rng.standard_normal((count, graph.n_coefficients))
    for node, slots in graph.slots():
        for edge, own in zip(node.edges, slots.edges, strict=True):
            if own.count:
                initial = np.array(edge.primitive.initial)[:, -own.count :]
                chosen = initial[rng.integers(len(initial), size=count)]  # (count, coefficients of the edge)
                moved = SPREAD * starts[:, own.first : own.first + own.count]
                starts[:, own.first : own.first + own.count] = np.where(chosen, chosen * np.exp(moved), moved)
    return starts


def solve_from_many(
    graphs: Sequence[Graph],
    start: Tensor,
    X: Tensor,
    y: Tensor,
    sqrt_weight: Tensor | None,
    limits: Limits,
    restarts: int,
    rng: np.random.Generator,
) -> Refit:
    """Refit from `start` (G, K) and from the best of R random starts; return the better result of each graph."""
    portion = max(MOST_NUMBERS // ((2 * restarts + 1) * start.shape[1] * len(X)), 1)
    parts = [
        _solve_portion(
            graphs[a : a + portion], start[a : a + portion], X, y if y.ndim == 1 else y[a : a + portion], sqrt_weight,
            limits, restarts, rng,
        )
        for a in range(0, len(graphs), portion)
    ]  # fmt: skip
    return Refit(*(torch.cat([getattr(part, name) for part in parts]) for name in Refit.__dataclass_fields__))


def _solve_portion(
    graphs: Sequence[Graph],
    start: Tensor,
    X: Tensor,
    y: Tensor,
    sqrt_weight: Tensor | None,
    limits: Limits,
    restarts: int,
    rng: np.random.Generator,
) -> Refit:
    g, k = start.shape
    drawn = np.zeros((g, restarts, k))
    for row, graph in zip(drawn, graphs, strict=True):
        row[:, : graph.n_coefficients] = draw_starts(graph, restarts, rng)
    rows = _screening_rows(len(X), k, sqrt_weight)
    screened = solve(
        _repeat(graphs, restarts), torch.from_numpy(drawn).to(start).view(g * restarts, k), X[rows],
        y[rows] if y.ndim == 1 else y[:, rows].repeat_interleave(restarts, dim=0),
        None if sqrt_weight is None else sqrt_weight[rows], SCREENING,
    )  # fmt: skip
    chosen = _best_different(screened.loss.view(g, restarts), -(-restarts // KEPT))  # (G, kept)
    kept = chosen.shape[1]
    finalists = screened.coefficients.view(g, restarts, -1).gather(1, chosen.unsqueeze(2).expand(g, kept, k))
    field = torch.cat([start.unsqueeze(1), finalists], dim=1).view(g * (kept + 1), k)
    targets = y if y.ndim == 1 else y.repeat_interleave(kept + 1, dim=0)
    refitted = solve(_repeat(graphs, kept + 1), field, X, targets, sqrt_weight, limits)
    best = refitted.loss.view(g, kept + 1).argmin(1) + torch.arange(g, device=start.device) * (kept + 1)
    return Refit(*(getattr(refitted, name)[best] for name in Refit.__dataclass_fields__))


def _repeat(graphs: Sequence[Graph], times: int) -> list[Graph]:
    return [graph for graph in graphs for _ in range(times)]


def _screening_rows(n: int, k: int, sqrt_weight: Tensor | None) -> Tensor:
    """Choose evenly spaced rows with weight above zero."""
    rows = torch.arange(n) if sqrt_weight is None else torch.nonzero(sqrt_weight.cpu() > 0).squeeze(1)
    count = min(len(rows), max(SCREENING_ROWS, 5 * k))
    return rows[torch.linspace(0, len(rows) - 1, count, dtype=torch.float64).round().long()]


def _best_different(loss: Tensor, count: int) -> Tensor:
    """Return the indices (G, count) of the lowest losses (G, R); a loss that was reached twice counts once."""
    ordered, order = loss.sort(dim=1)
    again = torch.zeros_like(ordered, dtype=torch.bool)
    again[:, 1:] = ordered[:, 1:] - ordered[:, :-1] <= SAME_MINIMUM * ordered[:, 1:]
    places: Tensor = order.gather(1, again.to(torch.int8).argsort(dim=1, stable=True))
    return places[:, :count]
