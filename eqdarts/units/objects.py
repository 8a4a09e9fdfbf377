"""Units as objects of pint, astropy, unyt and pint-pandas have them, by what these objects offer."""

from __future__ import annotations

from typing import Any

from eqdarts.errors import explain
from eqdarts.units.parse import UnitError, parse_unit
from eqdarts.units.unit import Unit

__all__ = ["unit_from", "unit_of_values"]

_TODO = 'Give its text, such as "kg m s-2".'


def unit_from(given: Any) -> Unit:
    """Return the unit that a text or a unit of another library says.

    Parameters
    ----------
    given : str, Unit, or a unit or quantity of pint, astropy or unyt
        A quantity has to be 1 of its unit, because values keep the units in which they come.

    Raises
    ------
    UnitError
        If it cannot be read.
    """
    if isinstance(given, Unit):
        return given
    if isinstance(given, str):
        return parse_unit(given)
    own = _unit_object(given)
    if own is not None:
        # Some units have a unit of their own kind that is not themselves: only values with a size are quantities.
        size = getattr(given, "magnitude", getattr(given, "value", None))
        if size is not None and getattr(size, "shape", ()) == () and float(size) != 1.0:
            raise UnitError(explain("A unit has no factor.", repr(given)[:60], "Use a prefix, or scale the values."))
        given = own
    if not _is_unit(given):
        raise UnitError(explain("A unit must be text or a unit of pint, astropy or unyt.", repr(given)[:60], _TODO))
    return parse_unit(given.to_string() if hasattr(given, "to_string") else str(given))


def unit_of_values(values: Any) -> Unit | None:
    """Return the unit that an array, a column or its dtype carries; None if it has none."""
    for holder in (values, getattr(values, "dtype", None)):
        own = _unit_object(holder)
        if own is not None:
            return unit_from(own)
    return None


def _unit_object(holder: Any) -> Any:
    """Return the unit of a quantity or a dtype: pint and unyt call it units, astropy unit."""
    if holder is None or _is_unit(holder):
        return None
    found = (getattr(holder, name, None) for name in ("units", "unit"))
    return next((own for own in found if own is not None and _is_unit(own)), None)


def _is_unit(given: Any) -> bool:
    """Whether an object is a unit: these know their dimension and are no values."""
    is_known = any(hasattr(given, name) for name in ("dimensionality", "physical_type", "dimensions"))
    return is_known and not any(hasattr(given, name) for name in ("magnitude", "value", "shape"))
