"""The units of an equation: its audit, and the unit of each of its coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eqdarts.errors import closest, explain
from eqdarts.expression.latex import latex, latex_name, latex_number
from eqdarts.expression.unit_check import UnitCheck, check_formula
from eqdarts.expression.written import Written, number_text, write
from eqdarts.units.objects import unit_from
from eqdarts.units.parse import UnitError
from eqdarts.units.unit import Unit

__all__ = ["checked_units", "latex_with_units", "read_units"]


def checked_units(equation: Any, shown: Written, units: Mapping[str, Any], numbers: bool | None = None) -> UnitCheck:
    """Return the audit of an equation, `shown` as it is written; see `Equation.check_units`."""
    target = equation.target or "y"
    known = read_units(units, (*equation.variables, *equation.names, *dict(equation.constants), target))
    is_typed = bool(equation.names)
    tree = write(equation.formula) if is_typed and equation.formula is not None else shown
    wanted = known.get(target) if target not in equation.variables else None
    return check_formula(tree, known, wanted, not is_typed if numbers is None else numbers)


def latex_with_units(equation: Any, digits: int) -> str:
    """Return an equation as LaTeX with letters for its coefficients, and their values with units."""
    form = latex(write(equation.template), digits)
    shown = [form if equation.target is None else f"{latex_name(equation.target)} = {form}"]
    units = {number.name: number.unit.latex() for number in equation.check_units().numbers}
    for name, value in (*equation.coefficients.items(), *equation.constants):
        number = latex_number(number_text(value, digits))
        shown.append(
            rf"{latex_name(name)} = {number}\,{units[name]}" if units.get(name) else f"{latex_name(name)} = {number}"
        )
    return r", \quad ".join(shown)


def read_units(units: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Unit]:
    """Return units by name.

    Raises
    ------
    UnitError
        If a name is not one of `names`, or a unit cannot be read; the error names the column.
    """
    found: dict[str, Unit] = {}
    for name, given in units.items():
        if name not in names:
            raise UnitError(explain("A unit needs the name of a column.", repr(name), closest(str(name), names)))
        try:
            found[name] = unit_from(given)
        except UnitError as error:
            raise UnitError(f"The unit of {name}: {error}") from None
    return found
