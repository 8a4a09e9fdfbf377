"""Waves that the rows cannot show are named; waves that they show are not."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.equation.waves import find_wave, waves_in_vain


@pytest.mark.parametrize(
    ("law", "last", "n", "words"),
    [
        ("2*sin(t)", 6.0, 40, "turns 0.95 of a period"),
        ("2*sin(t)", 6.5, 40, ""),
        ("2*sin(t) + t", 63.0, 21, ""),
        ("2*sin(t) + t", 63.0, 19, "turns 10 times over the rows, which have 19 different values"),
        ("2*sin(2*t)", 9.0, 10, "turns 3 times over the rows, which have 10 different values"),
        ("2*sin(2*t)", 9.0, 13, ""),
        ("exp(-t) + t**2", 6.0, 40, ""),
        ("cos(3) + t", 6.0, 40, ""),
        ("exp(cos(0.01*t))", 6.0, 40, "cos(0.01*t) turns 0.0095 of a period"),
        ("50*arcsin(0.05*t)", 6.0, 40, "arcsin(0.05*t) bends like many curves"),
        ("50*arccos(0.05*t + 0.6)", 6.0, 40, "bends like many curves"),
        ("50*arcsin(0.1*t)", 6.0, 40, ""),
    ],
)
def test_a_wave_needs_a_whole_period_and_two_rows_for_each_or_four_of_a_dozen(
    law: str, last: float, n: int, words: str
) -> None:
    found = find_wave(Equation.parse(law, ["t"]), {"t": np.linspace(0, last, n)})
    assert words in found
    assert bool(words) == bool(found)


def test_the_periods_of_a_wave_of_two_inputs_are_those_of_its_argument() -> None:
    law = Equation.parse("sin(a*b)", ["a", "b"])
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 1, 100), rng.uniform(0, 1, 100)
    assert "of a period" in find_wave(law, {"a": a, "b": b})
    assert find_wave(law, {"a": 10 * a, "b": b}) == ""


def test_rows_far_from_all_others_make_no_periods() -> None:
    t = np.append(np.linspace(0, 1, 30), [9.0, 13.0])
    assert "turns 2 times over the rows, which lie in 3 quarters" in find_wave(
        Equation.parse("sin(t)", ["t"]), {"t": t}
    )


def test_where_the_argument_is_undefined_or_one_value_nothing_is_said() -> None:
    law = Equation.parse("sin(log(t))", ["t"])
    assert find_wave(law, {"t": -np.ones(5)}) == ""
    assert find_wave(law, {"t": np.full(5, 2.0)}) == ""


def test_each_wave_of_a_curve_that_does_not_repeat_is_in_vain() -> None:
    law = Equation.parse("cos(3*t) + sin(0.1*t) + arcsin(0.09*t) + exp(t)", ["t"])
    words = waves_in_vain(law, {"t": np.linspace(0, 10, 50)})
    assert words == ["cos(3*t) repeats, but the rows do not", "sin(0.1*t) turns 0.16 of a period over the rows"]
