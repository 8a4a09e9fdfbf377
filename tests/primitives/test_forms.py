"""Forms keep what sympy would change: numbers in front of sums, constants in exponents, the sign of a root."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from eqdarts.primitives import forms

x, y = sympy.symbols("x y", real=True)


def test_a_number_times_a_sum_stays_a_product() -> None:
    kept = forms.product(sympy.Float(3.0), x + 1)
    assert kept.is_Mul
    assert (3.0 * (x + 1)).is_Add
    assert forms.product(x, y) == x * y
    assert forms.product(sympy.Integer(-1), x + 1) == -(x + 1)


def test_a_constant_stays_in_an_exponent() -> None:
    assert float(sympy.exp(x - sympy.Float(900.0)).coeff(sympy.exp(x))) == 0.0
    kept = forms.exponential(x - sympy.Float(900.0))
    assert kept.args[0] == x - 900.0
    assert float(kept.subs(x, 900.0)) == pytest.approx(1.0)
    assert forms.exponential(2 * x) == sympy.exp(2 * x)


def test_a_large_constant_stays_in_an_exponent_whatever_is_multiplied() -> None:
    kept = forms.exponential(forms.product(sympy.Float(0.4), x - 300))
    assert isinstance(kept, sympy.exp)
    for expr in (3 * kept, 3 * kept + 5, y * kept * sympy.exp(y), 2 / (3 * kept + 1), -kept):
        assert kept in expr.atoms(sympy.exp)
    assert 3 * kept + 5 * kept == 8 * kept
    assert kept**2 == forms.exponential(forms.product(sympy.Float(0.8), x - 300))
    assert 1 / kept == forms.exponential(forms.product(sympy.Float(-0.4), x - 300))
    assert float((3 * kept).subs(x, 301.0)) == pytest.approx(3 * 2.718281828459045**0.4)
    assert kept.diff(x) == 0.4 * kept
    assert type(forms.exponential(x - sympy.Float(1.5))) is type(sympy.exp(x))  # a small one needs no care


def test_the_absolute_value_of_a_root_is_the_root() -> None:
    assert forms.absolute(sympy.sqrt(x)) == sympy.sqrt(x)
    assert forms.absolute(x) == sympy.Abs(x)
    assert forms.absolute(-2 * x * sympy.sqrt(y)) == 2 * sympy.Abs(x) * sympy.sqrt(y)


def test_what_is_written_by_others_has_their_value() -> None:
    at = {x: sympy.Float(0.7)}
    assert float(forms.logistic(x).subs(at)) == pytest.approx(0.6681877721681662)
    assert float(forms.softplus(x).subs(at)) == pytest.approx(1.1031860488854579)
    assert forms.rational_power(Fraction(-3, 2))(x) == x ** sympy.Rational(-3, 2)
    assert forms.sympy_class("Max")(0, x) == sympy.Max(0, x)
