"""Rows, noise and values that tests of several rooms use."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts.graph.graph import Graph
from eqdarts.solver.batch import Batch

Array = NDArray[np.float64]


def rows(n: int = 60, d: int = 2, low: float = 0.5, high: float = 3.0, seed: int = 0) -> Array:
    """Return n rows of d positive inputs, of shape (n, d)."""
    return np.random.default_rng(seed).uniform(low, high, (n, d))


def noise(n: int = 60, seed: int = 1) -> Array:
    """Return n normal values."""
    return np.random.default_rng(seed).normal(size=n)


def predict(start: tuple[Graph, tuple[float, ...]], X: Array) -> Array:
    """Return the values (n,) of a graph with its coefficients at rows X of shape (n, d)."""
    graph, coefficients = start
    batch = Batch([graph], torch.from_numpy(X))
    return batch.predict(batch.pad([coefficients]))[0].numpy()
