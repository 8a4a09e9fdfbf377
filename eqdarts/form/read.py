"""Forms such as "f(conc)*exp(-k*time)": a formula in which functions without a definition are to be found."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.parse import parse_formula, quoted
from eqdarts.expression.program import evaluate
from eqdarts.primitives.functions import notation

__all__ = ["Call", "Form", "Inside", "read_form"]

CALL = re.compile(r"(?<![\w`])([^\W\d]\w*)\s*\(")
OPENS = {"(": 1, ")": -1}


@dataclass(frozen=True)
class Inside:
    """An unknown function g inside another, as in f(g(x, y), z): its name, and its place in the arguments x, y, z."""

    name: str
    first: int
    end: int


@dataclass(frozen=True)
class Call:
    """A place at which an unknown function stands.

    Parameters
    ----------
    name : str
    arguments : tuple of sympy.Expr
        Those of f(g(x, y), z) are x, y, z.
    value : str
        The symbol of its value.
    inside : tuple of Inside
    """

    name: str
    arguments: tuple[Expr, ...]
    value: str
    inside: tuple[Inside, ...] = ()


@dataclass(frozen=True)
class Form:
    """A formula with places for unknown functions.

    Parameters
    ----------
    text : str
    outer : sympy.Expr
        With one symbol for each call.
    coefficients : tuple of str
        Names that are neither columns, constants nor calls, first those outside of the functions.
    calls : tuple of Call
    """

    text: str
    outer: Expr
    coefficients: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the unknown functions, without those that are inside another."""
        return tuple(dict.fromkeys(call.name for call in self.calls))

    @property
    def outside(self) -> tuple[str, ...]:
        """The coefficients that stand outside of the functions."""
        own = {str(s.name) for s in self.outer.free_symbols}
        return tuple(name for name in self.coefficients if name in own)

    def inside_of(self, name: str) -> tuple[Inside, ...]:
        """Return the unknown functions inside of one."""
        return next(call.inside for call in self.calls if call.name == name)

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return names for the arguments of a function: those of columns if it is only called with these."""
        own = [call.arguments for call in self.calls if call.name == name]
        if all(args == own[0] for args in own) and all(e.is_Symbol for e in own[0]) and len(set(own[0])) == len(own[0]):
            return tuple(str(e.name) for e in own[0])
        return tuple(f"u{k + 1}" for k in range(len(own[0])))

    def arguments(self, call: Call, columns: Mapping[str, Array], n_rows: int) -> Array:
        """Return the arguments (N, m) of a call; `columns` has the coefficients in them too."""
        return np.column_stack([evaluate(argument, columns, n_rows) for argument in call.arguments])

    def with_functions(self, inner: Mapping[str, tuple[Expr, tuple[str, ...]]]) -> Expr:
        """Return the formula with a formula for each function, given with the names of its arguments."""
        found = {}
        for call in self.calls:
            expr, own = inner[call.name]
            values = {symbol(name): argument for name, argument in zip(own, call.arguments, strict=True)}
            found[symbol(call.value)] = rebuild(expr, values)
        return rebuild(self.outer, found)


def read_form(text: str, names: Sequence[str], constants: Collection[str] = ()) -> Form:
    """Read a form. Functions that eqdarts does not have are to be found.

    Parameters
    ----------
    text : str
    names : sequence of str
        The columns.
    constants : collection of str
        Names of known numbers. All other names are coefficients.

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
        value = f"{match.group(1)}_of_{len(calls) + 1}"
        while value in names or value in text:
            value += "_"
        calls.append(_call(match.group(1), plain[match.end() : end], value, text))
        plain = f"{plain[: match.start()]}{value}{plain[end + 1 :]}"
    if not calls:
        todo = "Call a function that is to be found, such as f(x); to fit a known formula use Equation.parse(...).fit."
        raise FormulaError(explain("A form must have an unknown function.", repr(text), todo))
    _check_names(calls, text)
    outer, found = parse_formula(plain)
    taken = {*names, *constants, *(call.value for call in calls)}
    own = tuple(name for name in found if name not in taken)
    calls, more = _with_needed_coefficients(calls, {*own, *taken})
    return Form(text, outer, (*own, *more), tuple(calls))


