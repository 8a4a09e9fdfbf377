"""Ctrl-C during a fit: the first one ends what is under way and keeps what was found, the second changes nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Interrupts"]

T = TypeVar("T")
PATIENCE = 3  # interrupts after which the fit gives up, with nothing


class Interrupts:
    """Lets an interrupt end one stage of a fit, and no other.

    Within the block an interrupt raises KeyboardInterrupt in a stage that is `open`, and is remembered otherwise. It
    raises once: what follows cannot be lost by impatience. Outside the main thread, and where the program handles the
    signal itself, everything stays as it is.
    """

    def __init__(self) -> None:
        self.count = 0
        self.open = True  # until something is found an interrupt ends the fit as it ends any program
        self._before: Any = None

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

    def _on_signal(self, *_: object) -> None:
        self.count += 1
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
            self.count = max(self.count, 1)
            return otherwise()
