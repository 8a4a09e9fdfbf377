"""A supernet on the rows of a table, by compiled code and by torch."""

from __future__ import annotations

import numpy as np
import torch

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.active import draw_active
from eqdarts.search.relaxed.engine import Engine, make_engine
from eqdarts.search.relaxed.steps import make_bilevel
from eqdarts.search.relaxed.supernet import admissible, initial_parameters, keep_in_domain, make_supernet
from eqdarts.search.relaxed.torch_engine import TorchEngine

COMPILED, TORCH = "compiled", "torch"


def engine_of(
    kind: str, data: Data, names: str | list[str] = "default", n_hidden: int = 2, n_restarts: int = 4, n_active: int = 3
) -> tuple[Engine | TorchEngine, Array, Array]:
    """Return the engine with w (R, K) and alpha (R, A), of which some choices are left."""
    net = make_supernet(data.n_inputs, n_hidden, resolve(names))
    rng = np.random.default_rng(1)
    drawn, logits = initial_parameters(net, n_restarts, rng, admissible(net, data.X[:]))
    keep_in_domain(net, drawn, *(torch.as_tensor(end(data.X[:], axis=0)) for end in (np.min, np.max)))
    w, alpha = drawn.numpy(), logits.numpy()
    draw_active(net, alpha, n_active, rng)
    if kind == TORCH:
        return TorchEngine(make_bilevel(net, data, torch.float64, "cpu")), w, alpha
    engine = make_engine(net, data)
    assert engine is not None
    return engine, w, alpha


def direction(like: Array) -> Array:
    """Return a direction in the logits or coefficients that are finite."""
    return np.where(np.isfinite(like), np.random.default_rng(2).normal(size=like.shape), 0.0)
