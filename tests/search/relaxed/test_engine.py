"""Losses and derivatives by compiled code, against differences; training and validation rows do not mix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqdarts import make_primitive
from eqdarts.search.relaxed.engine import make_engine, place_target, warm_up
from eqdarts.search.relaxed.supernet import make_supernet
from tests.search.relaxed.engines import COMPILED, TORCH, direction, engine_of
from tests.search.relaxed.tables import product_data


@pytest.mark.parametrize("kind", [COMPILED, TORCH])
def test_gradients_and_their_changes_are_those_of_the_losses(kind: str) -> None:
    engine, w, alpha = engine_of(kind, product_data(), ["linear", "sin", "tanh", "power", "exp", "square"])
    at = engine.evaluate(w, alpha, 0.5)
    h = 1e-6
    for k, along in enumerate((direction(w), direction(alpha))):
        step = (w + h * along, alpha) if k == 0 else (w, alpha + h * along)
        back = (w - h * along, alpha) if k == 0 else (w, alpha - h * along)
        ahead, behind = (engine.evaluate(*point, 0.5) for point in (step, back))
        found = ((at.by_w, at.by_alpha)[k] * along).sum(axis=-1)
        np.testing.assert_allclose(found, (ahead.loss - behind.loss) / (2 * h), rtol=1e-4, atol=1e-6)
        if k == 0:
            curved = engine.curvature(w, alpha, 0.5, along)
            np.testing.assert_allclose(curved[0], (ahead.by_w - behind.by_w)[0] / (2 * h), rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(curved[1], (ahead.by_alpha - behind.by_alpha)[0] / (2 * h), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", [COMPILED, TORCH])
def test_coefficients_see_no_validation_row_and_the_loss_of_alpha_no_training_row(kind: str) -> None:
    data = product_data()
    assert not set(data.train) & set(data.validation)
    engine, w, alpha = engine_of(kind, data, n_restarts=1)
    at = engine.evaluate(w, alpha, 0.5)
    target = place_target(data)
    n = target.n_train
    z = engine.hidden(w, np.where(np.isfinite(alpha), alpha / 0.5, alpha))[0]
    # training targets move by what no output weights can follow
    columns = np.concatenate([z[:, :n], np.ones((1, n))]).T * np.sqrt(target.weight[:n, None])
    noise = np.random.default_rng(0).normal(size=n)
    moved = noise - columns @ np.linalg.lstsq(columns, noise, rcond=None)[0]
    y = {"train": data.y.copy(), "validation": data.y.copy()}
    y["train"][data.train] += moved / np.sqrt(target.weight[:n])
    y["validation"][data.validation] += 1.0
    other = {k: replace(data, y=v) for k, v in y.items()}
    unit = {k: data.variance / v.variance for k, v in other.items()}  # losses are shares of the variance of all rows
    changed = {k: engine_of(kind, v, n_restarts=1)[0].evaluate(w, alpha, 0.5) for k, v in other.items()}
    np.testing.assert_allclose(changed["validation"].by_w[0], at.by_w[0] * unit["validation"], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(changed["train"].loss[1], at.loss[1] * unit["train"], rtol=1e-6)
    assert abs(changed["train"].loss[0] / (at.loss[0] * unit["train"]) - 1) > 0.1
    assert abs(changed["validation"].loss[1] / (at.loss[1] * unit["validation"]) - 1) > 0.1


def test_functions_without_a_kernel_are_left_to_torch() -> None:
    def bump(u: Any) -> Any:
        return u**2 / (1 + u**2)

    own = make_primitive("bump", bump, bump)
    assert make_engine(make_supernet(2, 1, (own,)), product_data()) is None
    warm_up()
