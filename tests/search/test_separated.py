"""Sums and products of functions of fewer inputs, told under noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts.search.separated import Separation, separation
from eqdarts.search.smooth_evidence import best_fits
from tests.search.tables import Formula, noisy

LAWS: dict[str, tuple[Formula, int, str, tuple[tuple[int, ...], ...]]] = {
    "sum": (lambda x, z: np.sin(x) + z**2, 2, "linear", ((0,), (1,))),
    "product": (lambda x, z: np.sqrt(1 + x) / (z + 0.3), 2, "exp", ((0,), (1,))),
    "negative product": (lambda x, z: -np.exp(-x) * np.sqrt(z), 2, "exp", ((0,), (1,))),
    "two saturations": (lambda x, z: 1 / (1 + 2 / x + 1 / z), 2, "reciprocal", ((0,), (1,))),
    "root of a sum": (lambda x, z: np.sqrt(x**3 + np.exp(z)), 2, "sqrt", ((0,), (1,))),
    "sum of three": (lambda x, z, u: np.sin(x) + z**2 + np.exp(-u), 3, "linear", ((0,), (1,), (2,))),
    "one apart from two": (lambda x, z, u: np.sin(x * z) + u**2, 3, "linear", ((0, 1), (2,))),
}


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def of(law: Formula, d: int, noise: float = 0.05) -> Separation | None:
    problem = noisy(law, d, noise, n=1000)
    return separation(problem, best_fits(problem)[0])


@pytest.mark.parametrize("name", LAWS)
def test_parts_and_the_function_outside_are_told(name: str) -> None:
    law, d, outer, parts = LAWS[name]
    found = of(law, d)
    assert found is not None
    assert found.name == outer
    assert sorted(found.parts) == sorted(parts)
    assert [problem.n_inputs for problem in found.problems] == [len(part) for part in found.parts]


def test_what_is_no_sum_or_product_has_no_parts() -> None:
    assert of(lambda x, z: np.sin(x * z) + np.cos(x - z), 2) is None
    assert of(lambda x: np.sin(x), 1) is None


def test_the_parts_make_up_the_law() -> None:
    problem = noisy(lambda x, z: np.sqrt(1 + x) / (z + 0.3), 2, 0.02, n=1000)
    found = separation(problem, best_fits(problem)[0])
    assert found is not None
    whole = found.factor * np.prod([part.wide.y for part in found.problems], axis=0)
    x, z = (problem.wide.X * problem.units).T
    true = np.sqrt(1 + x) / (z + 0.3) / problem.y_unit
    assert np.sqrt(np.mean((whole - true) ** 2) / np.mean(true**2)) < 0.01
    for part in found.problems:
        # an error of a part weighs as the error that it makes in the target
        np.testing.assert_allclose(part.wide.weight * part.wide.y**2, problem.wide.weight * whole**2, rtol=1e-9)


@pytest.mark.parametrize("name", ["sum", "product", "root of a sum"])
def test_noisy_parts_have_the_noise_of_the_rows(name: str) -> None:
    law, d, *_ = LAWS[name]
    problem = noisy(law, d, 0.05, n=1000)
    fit = best_fits(problem)[0]
    found = separation(problem, fit)
    assert found is not None
    for smooth, rows in zip(found.problems, found.noisy, strict=True):
        left = (rows.wide.y - smooth.wide.y) ** 2 * rows.wide.weight
        assert float(np.mean(left)) == pytest.approx(fit.noise(problem), rel=0.1)
