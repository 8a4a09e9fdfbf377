"""Interrupts reach the tests of fits, wherever these run."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """Handle SIGINT as Python does: a shell lets what runs in the background, and its children, ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
