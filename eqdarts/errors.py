"""The wording of errors, in one place."""

from __future__ import annotations

import difflib
import sys
import unicodedata
from collections.abc import Iterable

__all__ = ["EqdartsWarning", "FormulaError", "TableError", "closest", "explain", "level_of_caller", "visible"]


class EqdartsWarning(UserWarning):
    """Warns of something that the user should know, although the computation continued."""

    def __str__(self) -> str:
        return "\n".join(map(visible, super().__str__().split("\n")))


class FormulaError(ValueError):
    """Raised for a formula or an equation file that eqdarts cannot accept."""


class TableError(ValueError):
    """Raised for a table that cannot be read or used."""


def level_of_caller() -> int:
    """Return the `stacklevel` with which a warning of the calling function names the user's line."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "eqdarts":
        frame, level = frame.f_back, level + 1
    return level


def explain(rule: str, given: object, todo: str) -> str:
    """Return the text of an error: the rule that was broken, what was given, what to do.

    >>> explain("max_complexity must be at least 3.", 1, "Give 3 or more.")
    'max_complexity must be at least 3. Got 1. Give 3 or more.'
    """
    return visible(f"{rule} Got {given}. {todo}")


def visible(text: str) -> str:
    r"""Return text with every character escaped that a terminal would obey or hide, or at which it would break a line.

    >>> print(visible("\x1b[31mmass\n(kg)"))
    \x1b[31mmass\n(kg)
    """
    return "".join(c if _is_visible(c) else c.encode("unicode_escape").decode("ascii") for c in text)


def _is_visible(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # such as a space that does not break


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
