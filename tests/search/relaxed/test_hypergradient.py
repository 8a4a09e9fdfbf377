"""The inner problem solved, and gradients of alpha against differences of what they are gradients of."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts._typing import Array
from eqdarts.search.relaxed.hypergradient import (
    Differentiable,
    Inner,
    _conjugate_gradients,
    _System,
    implicit,
    second_order,
    solve_inner,
)
from tests.search.relaxed.engines import COMPILED, TORCH, direction, engine_of
from tests.search.relaxed.tables import product_data

SMOOTH = ["linear", "square", "sin", "tanh"]  # no end of a domain, at which a loss would have a kink
RIDGE, T = 0.1, 0.5


def _solved(engine: Differentiable, w: Array, alpha: Array, n_iterations: int) -> Array:
    """Solve the inner problem to rounding: damped steps, and then Newton's."""
    w, _ = solve_inner(engine, Inner(w, np.full(len(w), 1e-3)), alpha, T, RIDGE, n_iterations)
    for _ in range(4):
        system = _System(engine, w, alpha, T, RIDGE)
        slope = system.free * (engine.evaluate(w, alpha, T, 1).by_w[0] + RIDGE * w)
        w = w - _conjugate_gradients(system.product, system.precondition, slope, 40)
    return w


def test_the_implicit_gradient_is_that_of_the_solved_inner_problem() -> None:
    engine, start, alpha = engine_of(COMPILED, product_data(), SMOOTH, n_active=2, n_restarts=3)
    w = _solved(engine, start, alpha, 150)
    system = _System(engine, w, alpha, T, RIDGE)
    slope = system.free * (engine.evaluate(w, alpha, T, 1).by_w[0] + RIDGE * w)
    assert np.abs(slope).max() < 1e-10
    loss, gradient = implicit(engine, w, alpha, T, RIDGE, 40)
    np.testing.assert_allclose(loss, engine.evaluate(w, alpha, T, 0).loss[1])
    along, h = direction(alpha), 1e-3

    def value(step: float) -> Array:
        moved = np.where(np.isfinite(alpha), alpha + step * along, alpha)
        return engine.evaluate(_solved(engine, w, moved, 3), moved, T, 0).loss[1]

    # differences of the fourth order
    expected = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    np.testing.assert_allclose((gradient * along).sum(axis=1), expected, rtol=1e-5)
    first = engine.evaluate(w, alpha, T).by_alpha[1]
    assert np.linalg.norm(gradient - first) > 0.1 * np.linalg.norm(first)


@pytest.mark.parametrize("kind", [COMPILED, TORCH])
def test_second_order_is_the_gradient_through_one_step(kind: str) -> None:
    engine, w, alpha = engine_of(kind, product_data(), SMOOTH)
    rate = 0.02
    slope = engine.evaluate(w, alpha, T, 1).by_w[0]
    loss, gradient = second_order(engine, w, alpha, T, rate, slope)
    along, h = direction(alpha), 1e-5

    def value(step: float) -> Array:
        moved = np.where(np.isfinite(alpha), alpha + step * along, alpha)
        after = w - rate * engine.evaluate(w, moved, T, 1).by_w[0]
        return engine.evaluate(after, moved, T, 0).loss[1]

    np.testing.assert_allclose(loss, value(0.0))
    expected = (value(h) - value(-h)) / (2 * h)
    np.testing.assert_allclose((gradient * along).sum(axis=1), expected, rtol=1e-3, atol=1e-6)
    first = engine.evaluate(w, alpha, T).by_alpha[1]
    assert np.linalg.norm(gradient - first) > 1e-3 * np.linalg.norm(first)


def test_steps_of_the_inner_problem_never_raise_its_loss() -> None:
    engine, w, alpha = engine_of(COMPILED, product_data())
    before = engine.evaluate(w, alpha, T, 0).loss[0] + 0.5e-3 * (w**2).sum(axis=1)
    inner = Inner(w, np.full(len(w), 1e-3))
    for _ in range(3):
        inner = solve_inner(engine, inner, alpha, T, 1e-3, 2)
        after = engine.evaluate(inner.w, alpha, T, 0).loss[0] + 0.5e-3 * (inner.w**2).sum(axis=1)
        assert (after <= before).all()
        before = after
    assert (inner.w[:, :] != w).any()
