"""Frequencies of a formula start at the periodogram's peaks and are no aliases."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula
from eqdarts.solver.frequencies import frequencies_of
from tests.helpers import Array, noise

HOURS = np.arange(24.0 * 14)


def of(text: str, names: str, y: Array) -> list[tuple[str, bool, float]]:
    parameters = [symbol(name) for name in names]
    found = frequencies_of(parse_formula(text).expr, parameters, {"x": HOURS}, y, None)
    return [(names[f.place], f.is_period, round(f.factor, 6)) for f in found]


def test_frequencies_and_periods_are_recognised() -> None:
    assert of("a*sin(b*x + c) + d", "abcd", HOURS) == [("b", False, 1.0)]
    assert of("a*cos(2*pi*x/b)", "ab", HOURS) == [("b", True, round(2 * np.pi, 6))]
    assert of("a*sin(x) + b*exp(-c*x) + sin(b*c*x)", "abc", HOURS) == []


@pytest.mark.parametrize("period", [2.6, 12.0, 24.5, 77.0])
def test_hourly_rows_give_no_alias(period: float) -> None:
    y = 3 + 2 * np.sin(2 * np.pi * HOURS / period + 0.7) + 0.3 * noise(len(HOURS))
    law = Equation.parse("a*sin(b*x + c) + d").fit({"x": HOURS}, y)
    assert abs(dict(law.parameters)["b"]) == pytest.approx(2 * np.pi / period, rel=2e-3)
    by_period = Equation.parse("a*sin(2*pi*x/T + c) + d").fit({"x": HOURS}, y)
    assert abs(dict(by_period.parameters)["T"]) == pytest.approx(period, rel=2e-3)


def test_a_frequency_stays_where_the_user_starts_it() -> None:
    y = np.sin(0.5 * HOURS + 1)
    start = {"a": 1.0, "b": 0.5 + 2 * np.pi, "c": 1.0}
    law = Equation.parse("a*sin(b*x + c)").fit({"x": HOURS}, y, start=start)
    assert dict(law.parameters)["b"] == pytest.approx(0.5 + 2 * np.pi)


def test_two_waves_start_at_two_peaks_also_on_calendar_years() -> None:
    x = np.linspace(1959, 1998, 468)
    y = 0.3 * x + np.sin(2 * np.pi * x + 1) + 0.5 * np.sin(4 * np.pi * x) + 0.2 * noise(468)
    law = Equation.parse("p + q*x + a*sin(b*x + c) + d*sin(e*x + f)").fit({"x": x}, y)
    found = sorted(abs(dict(law.parameters)[name]) for name in "be")
    assert found == pytest.approx([2 * np.pi, 4 * np.pi], rel=1e-3)
