"""The law does not depend on the units of y, of its errors and of the weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eqdarts import DARTSRegressor, EqdartsWarning
from eqdarts.data import prepare
from eqdarts.equation.equation import Equation
from eqdarts.fitting.front import Entry, Front
from eqdarts.fitting.table import Table
from eqdarts.fitting.units import in_given_unit, in_safe_unit
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph, Node
from eqdarts.selection import Candidate
from tests.helpers import QUICK, Array

EXPONENTS = st.integers(-915, 915)  # of two: 1e-275 to 1e275, times the values below


def table() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (40, 2))
    return X, 2.37 * X[:, 0] / X[:, 1] + 0.01 * rng.normal(size=40)


def fit(X: Array, y: Array, loss: Any = "squared", **given: Array) -> DARTSRegressor:
    return DARTSRegressor(**QUICK | {"max_refits": 30, "primitives": "minimal", "loss": loss}).fit(X, y, **given)


@pytest.mark.slow
@given(EXPONENTS, st.sampled_from(["squared", "huber", "absolute"]))
@example(915, "squared")
@example(-915, "huber")
@settings(deadline=None, max_examples=1)
def test_the_law_is_the_same_in_any_unit_of_y(exponent: int, loss: str) -> None:
    (X, y), unit = table(), 2.0**exponent
    one, other = fit(X, y, loss), fit(X, unit * y, loss)
    assert other.history_.left_out == {}
    assert one.equation_.complexity == other.equation_.complexity
    np.testing.assert_allclose(other.predict(X) / unit, one.predict(X), rtol=1e-6)
    assert other.score(X, unit * y) == pytest.approx(one.score(X, y), rel=1e-9)
    np.testing.assert_allclose(other.y_scale_ / unit, one.y_scale_, rtol=1e-12)
    assert np.isfinite(other.equations_["loss"]).all()
    assert (other.equations_["loss"] > 0).all()


@pytest.mark.slow
@given(EXPONENTS)
@settings(deadline=None, max_examples=3)
def test_the_law_is_the_same_in_any_unit_of_weights_and_errors(exponent: int) -> None:
    (X, y), unit = table(), 2.0**exponent
    weight = np.linspace(0.3, 1.0, 40)
    one, other = fit(X, y, sample_weight=weight), fit(X, y, sample_weight=unit * weight)
    assert str(one.equation_) == str(other.equation_)
    errors = 0.01 / weight
    one, other = fit(X, y, sigma=errors), fit(X, unit * y, sigma=unit * errors)
    np.testing.assert_allclose(other.predict(X) / unit, one.predict(X), rtol=1e-9)


@pytest.mark.slow
@given(EXPONENTS, st.integers(0, 1))
@settings(deadline=None, max_examples=3)
def test_the_law_is_the_same_in_any_unit_of_an_input(exponent: int, column: int) -> None:
    (X, y), unit = table(), np.ones(2)
    unit[column] = 2.0**exponent
    one, other = fit(X, y), fit(X * unit, y)
    np.testing.assert_allclose(other.predict(X * unit), one.predict(X), rtol=1e-6)


@pytest.mark.slow
def test_equal_weights_of_any_size_change_nothing() -> None:
    X, y = table()
    assert str(fit(X, y).equation_) == str(fit(X, y, sample_weight=np.full(40, 1e280)).equation_)


@pytest.mark.parametrize("size", [1e-290, 1e290])
@pytest.mark.parametrize("what", ["y", "sample_weight", "sigma"])
def test_beyond_there_is_one_sentence(what: str, size: float) -> None:
    X, y = table()
    given = {"y": y} | {what: np.full(40, size)}
    with pytest.raises(ValueError, match=rf"magnitude of {what} must lie between 1e-280 and 1e\+280\. Got .*another"):
        fit(X, **given)


def test_a_loss_with_a_unit_of_its_own_needs_squares() -> None:
    X, y = table()
    with pytest.raises(ValueError, match=r"magnitude of y must lie between 1e-150 and 1e\+150"):
        fit(X, 1e200 * np.abs(y), "poisson")


def test_errors_below_rounding_are_no_division_by_zero() -> None:
    X, y = table()
    assert fit(X, y, sigma=np.full(40, 1e-250)).history_.left_out == {}


def test_standard_errors_beyond_squares_say_so() -> None:
    X, y = table()
    with pytest.raises(ValueError, match=r"Standard errors need a y .* between 1e-150 and 1e\+150\. Got"):
        fit(X, 1e200 * y).inference()


def test_a_law_that_no_float_holds_is_told() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (40, 1))
    with pytest.warns(EqdartsWarning, match="numbers that no float holds.*use other units for x0"):
        DARTSRegressor(**QUICK | {"primitives": ["square"], "max_complexity": 5}).fit(1e200 * X, 3 * X[:, 0] ** 2)


def test_ordinary_units_are_left_alone() -> None:
    X, y = table()
    for unit in (1.0, 1e98, 1e-98):
        ordinary = Table(X, unit * y, np.linspace(0.5, 1, 40), ("a", "b"), "y")
        assert in_safe_unit(ordinary) is ordinary


def test_what_overflows_in_the_given_unit_leaves_the_front() -> None:
    X, y = table()
    safe = in_safe_unit(Table(X, 2.0**900 * y, None, ("a", "b"), "y"))
    assert safe.y_unit == 2.0**904
    np.testing.assert_array_equal(safe.kept(np.arange(40)).y, 2.0**900 * y)
    member = FittedGraph(Graph(2, (Node("sum", (), constant=True),)), (1.0,), 1.0)
    data = prepare(X, y, None, 0.25, np.random.default_rng(0))
    laws = [Equation.parse(text, ["a", "b"]) for text in ("3.0", "1e200*a", "2.0*a")]
    entries = [Entry(member, law, Candidate(1, 1, 0.5), data) for law in laws]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        front = in_given_unit(Front(tuple(entries), (3.0, 1.0, 2.0), 1), safe, 2.0)
    assert front.lengths == (3.0, 2.0)
    assert front.chosen == 1
    assert front.best.equation.predict({"a": [1.0], "b": [1.0]})[0] == 2.0**905
