"""Text in a CSV file that a spreadsheet must not treat as a formula.

A cell that begins with one of ``= + - @`` is a formula to a spreadsheet, which may even start a program. An apostrophe
before it makes it text. The text of an equation gets a space instead, which the reader of formulas skips.
"""

from __future__ import annotations

import re

__all__ = ["law_cell", "name_from_cell", "name_to_cell"]

_FORMULA = re.compile(r"'*\s*[=+\-@]")  # an apostrophe that is there already is doubled, so that names come back


def name_to_cell(name: str) -> str:
    """Return the name of a column as a cell.

    >>> name_to_cell("=cmd()"), name_to_cell("mass")
    ("'=cmd()", 'mass')
    """
    return f"'{name}" if _FORMULA.match(name) else name


def name_from_cell(cell: str) -> str:
    """Return the name of a column from a cell of `name_to_cell`; other names are unchanged.

    >>> name_from_cell("'=cmd()"), name_from_cell("=cmd()")
    ('=cmd()', '=cmd()')
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def law_cell(text: str) -> str:
    """Return the text of an equation as a cell.

    >>> law_cell("-2*x + 1"), law_cell("2*x")
    (' -2*x + 1', '2*x')
    """
    return f" {text}" if _FORMULA.match(text) else text
