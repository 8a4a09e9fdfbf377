"""Named constants of an equation, such as g: checked when they are given."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

from eqdarts.errors import FormulaError, explain

__all__ = ["checked_constants"]


def checked_constants(
    constants: Mapping[str, Any], names: Sequence[str], variables: Sequence[str] | None
) -> tuple[tuple[str, float], ...]:
    """Return the constants of a formula as (name, value).

    Parameters
    ----------
    constants : mapping of str to float
    names : sequence of str
        All names of the formula.
    variables : sequence of str or None
        Those that are columns.

    Raises
    ------
    FormulaError
        If a name is not in the formula or is a column, or a value is not a finite number.
    """
    if constants and variables is None:
        raise FormulaError(
            explain("With constants the columns must be named too.", "no variables", "Give variables=[...].")
        )
    for name, value in constants.items():
        if name not in names or name in (variables or ()):
            raise FormulaError(
                explain("A constant must be a name in the formula, not a column.", repr(name), "Leave it out.")
            )
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise FormulaError(
                explain(f"The constant {name!r} must be a finite number.", repr(value), "Give its value.")
            )
    return tuple((name, float(value)) for name, value in constants.items())
