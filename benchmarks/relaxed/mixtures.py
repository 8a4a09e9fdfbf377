"""Other mixtures of the primitives on an edge, and other products, in the place of those of the search.

Axes: R restarts, E edges, M primitives without the absent one, H hidden nodes.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.relaxed import kernels
from eqdarts.search.relaxed.engine import Engine, Evaluation
from eqdarts.search.relaxed.supernet import Supernet

WEIGHTS = "eqdarts.search.relaxed.engine.weights"
FAR = 1e3  # differences of logits that are as good as infinite
STRETCH = 1.2  # of a concrete weight, which is cut off below zero and above one (Louizos et al. 2018)


def logits_of(net: Supernet, alpha: Array, temperature: float) -> tuple[Array, Array]:
    """Return the logits of edges (R, E, M + 1), and those of "sum" and "product" (R, H, 2); the largest are zero."""
    nodes = np.clip(net.node_logits(alpha), -FAR, FAR)
    both = net.edge_logits(alpha) / temperature, np.stack((np.zeros_like(nodes), nodes), axis=-1) / temperature
    edges, nodes = (np.maximum(z - z.max(axis=-1, keepdims=True), -FAR) for z in both)
    return edges, nodes


def entmax(z: Array) -> Array:
    """Return 1.5-entmax of the last axis, exactly, by sorting (Peters, Niculae, Martins 2019, algorithm 2)."""
    half = z / 2
    ordered = -np.sort(-half, axis=-1)
    k = np.arange(1, z.shape[-1] + 1)
    mean, square = ordered.cumsum(axis=-1) / k, (ordered**2).cumsum(axis=-1) / k
    threshold = mean - np.sqrt(np.maximum(1 / k - (square - mean**2), 0.0))
    size = (threshold <= ordered).sum(axis=-1, keepdims=True)
    p = np.maximum(half - np.take_along_axis(threshold, size - 1, axis=-1), 0.0) ** 2
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def softmax(z: Array) -> Array:
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


class Entmax(Engine):
    """Mixtures by 1.5-entmax: choices with small logits weigh exactly nothing."""

    def evaluate(self, w: Array, alpha: Array, temperature: float, wanted: int = 2) -> Evaluation:
        p, nodes = map(entmax, logits_of(self.net, alpha, temperature))

        def back(k: int, gradient: Array) -> Array:
            root = np.sqrt((p, nodes)[k])
            mean = (root * gradient).sum(axis=-1, keepdims=True) / root.sum(axis=-1, keepdims=True)
            return np.asarray(root * (gradient - mean) / temperature)

        return _evaluate(self, (p, nodes), back, w, alpha, wanted)


class HardConcrete(Engine):
    """Mixtures drawn anew at every step: a softmax of logits and noise, stretched, and cut off at zero and one."""

    rng = np.random.default_rng(0)

    def evaluate(self, w: Array, alpha: Array, temperature: float, wanted: int = 2) -> Evaluation:
        both = logits_of(self.net, alpha, temperature)
        if wanted:
            both = both[0] + self._noise(both[0]) / temperature, both[1] + self._noise(both[1]) / temperature
        concrete = tuple(map(softmax, both))
        stretched = [STRETCH * s - (STRETCH - 1) / 2 for s in concrete]

        def back(k: int, gradient: Array) -> Array:
            s, inside = concrete[k], (stretched[k] > 0) & (stretched[k] < 1)
            by_s = STRETCH * inside * gradient
            return np.asarray(s * (by_s - (s * by_s).sum(axis=-1, keepdims=True)) / temperature)

        cut = tuple(np.clip(s, 0.0, 1.0) for s in stretched)
        return _evaluate(self, (cut[0], cut[1]), back, w, alpha, wanted)

    def _noise(self, z: Array) -> Array:
        return np.where(z > -FAR, self.rng.gumbel(size=z.shape), 0.0)


def _evaluate(
    engine: Engine,
    mixture: tuple[Array, Array],
    back: Callable[[int, Array], Array],
    w: Array,
    alpha: Array,
    wanted: int,
) -> Evaluation:
    """Return losses and gradients with the weights `mixture` of edges (R, E, M + 1) and of nodes (R, H, 2).

    `back` gives the gradient in the logits, of edges (0) or of nodes (1), from the one in the weights.
    """
    p, nodes = mixture
    with patch(WEIGHTS, lambda *_: (np.ascontiguousarray(p), np.ascontiguousarray(nodes[..., 1]))):
        found = engine._sweep(w, alpha, 1.0, wanted)
    by_edges = back(0, found.by_p).reshape(2, len(w), -1)
    by_nodes = back(1, np.stack((np.zeros_like(found.by_beta), found.by_beta), axis=-1))[..., 1]
    by_alpha = np.concatenate((by_edges, by_nodes), axis=-1)
    return Evaluation(found.loss, found.c, found.by_w, by_alpha)


# in the kernels, what makes a factor of a product the exponential of a weighted sum of logarithms of magnitudes, with
# the sign of the weighted sum of values
IN_LOGS = {
    "                factor[i] = p[e, 0]\n": "                factor[i] = p[e, 0]\n                rows[2, i] = 0.0\n",
    "                    factor[i] += share * f[i]\n": (
        "                    factor[i] += share * f[i]\n"
        "                    rows[2, i] += share * math.log(max(abs(f[i]), TINY))\n"
    ),
    "                factor[i] = min(max(factor[i], -LIMIT), LIMIT)\n": (
        "                factor[i] = math.copysign(min(math.exp(rows[2, i]), LIMIT), factor[i])\n"
    ),
    "                absent += in_factor[i]\n": "                in_factor[i] *= edges[1, e, i]\n",
    "                    s2 += in_factor[i] * f[i]\n": (
        "                    s2 += in_factor[i] * math.log(max(abs(f[i]), TINY))\n"
    ),
    "(weight * in_term[i] + in_factor[i])": "(weight * in_term[i] + in_factor[i] * f[i] / (f[i] * f[i] + TINY**2))",
    "LIMIT = 1e4\n": "LIMIT = 1e4\nTINY = 1e-6\n",
}


def kernels_in_logs() -> ModuleType:
    """Return the compiled code of the supernet with products in log space."""
    text = Path(kernels.__file__).read_text(encoding="utf-8")
    for before, after in IN_LOGS.items():
        if text.count(before) != 1:
            raise ValueError(f"The kernels must have one line {before.strip()!r}. Got {text.count(before)}.")
        text = text.replace(before, after)
    path = Path(tempfile.mkdtemp(prefix="eqdarts-")) / "kernels_in_logs.py"
    path.write_text(text, encoding="utf-8")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module
