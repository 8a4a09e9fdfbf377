"""Polynomials whose terms leave one after the other."""

from __future__ import annotations

from eqdarts.dynamics.polynomials import polynomial_laws
from eqdarts.dynamics.stages import slope_table
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem


def test_the_polynomial_of_the_system_is_among_them() -> None:
    own = problem(0.01)
    table = slope_table(own.smooth, 1, autonomous=True)
    found = polynomial_laws(own, 1, table, resolve("default"), lambda: True)
    assert law("I*(0.4*S - 0.3)").key in {one.key for one in found}
    sizes = [one.n_coefficients for one in found]
    assert sizes[0] == 6
    assert min(sizes) == 1


def test_no_fit_begins_after_the_time() -> None:
    own = problem()
    assert polynomial_laws(own, 0, slope_table(own.smooth, 0, True), resolve("default"), lambda: False) == []
