"""A peak on a level is found; a smooth bend is none."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.fitting.starts import peak
from eqdarts.solver.peaks import peak_of

X = np.sort(np.random.default_rng(0).uniform(0, 10, 60))


@pytest.mark.parametrize(("height", "place", "width"), [(4.0, 5.0, 0.8), (-2.0, 7.3, 0.3), (1.0, 1.0, 1.5)])
def test_a_peak_or_a_dip_has_its_place_width_and_height(height: float, place: float, width: float) -> None:
    y = 0.5 + height * np.exp(-0.5 * ((X - place) / width) ** 2)
    found = peak_of(X, y + 0.01 * np.random.default_rng(1).normal(size=60), np.ones(60))
    assert found is not None
    np.testing.assert_allclose(found[:4], [0.5, height, place, width], rtol=0.05)


@pytest.mark.parametrize("shape", [lambda x: x**2, lambda x: np.exp(-x), lambda x: 1 / (1 + np.exp(5 - x))])
def test_a_smooth_bend_is_no_peak(shape) -> None:  # type: ignore[no-untyped-def]
    y = shape(X)
    assert peak_of(X, y + 0.1 * y.std() * np.random.default_rng(1).normal(size=60), np.ones(60)) is None


def test_few_values_or_one_have_no_peak() -> None:
    assert peak_of(np.repeat([1.0, 2.0, 3.0], 20), X, np.ones(60)) is None
    assert peak_of(np.ones(60), X, np.ones(60)) is None


def test_a_search_starts_from_the_peak_of_the_input_that_has_one() -> None:
    other = np.random.default_rng(2).uniform(0, 1, 60)
    y = 0.5 + 4 * np.exp(-0.5 * ((X - 5) / 0.8) ** 2)
    data = prepare(np.column_stack([other, X]), y, None, 0.3, np.random.default_rng(0))
    (start,) = peak(data)
    assert {edge.source for edge in start[0].nodes[0].edges} == {1}
    assert peak(prepare(other[:, None], other**2, None, 0.3, np.random.default_rng(0))) == []
