"""Numerical errors in one stage: which they are, what is left out, and what the user is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from eqdarts.errors import EqdartsWarning
from eqdarts.failures import LONGEST, Failures, is_numerical, warn_left_out


def broken() -> str:
    return f"{1 / 0}"


def test_numerical_errors_are_told_from_mistakes() -> None:
    for attempt in (
        lambda: 1 / 0,
        lambda: math.exp(1000),
        lambda: math.log(-1),
        lambda: np.linalg.inv(np.zeros((2, 2))),
        lambda: torch.linalg.inv(torch.zeros(2, 2)),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            attempt()
        assert is_numerical(caught.value)
    assert is_numerical(RecursionError())
    for mistake in (TypeError(), IndexError(), KeyError(), RuntimeError(), AttributeError(), RuntimeWarning()):
        assert not is_numerical(mistake)


def test_a_stage_gives_what_it_computes_or_else_the_other_value() -> None:
    failures = Failures()
    assert failures.attempt("sound", lambda: 3, lambda: 0) == 3
    assert failures.left_out == {}
    assert failures.attempt("broken", broken, lambda: "nothing") == "nothing"
    assert failures.attempt("broken", lambda: f"{math.log(0)}", lambda: "nothing") == "nothing"
    assert failures.left_out == {"broken": "ZeroDivisionError: division by zero"}  # the first of each stage
    failures.attempt("long", lambda: int("9" * 1000 + "x"), lambda: 0)
    assert len(failures.left_out["long"]) <= LONGEST


def test_mistakes_and_interrupts_are_raised() -> None:
    for error in (TypeError, KeyboardInterrupt):

        def stage(error: type[BaseException] = error) -> None:
            raise error

        with pytest.raises(error):
            Failures().attempt("stage", stage, lambda: None)


def test_errors_of_the_caller_pass_through_every_stage() -> None:
    failures = Failures()

    def stage() -> None:
        failures.attempt("inner", lambda: failures.call(broken), lambda: None)

    with pytest.raises(ZeroDivisionError):
        failures.attempt("outer", stage, lambda: None)
    assert failures.left_out == {}


def test_each_stage_is_told_once() -> None:
    with pytest.warns(EqdartsWarning) as told:
        warn_left_out({"pairs of features": "ZeroDivisionError: division by zero", "seeds": "OverflowError: too large"})
    assert [str(warning.message) for warning in told] == [
        "Left out after a numerical error: pairs of features (ZeroDivisionError: division by zero). "
        "The fit went on without it.",
        "Left out after a numerical error: seeds (OverflowError: too large). The fit went on without it.",
    ]
    assert told[0].filename == __file__
