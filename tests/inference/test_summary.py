"""The summary as a reader sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.inference.constants import snap_constants
from eqdarts.inference.summary import WIDTH, summary
from eqdarts.inference.uncertainty import Inference, inference

T = np.repeat(np.linspace(0.2, 2, 12), 2)
Y = 9.80665 / 2 * T**2 + 0.01 * np.random.default_rng(0).normal(size=24)


def fall(**options: Any) -> Inference:
    law = Equation.parse("a*t**b", ["t"], "height").fit({"t": T}, Y, start=[4.0, 1.9])
    return inference(law, {"t": T}, Y, **options)


def test_everything_is_there() -> None:
    rivals = [
        {"complexity": 5, "loss": 1e-4, "score": 0.0, "equation": "4.9*t**2", "chosen": True},
        {"complexity": 9, "loss": 9e-5, "score": 7.25, "equation": "4.9*t**2 + 0.01*t", "chosen": False},
        {"complexity": 3, "loss": 2e-1, "score": 90.0, "equation": "6.5*t", "chosen": False},
    ]
    found = fall()
    shown = summary(found, rivals=rivals, warnings=["3 rows lie outside the range of the data."])
    for part in (
        found.equation.format(), "form: height = a*t**b", "R2", "1 - ", "degrees of freedom", "22", "std. error",
        "95 % interval", "profile likelihood", "pure error", "lack of fit", "7.2 nats", "4.9*t**2 + 0.01*t",
        "- 3 rows lie outside", "Intervals take the form",
    ):  # fmt: skip
        assert part in shown
    lines = shown.splitlines()
    assert max(map(len, lines)) <= WIDTH
    row = next(line for line in lines if line.startswith("b ")).split()
    assert float(row[1]) == pytest.approx(found.estimate[1], abs=found.standard_error[1])
    assert float(row[2]) == pytest.approx(found.standard_error[1], rel=1e-2)
    assert [float(row[3]), float(row[5])] == pytest.approx(found.interval()[1], abs=0.1 * found.standard_error[1])
    assert shown.index("7.2 nats") < shown.index("90.0 nats")


def test_numbers_carry_the_digits_that_the_error_supports() -> None:
    x = np.arange(1.0, 9.0)
    y = 12345.678 + 1e-3 * np.array([1, -1, 0.5, -0.5, 1, -1, 0.2, -0.2]) + 0 * x
    shown = summary(inference(Equation.parse("c", ["x"]).fit({"x": x}, y), {"x": x}, y))
    assert "12345.678" in shown


def test_snapped_and_given_constants_are_told() -> None:
    start = fall()
    snapping = snap_constants(start.equation, {"t": T}, Y, constants={"g": 9.80665})
    found = inference(snapping.equation, {"t": T}, Y)
    shown = summary(found, snaps=snapping.snaps)
    assert "became 2" in shown
    assert "g                   9.80665        given" in shown
    assert "g*t**2/2" in shown


def test_tests_that_speak_against_the_equation_are_warnings() -> None:
    line = Equation.parse("a + b*t", ["t"]).fit({"t": T}, Y)
    assert "Replicate rows scatter less" in summary(inference(line, {"t": T}, Y), profile=False)
    assert "larger than the known errors allow" in summary(inference(line, {"t": T}, Y, sigma=0.01), profile=False)
    assert "smaller than the known errors suggest" in summary(inference(line, {"t": T}, Y, sigma=100.0), profile=False)
    assert "warnings" not in summary(fall(), profile=False)


def test_what_is_not_identified_is_a_warning() -> None:
    law = Equation.parse("a*b*t**2", ["t"]).fit({"t": T}, Y, start=[1, 4])
    shown = summary(inference(law, {"t": T}, Y))
    assert "a and b appear only as a*b." in shown
    assert "-inf .. inf" in shown


def test_an_equation_without_coefficients_has_no_table() -> None:
    shown = summary(inference(Equation.parse("5*t**2", ["t"]), {"t": T}, Y))
    assert "std. error" not in shown
    assert "5*t**2" in shown


def test_a_coefficient_that_the_rows_do_not_bound_is_a_warning() -> None:
    x, y = np.array([1.0, 2, 3, 5, 7, 10]), np.array([109.0, 149, 149, 191, 213, 224])  # NIST's BoxBOD
    law = Equation.parse("a*(1 - exp(-b*x))", ["x"]).fit({"x": x}, y, start=[200, 0.5])
    assert "The rows do not bound b from above." in summary(inference(law, {"x": x}, y), coverage=0.999)
    assert "do not bound" not in summary(inference(law, {"x": x}, y), coverage=0.9)


def test_long_numbers_keep_apart() -> None:
    x = np.arange(1.0, 9.0)
    y = 9.9991e11 * x + 1e8 * np.array([1, -1, 0.5, -0.5, 1, -1, 0.2, -0.2])
    found = inference(Equation.parse("a*x", ["x"]).fit({"x": x}, y), {"x": x}, y)
    (row,) = [line.split() for line in summary(found).splitlines() if line.startswith("a ")]
    assert len(row) == 9
    assert [float(row[k]) for k in (3, 5)] == pytest.approx(found.interval()[0], rel=1e-4)