def _call(name: str, inside: str, value: str, text: str) -> Call:
    """Return a call from the text of its arguments."""
    arguments: list[Expr] = []
    functions: list[Inside] = []
    for part in map(str.strip, _parts(inside)):
        match = _next_call(part)
        if match is None:
            arguments.append(parse_formula(part).expr)
            continue
        end = _closing(part, match.end(), text)
        within = _parts(part[match.end() : end])
        if match.start() or end + 1 < len(part) or any(_next_call(argument) for argument in within):
            todo = "Write f(g(x, y), z); what g is multiplied by or added to belongs to f."
            raise FormulaError(
                explain("An unknown function inside another must be a whole argument.", repr(text), todo)
            )
        first = len(arguments)
        arguments += [parse_formula(argument).expr for argument in within]
        functions.append(Inside(match.group(1), first, len(arguments)))
    return Call(name, tuple(arguments), value, tuple(functions))


def _next_call(text: str) -> re.Match[str] | None:
    return next((match for match in CALL.finditer(text) if notation(match.group(1)) is None), None)


def _closing(text: str, start: int, whole: str) -> int:
    depth = 1
    for k in range(start, len(text)):
        depth += OPENS.get(text[k], 0)
        if depth == 0:
            return k
    raise FormulaError(explain("Every bracket of a form must be closed.", repr(whole), "Close it."))


def _parts(text: str) -> list[str]:
    """Split arguments at commas that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += OPENS.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _check_names(calls: Sequence[Call], text: str) -> None:
    inside = [own.name for call in calls for own in call.inside]
    for call in calls:
        other = next(c for c in calls if c.name == call.name)
        if len(other.arguments) != len(call.arguments):
            rule = f"{quoted(call.name)} must have the same number of arguments everywhere."
            counts = f"{len(other.arguments)} and {len(call.arguments)}"
            raise FormulaError(explain(rule, counts, "Use two names for two functions."))
        twice = call.inside and other is not call
        if twice or call.name in inside or len(set(inside)) < len(inside):
            rule = "An unknown function inside another, and the one around it, can stand only once in a form."
            raise FormulaError(explain(rule, repr(text), "Use other names for the others."))


# --- coefficients inside of arguments ---


def _with_needed_coefficients(calls: list[Call], known: Collection[str]) -> tuple[list[Call], list[str]]:
    """Return the calls without coefficients that the functions make up for, and the names of the others.

    In f(S/K) another K is another f; in f(x - v*t) another v is not.
    """
    names = dict.fromkeys(
        str(s.name)
        for call in calls
        for e in call.arguments
        for s in sorted(e.free_symbols, key=str)
        if s.name not in known
    )
    needed = list(names)
    while (absorbed := next((a for name in needed if (a := _absorbed(calls, symbol(name)))), None)) is not None:
        name, number = absorbed
        needed.remove(str(name.name))
        calls = [replace(c, arguments=tuple(e.xreplace({name: number}) for e in c.arguments)) for c in calls]
    return calls, needed


def _absorbed(calls: Sequence[Call], name: Expr) -> tuple[Expr, Expr] | None:
    """Return a coefficient with its value, 0 or 1, if it only shifts or stretches one argument of one function."""
    import sympy

    places = {(c.name, k) for c in calls for k, e in enumerate(c.arguments) if name in e.free_symbols}
    if len(places) != 1:
        return None
    ((function, k),) = places
    own = [c.arguments[k] for c in calls if c.name == function]
    for as_sum, number in ((True, sympy.S.Zero), (False, sympy.S.One)):
        split = [e.as_independent(name, as_Add=as_sum) for e in own]
        parts = {dependent for _, dependent in split}
        if len(parts) == 1 and parts.pop().free_symbols == {name} and all(rest.free_symbols for rest, _ in split):
            return name, number
    return None
