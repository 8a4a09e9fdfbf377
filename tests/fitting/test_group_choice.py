"""The choice of constants that differ between groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.group_choice import _shared_values, choose, promising, quick_length
from eqdarts.solver.grouped import GroupedProblem

N_GROUPS, N_ROWS = 6, 15
NAMES = ("a", "k", "c")


def _made(own: str) -> GroupedProblem:
    """Return rows of a decay in which the constants named in `own` differ between groups."""
    rng = np.random.default_rng(3)
    place = np.repeat(np.arange(N_GROUPS), N_ROWS)
    t = np.tile(np.linspace(0, 6, N_ROWS), N_GROUPS)
    ranges = {"a": (2, 5), "k": (0.4, 1.2), "c": (1, 3)}
    a, k, c = (rng.uniform(*ranges[name], N_GROUPS)[place] if name in own else np.mean(ranges[name]) for name in NAMES)
    y = a * np.exp(-k * t) + c + 0.05 * rng.normal(size=len(t))
    return GroupedProblem(parse_formula("a*exp(-k*t) + c").expr, NAMES, {"t": t}, y, place)


def _length(squares: float, own: NDArray[np.bool_]) -> float:
    n = N_GROUPS * N_ROWS
    n_constants = int((~own).sum() + N_GROUPS * own.sum())
    return 0.5 * n * math.log(squares / max(n - n_constants, 1)) + 0.5 * n_constants * math.log(100 * n)


@pytest.mark.parametrize("own", ["", "a", "k", "ac", "akc"])
def test_those_constants_differ_that_differ(own: str) -> None:
    problem = _made(own)
    start = np.array([1.0, 0.3, 0.5])
    found = choose(problem, [start], _length)
    assert [name for name, mark in zip(NAMES, found.own, strict=True) if mark] == list(own)
    about, each = quick_length(problem, [start], _length)
    assert about == pytest.approx(found.length, abs=1.0)
    assert each.shape == (3, N_GROUPS)
    assert promising(problem, each, _length).length == pytest.approx(found.length, abs=1.0)


def test_slopes_that_vanish_are_no_error() -> None:
    gram = np.tile(np.diag([1.0, 1e-310, 1.0]), (N_GROUPS, 1, 1))
    gram[:, 0, 1] = gram[:, 1, 0] = 1e-156
    theta = np.arange(3.0 * N_GROUPS).reshape(3, N_GROUPS)
    shared, grown = _shared_values(gram, theta, np.array([False, True, False]))
    assert np.isfinite(shared).all()
    assert math.isfinite(grown)


def test_a_form_without_constants_has_none() -> None:
    place = np.repeat([0, 1], 3)
    problem = GroupedProblem(parse_formula("2*t").expr, (), {"t": np.arange(6.0)}, 2 * np.arange(6.0) + 1, place)
    found = choose(problem, [np.zeros(0)], lambda squares, own: squares)
    assert found.theta.shape == (0, 2)
    assert found.squares == pytest.approx(6.0)
