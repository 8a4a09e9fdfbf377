"""The parts of a law, searched apart and put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts.primitives.table import resolve
from eqdarts.search.budget import Budget
from eqdarts.search.implicit.parts import Parts
from eqdarts.search.separated import separation
from eqdarts.search.smooth_evidence import best_fits
from tests.helpers import predict
from tests.search.tables import Formula, noisy

LAWS: dict[str, Formula] = {
    "sum": lambda x, z: np.exp(-x) + z**2,
    "product": lambda x, z: np.exp(-x) / (z + 0.3),
    "saturations": lambda x, z: 1 / (1 + 2 / x + 1 / z),
}


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_the_wholes_come_near_the_law(name: str) -> None:
    problem = noisy(LAWS[name], 2, 0.05, n=1000)
    found = separation(problem, best_fits(problem)[0])
    assert found is not None
    primitives = resolve("default")
    parts = Parts(found, 2, 1e4, Budget(None, 10_000), 40, primitives, np.random.default_rng(0))
    wholes = parts.round()
    x, z = (problem.wide.X * problem.units).T
    true = LAWS[name](x, z) / problem.y_unit
    error = min(np.mean((predict(whole, problem.wide.X) - true) ** 2) for whole in wholes)
    assert error < 1e-3 * np.var(true)
    lengths = [length for length, _ in parts.shortest(parts.islands[0].trials.archive.recent.values(), 10)]
    assert lengths == sorted(lengths)
    assert 1 <= len(lengths) <= 10


@pytest.mark.slow
def test_a_part_with_an_unknown_offset_is_searched_in_fewer_inputs() -> None:
    problem = noisy(lambda x, z, u: x * np.exp(-x * z / 3) + u**2 / 5, 3, 0.05, n=1000)
    found = separation(problem, best_fits(problem)[0])
    assert found is not None
    primitives = resolve("default")
    parts = Parts(found, 3, 1e4, Budget(None, 10_000), 40, primitives, np.random.default_rng(0))
    ((island, inner, _),) = parts.reduced
    assert (island.trials.problem.n_inputs, inner.trials.problem.n_inputs) == (2, 1)
    x, z, u = (problem.wide.X * problem.units).T
    true = (x * np.exp(-x * z / 3) + u**2 / 5) / problem.y_unit
    error = min(np.mean((predict(whole, problem.wide.X) - true) ** 2) for whole in parts.round())
    assert error < 1e-3 * np.var(true)
