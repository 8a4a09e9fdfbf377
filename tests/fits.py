"""Tables and quick fits that the tests of several rooms use: a stone that falls, and a law among outliers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch

from eqdarts import DARTSRegressor
from tests import helpers

G = 9.80665


QUICK: dict[str, Any] = helpers.QUICK | {"primitives": "minimal", "max_refits": 200}
QUICK_BY_LOSS: dict[str, Any] = QUICK | {"max_refits": 30, "max_complexity": 9}


def fall(n: int = 30, noise: float = 0.01, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Return times and heights, each time twice, with normal errors."""
    rng = np.random.default_rng(seed)
    t = pd.DataFrame({"t": np.repeat(np.linspace(0.2, 2.0, n // 2), 2)})
    return t, pd.Series(G / 2 * t["t"] ** 2 + noise * rng.normal(size=len(t)), name="h")


@cache
def fallen(**given: Any) -> DARTSRegressor:
    """Return a fit of the fall; `given` are its parameters, and `named=True` names g."""
    constants = {"g": G} if given.pop("named", False) else None
    fit = {key: given.pop(key) for key in ("sigma", "sample_weight") if key in given}
    return DARTSRegressor(**(QUICK | given), constants=constants).fit(*fall(), **fit)


def student(y: torch.Tensor, f: torch.Tensor) -> torch.Tensor:
    """Return the loss of Student's t: a loss of the user's own."""
    return torch.log1p((y - f) ** 2 / 0.02)


@cache
def outliers() -> tuple[np.ndarray, np.ndarray]:
    """Return rows of 2.31 x**1.5, every tenth far above."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 4, (200, 1))
    y = 2.31 * X[:, 0] ** 1.5 + 0.1 * rng.normal(size=200)
    y[::10] += rng.exponential(50, 20)
    return X, y


def trees(noise: float = 0.02, n_groups: int = 4, n_rows: int = 8) -> tuple[pd.DataFrame, pd.Series]:
    """Return ages and sizes of trees that grow alike, each to its own final size."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "tree": np.repeat([f"T{k}" for k in range(n_groups)], n_rows),
            "age": np.tile(np.linspace(1, 9, n_rows), n_groups),
        }
    )
    final = np.repeat(np.linspace(2, 5, n_groups), n_rows)
    size = final * X["age"] / (3 + X["age"])
    return X, pd.Series(size + noise * rng.normal(size=len(X)), name="size")


@cache
def grown(**given: Any) -> DARTSRegressor:
    """Return a fit of the trees with constants by tree."""
    X, y = trees()
    quick = QUICK | {"max_refits": 7, "max_complexity": 7, "guesses": ["f*age/(h + age)"]} | given
    return DARTSRegressor(**quick).fit(X, y, groups="tree")
