"""Output of the command line: results on standard output, notes and warnings on standard error, one line each."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from eqdarts.errors import EqdartsWarning, visible

__all__ = ["leave_output", "note", "notes_to_stderr", "show"]


def show(text: str) -> None:
    """Print lines to standard output at once. If its reader has gone, as in ``| head``, only these lines are lost."""
    try:
        print("\n".join(map(visible, text.split("\n"))), flush=True)
    except BrokenPipeError:
        leave_output()


def leave_output() -> None:
    """Discard all further output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(message: object, quiet: bool = False) -> None:
    """Print a note to standard error, on one line."""
    if not quiet:
        print(f"eqdarts: {visible(' '.join(str(message).split()))}", file=sys.stderr)


@contextmanager
def notes_to_stderr(quiet: bool = False) -> Iterator[None]:
    """Show the warnings of eqdarts as notes, and others as Python does."""
    with warnings.catch_warnings():
        python_shows = warnings.showwarning

        def show_warning(message, category, *where, **more):  # type: ignore[no-untyped-def]
            if issubclass(category, EqdartsWarning):
                note(message, quiet)
            else:
                python_shows(message, category, *where, **more)

        warnings.showwarning = show_warning
        warnings.simplefilter("always", EqdartsWarning)
        yield
