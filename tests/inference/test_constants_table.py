"""Constants that coefficients may be: a prefix code over them, and those near a value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.inference.constants_table import near, near_exponent, told_apart, units_of

G = 9.80665


def test_units_are_a_code() -> None:
    for named in ({}, {"g": G}, {"g": G, "k": 2.5}):
        units = units_of(named)
        assert sum(math.exp(-unit.cost) for unit in units) <= 1 + 1e-12
        for unit in units:
            assert unit.value == pytest.approx(
                float(unit.expr.subs({s: named[s.name] for s in unit.expr.free_symbols})), rel=1e-12
            )


def test_exponents_are_a_code() -> None:
    found = {c.expr: c.cost for p in range(-4000, 4001) for c in near_exponent(p / 12, 1e-9, math.inf)}
    assert 0.85 < sum(math.exp(-cost) for cost in found.values()) <= 1
    assert found[sympy.Rational(3, 2)] < found[sympy.Rational(4, 3)] < found[sympy.Rational(-7, 4)]


@pytest.mark.slow
@given(st.floats(0.01, 100), st.floats(1e-8, 0.1))
def test_near_yields_what_it_says(value: float, share: float) -> None:
    for constant in near(value, share * value, 12.0, units_of({})):
        assert abs(constant.value - value) <= share * value
        assert constant.cost <= 12.0
        assert float(constant.expr) == pytest.approx(constant.value, rel=1e-12)


@given(st.floats(0.1, 10), st.floats(1e-4, 2))
def test_a_constant_is_named_only_where_the_interval_is_narrow_for_its_kind(value: float, half: float) -> None:
    units = units_of({})
    for constant in told_apart(value, 2 * half, 8.0, units, half):
        assert half <= 0.25 * abs(constant.value)
        if not constant.expr.is_Rational:
            assert half <= math.exp(-constant.cost) * abs(constant.value)
        room = (1.5 if constant.expr.is_Rational else 4.0) * half
        for other in near(value, room, 8.0, units):
            if other.cost <= constant.cost and abs(other.value - value) <= room:
                assert math.isclose(other.value, constant.value, rel_tol=1e-12)


def test_a_factor_of_which_little_is_known_is_not_one() -> None:
    assert not list(told_apart(0.69, 1.2, 8.0, units_of({}), 0.66))
    assert [c.value for c in told_apart(0.95, 0.3, 8.0, units_of({}), 0.15)] == [1.0]


def test_a_random_number_is_seldom_named_as_an_irrational_one() -> None:
    rng, units = np.random.default_rng(0), units_of({})
    for half, most in ((1e-2, 0), (1e-3, 4), (1e-4, 4)):
        drawn = np.exp(rng.uniform(-1.5, 1.5, 300))
        named = [list(told_apart(value, half * value, 12.0, units, half * value)) for value in drawn]
        assert sum(any(not c.expr.is_Rational for c in found) for found in named) <= most
    assert [str(c.expr) for c in told_apart(3.142, 0.004, 8.0, units, 0.003)] == ["pi"]


def test_an_exponent_is_named_only_where_the_rows_tell_it_from_the_next() -> None:
    assert not list(near_exponent(1.495, 0.6, 8.0, 0.337))
    assert next(near_exponent(1.495, 0.2, 8.0, 0.1)).expr == sympy.Rational(3, 2)
