"""The wording of errors, in one place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["EqdartsWarning", "FormulaError", "closest", "explain"]


class EqdartsWarning(UserWarning):
    """Warns of something that the user should know, although the computation continued."""


class FormulaError(ValueError):
    """Raised for a formula or an equation file that eqdarts cannot accept."""


def explain(rule: str, given: object, todo: str) -> str:
    """Return the text of an error: the rule that was broken, what was given, what to do.

    >>> explain("max_complexity must be at least 3.", 1, "Give 3 or more.")
    'max_complexity must be at least 3. Got 1. Give 3 or more.'
    """
    return f"{rule} Got {given}. {todo}"


def closest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests the known name most similar to `name`, or lists all known names.

    >>> closest("expp", ["exp", "log"])
    "Did you mean 'exp'?"
    """
    known = list(known)
    folded = {entry.casefold(): entry for entry in known}
    match = difflib.get_close_matches(name.casefold(), folded, n=1)
    if match:
        return f"Did you mean {folded[match[0]]!r}?"
    return f"Known: {', '.join(known)}."
