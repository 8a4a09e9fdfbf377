"""The clock by which a fit keeps its time limit."""

from __future__ import annotations

import time

__all__ = ["count_cpu_seconds", "now"]

_clock = time.perf_counter


def now() -> float:
    """Return seconds: differences of two calls are wall time, or CPU time after `count_cpu_seconds`."""
    return _clock()


def count_cpu_seconds() -> None:
    """Count CPU seconds of this process from now on. For benchmarks: other jobs hardly affect CPU time."""
    global _clock
    _clock = time.process_time
