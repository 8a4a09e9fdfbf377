"""What cannot be told apart, in words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.inference.laws import NOISE, X, found


@pytest.mark.parametrize(
    ("text", "y", "sentence", "identified"),
    [
        ("a*b*x", 2 * X["x"], "a and b appear only as a*b.", ()),
        ("a*x/b + c*z", 2 * X["x"] + X["z"], "a and b appear only as a/b.", ("c",)),
        ("a + b + c*x", 1 + 2 * X["x"], "a and b appear only as a + b.", ("c",)),
        ("a*x + 2*b*x + c", 1 + 2 * X["x"], "a and b appear only as a + 2*b.", ("c",)),
        ("a*x**2*sqrt(b) + c", 1 + 2 * X["x"] ** 2, "a and b appear only as a*sqrt(b).", ("c",)),
        ("a*exp(b + c*x)", 2 * np.exp(-X["x"]), "a and b appear only as a*exp(b).", ("c",)),
        ("a*(b + c*x)", 1 + 2 * X["x"], "a, b and c appear only as a*c and b/c.", ()),
        ("a*x**(b*c)", 2 * X["x"] ** 1.5, "b and c appear only as b*c.", ("a",)),
    ],
)
def test_what_cannot_be_told_apart_is_said_in_words(
    text: str, y: np.ndarray, sentence: str, identified: tuple[str, ...]
) -> None:
    names = [name for name in "abc" if name in text.replace("exp", "").replace("sqrt", "")]
    result = found(text, y + NOISE, X, start=dict(zip(names, [1.3, 1.1, 0.9], strict=False)))
    assert result.unidentifiable == (sentence,)
    for name, error, interval in zip(result.names, result.standard_error, result.profile_interval(), strict=True):
        assert math.isfinite(error) == (name in identified)
        assert np.isfinite(interval).all() == (name in identified)


def test_what_only_these_rows_hide_is_said_too_and_shows_in_predictions_elsewhere() -> None:
    columns = {"x": X["x"], "z": np.full(30, 2.0)}
    result = found("a + b*z + c*x", 1 + 2 * X["x"] + NOISE, columns)
    assert result.unidentifiable == ("a and b appear only as a + 2*b on these rows.",)
    std = result.predict_std({"x": [1.0, 1.0], "z": [2.0, 3.0]})
    assert math.isfinite(std[0])
    assert std[1] == math.inf


def test_a_coefficient_without_effect() -> None:
    y = 2 * X["x"] + NOISE
    result = found("a*x + Max(0, b*(z - 9))", y, X, start={"a": 1.0, "b": 1.0})
    assert result.unidentifiable == ("b has no effect on the prediction on these rows.",) or (
        result.unidentifiable == ("b has no effect on the prediction near its value.",)
    )
    assert result.standard_error[1] == math.inf


def test_nearly_interchangeable_coefficients_are_noted() -> None:
    x = np.linspace(10, 10.1, 30)
    result = found("a + b*x", 2 * x + NOISE, {"x": x})
    assert result.unidentifiable == ()
    assert any("a and b are nearly interchangeable" in note for note in result.notes)
