"""The bounds of coefficients of the option --bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from eqdarts.cli.usage import UsageError
from eqdarts.errors import explain

__all__ = ["given_bounds"]


def given_bounds(options: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    """Return the lower and upper bounds of coefficients by name; None stands for an open end.

    Parameters
    ----------
    options : sequence of str
        Such as "k=0:,c=-1:5".

    Raises
    ------
    UsageError
        If an option is not such a list.

    Examples
    --------
    >>> given_bounds(["k=0:,c=-1:5", "b=:2"])
    {'k': (0.0, None), 'c': (-1.0, 5.0), 'b': (None, 2.0)}
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for pair in (pair for option in options for pair in option.split(",")):
        name, equals, ends = pair.partition("=")
        low, colon, high = ends.partition(":")
        try:
            found[name.strip()] = _end(low), _end(high)
        except ValueError:
            colon = ""
        if not (name.strip() and equals and colon):
            todo = "Write k=0: for at least 0, k=:5 for at most 5, or k=0:5."
            raise UsageError(explain("--bounds must be NAME=LOW:HIGH,..", repr(pair), todo))
    return found


def _end(text: str) -> float | None:
    """Return an end of a range; None if it is open."""
    if not text.strip():
        return None
    value = float(text)
    if math.isnan(value):
        raise ValueError(text)
    return value
