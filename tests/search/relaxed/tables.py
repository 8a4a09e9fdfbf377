"""A table that supernets are trained on, and a short training."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from eqdarts.data import Data, prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet

MINIMAL = resolve("minimal")


def product_data(n: int = 60, n_inputs: int = 2, seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.5, 3.0, (n, n_inputs))
    weight = rng.uniform(0.5, 1.5, n)
    return prepare(X, X[:, 0] * X[:, -1] + 0.1 * rng.normal(size=n), weight, 0.25, rng)


def trained(data: Data, seed: int = 0, n_hidden: int = 1, n_restarts: int = 6, **given: Any) -> TrainedSupernet:
    """Train one supernet for a few steps; `given` are options of the relaxed search or arguments of the training."""
    names = {item.name for item in fields(RelaxedOptions)}
    options = RelaxedOptions(**{"n_steps": 12, "n_samples": 2} | {k: v for k, v in given.items() if k in names})
    more = {k: v for k, v in given.items() if k not in names}
    rng = np.random.default_rng(seed)
    return train_supernet(data, MINIMAL, n_hidden=n_hidden, n_restarts=n_restarts, rng=rng, options=options, **more)
