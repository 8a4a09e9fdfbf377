"""Products of powers and functions, read off the logarithm of the target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from eqdarts._typing import Array
from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form.log_pursuit import _rounded, log_starts
from eqdarts.solver.refit import refit

UNITS = (2.0, 0.5, 3.0, 1.0)
LAWS: dict[str, Callable[[Array, Array, Array, Array], Array]] = {
    "a difference": lambda a, b, c, d: a * b / (d**2 * (a - b)),
    "the root of a difference of squares": lambda a, b, c, d: a * c * np.sqrt(np.abs(c**2 - d**2)) / d,
    "a squared difference of squares": lambda a, b, c, d: a**2 * c**4 / (c**2 - b**2) ** 2 / d,
    "one minus a cosine": lambda a, b, c, d: d**2 * c / (1 - np.cos(a)),
    "a power of a shifted input": lambda a, b, c, d: 3 * a**1.7 / (b + 1.3) ** 2,
    "a sine and a sum": lambda a, b, c, d: -a * np.sin(b) / (c + d),
    "the smaller of two": lambda a, b, c, d: b * np.minimum(a, d) / c,
    "a difference of exponentials": lambda a, b, c, d: c * (np.exp(-a) - np.exp(-b)) / d**2,
    "a ratio in a function": lambda a, b, c, d: c**2 * np.tanh(a / b),
}


def inputs(n: int = 120) -> Array:
    """Return inputs in the units of the data."""
    return np.random.default_rng(0).uniform((0.5, 1.5, 4.0, 0.3), (1.4, 3.0, 6.0, 2.0), (n, 4))


def smallest_loss(X: Array, y: Array) -> float:
    """Return the lowest loss of the starts after a short refit, as a share of the variance."""
    units = UNITS[: X.shape[1]]
    scaled, size = X / units, float(np.abs(y).mean())
    starts = list(log_starts(scaled, y / size, np.ones(len(y)), resolve("default"), units))
    graphs, coefficients = [graph for graph, _ in starts], [start for _, start in starts]
    target = torch.from_numpy(y / size)
    fits = refit(graphs, coefficients, torch.from_numpy(scaled), target, max_iterations=60)
    return min(fit.loss for fit in fits) / float(target.var())


@pytest.mark.parametrize("name", LAWS)
def test_a_product_of_powers_and_functions_is_read_off(name: str) -> None:
    X = inputs()
    assert smallest_loss(X, LAWS[name](*X.T)) < 1e-20


def test_sums_of_products_are_factors_where_there_are_few_inputs() -> None:
    X = inputs()[:, :3]
    a, b, c = X.T
    y = np.sqrt((a * b) ** 2 + (c / a) ** 2) / (a * b - c)
    assert smallest_loss(X, y) < 1e-20


def test_noise_leaves_the_form() -> None:
    X = inputs(400)
    y = X[:, 0] * X[:, 1] / (X[:, 1] - X[:, 0]) ** 2
    y = y * (1 + 0.05 * np.random.default_rng(1).standard_normal(len(y)))
    assert smallest_loss(X, y) < 0.01


def test_factors_that_go_together_have_simple_exponents_under_noise() -> None:
    a, b = np.random.default_rng(0).uniform((4.0, 0.5), (9.0, 3.0), (150, 2)).T
    columns = np.column_stack([np.ones(150), np.log(a), np.log(b), np.log(a - b), np.log(np.log(a / b))])
    target = columns[:, 3] - columns[:, 4] + 0.1 * np.random.default_rng(1).standard_normal(150)
    # (a - b) / log(a / b) is close to a product of powers: the solution is far from what is meant
    assert np.abs(np.linalg.lstsq(columns, target, rcond=None)[0][1:] - (0, 0, 1, -1)).max() > 0.2
    assert _rounded(columns, target, 2) == [0.0, 0.0, 1.0, -1.0]


def test_targets_of_zero_and_inputs_of_any_sign() -> None:
    X = np.random.default_rng(2).standard_normal((60, 2))
    for y in (np.zeros(60), X[:, 0] * X[:, 1], np.where(X[:, 0] > 0, X[:, 1], 0.0)):
        starts = list(log_starts(X, y, np.ones(60), resolve("default"), (1.0, 1.0)))
        assert all(np.isfinite(start).all() for _, start in starts)
        assert bool(starts) == bool(y.any())


def test_only_functions_that_the_search_may_use_occur() -> None:
    X = inputs()
    y = X[:, 0] * np.sin(X[:, 1])
    usable = resolve(["linear", "reciprocal"])
    for graph, _ in log_starts(X, y, np.ones(len(y)), usable, (1.0,) * 4):
        assert not {e.primitive.name for node in graph.nodes for e in node.edges} & {"sin", "cos", "tanh", "exp", "log"}


@pytest.mark.parametrize(
    "law",
    [
        lambda a, b: a * b / ((a + 2) * (b + 0.7)),
        lambda a, b: a / (a + 4) * (1 - np.exp(-0.35 * b)),
        lambda a, b: b * np.tanh(a / 3) / (b + 0.4),
    ],
)
def test_products_of_saturations_over_decades_are_found_under_noise(law: Callable[[Array, Array], Array]) -> None:
    rng = np.random.default_rng(3)
    X = np.exp(rng.uniform(np.log((0.2, 0.1)), np.log((30.0, 12.0)), (80, 2)))
    clean = law(X[:, 0], X[:, 1])
    y = clean * (1 + 0.03 * rng.normal(size=80))
    starts = list(log_starts(X, y, np.ones(80), resolve("default"), (1.0, 1.0)))
    short = [(graph, start) for graph, start in starts if graph.complexity <= 31]
    fits = refit([graph for graph, _ in short], [start for _, start in short], torch.tensor(X), torch.tensor(y))
    assert min(fit.loss for fit in fits) < 1.05 * float(np.mean((y - clean) ** 2))
