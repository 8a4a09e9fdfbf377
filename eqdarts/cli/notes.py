"""Warnings as a user of the command line should see them: one line each on standard error."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from eqdarts.errors import EqdartsWarning

__all__ = ["note", "notes_to_stderr"]


def note(message: object, quiet: bool = False) -> None:
    """Print a note to standard error, on one line."""
    if not quiet:
        print(f"eqdarts: {' '.join(str(message).split())}", file=sys.stderr)


@contextmanager
def notes_to_stderr(quiet: bool = False) -> Iterator[None]:
    """Show eqdarts' own warnings as notes, others as Python does."""
    with warnings.catch_warnings():
        python_shows = warnings.showwarning

        def show(message, category, *where, **more):  # type: ignore[no-untyped-def]
            if issubclass(category, EqdartsWarning):
                note(message, quiet)
            else:
                python_shows(message, category, *where, **more)

        warnings.showwarning = show
        warnings.simplefilter("always", EqdartsWarning)
        yield
