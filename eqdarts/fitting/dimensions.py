"""The units of a table: read and checked before the search, priced in the choice, and told with the equations."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.equation.units import read_units
from eqdarts.errors import EqdartsWarning, explain, level_of_caller
from eqdarts.expression.unit_check import UnitCheck
from eqdarts.fitting.unit_structure import length_in_own_units
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import Primitive
from eqdarts.search.by_units import independent
from eqdarts.selection import dimensions_price
from eqdarts.units.balance import unit_price
from eqdarts.units.objects import unit_of_values
from eqdarts.units.parse import UnitError
from eqdarts.units.unit import Unit

__all__ = ["ColumnUnits", "column_units", "constant_units", "without_units"]


@dataclass(frozen=True)
class ColumnUnits:
    """The units of columns, target and named constants.

    Parameters
    ----------
    columns : mapping of str to Unit
        Of the columns and the target, those that are known.
    constants : mapping of str to Unit
        Of the named constants.
    plain_numbers : bool
        Whether coefficients must be plain numbers.
    """

    columns: Mapping[str, Unit]
    constants: Mapping[str, Unit] = field(default_factory=dict)
    plain_numbers: bool = False

    def exponents(self, names: Sequence[str], target: str) -> Array | None:
        """Return the exponents of independent base units (B, D + 1) for columns and target; None if one is unknown."""
        found = [self.columns.get(name) for name in (*names, target)]
        if any(unit is None for unit in found):
            return None
        rows = independent(np.array([[float(e) for e in unit.dimension] for unit in found if unit is not None]).T)
        return rows if len(rows) else None

    def check(self, equation: Equation) -> UnitCheck:
        """Return the audit of an equation of the fit."""
        own = {name: unit for name, unit in self.constants.items() if name in dict(equation.constants)}
        return equation.check_units({**self.columns, **own}, numbers=not self.plain_numbers)

    def price(self, equation: Equation) -> float:
        """Return the nats for the units of its coefficients, and for places where units do not add up."""
        found = self.check(equation)
        return dimensions_price(found.price, [unit_price(entry.missing, found.n_bases) for entry in found.breaks])

    def structure(self, graph: Graph, equation: Equation, primitives: Collection[Primitive]) -> float | None:
        """Return the nats of the structure of an equation with this graph; None if the unit of an input is unknown."""
        columns = [self.columns.get(name) for name in equation.variables]
        known = [unit for unit in columns if unit is not None]
        if len(known) < len(columns) or len(known) != graph.n_inputs:
            return None
        return length_in_own_units(graph, primitives, known, self.check(equation))

    def in_words(self, equation: Equation) -> list[str]:
        """Return what the units say of the chosen equation and what it pays for them, as sentences."""
        found = self.check(equation)
        price = self.price(equation)
        return [str(found), *([f"It pays {price:.1f} nats for its units."] if price else [])]

    def told(self, equation: Equation) -> Equation:
        """Return the equation with the units of its inputs and its target."""
        known = {**self.columns, **{name: unit for name, unit in self.constants.items() if name in equation.names}}
        return replace(equation, units=tuple((name, str(unit)) for name, unit in known.items()))


def without_units(X: Any, y: Any) -> tuple[Any, Any, dict[str, Unit]]:
    """Return X and y as plain numbers, and the units that their columns carry; None stands for the target's name.

    Columns of pint-pandas have their unit in their dtype; arrays of pint, astropy and unyt have it beside the values.
    """
    found: dict[str, Unit] = {}
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        carried = {name: unit for name in X.columns if (unit := _unit_of_column(X, name)) is not None}
        if carried:
            X = X.assign(**{name: X[name].astype(float) for name in carried})
            found = {str(name): unit for name, unit in carried.items()}
    own = unit_of_values(y)
    if own is not None:
        found[""] = own
        y = y.astype(float) if hasattr(y, "to_numpy") else getattr(y, "magnitude", getattr(y, "value", y))
    return X, y, found


def _unit_of_column(X: Any, name: Any) -> Unit | None:
    column = X[name]
    return unit_of_values(column) if getattr(column, "ndim", 2) == 1 else None


def column_units(
    given: tuple[Mapping[str, Any] | None, Any, Mapping[str, Unit]],
    names: Sequence[str],
    target: str | None,
    constants: Mapping[str, Unit],
    plain_numbers: bool,
) -> ColumnUnits | None:
    """Return the units of a table as far as they are known; None if no unit was given.

    Parameters
    ----------
    given : (mapping or None, unit or None, mapping of str to Unit)
        Units by the names of columns, the target perhaps among them; the unit of the target; those that the data carry,
        by `without_units`.
    names : sequence of str
    target : str or None
    constants, plain_numbers
        As for `ColumnUnits`.

    Raises
    ------
    UnitError
        If a column is unknown, a unit cannot be read, or two are given for one column.
    """
    units, y_units, carried = given
    if units is None and y_units is None and not carried:
        return None
    if units is not None and not isinstance(units, Mapping):
        raise UnitError(explain("units must map columns to units.", repr(units)[:60], 'Pass {"m": "kg"}.'))
    own = target or "y"
    found = {name or own: unit for name, unit in carried.items()}
    for more in (units or {}, {} if y_units is None else {own: y_units}):
        for name, unit in read_units(more, (*names, own)).items():
            if name in found and not found[name].is_same(unit):
                todo = "Give one of them, or convert the values."
                raise UnitError(explain(f"{name} has one unit.", f"{found[name]} and {unit}", todo))
            found[name] = unit
    _warn_of_offsets(found)
    return ColumnUnits(found, constants, plain_numbers)


def _warn_of_offsets(units: Mapping[str, Unit]) -> None:
    shifted = [name for name, unit in units.items() if unit.offset]
    if shifted:
        message = (
            f"The unit of {', '.join(shifted)} counts from an arbitrary zero (0 degC is 273.15 K). Sums and "
            "differences are sound. For products, ratios, powers and laws of absolute temperature convert it to K."
        )
        warnings.warn(message, EqdartsWarning, stacklevel=level_of_caller())


def constant_units(constants: Any) -> tuple[Any, dict[str, Unit]]:
    """Return named constants as numbers, and the units of those that were given as (value, unit).

    Raises
    ------
    UnitError
        If a unit cannot be read.
    """
    if not isinstance(constants, Mapping):
        return constants, {}
    pairs = {name: pair for name, pair in constants.items() if isinstance(pair, tuple) and len(pair) == 2}
    units = read_units({name: unit for name, (_, unit) in pairs.items()}, tuple(map(str, pairs)))
    return {name: pairs[name][0] if name in pairs else value for name, value in constants.items()}, units
