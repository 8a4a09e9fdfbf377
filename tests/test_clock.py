"""The clock of a fit: wall time, or CPU time where benchmarks ask for it."""

from __future__ import annotations

import time

import pytest

from eqdarts import clock


def test_seconds_are_wall_time_until_cpu_time_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", lambda: 7.0)  # and put back what was there, whatever the test does
    assert clock.now() == 7.0
    clock.count_cpu_seconds()
    assert clock._clock is time.process_time
    first = clock.now()
    assert first <= clock.now()
