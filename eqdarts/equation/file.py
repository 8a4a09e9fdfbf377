"""Writing and reading an equation file: every field is checked, and formulas are read by our own grammar only."""

from __future__ import annotations

import json
from typing import Any

from eqdarts.equation.digits import MOST
from eqdarts.equation.groups import GroupConstants
from eqdarts.equation.names import checked_names, target_name
from eqdarts.errors import FormulaError, explain
from eqdarts.expression import written
from eqdarts.expression.build import with_values
from eqdarts.expression.parse import parse_formula
from eqdarts.files import is_number, read_json, short
from eqdarts.units.parse import UnitError, parse_unit

__all__ = ["as_text", "read"]

FORMAT, VERSION = "eqdarts-equation", 1
MAX_LENGTH = 20_000_000  # of a table with very many columns
MOST_EXACT, LONGEST_CONSTANT = 1000, 100
WRITE = "Write the file with Equation.to_json()."


def as_text(equation: Any, shown: written.Written) -> str:
    """Return an equation, and `shown`, its right-hand side, as JSON text."""
    record: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "expression": written.text(shown, whole=False),
        "variables": list(equation.variables),
        "target": equation.target,
    }
    if equation.formula is not None:
        record["formula"] = written.text(written.write(equation.formula), whole=False)
        record["parameters"] = dict(equation.parameters)
    if equation.constants:
        record["constants"] = dict(equation.constants)
    if equation.names:
        record["names"] = list(equation.names)
    if equation.ranges:
        record["ranges"] = {name: [low, high] for name, low, high in equation.ranges}
    if equation.digits is not None:
        record["digits"] = equation.digits
    if equation.groups is not None:
        record["groups"] = equation.groups.record()
    if equation.exact:
        record["exact"] = [list(pair) for pair in equation.exact]
    if equation.units:
        record["units"] = dict(equation.units)
        record["coefficient_units"] = equation.check_units().units  # for other programs: `read` works them out
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair in a name has no other encoding
        return json.dumps(record, ensure_ascii=True, allow_nan=False, indent=2)
    return text


def read(text: str) -> tuple[Any, ...]:
    """Return the fields of the equation in a file, in the order of `Equation`.

    Raises
    ------
    FormulaError
        If a field is not as ``Equation.to_json`` writes it.
    """
    record = read_json(text, "An equation file", FORMAT, VERSION, MAX_LENGTH, WRITE)
    variables, names = _names(record, "variables"), _names(record, "names")
    target = target_name(record.get("target"))
    # Formulas: the limits of the grammar hold for each of them.
    formula = parse_formula(record["formula"]).expr if record.get("formula") is not None else None
    parameters, constants = _parameters(record, "parameters"), _parameters(record, "constants")
    if constants and (formula is None or set(dict(constants)) & {*variables, *dict(parameters)}):
        raise FormulaError(
            explain(
                "'constants' must be names in the formula, neither variables nor parameters.",
                short(list(dict(constants))),
                WRITE,
            )
        )
    # The numbers of a fitted formula are kept to the last bit under "parameters", so `expr` is made from them.
    if formula is not None and (parameters or constants):
        expr = with_values(formula, {**dict(parameters), **dict(constants)})
    else:
        expr = parse_formula(record.get("expression", "")).expr
    groups = GroupConstants.read(record.get("groups"))  # most files have none
    unknown = {str(s.name) for s in expr.free_symbols} - {*variables, *(() if groups is None else groups.names)}
    if unknown and (formula is None or parameters):
        raise FormulaError(
            explain("'variables' must list every name of the expression.", short(sorted(unknown)), WRITE)
        )
    ranges, digits = _ranges(record, variables), _digits(record)
    shown = (ranges, digits, groups, _exact(record), _units(record))
    return expr, variables, target, formula, parameters, names, None, constants, *shown


def _names(record: dict[str, Any], key: str) -> tuple[str, ...]:
    names = record.get(key, [])
    if not isinstance(names, list):
        raise FormulaError(explain(f"{key!r} must be a list of different names.", short(names), WRITE))
    return checked_names(names, f"The {key!r} of the file", WRITE)


def _parameters(record: dict[str, Any], key: str) -> tuple[tuple[str, float], ...]:
    values = record.get(key, {})
    if not isinstance(values, dict):
        raise FormulaError(explain(f"{key!r} must map names to numbers.", short(values), WRITE))
    parameters = []
    for name, value in values.items():
        if not is_number(value):
            raise FormulaError(explain(f"{name!r} in {key!r} must be a finite number.", short(value), WRITE))
        parameters.append((name, float(value)))
    return tuple(parameters)


def _exact(record: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return the constants that became exact, with their fitted values; files of the first versions have none."""
    pairs = record.get("exact", [])
    if not isinstance(pairs, list) or len(pairs) > MOST_EXACT:
        raise FormulaError(explain("'exact' must be a short list.", short(pairs), WRITE))
    for pair in pairs:
        is_pair = isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and is_number(pair[1])
        if not is_pair or len(pair[0]) > LONGEST_CONSTANT:
            raise FormulaError(explain("'exact' must have constants with numbers.", short(pair), WRITE))
    return tuple((text, float(value)) for text, value in pairs)


def _units(record: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the units of inputs and target; most files have none."""
    units = record.get("units", {})
    if not isinstance(units, dict):
        raise FormulaError(explain("'units' must map names to units.", short(units), WRITE))
    try:
        return tuple((str(name), str(parse_unit(text))) for name, text in units.items())
    except UnitError as error:
        raise FormulaError(explain("'units' must be units.", str(error)[:100], WRITE)) from None


def _ranges(record: dict[str, Any], variables: tuple[str, ...]) -> tuple[tuple[str, float, float], ...]:
    """Return the ranges of the inputs; files of the first versions have none."""
    values = record.get("ranges", {})
    if not isinstance(values, dict) or not set(values) <= set(variables):
        raise FormulaError(explain("'ranges' must map variables to their ends.", short(values), WRITE))
    ranges = []
    for name, ends in values.items():
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(is_number, ends)) or ends[0] > ends[1]:
            raise FormulaError(explain(f"{name!r} in 'ranges' must be two numbers in order.", short(ends), WRITE))
        ranges.append((name, float(ends[0]), float(ends[1])))
    return tuple(ranges)


def _digits(record: dict[str, Any]) -> int | None:
    """Return the number of digits to print; files of the first versions have none."""
    digits = record.get("digits")
    if digits is None or (isinstance(digits, int) and not isinstance(digits, bool) and 1 <= digits <= MOST):
        return digits
    raise FormulaError(explain(f"'digits' must be a whole number from 1 to {MOST}.", short(digits), WRITE))
