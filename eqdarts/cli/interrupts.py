"""Ctrl-C once a law is found: nothing that is quick is lost, what takes long is left out, and no traceback is shown."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["LateInterrupts"]


class LateInterrupts:
    """Remembers interrupts, and lets one end only the work given to `unless_interrupted`.

    Outside the main thread, and where the program handles the signal itself, everything stays as it is.
    """

    def __init__(self) -> None:
        self.seen = False
        self._may_end = False
        self._before: Any = None

    def __enter__(self) -> LateInterrupts:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, *_: object) -> None:
        self.seen = True
        if self._may_end:
            self._may_end = False
            raise KeyboardInterrupt

    def unless_interrupted(self, work: Callable[[], None]) -> None:
        """Do the work unless there was an interrupt, which also ends it."""
        try:
            self._may_end = True
            if not self.seen:
                work()
        except KeyboardInterrupt:
            self.seen = True
        finally:
            self._may_end = False
