"""The flow over intervals and its slopes."""

from __future__ import annotations

import numpy as np

from eqdarts.dynamics.flow import Sides, flow
from tests.dynamics.systems import law


def _sides(ties: tuple[tuple[int, int, float], ...] = ()) -> Sides:
    formulas = [law("-0.4*S*I").formula, law("0.4*S*I - 0.3*I + 0.1*time").formula]
    return Sides(formulas, ("S", "I"), ("time",), ties)


def test_a_linear_flow_is_the_exponential() -> None:
    sides = Sides([law("-2.0*S").formula], ("S",), ())
    x, length = np.array([[1.0], [3.0]]), np.array([0.1, 0.2])
    ends, slopes = flow(sides, x, np.zeros((4, 6, 2, 0)), length, sides.start)
    assert slopes is not None
    assert np.allclose(ends[:, 0], x[:, 0] * np.exp(-2 * length), rtol=1e-9)
    assert np.allclose(slopes[:, 0, 0], np.exp(-2 * length), rtol=1e-8)
    assert np.allclose(slopes[:, 0, 1], x[:, 0] * length * np.exp(-2 * length), rtol=1e-7)


def test_slopes_in_states_and_coefficients_are_those_of_finite_differences() -> None:
    for ties in ((), ((1, 0, -1.0),)):
        sides = _sides(ties)
        x, length = np.array([[2.0, 0.5], [1.0, 1.5]]), np.array([0.3, 0.5])
        signals = np.full((2, 6, 2, 1), 0.7)
        theta = sides.start
        _, slopes = flow(sides, x, signals, length, theta)
        assert slopes is not None
        for k in range(2 + sides.n_coefficients):
            step = np.zeros(2 + sides.n_coefficients)
            step[k] = 1e-6
            more = flow(sides, x + step[:2], signals, length, theta + step[2:], slopes=False)[0]
            less = flow(sides, x - step[:2], signals, length, theta - step[2:], slopes=False)[0]
            assert np.allclose(slopes[:, :, k], (more - less) / 2e-6, atol=1e-7)


def test_a_tied_coefficient_is_not_free() -> None:
    assert _sides().n_coefficients == 4
    tied = _sides(((1, 0, -1.0),))
    assert tied.n_coefficients == 3
    x = np.array([[2.0, 0.5]])
    assert np.allclose(
        tied.values(x, np.zeros((1, 1)), tied.start), _sides().values(x, np.zeros((1, 1)), _sides().start)
    )
