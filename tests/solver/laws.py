"""Rows and a simple graph that the tests of refits use."""

from __future__ import annotations

import numpy as np
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES


def rows(seed: int = 0, n: int = 60) -> torch.Tensor:
    """Return n rows of two positive inputs, of shape (n, 2)."""
    return torch.from_numpy(np.random.default_rng(seed).uniform(0.3, 2.0, (n, 2)))


def exponential(scale: float, weight: float, constant: float = 0.1) -> Start:
    """Return constant + weight exp(scale x0); its coefficients come in the order constant, weight, scale."""
    edge = DraftEdge(0, PRIMITIVES["exp"], weight, [scale])
    return Draft(2, [DraftNode("sum", [edge], constant)]).build()
