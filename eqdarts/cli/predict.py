"""``eqdarts predict``: an equation from a file, evaluated on a table."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from eqdarts.cli.notes import note, notes_to_stderr
from eqdarts.errors import FormulaError, TableError, explain, visible
from eqdarts.tables.columns import Columns, plain_columns, read_columns
from eqdarts.tables.files import cell_note, load_table
from eqdarts.tables.prepare import part_groups
from eqdarts.tables.spreadsheets import name_to_cell

__all__ = ["run"]


def run(arguments: argparse.Namespace) -> None:
    """Print the predictions for every row as CSV; undefined ones are empty."""
    import pandas as pd

    from eqdarts.equation.equation import Equation

    text = _read_equation(arguments.equation)
    equation = Equation.from_json(text)
    symbols = {symbol.name for symbol in equation.expr.free_symbols}
    used = [name for name in equation.variables if name in symbols]
    table = load_table(arguments.file)
    columns = _columns_in(text) or plain_columns(used)
    X = columns.numbers(table, used) if used else table.frame
    if equation.groups is not None:
        by = equation.groups.by
        _, labels = part_groups(table, by)
        X = X.assign(**{by: labels})
    for name in columns.sources_of(used):
        if name in table.gaps:
            note(cell_note(name, table.gaps[name]))
    try:
        with notes_to_stderr():
            prediction = equation.predict(X)
    except ValueError as error:  # a group whose constants are not known
        raise TableError(str(error)) from error
    words = equation.extrapolation(X)
    if words:
        note(words)
    name = name_to_cell(equation.target or "prediction")
    column = pd.DataFrame({visible(name) if sys.stdout.isatty() else name: prediction})
    column.to_csv(sys.stdout, index=False)


def _columns_in(text: str) -> Columns | None:
    """Return what the fit made of the columns of its table, if the file of the equation says so."""
    try:
        return read_columns(json.loads(text).get("columns"))
    except (KeyError, TypeError, ValueError) as error:
        given = f"{type(error).__name__}: {str(error)[:200]}"
        raise FormulaError(explain("The columns in EQUATION.json are damaged.", given, "Fit again.")) from None


def _read_equation(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormulaError(
            explain("EQUATION.json must be text.", path, "Name the equation.json written by eqdarts fit.")
        ) from None
    except OSError as error:
        raise TableError(
            explain(
                "EQUATION.json cannot be read.", f"{path} ({error.strerror})", "Check the path and its permissions."
            )
        ) from None
