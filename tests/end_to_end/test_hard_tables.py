"""Tables at the limits of floating point numbers: there is always an equation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdarts import DARTSRegressor
from eqdarts.errors import EqdartsWarning
from tests.helpers import Array

QUICK: dict[str, Any] = {"time_limit": 60.0, "max_refits": 40, "n_restarts": 2, "random_state": 0}
RELAXED = {"n_steps": 2, "n_hidden": (1,)}


def fitted(X: Any, y: Any, **given: Any) -> DARTSRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        model = DARTSRegressor(**QUICK | given, relaxed=RELAXED).fit(X, y)
    assert len(model.front_) > 0
    assert str(model.equation_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        assert np.isfinite(model.predict(X)).all()
    return model


def test_a_line_without_noise() -> None:
    X = [[x] for x in range(1100, 2201, 100)]
    model = DARTSRegressor(time_limit=60, random_state=0).fit(X, list(range(100, 211, 10)))
    assert str(model.equation_) == "x0/10 - 10"
    assert model.history_.left_out == {}


@pytest.mark.parametrize("magnitude", [1e-300, 1e-160, 1e160, 1e300])
def test_the_unit_of_an_input_does_not_matter(magnitude: float) -> None:
    x = np.linspace(1.0, 3.0, 24)
    model = DARTSRegressor(**QUICK).fit(magnitude * x[:, None], 3 * x)
    assert model.history_.left_out == {}
    assert model.equation_.complexity <= 3
    np.testing.assert_allclose(model.predict(magnitude * x[:, None]), 3 * x, rtol=1e-9)


def decades(rng: np.random.Generator, n: int, d: int) -> Array:
    return np.asarray(10.0 ** rng.uniform(-300, 300, (n, d)))


HARD: dict[str, tuple[Array, Array]] = {
    "one distinct value": (np.ones((12, 1)), np.arange(12.0)),
    "a constant target": (np.arange(12.0)[:, None], np.full(12, 7.0)),
    "two equal rows": (np.array([[1.0], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0])),
    "nothing but zeros": (np.zeros((12, 2)), np.zeros(12)),
    "columns far apart": (
        np.array([1e-300, 1e300]) * np.random.default_rng(0).uniform(0.5, 2, (30, 2)),
        np.arange(30.0),
    ),
    "rows far apart": (decades(np.random.default_rng(1), 30, 3), np.random.default_rng(1).normal(size=30)),
    "a target far apart": (np.arange(1.0, 31)[:, None], 10.0 ** np.random.default_rng(2).uniform(-140, 140, 30)),
    "the largest number": (np.tile([[1.7e308], [-1.7e308]], (10, 1)), np.arange(20.0)),
    "the smallest number": (5e-324 * np.arange(1.0, 21)[:, None], np.arange(20.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("search", ["auto", "relaxed", "random"])
@pytest.mark.parametrize("name", HARD)
def test_hard_tables_have_an_equation(name: str, search: str) -> None:
    fitted(*HARD[name], search=search)


def columns(n: int) -> st.SearchStrategy[Array]:
    """Draw a column: ordinary, of many decades, tiny, huge, or of one value."""
    ordinary = arrays(np.float64, n, elements=st.floats(-3, 3))
    wide = arrays(np.float64, n, elements=st.floats(-300, 300)).map(lambda p: 10.0**p)
    scaled = st.tuples(ordinary, st.sampled_from([1e-300, 1e-20, 1e20, 1e300])).map(lambda pair: pair[0] * pair[1])
    same = st.floats(-1e300, 1e300).map(lambda value: np.full(n, value))
    return st.one_of(ordinary, wide, scaled, same)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Array, Array]:
    n = draw(st.integers(3, 24))
    X = np.stack(draw(st.lists(columns(n), min_size=1, max_size=3)), axis=1)
    exact = draw(st.sampled_from([None, lambda x: x, lambda x: 1 / (1 + np.abs(x)), np.sign]))
    y = (
        draw(arrays(np.float64, n, elements=st.floats(-1e3, 1e3)))
        if exact is None
        else exact(np.clip(X[:, 0], -1e9, 1e9))
    )
    return X, np.where(np.abs(y) < 1e-9, 0.0, y)


@pytest.mark.slow
@given(tables(), st.sampled_from(["auto", "relaxed", "random"]))
@settings(deadline=None, max_examples=12, phases=(Phase.explicit, Phase.generate), derandomize=True)
def test_any_table_has_an_equation(table: tuple[Array, Array], search: str) -> None:
    fitted(*table, search=search)
