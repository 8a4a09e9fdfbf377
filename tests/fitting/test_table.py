"""The rows of a fit as they were given, and what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.fitting.table import MANY_ROWS, Table
from tests.helpers import Array, rows

X = rows(50)
Y = X[:, 0] + X[:, 1]


T = np.linspace(0, 10, 60)


def table(weight: Array | None = None, sigma: Array | None = None) -> Table:
    return Table(X, Y, weight, ("a", "b"), "y", sigma)


def test_the_box_is_that_of_rows_with_weight() -> None:
    weight = (X[:, 0] < 2.0).astype(float)
    assert table().box == {name: (X[:, k].min(), X[:, k].max()) for k, name in enumerate("ab")}
    assert table(weight).box["a"][1] < 2.0


def test_narrow_columns_have_an_origin_that_counts_as_a_coefficient() -> None:
    years = Table(np.column_stack([X[:, 0], 2000 + X[:, 1]]), Y, None, ("a", "b"), "y")
    assert table().origins == {}
    assert years.origins == {"b": 2000}
    law = Equation.parse("2.5*sqrt(b - 2000)", ["a", "b"])
    assert (table().n_coefficients(law), years.n_coefficients(law)) == (1, 2)
    cancelling = Equation.parse("0.5*b - 999.5", ["a", "b"])
    assert table().length_of_cancelling(cancelling) == 0
    assert years.length_of_cancelling(cancelling) > 10


def test_a_part_has_its_rows_of_everything() -> None:
    sigma, few = np.linspace(0.1, 0.4, 50), np.array([3, 40])
    part = table(sigma**-2.0, sigma).with_weights(sigma**-2.0, np.arange(50.0)).part(few)
    np.testing.assert_array_equal(part.X, X[few])
    np.testing.assert_array_equal(part.y, Y[few])
    np.testing.assert_array_equal(part.weight, sigma[few] ** -2.0)
    np.testing.assert_array_equal(part.sigma, sigma[few])
    np.testing.assert_array_equal(part.counts, few)
    assert table().part(few).weight is None


def test_known_errors_are_the_noise() -> None:
    sigma = np.linspace(0.1, 0.4, 50)
    weight = (sigma / sigma.min()) ** -2.0
    assert table().noise is None
    assert table(weight, sigma).noise == pytest.approx(np.average(sigma**2, weights=weight))


def test_whole_weights_stand_for_repeated_rows_and_others_for_one_each() -> None:
    assert table().n_rows == 50
    assert table(np.full(50, 7.0)).n_rows == 350
    assert table(np.r_[np.ones(20), np.zeros(30)]).n_rows == 20
    assert table(np.r_[np.full(20, 0.5), np.zeros(30)]).n_rows == 20


def test_of_many_rows_those_that_tell_have_the_ends_of_each_column() -> None:
    many = rows(MANY_ROWS + 1, 3)
    few = Table(many, many[:, 0], None, ("a", "b", "c"), "y").telling
    assert len(few) <= MANY_ROWS // 10 + 6
    np.testing.assert_array_equal(few.min(axis=0), many.min(axis=0))
    np.testing.assert_array_equal(few.max(axis=0), many.max(axis=0))
    assert table().telling is X


def test_kept_rows_are_copies_with_their_weights_or_errors() -> None:
    own = X.copy()
    kept = Table(own, Y, np.arange(50.0), ("a", "b"), "y").kept(np.array([3, 1]))
    own[:] = 0.0
    np.testing.assert_array_equal(kept.X, X[[3, 1]])
    np.testing.assert_array_equal(kept.weight, [3.0, 1.0])
    assert kept.n_all == 50
    known = table(np.ones(50), np.full(50, 0.5)).kept(np.array([0]))
    assert known.weight is None
    np.testing.assert_array_equal(known.sigma, [0.5])


def test_a_pole_inside_the_range_and_one_near_it_are_told() -> None:
    middle, below = 1.75, X[:, 0].min() - 0.01
    assert table().pole(Equation.parse(f"1/(a - {middle})", ["a", "b"]))
    assert not table().pole(Equation.parse("1/(a + b)", ["a", "b"]))
    assert table().brink(Equation.parse(f"1/(a - {below:.6f})", ["a", "b"]))
    assert not table().brink(Equation.parse("a + b", ["a", "b"]))


def test_values_where_the_equation_is_undefined_are_quietly_nan() -> None:
    values = table().predicted(Equation.parse("log(a - 1.0)", ["a", "b"]))
    np.testing.assert_array_equal(np.isnan(values), X[:, 0] <= 1.0)


@pytest.mark.parametrize(("column", "n"), [(np.exp(-((T - 3) ** 2)), 2), (np.sin(5 * T), 0), (T[:60], 2)])
def test_waves_in_a_curve_that_does_not_repeat_are_told(column: Array, n: int) -> None:
    law = Equation.parse("sin(3*t) + cos(4*t)", ["t"])
    assert len(Table(T[:, None], column, None, ("t",), "y").waves(law)) == n


def test_rows_of_several_inputs_are_no_curve() -> None:
    law = Equation.parse("sin(3*t) + x", ["t", "x"])
    assert Table(np.column_stack([T, T**2]), T, None, ("t", "x"), "y").waves(law) == []
