"""Ctrl-C during a fit: the first one ends what is under way and keeps what was found, the second changes nothing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Interrupts"]

T = TypeVar("T")
GRACE = 0.6  # seconds after an interrupt within which equations are still written
PATIENCE = 3  # interrupts after which the fit gives up, with nothing


class Interrupts:
    """Lets an interrupt end one stage of a fit, and no other.

    Within the block an interrupt raises KeyboardInterrupt in a stage that is `open`, and is remembered otherwise. It
    raises once: what follows cannot be lost by impatience. Outside the main thread, and where the program handles the
    signal itself, everything stays as it is.
    """

    def __init__(self) -> None:
        self.count, self.at = 0, 0.0
        self.open = True  # until something is found an interrupt ends the fit as it ends any program
        self._before: Any = None

    def has_time(self) -> bool:
        """Return whether what must be done may take its time: there was no interrupt, or only just now."""
        return self.count == 0 or time.monotonic() - self.at < GRACE

    @property
    def seen(self) -> bool:
        """Whether there was an interrupt: what can be left out is left out."""
        return self.count > 0

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def note(self) -> None:
        """Remember that there was an interrupt."""
        self.at = time.monotonic() if self.count == 0 else self.at
        self.count += 1

    def _on_signal(self, *_: object) -> None:
        self.note()
        if self.open or self.count >= PATIENCE:
            self.open = False
            raise KeyboardInterrupt

    def stage(self, compute: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return ``compute()``; ``otherwise()``, which must be quick, after an interrupt before or in it."""
        if self.seen:
            return otherwise()
        try:
            self.open = True
            try:
                return compute()
            finally:
                self.open = False
        except KeyboardInterrupt:
            if not self.seen:
                self.note()
            return otherwise()
