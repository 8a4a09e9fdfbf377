"""Laws of scale that a gradient does not contradict, alone and in sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eqdarts.search.laws_of_scale import likely_laws, likely_sets, pivots_of, price_of_set
from tests.helpers import Array

RNG = np.random.default_rng(5)
X = RNG.uniform(0.5, 3, (400, 4))
# v tanh(v s / r**2) / s + u: two laws, (v, s, r, u; 1, -1, 0, 2; 2) and (1, 1, 1, 0; 0)
TWO_LAWS = np.array([[1, -1, 0, 2, 2], [1, 1, 1, 0, 0.0]])


def _of(noise: float) -> tuple[Array, Array]:
    """Return the quadratic form of the law, of a gradient with errors, and the spread of the logarithms."""
    v, s, r, u = X.T
    z = v * s / r**2
    t, slope = np.tanh(z), z / np.cosh(z) ** 2
    f = v / s * t + u
    flow = np.stack([v / s * (t + slope), v / s * (slope - t), -2 * v / s * slope, u, -f])
    flow += noise * np.sqrt(np.mean(f**2)) * RNG.normal(size=flow.shape)
    return flow @ flow.T / (2 * 0.01), np.linalg.inv(np.cov(np.log(X).T))


def _in_span(laws: Array) -> bool:
    return np.linalg.matrix_rank(np.concatenate([TWO_LAWS, laws]), tol=1e-6) == 2


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_two_laws_that_hold_together_are_the_most_likely_set(noise: float) -> None:
    (missed, laws), (next_missed, _), *_ = likely_sets(*_of(noise))
    assert laws.shape == (2, 5)
    assert _in_span(laws)
    assert 0 <= missed <= next_missed


def test_single_laws_are_the_combinations_of_both() -> None:
    first = list(itertools.islice(likely_laws(*_of(0.0)), 3))
    assert all(_in_span(law[None]) for _, _, law in first)
    assert [missed for missed, _, _ in first] == sorted(missed for missed, _, _ in first)
    # each law once, whatever its multiple
    laws = [law for _, _, law in itertools.islice(likely_laws(*_of(0.0)), 100)]
    assert all(np.linalg.matrix_rank(np.stack(pair)) == 2 for pair in itertools.combinations(laws, 2))


def test_a_multiple_has_the_price_of_the_law() -> None:
    prices = {tuple(law / law[0]): price for _, price, law in likely_laws(*_of(0.0)) if law[0] != 0}
    assert prices[1.0, 0.5, 0.0, 0.0, 0.0] == prices[1.0, 2.0, 0.0, 0.0, 0.0] > prices[1.0, 1.0, 0.0, 0.0, 0.0]


def test_a_product_of_powers_is_one_set() -> None:
    v, s, r, u = X.T
    f = v**2 * s / r * np.exp(u)
    flow = f * np.stack([2 + 0 * u, 1 + 0 * u, -1 + 0 * u, u, -1 + 0 * u])
    sets = likely_sets(flow @ flow.T / (2 * 0.01), np.linalg.inv(np.cov(np.log(X).T)))
    (laws,) = [laws for missed, laws in sets if len(laws) == 3 and missed < 1e-6]
    assert np.linalg.matrix_rank(np.concatenate([laws, [[1, 0, 0, 0, 2], [0, 1, 0, 0, 1], [0, 0, 1, 0, -1]]])) == 3


def test_nothing_is_read_off_a_gradient_that_is_not_finite() -> None:
    square, spread = _of(0.0)
    square[1, 1] = np.inf
    assert likely_sets(square, spread) == []
    assert len(list(itertools.islice(likely_laws(square, spread), 16))) == 16


def test_a_set_has_the_price_of_the_powers_that_are_left() -> None:
    ratio, square = np.array([1.0, 1.0, 0.0, 0.0, 0.0]), np.array([1.0, 2.0, 0.0, 0.0, 0.0])
    factor, third = np.array([0.0, 0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0, 0.0, 1 / 3])
    plain = price_of_set([(0, ratio), (2, factor)])
    # x1/x0**2 for x1/x0, and another factor
    assert price_of_set([(0, square), (2, factor)]) == plain + 1
    assert price_of_set([(0, ratio), (2, third)]) == plain + 4


def test_an_input_is_taken_out_so_that_the_powers_are_simple() -> None:
    law = np.array([2.0, 1.0, 0.0, 2.0])
    assert pivots_of(law, np.ones(3, dtype=bool)) == [1, 0]
    # of either sign: no fraction, and only products and ratios
    assert pivots_of(law, np.array([False, True, True])) == [1]
    assert pivots_of(np.array([1.0, -1.0, 0.0]), np.zeros(2, dtype=bool)) == [0, 1]
    assert pivots_of(np.array([1.0, 3.0, 0.0]), np.zeros(2, dtype=bool)) == []
