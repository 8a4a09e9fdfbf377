"""Names of columns and of the target: what an equation can be written with, and read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import symbol

__all__ = ["LONGEST_NAME", "MOST_NAMES", "checked_names", "target_name", "used_names"]


MOST_NAMES = 100_000
LONGEST_NAME = 1_000  # characters


def checked_names(names: Sequence[Any], what: str = "The columns", todo: str = "Rename it.") -> tuple[str, ...]:
    """Return the names of columns.

    Parameters
    ----------
    names : sequence of str
    what : str
        What they are the names of, at the beginning of an error.
    todo : str
        Last sentence of an error.

    Raises
    ------
    FormulaError
        If a name is no text, empty, longer than 1000 characters or there twice, or there are more than 100,000.
    """
    if len(names) > MOST_NAMES:
        raise FormulaError(explain(f"{what} may be at most {MOST_NAMES}.", len(names), "Leave some out."))
    seen: set[str] = set()
    for k, name in enumerate(names):
        where = f"{_shown(name)} for column {k + 1} of {len(names)}"
        if not isinstance(name, str) or not name:
            raise FormulaError(explain(f"{what} must have names that are not empty.", where, todo))
        if len(name) > LONGEST_NAME:
            raise FormulaError(explain(f"{what} may have names of at most {LONGEST_NAME} characters.", where, todo))
        if name in seen:
            raise FormulaError(explain(f"{what} must have different names.", f"{_shown(name)} twice", todo))
        seen.add(name)
    return tuple(names)


def target_name(name: Any) -> str | None:
    """Return the name of the target, None if it has none.

    Raises
    ------
    FormulaError
        If it is no text, or longer than 1000 characters.
    """
    if name is None or name == "":
        return None
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        rule = f"The target must have a name of at most {LONGEST_NAME} characters, or None."
        raise FormulaError(explain(rule, _shown(name), "Rename it."))
    return name


def _shown(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 40 else text[:37] + "..."


def used_names(expr: Expr, names: Sequence[str]) -> list[str]:
    """Return those of the names that are in the expression, in order."""
    free = expr.free_symbols
    return [name for name in names if symbol(name) in free]
