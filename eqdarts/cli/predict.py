"""``eqdarts predict``: an equation from a file, evaluated on a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eqdarts.cli.notes import note, notes_to_stderr
from eqdarts.errors import FormulaError, TableError, explain, visible
from eqdarts.tables.columns import gap_notes, numeric_columns, part_groups
from eqdarts.tables.files import load_table
from eqdarts.tables.spreadsheets import name_to_cell

__all__ = ["run"]


def run(arguments: argparse.Namespace) -> None:
    """Print the predictions for every row as CSV; undefined ones are empty."""
    import pandas as pd

    from eqdarts.equation.equation import Equation

    equation = Equation.from_json(_read_equation(arguments.equation))
    symbols = {symbol.name for symbol in equation.expr.free_symbols}
    used = [name for name in equation.variables if name in symbols]
    table = load_table(arguments.file)
    X = numeric_columns(table, used) if used else table.frame
    if equation.groups is not None:
        by = equation.groups.by
        _, labels = part_groups(table, by)
        X = X.assign(**{by: labels})
    for message in gap_notes(table, used):
        note(message)
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
