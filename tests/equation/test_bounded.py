"""Fits of a typed formula with bounds of its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.inference import inference
from eqdarts.inference.summary import cautions

T = np.linspace(0, 4, 25)
Y = 3 * np.exp(-0.7 * T) - 0.2 + 0.02 * np.random.default_rng(0).normal(size=25)
DECAY = Equation.parse("a*exp(-k*t) + c", ["t"])


def test_bounds_that_the_fit_keeps_change_nothing() -> None:
    free, kept = DECAY.fit({"t": T}, Y), DECAY.fit({"t": T}, Y, bounds={"k": (0, None), "a": (None, 9.0)})
    assert str(kept) == str(free)
    assert kept.fit_result_ is not None
    assert kept.fit_result_.at_bounds == ()


def test_a_parameter_beyond_its_bound_stays_there_and_the_others_are_at_the_least_loss() -> None:
    law = DECAY.fit({"t": T}, Y, bounds={"c": (0, None), "k": (0, None)})
    without = Equation.parse("a*exp(-k*t)", ["t"]).fit({"t": T}, Y)
    assert law.fit_result_ is not None
    assert without.fit_result_ is not None
    assert law.fit_result_.at_bounds == (("c", 0.0),)
    assert law.constants == (("c", 0.0),)
    assert law.fit_result_.loss == pytest.approx(without.fit_result_.loss)
    assert law.coefficients == pytest.approx(without.coefficients)


def test_an_input_may_go_with_a_parameter_at_a_bound_of_zero() -> None:
    law = Equation.parse("a*exp(-k*t)", ["t"]).fit({"t": T}, np.exp(0.1 * T), bounds={"k": (0, None)})
    assert dict(law.constants) == {"k": 0.0}
    assert law.coefficients["a"] == pytest.approx(np.exp(0.1 * T).mean())


def test_it_is_said_that_a_bound_is_active_and_the_other_errors_take_it_as_given() -> None:
    law = DECAY.fit({"t": T}, Y, bounds={"c": (0, None)})
    found = inference(law, {"t": T}, Y)
    assert found.names == ("a", "k")
    assert found.known == {"c": 0.0}
    assert "c is at its bound, 0: the rows alone would put it beyond." in " ".join(cautions(found))


def test_a_parameter_comes_back_when_the_others_have_moved() -> None:
    # Without bounds the slope takes part of the curve, and the bend has the wrong sign.
    x = np.linspace(0, 1, 30)
    y = 1.0 + 2.0 * x + 0.01 * np.random.default_rng(1).normal(size=30)
    law = Equation.parse("a + b*x + c*x**2", ["x"]).fit({"x": x}, y, bounds={"c": (0.5, 2.0), "b": (1.6, None)})
    assert law.fit_result_ is not None
    assert dict(law.fit_result_.at_bounds)["c"] == 0.5
    everything = {**law.coefficients, **dict(law.constants)}
    assert everything["b"] >= 1.6
    ends = [{"c": 0.5}, {"c": 0.5, "b": 1.6}]
    losses = []
    for given in ends:
        text = "a + b*x + c*x**2"
        for name, value in given.items():
            text = text.replace(f"{name}*", f"{value}*")
        fit = Equation.parse(text, ["x"]).fit({"x": x}, y)
        if fit.coefficients.get("b", 1.6) >= 1.6 and fit.fit_result_ is not None:
            losses.append(fit.fit_result_.loss)
    assert law.fit_result_.loss == pytest.approx(min(losses))


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"q": (0, 1)}, "Only parameters have bounds"),
        ({"k": (1, 0)}, "The bounds of k must be two different numbers in order"),
        ({"k": 3}, "The bounds of k must be"),
        ([("k", 1)], "bounds must map parameters"),
    ],
)
def test_bounds_that_are_none(bounds: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        DECAY.fit({"t": T}, Y, bounds=bounds)
