"""Options of the relaxed search: defaults, schedules, and one clear error for what is out of range."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from eqdarts.search.relaxed.options import RelaxedOptions, relaxed_options


def test_what_is_not_given_has_its_default() -> None:
    assert relaxed_options(None) == relaxed_options({}) == RelaxedOptions()
    given = relaxed_options({"order": 2, "n_hidden": [1, 4]})  # a list, as from a JSON file
    assert given == dataclasses.replace(RelaxedOptions(), order=2, n_hidden=(1, 4))
    assert relaxed_options(given) is given


def test_temperature_falls_geometrically_and_the_rate_along_a_cosine() -> None:
    options = RelaxedOptions(temperature=(0.8, 0.2), rate_w=0.1)
    assert [options.temperature_at(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([0.8, 0.4, 0.2])
    assert [options.rate_w_at(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([0.1, 0.055, 0.01])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"order": 3}, r"order must be 1 or 2\. Got 3"),
        ({"dtype": "float16"}, "dtype must be 'float32' or 'float64'"),
        ({"n_steps": -1}, r"n_steps must be at least 0\. Got -1"),
        ({"n_steps": True}, "n_steps must be at least 0"),
        ({"n_samples": 1.5}, "n_samples must be at least 0"),
        ({"n_hidden": 2}, "n_hidden must be a tuple of one number or more"),
        ({"n_hidden": ()}, "n_hidden must be a tuple of one number or more"),
        ({"n_hidden": (1, 0)}, "n_hidden must be at least 1"),
        ({"rate_w": 0.0}, "rate_w must be positive"),
        ({"clip": float("inf")}, "clip must be positive"),
        ({"temperature": (0.5,)}, "temperature must be a tuple of 2 numbers"),
        ({"temperature": (0.5, -0.1)}, "temperature must be positive"),
        ({"device": "abacus"}, r"device must be one that torch can use here.*'abacus'"),
        ({"stepps": 3}, "There is no such option of relaxed"),
        ("order", "relaxed must map options to values"),
    ],
)
def test_an_option_out_of_range_is_one_clear_error(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        relaxed_options(given)
