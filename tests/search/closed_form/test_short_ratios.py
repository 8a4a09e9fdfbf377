"""Of all ratios of a few terms those nearest to a function are found at once."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from eqdarts.search.closed_form.short_ratios import short_ratios

LAWS = {  # terms above and below, by the exponents of a, b, s and t
    "weighted mean": ([(1, 0, 1, 0), (0, 1, 0, 1)], [(0, 0, 1, 0), (0, 0, 0, 1)]),
    "saturation of a product": ([(1, 1, 0, 0)], [(0, 0, 1, 0), (1, 0, 0, 0)]),
    "competition": ([(1, 0, 0, 0)], [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0)]),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("seed", range(4))
def test_the_law_is_the_nearest_of_its_size(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.5, 4.0, (400, 4))
    exponents = np.array(list(itertools.product((0, 1), repeat=4)))
    values = np.stack([np.prod(X**own, axis=1) for own in exponents])
    above, below = ([exponents.tolist().index(list(own)) for own in part] for part in LAWS[name])
    a, b = rng.uniform(0.5, 2.0, len(above)), rng.uniform(0.5, 2.0, len(below))
    f = a @ values[above] / (b @ values[below])
    f += 0.02 * f * np.sin(X.sum(axis=1))  # no smooth model is exact
    own = [
        found
        for found in short_ratios(exponents, values, f, 1 / np.abs(f), 10**5)
        if (len(found.above), len(found.below)) == (len(above), len(below))
    ]
    assert {*own[0].above.tolist()} == {*above}
    assert {*own[0].below.tolist()} == {*below}
    value = own[0].a @ values[own[0].above] / (own[0].b @ values[own[0].below])
    np.testing.assert_allclose(value, f, rtol=0.05)


def test_sizes_of_which_there_are_too_many_ratios_are_left_out() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(1.0, 2.0, (6, 50))
    found = short_ratios(np.eye(6), values, values[0], np.ones(50), 100)
    sizes = {(len(own.above), len(own.below)) for own in found}
    assert sizes == {(p, q) for p, q in ((1, 2), (2, 1), (1, 3)) if math.comb(6, p) * math.comb(6, q) <= 100}


def test_terms_that_are_the_same_do_no_harm() -> None:
    found = list(short_ratios(np.eye(4), np.ones((4, 20)), np.ones(20), np.ones(20), 1000))
    assert found
    assert all(np.isfinite(own.a).all() and np.isfinite(own.b).all() for own in found)
