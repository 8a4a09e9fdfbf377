"""Statements about a law, such as "increasing in x", read by a small grammar.

`KINDS` is the grammar: a row for each kind of statement, with its pattern and an example. In a pattern, {y} is the
target, {x} a column, {xs} one or several columns, {n} a number, and {e} a formula of columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, closest, explain, visible
from eqdarts.expression.parse import parse_formula, quoted

__all__ = ["EXAMPLES", "KINDS", "Statement", "read_statements"]


@dataclass(frozen=True)
class Statement:
    """One statement.

    Parameters
    ----------
    text : str
        As the user wrote it, or the part of it that is about one column.
    kind : str
        The name of a row of `KINDS`.
    columns : tuple of str
        The columns that it names.
    sign : float
        1 or -1: increasing or decreasing, convex or concave, even or odd.
    low, high : sympy.Expr or None
        Bounds of y, formulas of the columns.
    value : sympy.Expr or None
        The limit, the value at a place, or the period. None for a limit that may be any number.
    at : tuple of (str, float)
        Columns with their values, or with where they go to, which may be infinite.
    """

    text: str
    kind: str
    columns: tuple[str, ...] = ()
    sign: float = 1.0
    low: Expr | None = None
    high: Expr | None = None
    value: Expr | None = None
    at: tuple[tuple[str, float], ...] = ()

    def is_about(self, names: Collection[str]) -> bool:
        """Return whether it names no other columns than these."""
        formulas = [e for e in (self.low, self.high, self.value) if e is not None]
        own = {*self.columns, *(str(s.name) for e in formulas for s in e.free_symbols)}
        return own <= set(names)


@dataclass(frozen=True)
class Kind:
    """A row of the grammar: name, examples, pattern, and how the parts of a match make statements."""

    name: str
    examples: tuple[str, ...]
    pattern: str
    read: Callable[[_Parts], Iterator[Statement]]


class _Parts:
    """The parts of a matched statement, each read as what it is."""

    def __init__(self, text: str, kind: str, found: re.Match[str], names: Sequence[str]) -> None:
        self.text = text
        self.kind = kind
        self.word = found.groupdict()
        self.names = names

    def columns(self, part: str = "xs") -> list[str]:
        """Return the columns of a list."""
        one = re.compile(_column(self.names))
        found, rest = [], self.word[part].strip()
        while rest:
            match = one.match(rest)
            if match is None:
                break
            found.append(_unquoted(match.group(), self.names))
            rest = re.sub(r"^\s*(,|and\b)\s*", "", rest[match.end() :])
        return found

    def expression(self, part: str) -> Expr | None:
        """Return a formula of the columns; None if this part is not there.

        Raises
        ------
        FormulaError
        """
        text = self.word[part]
        if text is None:
            return None
        expr, names = parse_formula(text)
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise FormulaError(explain("A statement can name columns only.", repr(unknown[0]), _known(self.names)))
        return expr

    def number(self, part: str) -> float:
        """Return a number, which may be infinite.

        Raises
        ------
        FormulaError
        """
        text = self.word[part].strip()
        infinite = re.fullmatch(r"([+-]?)(oo|inf|infinity)", text, re.IGNORECASE)
        if infinite:
            return -math.inf if infinite.group(1) == "-" else math.inf
        expr, names = parse_formula(text)
        if names:
            raise FormulaError(explain("A place must be a number.", repr(text), "Write a number, such as 0 or 2*pi."))
        return float(expr)

    def made(self, **given: Any) -> Statement:
        """Return a statement of this kind."""
        return Statement(self.text, self.kind, **given)


def _signs(plus: str) -> Callable[[_Parts], Iterator[Statement]]:
    """Return the reader of statements with two words, of which `plus` begins the one of sign 1."""

    def read(parts: _Parts) -> Iterator[Statement]:
        word = parts.word["word"].lower()
        columns = parts.columns()
        for x in columns:
            text = parts.text if len(columns) == 1 else f"{word} in {x}"
            yield replace(parts.made(columns=(x,), sign=1.0 if word.startswith(plus) else -1.0), text=text)

    return read


def _sign_of_y(parts: _Parts) -> Iterator[Statement]:
    import sympy

    word = re.sub(r"\s+", " ", parts.word["word"].lower())
    at_least = word in ("positive", "not negative", "nonnegative", "non-negative")
    yield parts.made(low=sympy.S.Zero) if at_least else parts.made(high=sympy.S.Zero)


def _bounds(parts: _Parts) -> Iterator[Statement]:
    low, high = parts.expression("low"), parts.expression("high")
    if parts.word["order"].startswith((">", "\u2265")):
        low, high = high, low
    yield parts.made(low=low, high=high)


def _limit(parts: _Parts) -> Iterator[Statement]:
    import sympy

    text, value = parts.word["limit"].strip().lower(), None
    if re.fullmatch(r"[+-]?(oo|inf|infinity)", text):
        value = -sympy.oo if text.startswith("-") else sympy.oo
    elif text not in ("const", "constant", "a constant"):
        value = parts.expression("limit")
    (x,) = parts.columns("x")
    yield parts.made(columns=(x,), value=value, at=((x, parts.number("place")),))


def _value(parts: _Parts) -> Iterator[Statement]:
    places = re.split(r"\s*(?:,|\band\b)\s*", parts.word["places"])
    one = re.compile(rf"\s*(?P<x>{_column(parts.names)})\s*=(?P<number>[^=]+)")
    at = []
    for place in places:
        match = one.fullmatch(place)
        if match is None:
            raise FormulaError(explain("A place must be a column and a number.", repr(place), "Write x = 0."))
        own = _Parts(parts.text, parts.kind, match, parts.names)
        at.append((own.columns("x")[0], own.number("number")))
    yield parts.made(columns=tuple(x for x, _ in at), value=parts.expression("value"), at=tuple(at))


def _period(parts: _Parts) -> Iterator[Statement]:
    period = parts.expression("period")
    if period is None or period.free_symbols or not float(period) > 0:
        raise FormulaError(explain("A period must be a positive number.", parts.word["period"], "Write 2*pi, or 24."))
    yield parts.made(columns=tuple(parts.columns("x")), value=period)


def _each(parts: _Parts) -> Iterator[Statement]:
    columns = parts.columns()
    for x in columns:
        yield replace(parts.made(columns=(x,)), text=parts.text if len(columns) == 1 else f"{parts.kind} {x}")


def _symmetric(parts: _Parts) -> Iterator[Statement]:
    columns = tuple(dict.fromkeys(parts.columns()))
    if len(columns) < 2:
        raise FormulaError(explain("A symmetry needs two columns or more.", parts.text, "Write symmetric in (a, b)."))
    yield parts.made(columns=columns)


_INFINITE = r"[+-]?\s*(?:oo|inf|infinity)"
KINDS: dict[str, Kind] = {
    row.name: row
    for row in (
        Kind(
            "slope",
            ("increasing in x", "decreasing in t"),
            r"(?P<word>(?i:increasing|decreasing))\s+(?i:in|with)\s+(?P<xs>{xs})",
            _signs("inc"),
        ),
        Kind(
            "bend",
            ("convex in x", "concave in x"),
            r"(?P<word>(?i:convex|concave))\s+(?i:in)\s+(?P<xs>{xs})",
            _signs("convex"),
        ),
        Kind(
            "sign",
            ("positive", "negative"),
            r"(?P<word>(?i:positive|negative|not\s+(?:positive|negative)|non-?negative|non-?positive))",
            _sign_of_y,
        ),
        Kind(
            "bounds",
            ("y <= 1", "0 <= y <= 1"),
            r"(?:(?P<low>.+?)\s*(?P<first><=?|>=?|\u2264|\u2265)\s*)?{y}(?:\s*(?P<order><=?|>=?|\u2264|\u2265)\s*(?P<high>.+))?",
            _bounds,
        ),
        Kind(
            "limit",
            ("y -> 0 as t -> oo", "y -> const as x -> oo"),
            rf"{{y}}\s*->\s*(?P<limit>.+?)\s+(?i:as|for)\s+(?P<x>{{x}})\s*->\s*(?P<place>{_INFINITE}|.+)",
            _limit,
        ),
        Kind("value", ("y = 0 at x = 0",), r"{y}\s*=\s*(?P<value>.+?)\s+(?i:at)\s+(?P<places>.+)", _value),
        Kind(
            "mirror",
            ("even in theta", "odd in x"),
            r"(?P<word>(?i:even|odd))\s+(?i:in)\s+(?P<xs>{xs})",
            _signs("even"),
        ),
        Kind(
            "period",
            ("periodic in phi: 2*pi",),
            r"(?i:periodic\s+in)\s+(?P<x>{x})\s*(?::|(?i:with\s+period))\s*(?P<period>.+)",
            _period,
        ),
        Kind("uses", ("uses x",), r"(?i:uses)\s+(?P<xs>{xs})", _each),
        Kind("without", ("without z",), r"(?i:without)\s+(?P<xs>{xs})", _each),
        Kind("symmetry", ("symmetric in (m1, m2)",), r"(?i:symmetric\s+in)\s*\(?\s*(?P<xs>{xs})\s*\)?", _symmetric),
    )
}
EXAMPLES = tuple(example for row in KINDS.values() for example in row.examples)


def read_statements(texts: Iterable[str], names: Sequence[str], target: str | None) -> tuple[Statement, ...]:
    """Read statements about a law of columns `names`; "y" is the target too, unless a column has this name.

    Raises
    ------
    FormulaError
        If one cannot be read; it names what is understood.

    Examples
    --------
    >>> for statement in read_statements(["increasing in x, t", "y <= 1"], ["x", "t"], None):
    ...     print(statement.kind, statement.text, statement.high)
    slope increasing in x None
    slope increasing in t None
    bounds y <= 1 1
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise FormulaError(explain("knowledge must be a list of texts.", repr(texts), 'Try ["increasing in x"].'))
    return tuple(statement for text in texts for statement in _read(text, names, target))


