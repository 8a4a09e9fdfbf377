"""How eqdarts phrases what went wrong, in one place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["EqdartsWarning", "FormulaError", "closest", "explain"]


class EqdartsWarning(UserWarning):
    """Something the user should know although the computation went on."""


class FormulaError(ValueError):
    """A formula text, or an equation file, that eqdarts cannot accept."""


def explain(what: str, given: object, todo: str) -> str:
    """Phrase an error: what is wrong, what was given, what to do.

    >>> explain("max_complexity must be at least 3.", 1, "Give 3 or more.")
    'max_complexity must be at least 3. Got 1. Give 3 or more.'
    """
    return f"{what} Got {given}. {todo}"


def closest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name most like `name`, as a sentence, or list what is known.

    >>> closest("expp", ["exp", "log"])
    "Did you mean 'exp'?"
    """
    known = list(known)
    folded = {entry.casefold(): entry for entry in known}
    match = difflib.get_close_matches(name.casefold(), folded, n=1)
    if match:
        return f"Did you mean {folded[match[0]]!r}?"
    return f"Known: {', '.join(known)}."
