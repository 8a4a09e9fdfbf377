"""One stage of a fit, which neither an interrupt nor a numerical error turns into the end of the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from eqdarts.errors import FormulaError
from eqdarts.failures import Failures
from eqdarts.fitting.progress import Interrupts

__all__ = ["Guard"]

T = TypeVar("T")


@dataclass(frozen=True)
class Guard:
    """Runs the stages of one fit; `failures` has those that were left out."""

    interrupts: Interrupts
    failures: Failures = field(default_factory=Failures)

    def stage(self, name: str, compute: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return ``compute()``, or ``otherwise()`` after an interrupt or a numerical error.

        The error is recorded under the name of the stage, unless it is only that an equation is not real and finite.
        """

        def attempt() -> T:
            try:
                return compute()
            except FormulaError:
                return otherwise()

        return self.interrupts.stage(partial(self.failures.attempt, name, attempt, otherwise), otherwise)
