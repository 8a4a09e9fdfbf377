"""A first law that outliers do not move."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.fitting.robust_start import robust_polynomial


@pytest.mark.parametrize("n", [12, 40, 2000])
def test_a_quarter_of_outliers_of_any_size_does_not_move_it(n: int) -> None:
    x = np.linspace(1.0, 3.0, n)
    law = 2 * x**2 - x + 5
    for size in (1e2, 1e6, 1e12):
        y = law.copy()
        y[np.random.default_rng(1).permutation(n)[: n // 4]] = size * np.arange(1, n // 4 + 1)
        assert robust_polynomial(x[:, None], y, None, np.random.default_rng(0)) == pytest.approx(law, rel=1e-6)


def test_few_rows_have_the_mean_of_those_that_agree() -> None:
    y = np.array([1.0, 2.0, 1e9, 3.0, 2.5])
    f = robust_polynomial(np.arange(5.0)[:, None], y, None, np.random.default_rng(0))
    assert f == pytest.approx(np.full(5, 2.125))


def test_rows_without_weight_do_not_count() -> None:
    x = np.linspace(1.0, 3.0, 40)
    law, weight = 3 * x, np.ones(40)
    y = law.copy()
    weight[:25], y[:25] = 0.0, 7.0
    f = robust_polynomial(x[:, None], y, weight, np.random.default_rng(0))
    assert f[25:] == pytest.approx(law[25:])


def test_noise_and_equal_rows_are_survived() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + 0.1 * rng.standard_cauchy(300)
    assert np.median(np.abs(robust_polynomial(X, y, None, rng) - X @ [1.0, 2.0, 3.0, 4.0])) < 0.1
    assert robust_polynomial(np.ones((20, 2)), np.full(20, 3.0), None, rng) == pytest.approx(np.full(20, 3.0))
    assert robust_polynomial(np.ones((20, 2)), np.zeros(20), None, rng) == pytest.approx(np.zeros(20))
