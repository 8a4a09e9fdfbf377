"""Rows and a simple graph that the tests of refits use."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power


def rows(seed: int = 0, n: int = 60) -> torch.Tensor:
    """Return n rows of two positive inputs, of shape (n, 2)."""
    return torch.from_numpy(np.random.default_rng(seed).uniform(0.3, 2.0, (n, 2)))


def exponential(scale: float, weight: float, constant: float = 0.1) -> Start:
    """Return constant + weight exp(scale x0); its coefficients come in the order constant, weight, scale."""
    edge = DraftEdge(0, PRIMITIVES["exp"], weight, [scale])
    return Draft(2, [DraftNode("sum", [edge], constant)]).build()


FIXED = [fixed_power(Fraction(*p)) for p in ((-2, 1), (4, 1), (3, 2), (-3, 2), (5, 2), (1, 3))]
EVERY = (*PRIMITIVES.values(), *FIXED)


def drawn(seed: int, count: int, primitives: Sequence[Primitive] = EVERY) -> list[Start]:
    """Return random graphs of two inputs with their starting coefficients."""
    rng = np.random.default_rng(seed)
    return [random_graph(rng, 2, tuple(primitives)) for _ in range(count)]


def measured_rows(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return X (count, 2), a target with errors, and weights."""
    rng = np.random.default_rng([seed, 1])
    X, weight = rng.uniform(0.3, 1.5, (count, 2)), rng.uniform(0.5, 2.0, count)
    y = np.exp(-X[:, 0]) + X[:, 1] ** 2 + 0.1 * rng.normal(size=count)
    return torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(weight)
