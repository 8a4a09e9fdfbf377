"""Simpler variants of a law."""

from __future__ import annotations

import numpy as np

from eqdarts.dynamics.variants import collected, exact_law, law_of, simpler_laws
from eqdarts.expression.parse import parse_formula
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law

PRIMITIVES = resolve("default")
COLUMNS = {"S": np.linspace(1, 2, 9), "I": np.linspace(3, 4, 9), "time": np.zeros(9)}


def test_a_term_that_does_nothing_can_go_and_a_part_can_be_constant() -> None:
    keys = {one.key for one in simpler_laws(law("0.4*S*I - 0.3*sin(I) + 2.0"), COLUMNS, PRIMITIVES)}
    assert law("0.4*S*I + 2.0").key in keys
    assert law("0.4*S*I - 0.3*sin(I)").key in keys
    assert law("0.4*S + 2.0").key in keys  # with a constant in place of I


def test_the_price_of_a_form_is_that_of_its_graph() -> None:
    short, long = (law_of(parse_formula(text)[0], ("S", "I"), PRIMITIVES) for text in ("0.4*S", "0.4*S*exp(-0.3*I)"))
    assert short is not None
    assert long is not None
    assert short.structure < long.structure
    assert law_of(parse_formula("0.3")[0], ("S",), PRIMITIVES) is not None


def test_a_coefficient_becomes_exact_only_where_its_error_allows() -> None:
    own = law("0.4*S**1.98 - 1.003*I")
    exponent = next(name for name, value in own.equation.coefficients.items() if value == 1.98)
    factor = next(name for name, value in own.equation.coefficients.items() if abs(value) == 1.003)
    exact = exact_law(own, exponent, 0.01)
    assert exact is not None
    assert exact.n_coefficients == own.n_coefficients - 1
    assert str(exact.equation) == "0.4*S**2 - 1.003*I"
    assert exact.structure > own.structure
    assert exact_law(own, exponent, 0.001) is None
    assert exact_law(own, factor, 0.5) is None
    assert exact_law(own, exponent, 0.08) is not None
    assert exact_law(own, factor, 0.08) is None  # some whole number or half is that near to most numbers
    assert exact_law(own, factor, 0.03) is not None


def test_common_factors_come_in_front_where_that_is_shorter() -> None:
    def shortest(text: str) -> str:
        own = law_of(parse_formula(text)[0], ("S", "I", "time"), PRIMITIVES)
        assert own is not None
        return str(collected(own, PRIMITIVES).equation)

    assert shortest("0.4*S*I - 0.3*I") == "I*(0.4*S - 0.3)"
    assert shortest("0.4*S - 0.3*I") == "0.4*S - 0.3*I"
