"""Laws and their prices."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.laws import FLOOR, Measured, length_of
from tests.dynamics.systems import law


def test_the_key_is_the_form() -> None:
    assert law("0.4*S*I").key == law("0.7*S*I").key != law("0.4*S").key


def test_coefficients_are_exchanged_and_those_that_are_not_finite_are_not() -> None:
    own = law("0.4*S*I - 0.3*I")
    moved = own.with_coefficients(np.array([0.5, -0.2]))
    assert moved is not None
    assert list(moved.equation.coefficients.values()) == [0.5, -0.2]
    assert own.with_coefficients(np.array([np.nan, 1.0])) is None
    assert law("S**(-1.5)").with_coefficients(np.array([-1.4e18])) is None  # no formula has such an exponent


def test_coefficients_keep_their_order_when_a_sign_changes() -> None:
    own = law("0.4*S*I - 0.3*I")
    other = own.with_coefficients(np.array([-0.4, 0.3]))
    assert other is not None
    assert str(other.equation) == "0.3*I - 0.4*I*S"
    assert list(other.equation.coefficients.values()) == [0.3, -0.4]  # as it is written
    assert list(other.coefficients.values()) == list(other.formula.start) == [-0.4, 0.3]
    assert other.key == own.key
    back = other.with_coefficients(np.array([0.4, -0.3]))
    assert back is not None
    assert back.equation == own.equation


def test_a_better_fit_and_a_shorter_form_have_shorter_descriptions() -> None:
    measured = Measured.of(np.random.default_rng(0).standard_normal((50, 2)))
    short, long = law("0.4*S*I", 10.0), law("0.4*S*I - 0.3*I", 20.0)
    assert length_of(short, 0.1, measured, 0) < length_of(long, 0.1, measured, 0)
    assert length_of(long, 0.01, measured, 0) < length_of(short, 0.1, measured, 0)
    least = FLOOR**2 * measured.variance[0]
    assert length_of(short, 0.0, measured, 0) == pytest.approx(length_of(short, float(least), measured, 0))
    assert length_of(long, 0.1, measured, 0, 1) < length_of(long, 0.1, measured, 0)


def test_with_an_inflation_of_variances_a_better_fit_gains_less() -> None:
    values = np.random.default_rng(0).standard_normal((100, 1))
    lengths = [
        [length_of(law("-0.4*S*I"), square, measured, 0) for square in (0.5, 0.1)]
        for measured in (Measured.of(values), Measured.of(values, 4.0))
    ]
    gains = [worse - better for worse, better in lengths]
    assert gains[1] == pytest.approx(gains[0] / 4, rel=0.05)
