"""Numerical errors in one stage of a fit: the stage is left out and recorded, and the fit continues."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import TypeVar

from eqdarts.errors import EqdartsWarning

__all__ = ["Failures", "is_numerical", "warn_left_out"]

T = TypeVar("T")
LONGEST = 200  # characters of an error that are shown


def is_numerical(error: Exception) -> bool:
    """Return whether numbers caused an error: a division by zero, an overflow, an iteration that does not converge.

    A formula that is nested too deep is no reason to end a fit either. The LinAlgError of numpy, and the errors of
    numpy and math outside a function's domain, are ValueErrors.
    """
    if isinstance(error, (ArithmeticError, ValueError, RecursionError)):
        return True
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.linalg.LinAlgError)


class Failures:
    """The stages of one fit that numerical errors have ended.

    Attributes
    ----------
    left_out : dict of str to str
        The first error of each stage that had one, in words.
    """

    def __init__(self) -> None:
        self.left_out: dict[str, str] = {}
        self._of_caller: Exception | None = None

    def attempt(self, stage: str, compute: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return ``compute()``, or ``otherwise()`` after a numerical error in it.

        Parameters
        ----------
        stage : str
            Name of the stage for the user, such as "matching pursuit".
        compute, otherwise : callable
            `compute` must consume the generators that it uses, so that their errors are raised in it.
        """
        try:
            return compute()
        except Exception as error:
            if error is self._of_caller or not is_numerical(error):
                raise
            self.left_out.setdefault(stage, f"{type(error).__name__}: {error}"[:LONGEST])
            return otherwise()

    def note(self, what: str, why: str) -> None:
        """Record that something was left out."""
        self.left_out.setdefault(what, why[:LONGEST])

    def call(self, given: Callable[[], object]) -> None:
        """Call what the caller of the fit has given: its errors are the caller's, and no stage is left out for them."""
        try:
            given()
        except Exception as error:
            self._of_caller = error
            raise


def warn_left_out(left_out: Mapping[str, str], stacklevel: int = 2) -> None:
    """Warn once for each stage that was left out."""
    for stage, error in left_out.items():
        message = f"Left out after a numerical error: {stage} ({error}). The fit went on without it."
        warnings.warn(message, EqdartsWarning, stacklevel=stacklevel)