def _read(text: str, names: Sequence[str], target: str | None) -> list[Statement]:
    plain = text.strip().replace("\u2192", "->").replace("\u221e", "oo")
    for row in KINDS.values():
        # A dot at the end is that of a sentence, or of a name.
        pattern = _pattern(row, names, target)
        found = re.fullmatch(pattern, plain) or re.fullmatch(pattern, plain.rstrip("."))
        if found and not (row.name == "bounds" and found["low"] is None and found["high"] is None):
            try:
                return list(row.read(_Parts(visible(plain), row.name, _ordered(row, found), names)))
            except FormulaError as error:
                raise FormulaError(f"The statement {text!r} cannot be read. {error}") from None
    raise FormulaError(_not_understood(text, plain, names, target))


def _ordered(row: Kind, found: re.Match[str]) -> Any:
    """Return the match with the bounds of y in one order: "1 > y" has its bound on the other side."""
    if row.name != "bounds":
        return found
    word = found.groupdict()
    first, order = word["first"], word["order"]
    if first and order and (first[0] in ">\u2265") != (order[0] in ">\u2265"):
        raise FormulaError(explain("Both signs of 'a <= y <= b' must point the same way.", found[0], "Turn one."))
    return _Word({**word, "order": order or first})


class _Word:
    """The parts of a match, some of them changed."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts

    def groupdict(self) -> dict[str, Any]:
        return self.parts


def _pattern(row: Kind, names: Sequence[str], target: str | None) -> str:
    own = ["y"] if "y" not in names else []
    own += [target] if target is not None and target not in names else []
    one = _column(names)
    several = rf"{one}(?:\s*(?:,|\band\b)\s*{one})*"
    named = {"y": _column(own or ["y"]), "xs": several, "x": one}
    return re.sub(r"\{(y|xs|x)\}", lambda match: named[match.group(1)], row.pattern)


def _column(names: Sequence[str]) -> str:
    """Return a pattern of the columns, with backticks around them or without; the longest names first."""
    spelled = sorted({spelling for name in names for spelling in (name, f"`{name}`", quoted(name))}, key=len)
    return "(?:" + "|".join(re.escape(spelling) for spelling in reversed(spelled)) + ")"


def _unquoted(spelling: str, names: Sequence[str]) -> str:
    return next(name for name in names if spelling in (name, f"`{name}`", quoted(name)))


def _not_understood(text: str, plain: str, names: Sequence[str], target: str | None) -> str:
    """Return the error for a statement: which column is unknown, or what is understood."""
    for row in KINDS.values():
        anything = re.sub(r"\{(xs|x)\}", lambda _: r".+", row.pattern).replace("{y}", _column([target or "y", "y"]))
        found = re.fullmatch(anything, plain)
        if found and row.name not in ("bounds", "value"):
            given = found.groupdict().get("xs") or found.groupdict().get("x") or plain
            unknown = [part for part in re.split(r"\s*,\s*", given.strip("() ")) if part not in names]
            rule = f"The statement {text!r} names no column."
            return explain(rule, repr((unknown or [given])[0]), _known(names))
    understood = ", ".join(f"'{example}'" for example in EXAMPLES)
    return explain("A statement must be one that is understood.", repr(text), f"Understood: {understood}.")


def _known(names: Sequence[str]) -> str:
    return f"The columns are: {', '.join(names)}." if len(names) <= 12 else closest("", names[:12])
