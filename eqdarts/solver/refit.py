"""Refit graphs: find the coefficients of each that minimise the weighted squared residuals, from one start or many.

Axes: G graphs, K coefficients (padded), N rows, D inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.solver.levenberg_marquardt import RESULTS, Limits, Model, Refit, levenberg_marquardt, solve
from eqdarts.solver.restarts import solve_from_many

__all__ = ["RESULTS", "Model", "Refit", "levenberg_marquardt", "refit", "refit_in_parts"]


def refit(
    graphs: Sequence[Graph],
    starts: Sequence[Sequence[float]],
    X: Tensor,
    y: Tensor,
    weight: Tensor | None = None,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-10,
    patience: int = 2,
    restarts: int = 0,
    rng: np.random.Generator | None = None,
) -> list[FittedGraph]:
    """Refit graphs from their starting coefficients, in one batch.

    Parameters
    ----------
    graphs : sequence of Graph
    starts : sequence of sequences of float
        One flat coefficient vector for each graph.
    X : Tensor of shape (N, D)
        Inputs of typical magnitude one.
    y : Tensor of shape (N,) or (G, N)
        One target for all graphs, or one for each.
    weight : Tensor of shape (N,), optional
    max_iterations, tolerance, patience
        As in `levenberg_marquardt`.
    restarts : int, default=0
        Number of additional random starts for each graph. All are screened, the best few and the given one are
        refitted, and the best result is returned.
    rng : numpy.random.Generator, optional
        Source of the random starts. Default: a new generator with seed 0.

    Returns
    -------
    list of FittedGraph
        In the order of `graphs`.

    Notes
    -----
    The computation runs on the device of X and in its type; y and the weights must have the same. On a CPU and in
    float64, graphs of the primitives that come with the library run as compiled code.
    """
    if not graphs:
        return []
    start = X.new_zeros((len(graphs), max(1, *(graph.n_coefficients for graph in graphs))))
    for row, values in zip(start, starts, strict=True):
        row[: len(values)] = torch.as_tensor(values, dtype=start.dtype)
    sqrt_weight = None if weight is None or bool((weight == 1).all()) else weight.sqrt()
    limits = Limits(max_iterations, tolerance, patience)
    if restarts:
        rng = np.random.default_rng(0) if rng is None else rng
        result = solve_from_many(graphs, start, X, y, sqrt_weight, limits, restarts, rng)
    else:
        result = solve(graphs, start, X, y, sqrt_weight, limits)
    rows = result.coefficients.tolist()
    return [
        FittedGraph(graph, tuple(row[: graph.n_coefficients]), loss, RESULTS[status])
        for graph, row, loss, status in zip(graphs, rows, result.loss.tolist(), result.status.tolist(), strict=True)
    ]


def refit_in_parts(
    starts: Sequence[tuple[Graph, Sequence[float]]],
    X: Tensor,
    y: Tensor,
    weight: Tensor,
    most_numbers: int,
    *,
    max_iterations: int,
    tolerance: float,
) -> list[FittedGraph]:
    """Refit graphs on many rows, in batches whose Jacobian (G, K, N) has at most `most_numbers` numbers.

    Parameters
    ----------
    starts : sequence of (Graph, sequence of float)
    X, y, weight, max_iterations, tolerance
        As in `refit`.
    most_numbers : int

    Returns
    -------
    list of FittedGraph
        In the order of `starts`.
    """
    most = max((graph.n_coefficients for graph, _ in starts), default=1)
    size = max(most_numbers // max(most * len(X), 1), 1)
    fits: list[FittedGraph] = []
    for first in range(0, len(starts), size):
        graphs, coefficients = zip(*starts[first : first + size], strict=True)
        fits += refit(
            graphs, coefficients, X, y, weight, max_iterations=max_iterations, tolerance=tolerance, patience=3
        )
    return fits
