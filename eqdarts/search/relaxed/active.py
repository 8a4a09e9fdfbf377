"""Active choices: a supernet of which each edge of each restart has only some primitives, and fewer as it is trained.

The logits of the others are -infinity, so that their weights are exactly zero. In the end one choice is left on every
edge: then the supernet is a graph, and nothing is lost by the argmax. Axes: R restarts, E edges, M primitives.
"""

from __future__ import annotations

import math

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.relaxed.supernet import Supernet

__all__ = ["draw_active", "shrink"]


def draw_active(net: Supernet, alpha: Array, n_active: int, rng: np.random.Generator) -> None:
    """Leave each edge `n_active` primitives, drawn by how common they are in formulas, and the absent edge; in place.

    Parameters
    ----------
    alpha : ndarray of shape (R, A)
    """
    logits = net.edge_logits(alpha)[..., 1:]  # a view
    common = 0.5 * np.log([p.frequency for p in net.primitives])
    # the largest of log weight plus Gumbel noise are a draw without replacement
    score = np.where(np.isfinite(logits), common + rng.gumbel(size=logits.shape), -math.inf)
    _keep_largest(logits, score, n_active)


def shrink(net: Supernet, alpha: Array, n_left: int) -> None:
    """Leave each edge the `n_left` choices with the largest logits, in place; with one left, nodes are decided too."""
    logits = net.edge_logits(alpha)
    _keep_largest(logits, logits, n_left)
    if n_left == 1:
        nodes = net.node_logits(alpha)
        nodes[...] = np.where(nodes > 0, math.inf, -math.inf)


def _keep_largest(logits: Array, score: Array, n: int) -> None:
    """Set all `logits` to -infinity but those with the `n` largest scores on each edge."""
    if n < score.shape[-1]:
        order = np.argsort(-score, axis=-1, kind="stable")
        np.put_along_axis(logits, order[..., n:], -math.inf, axis=-1)
