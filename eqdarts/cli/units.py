"""The units of columns of the option --units. Those in the table itself are read by the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eqdarts.cli.usage import UsageError
from eqdarts.errors import closest, explain
from eqdarts.units.parse import UnitError, parse_unit

__all__ = ["given_units"]


def given_units(options: Sequence[str], frame: Any) -> dict[str, str]:
    """Return the units of columns as text.

    Parameters
    ----------
    options : sequence of str
        Such as "m=kg,v=m/s".
    frame : DataFrame

    Raises
    ------
    UsageError
        If an option is not such a list, a column is unknown, or a unit cannot be read.
    """
    found: dict[str, str] = {}
    columns = list(map(str, frame.columns))
    for pair in (pair for option in options for pair in option.split(",")):
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not (name and equals):
            raise UsageError(explain("--units must be COLUMN=UNIT,..", repr(pair), "Write m=kg,v=m/s, for example."))
        if name not in columns:
            raise UsageError(explain("--units must name columns.", repr(name), closest(name, columns)))
        try:
            found[name] = str(parse_unit(text))
        except UnitError as error:
            raise UsageError(f"The unit of {name}: {error}") from None
    return found
