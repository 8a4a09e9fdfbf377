"""Reading an equation file: checked field by field, formulas through our own grammar only."""

from __future__ import annotations

import json
import math
from typing import Any

from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import with_values
from eqdarts.expression.parse import parse_formula

__all__ = ["read"]

MAX_LENGTH = 200_000
MAX_NAMES = 10_000
WRITE = "Write the file with Equation.to_json()."


def read(text: str, file_format: str, version: int) -> tuple[Any, ...]:
    """Return the fields of the equation in a file, in the order of `Equation`.

    Raises
    ------
    FormulaError
        If anything in it is not as ``Equation.to_json`` writes it.
    """
    record = _record(text)
    if record.get("format") != file_format:
        raise FormulaError(explain("The file is not an equation of eqdarts.", _short(record.get("format")), WRITE))
    if record.get("version") != version or isinstance(record.get("version"), bool):
        raise FormulaError(
            explain(f"Only version {version} of equation files can be read.", _short(record.get("version")), WRITE)
        )
    variables, names = _names(record, "variables"), _names(record, "names")
    target = record.get("target")
    if target is not None and not isinstance(target, str):
        raise FormulaError(explain("'target' must be a name or null.", _short(target), WRITE))
    expr = parse_formula(record.get("expression", "")).expr
    formula = parse_formula(record["formula"]).expr if record.get("formula") is not None else None
    parameters, constants = _parameters(record, "parameters"), _parameters(record, "constants")
    if constants and (formula is None or set(dict(constants)) & {*variables, *dict(parameters)}):
        raise FormulaError(
            explain("'constants' must be names of the formula of their own.", _short(list(dict(constants))), WRITE)
        )
    if formula is not None and (parameters or constants):
        expr = with_values(formula, {**dict(parameters), **dict(constants)})
    unknown = {str(s.name) for s in expr.free_symbols} - set(variables)
    if unknown and (formula is None or parameters):
        raise FormulaError(
            explain("'variables' must list every name of the expression.", _short(sorted(unknown)), WRITE)
        )
    return expr, variables, target, formula, parameters, names, None, constants, _ranges(record, variables)


def _record(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise FormulaError(explain("An equation file must be text.", type(text).__name__, WRITE))
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            explain(f"An equation file may have {MAX_LENGTH} characters.", f"{len(text)} characters", WRITE)
        )
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormulaError(explain("An equation file must be JSON.", _short(error), WRITE)) from None
    if not isinstance(record, dict):
        raise FormulaError(explain("An equation file must be a JSON object.", type(record).__name__, WRITE))
    return record


def _names(record: dict[str, Any], key: str) -> tuple[str, ...]:
    names = record.get(key, [])
    if (
        not isinstance(names, list)
        or len(names) > MAX_NAMES
        or not all(isinstance(name, str) and name for name in names)
        or len(set(names)) != len(names)
    ):
        raise FormulaError(explain(f"{key!r} must be a list of different names.", _short(names), WRITE))
    return tuple(names)


def _parameters(record: dict[str, Any], key: str) -> tuple[tuple[str, float], ...]:
    values = record.get(key, {})
    if not isinstance(values, dict):
        raise FormulaError(explain(f"{key!r} must map names to numbers.", _short(values), WRITE))
    parameters = []
    for name, value in values.items():
        if not _is_number(value):
            raise FormulaError(explain(f"{name!r} in {key!r} must be a finite number.", _short(value), WRITE))
        parameters.append((name, float(value)))
    return tuple(parameters)


def _ranges(record: dict[str, Any], variables: tuple[str, ...]) -> tuple[tuple[str, float, float], ...]:
    """Return the ranges of inputs; files written before there were any have none."""
    values = record.get("ranges", {})
    if not isinstance(values, dict) or not set(values) <= set(variables):
        raise FormulaError(explain("'ranges' must map variables to their ends.", _short(values), WRITE))
    ranges = []
    for name, ends in values.items():
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_number, ends)) or ends[0] > ends[1]:
            raise FormulaError(explain(f"{name!r} in 'ranges' must be two numbers in order.", _short(ends), WRITE))
        ranges.append((name, float(ends[0]), float(ends[1])))
    return tuple(ranges)


def _is_number(value: object) -> bool:
    """Whether a value is a number that a float holds."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(value) <= 1.7e308 and math.isfinite(value)  # type: ignore[arg-type]


def _short(value: object) -> str:
    shown = str(value) if isinstance(value, BaseException) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
