"""Interrupts once a law is found."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from eqdarts.cli.interrupts import LateInterrupts


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_is_remembered_and_ends_only_what_may_end() -> None:
    done = []
    with LateInterrupts() as interrupts:
        interrupts.unless_interrupted(lambda: done.append("first"))
        _interrupt()
        done.append("quick")
        assert interrupts.seen
        interrupts.unless_interrupted(lambda: done.append("slow"))
    assert done == ["first", "quick"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_ends_what_is_under_way_and_a_second_one_nothing() -> None:
    done = []

    def slow() -> None:
        done.append("begun")
        _interrupt()
        done.append("never")

    with LateInterrupts() as interrupts:
        interrupts.unless_interrupted(slow)
        _interrupt()
        done.append("quick")
    assert done == ["begun", "quick"]


def test_another_error_goes_on() -> None:
    def fails() -> None:
        raise ValueError("mine")

    with LateInterrupts() as interrupts:
        with pytest.raises(ValueError, match="mine"):
            interrupts.unless_interrupted(fails)
        _interrupt()
    assert interrupts.seen


def test_a_handler_of_the_program_and_other_threads_are_left_alone() -> None:
    def own(*_: object) -> None:
        pass

    before = signal.signal(signal.SIGINT, own)
    try:
        with LateInterrupts():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
    entered = []

    def enter() -> None:
        with LateInterrupts():
            entered.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [before]
