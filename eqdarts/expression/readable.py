"""Expressions that survive being written: their text reads back as the same expression, number by number.

sympy keeps numbers that a float does not hold, such as 3e-400, and forms that it would not build itself, such as
0.0*x. Written and read once, they are gone.
"""

from __future__ import annotations

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.written import text, write

__all__ = ["readable"]


MOST_PASSES = 4
LONGEST_SHOWN = 60


def readable(expr: Expr) -> Expr:
    """Return an expression as its own text reads: the same function, and the text of the result reads back as itself.

    Raises
    ------
    FormulaError
        If the text cannot be read, for example because it is nested too deep or a number underflows.

    Examples
    --------
    >>> from eqdarts.expression.build import symbol
    >>> import sympy
    >>> readable(sympy.Float(0.0) * symbol("x") + 2)
    2
    """
    shown = ""
    try:
        for _ in range(MOST_PASSES):
            shown = text(write(expr), whole=False)
            again = parse_formula(shown).expr
            if again == expr:
                return expr
            expr = again
        reason = "it changes whenever it is read"
    except FormulaError as error:
        reason = str(error)
    shown = shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "..."
    raise FormulaError(
        explain(
            "The equation must be readable when it is written.",
            f"{shown!r} ({reason})" if shown else reason,
            "Use numbers between 1e-308 and 1e308, and a shorter formula.",
        )
    )
