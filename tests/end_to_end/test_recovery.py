"""The implicit search finds laws exactly, within a number of refits, for more than one seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eqdarts import DARTSRegressor
from eqdarts.data import prepare
from eqdarts.graph.fitted import FittedGraph
from eqdarts.primitives.table import resolve
from eqdarts.search.evaluator import EXACT
from eqdarts.search.result import Config, Moment, OnProgress, SearchResult
from eqdarts.search.search import search
from eqdarts.solver.batch import Batch

Array = NDArray[np.float64]

LAWS: dict[str, tuple[int, Callable[..., Array]]] = {
    "power over a sum": (2, lambda x, y: 2.3 * x**1.5 / (0.7 + y)),
    "root of squares": (2, lambda x, y: 0.9 * np.sqrt(x * x + 2.5 * y * y)),
    "difference times ratio": (4, lambda x, y, z, u: 0.8 * (x - y) * z / u),
    "logarithm of a product": (2, lambda x, y: 1.4 * np.log(1 + 0.8 * x * y)),
    "sigmoid": (1, lambda x: 0.3 + 1.9 * np.tanh(1.2 * x - 1.5)),
    "wave of many periods": (2, lambda x, y: 0.4 * y + 1.2 * np.sin(18.0 * x + 0.7)),
    "input raised to an input": (3, lambda x, y, z: 0.6 * z + 1.7 * x**y),
    "ratio of polynomials": (3, lambda x, y, z: x * y / (1.3 * z * z + 0.5 * x)),
}


def run(
    X: Array, y: Array, seed: int, max_refits: int, on_progress: OnProgress | None = None
) -> tuple[SearchResult, Callable[[FittedGraph, Array], Array]]:
    """Search, and return with the result a function that predicts in the units of the data."""
    rng = np.random.default_rng(seed)
    data = prepare(X, y, None, 0.25, rng)
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    config = Config(resolve("default"), "implicit", 30, None, max_refits, 8, names)
    result = search(data, config, rng, on_progress)

    def predict(member: FittedGraph, X: Array) -> Array:
        batch = Batch([member.graph], torch.from_numpy(X / data.x_scale))
        return data.y_scale * batch.predict(batch.pad([member.coefficients]))[0].numpy()

    return result, predict


def stop_at_exact(moment: Moment) -> None:
    """Interrupt the search as soon as the law is exact: what follows is a search for shorter forms."""
    if moment.best.loss <= EXACT:
        raise KeyboardInterrupt


def table(name: str, seed: int) -> tuple[Array, Array, Array, Array]:
    d, law = LAWS[name]
    rng = np.random.default_rng(100 + seed)
    X, fresh = rng.uniform(0.5, 3.0, (100, d)), rng.uniform(0.4, 4.0, (200, d))
    return X, law(*X.T), fresh, law(*fresh.T)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_recovered_exactly(name: str, seed: int) -> None:
    X, y, fresh, y_fresh = table(name, seed)
    result, predict = run(X, y, seed, 6000, stop_at_exact)
    exact = [member for member in result.front if member.loss <= EXACT]
    assert exact
    assert result.history.n_refits < 6000
    np.testing.assert_allclose(predict(exact[0], fresh), y_fresh, rtol=1e-8, atol=1e-9)


def test_an_exact_law_ends_the_search_in_a_short_form() -> None:
    X, y, fresh, y_fresh = table("root of squares", 0)
    first, _ = run(X, y, 0, 6000, stop_at_exact)
    result, predict = run(X, y, 0, 6000)
    assert result.history.stop_reason == "exact"
    assert result.history.n_refits < 6000
    sizes = [min(m.graph.complexity for m in r.front if m.loss <= EXACT) for r in (result, first)]
    assert sizes == sorted(sizes)
    assert sizes[0] <= 16
    exact = next(m for m in result.front if m.loss <= EXACT)
    np.testing.assert_allclose(predict(exact, fresh), y_fresh, rtol=1e-8)


def test_a_saturation_through_zero_has_no_shift() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0.2, 40, 40)
    y = 3.4 * np.tanh(x / 15) + 0.05 * rng.normal(size=40)
    model = DARTSRegressor(max_refits=1500, random_state=0).fit(x[:, None], y)
    assert "tanh" in str(model.equation_)
    assert len(model.equation_.coefficients) == 2
