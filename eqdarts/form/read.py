"""Forms such as "f(conc)*exp(-k*time)": a formula in which functions without a definition are to be found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.parse import parse_formula, quoted
from eqdarts.expression.program import evaluate
from eqdarts.primitives.functions import notation

__all__ = ["Call", "Form", "read_form"]

CALL = re.compile(r"(?<![\w`])([^\W\d]\w*)\s*\(")


@dataclass(frozen=True)
class Call:
    """A place at which an unknown function stands: its name, its arguments, and the symbol of its value."""

    name: str
    arguments: tuple[Expr, ...]
    value: str


@dataclass(frozen=True)
class Form:
    """A formula with places for unknown functions.

    Parameters
    ----------
    text : str
    outer : sympy.Expr
        With one symbol for each call.
    coefficients : tuple of str
        Names that are neither columns nor calls.
    calls : tuple of Call
    """

    text: str
    outer: Expr
    coefficients: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the unknown functions."""
        return tuple(dict.fromkeys(call.name for call in self.calls))

    def arguments(self, call: Call, names: Sequence[str], X: Array) -> Array:
        """Return the arguments (N, m) of a call at rows X (N, D)."""
        columns = dict(zip(names, X.T, strict=True))
        return np.column_stack([evaluate(argument, columns, len(X)) for argument in call.arguments])

    def with_functions(self, inner: dict[str, tuple[Expr, tuple[str, ...]]]) -> Expr:
        """Return the formula with a formula for each function, given with the names of its arguments."""
        found = {}
        for call in self.calls:
            expr, own = inner[call.name]
            values = {symbol(name): argument for name, argument in zip(own, call.arguments, strict=True)}
            found[symbol(call.value)] = rebuild(expr, values)
        return rebuild(self.outer, found)


def read_form(text: str, names: Sequence[str]) -> Form:
    """Read a form. Names that are not columns are coefficients; functions that eqdarts does not have are to be found.

    Raises
    ------
    FormulaError
        If it cannot be read, or has no unknown function.

    Examples
    --------
    >>> form = read_form("f(conc)*exp(-k*time)", ["conc", "time"])
    >>> form.functions, form.coefficients
    (('f',), ('k',))
    """
    plain, calls = text, list[Call]()
    while (match := _next_call(plain)) is not None:
        end = _closing(plain, match.end(), text)
        inside = plain[match.end() : end]
        if _next_call(inside) is not None or any(call.value in inside for call in calls):
            raise FormulaError(explain("An unknown function cannot be inside another.", repr(text), "Give both apart."))
        value = f"{match.group(1)}_of_{len(calls) + 1}"
        arguments = tuple(_argument(part, names) for part in _parts(inside))
        calls.append(Call(match.group(1), arguments, value))
        plain = f"{plain[: match.start()]}{value}{plain[end + 1 :]}"
    if not calls:
        todo = "Call a function that is to be found, such as f(x); to fit a known formula use Equation.parse(...).fit."
        raise FormulaError(explain("A form must have an unknown function.", repr(text), todo))
    _check_arities(calls)
    outer, found = parse_formula(plain)
    taken = {*names, *(call.value for call in calls)}
    return Form(text, outer, tuple(name for name in found if name not in taken), tuple(calls))


def _next_call(text: str) -> re.Match[str] | None:
    return next((match for match in CALL.finditer(text) if notation(match.group(1)) is None), None)


def _closing(text: str, start: int, whole: str) -> int:
    depth = 1
    for k in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[k], 0)
        if depth == 0:
            return k
    raise FormulaError(explain("Every bracket of a form must be closed.", repr(whole), "Close it."))


def _parts(text: str) -> list[str]:
    """Split arguments at commas that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _argument(text: str, names: Sequence[str]) -> Expr:
    """Return an argument. A coefficient in it is 1: the function that is found has coefficients of its own."""
    import sympy

    expr, found = parse_formula(text)
    return expr.xreplace({symbol(name): sympy.S.One for name in found if name not in names})


def _check_arities(calls: Sequence[Call]) -> None:
    for call in calls:
        other = next(c for c in calls if c.name == call.name)
        if len(other.arguments) != len(call.arguments):
            rule = f"{quoted(call.name)} must have the same number of arguments everywhere."
            counts = f"{len(other.arguments)} and {len(call.arguments)}"
            raise FormulaError(explain(rule, counts, "Use two names for two functions."))
