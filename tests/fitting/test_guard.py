"""A stage that fails, or that an interrupt ends, gives what it gives otherwise."""

from __future__ import annotations

import pytest

from eqdarts.errors import FormulaError
from eqdarts.fitting.guard import Guard
from eqdarts.fitting.progress import Interrupts


def raising(error: BaseException) -> int:
    raise error


def test_a_numerical_error_leaves_the_stage_out_and_is_recorded() -> None:
    guard = Guard(Interrupts())
    assert guard.stage("writing", lambda: 1, lambda: 2) == 1
    assert guard.stage("snapping", lambda: raising(ZeroDivisionError("no")), lambda: 2) == 2
    assert guard.failures.left_out == {"snapping": "ZeroDivisionError: no"}
    with pytest.raises(KeyError):
        guard.stage("snapping", lambda: raising(KeyError("a fault of the program")), lambda: 2)


def test_a_formula_that_is_not_real_is_no_failure() -> None:
    guard = Guard(Interrupts())
    assert guard.stage("writing", lambda: raising(FormulaError("complex")), lambda: 2) == 2
    assert not guard.failures.left_out


def test_after_an_interrupt_no_stage_begins() -> None:
    guard = Guard(Interrupts())
    assert guard.stage("writing", lambda: raising(KeyboardInterrupt()), lambda: 2) == 2
    assert guard.stage("snapping", lambda: 1, lambda: 2) == 2
