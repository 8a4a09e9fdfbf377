"""The place at which the slope of a law breaks, with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.inference import inference
from eqdarts.inference.breaks import breaks_in_words

X = np.arange(12.0)
Y = 2 * X + 3 * np.maximum(0, X - 6) + 0.1 * (-1.0) ** np.arange(12)


@pytest.mark.parametrize(("formula", "start"), [("x + c", -5.5), ("x - c", 5.5)])
def test_the_place_has_the_sign_of_the_input(formula: str, start: float) -> None:
    law = Equation.parse(f"a*x + b*Max(0, {formula})", ["x"]).fit({"x": X}, Y, start={"a": 1, "b": 1, "c": start})
    (told,) = breaks_in_words(inference(law, {"x": X}, Y))
    assert told == "The slope breaks at x = 6.013 (95 % interval 5.908 to 6.118)."


def test_a_law_without_a_break_has_no_sentence() -> None:
    law = Equation.parse("a*x + b", ["x"]).fit({"x": X}, Y)
    assert breaks_in_words(inference(law, {"x": X}, Y)) == []
