"""Compiled code agrees with the tensor operations that it replaces."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.primitives.table import PRIMITIVES
from tests.search.relaxed.engines import COMPILED, TORCH, engine_of
from tests.search.relaxed.tables import product_data

NAMES = [name for name, row in PRIMITIVES.items() if row.kernel is not None]


@pytest.mark.parametrize(("names", "n_active"), [("default", 3), (NAMES, 60)])
def test_values_gradients_and_matrices_are_those_of_torch(names: str | list[str], n_active: int) -> None:
    data = product_data(n=40)
    (fast, w, alpha), (slow, *_) = (
        engine_of(kind, data, names, n_active=n_active, n_hidden=3) for kind in (COMPILED, TORCH)
    )
    a, b = (engine.evaluate(w, alpha, 0.5) for engine in (fast, slow))
    np.testing.assert_allclose(a.loss, b.loss, rtol=1e-6)
    for found, expected in ((a.by_w, b.by_w), (a.by_alpha, b.by_alpha)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(fast.hidden(w, alpha), slow.hidden(w, alpha), rtol=1e-9, atol=1e-9)
    packed, places, counts = fast.gauss_newton(w, alpha, 0.5)
    dense, *_ = slow.gauss_newton(w, alpha, 0.5)
    for r in range(len(w)):
        own = places[r, : counts[r]]
        expected = dense[r][np.ix_(own, own)]
        found = packed[r, : counts[r], : counts[r]]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())
