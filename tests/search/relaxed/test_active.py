"""Choices are drawn for every edge, and dropped until one is left."""

from __future__ import annotations

import numpy as np

from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.active import draw_active, shrink
from eqdarts.search.relaxed.supernet import admissible, initial_parameters, make_supernet


def test_choices_are_drawn_and_dropped_by_their_logits() -> None:
    net = make_supernet(2, 2, resolve("default"))
    X = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 2))
    allowed = admissible(net, X)
    _, drawn = initial_parameters(net, 40, np.random.default_rng(0), allowed)
    alpha = drawn.numpy()
    draw_active(net, alpha, 3, np.random.default_rng(1))
    left = np.isfinite(net.edge_logits(alpha))
    assert left[..., 0].all()  # the absent edge always stays
    assert set(left[..., 1:].sum(axis=-1).ravel()) == {3}
    assert not (left & ~allowed.numpy()).any()
    names = [p.name for p in net.primitives]
    counts = left[..., 1:].sum(axis=(0, 1))
    assert counts[names.index("linear")] > 3 * counts[names.index("arctan")] > 0  # the common ones more often
    before = net.edge_logits(alpha).copy()
    shrink(net, alpha, 2)
    kept = np.isfinite(net.edge_logits(alpha))
    assert set(kept.sum(axis=-1).ravel()) == {2}
    second = np.sort(before, axis=-1)[..., -2]
    assert (before[kept].reshape(40, -1, 2).min(axis=-1) == second).all()
    assert np.isfinite(net.node_logits(alpha)).all()
    shrink(net, alpha, 1)
    assert (net.edge_logits(alpha).argmax(axis=-1) == before.argmax(axis=-1)).all()
    assert np.isinf(net.node_logits(alpha)).all()
