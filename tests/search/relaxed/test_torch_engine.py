"""The supernet by torch: single precision, and rows that train and validate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.steps import make_bilevel
from eqdarts.search.relaxed.supernet import make_supernet
from eqdarts.search.relaxed.torch_engine import TorchEngine
from tests.search.relaxed.engines import TORCH, engine_of
from tests.search.relaxed.tables import product_data


def test_single_precision_gives_the_same_losses_as_double() -> None:
    data = product_data()
    double, w, alpha = engine_of(TORCH, data, "minimal")
    net = make_supernet(2, 2, resolve("minimal"))
    single = TorchEngine(make_bilevel(net, data, torch.float32, "cpu"))
    a, b = (engine.evaluate(w, alpha, 0.5) for engine in (double, single))
    np.testing.assert_allclose(a.loss, b.loss, rtol=1e-3)
    assert b.by_w.dtype == np.float64
    np.testing.assert_allclose(a.by_alpha, b.by_alpha, rtol=0.02, atol=0.02 * np.abs(a.by_alpha).max())


def test_rows_that_train_and_validate_are_told_apart() -> None:
    data = product_data(n=20)
    both = replace(data, validation=data.train)
    engine, w, alpha = engine_of(TORCH, both, "minimal")
    at = engine.evaluate(w, alpha, 0.5, 0)
    np.testing.assert_allclose(at.loss[0], at.loss[1])
    assert engine.hidden(w, alpha).shape == (4, 2, 2 * len(data.train))
