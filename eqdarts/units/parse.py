"""Units as people write them: "kg m s-2", "kg*m/s^2", "kg m/s**2", "J/(kg K)", "mmHg", "m/s/s", ""."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from eqdarts.errors import closest, explain, visible
from eqdarts.units.table import known_names, named_unit
from eqdarts.units.unit import ONE, Unit

__all__ = ["UnitError", "parse_unit"]

LONGEST = 200
LARGEST_EXPONENT = 100
DEEPEST = 20
WORDS_FOR_ONE = {"", "1", "-", "none", "dimensionless", "unitless"}
_LOGARITHMS = {"dB", "dBm", "pH", "Np", "mag", "dex"}

_RAISED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<root>sqrt(?=\())|(?P<name>cmH2O|centimeter_H2O|cm_H2O|[%\u2030]|\u00b0[CF]?|[^\W\d]+)"
    r"|(?P<power>\*\*|\^)|(?P<times>[*\u00b7\u00d7\u22c5])|(?P<over>/)|(?P<open>\()|(?P<close>\))"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
)


class UnitError(ValueError):
    """Raised for a unit that cannot be read."""


class Token(NamedTuple):
    """A piece of the text of a unit; `spaced` if a space stands before it."""

    kind: str
    text: str
    spaced: bool


def parse_unit(text: Any) -> Unit:
    """Read a unit.

    Parameters
    ----------
    text : str
        Names with exponents, multiplied by a space, * or a dot, and divided by /. "", "1" and "dimensionless" are plain
        numbers.

    Raises
    ------
    UnitError
        If it cannot be read; the error names the part and what to write.

    Examples
    --------
    >>> str(parse_unit("kg*m/s^2")), str(parse_unit("J/(kg K)")), str(parse_unit("1/min"))
    ('kg m s-2', 'J kg-1 K-1', 'min-1')
    """
    if not isinstance(text, str):
        raise UnitError(explain("A unit must be text.", type(text).__name__, 'Write "kg m s-2", for example.'))
    if len(text) > LONGEST:
        raise UnitError(explain(f"A unit has at most {LONGEST} characters.", f"{len(text)}", "Write a shorter one."))
    if text.strip().casefold() in WORDS_FOR_ONE:
        return ONE
    return _Reader(text).whole()


def _tokens(text: str) -> list[Token]:
    # A raised digit is an exponent: m² is m2.
    plain = text.translate(_RAISED)
    found: list[Token] = []
    at = 0
    spaced = False
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if match is None:
            raise _refused(text, plain[at], "Use names of units, exponents, * / ^ and brackets.")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, match.group(), spaced))
        spaced = kind == "space"
        at = match.end()
    return found


def _refused(text: str, part: str, todo: str) -> UnitError:
    return UnitError(explain(f"The unit {visible(text)[:60]!r} cannot be read.", repr(visible(part)[:30]), todo))


class _Reader:
    """Reads tokens from the left; multiplication and division have the same rank."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def whole(self) -> Unit:
        found = self.product(0)
        if self.at < len(self.tokens):
            raise _refused(self.text, self.tokens[self.at].text, "Close every bracket once.")
        return found

    def kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else "end"

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def product(self, depth: int) -> Unit:
        if depth > DEEPEST:
            raise _refused(self.text, "(", f"Nest brackets at most {DEEPEST} deep.")
        found = self.factor(depth)
        divided = False
        while self.kind() not in ("end", "close"):
            sign = self.take().kind if self.kind() in ("times", "over") else "space"
            if sign == "space" and divided and self.kind() != "over":
                # J/kg K is written for both J kg-1 K and J kg-1 K-1.
                todo = "After a / it is not clear what is below the line: write J/(kg K) or J kg-1 K-1."
                raise _refused(self.text, self.tokens[self.at].text, todo)
            if sign == "space" and self.kind() == "name" and not self.tokens[self.at].spaced:
                raise _refused(self.text, self.tokens[self.at].text, "Write a space or * between two units.")
            other = self.factor(depth)
            divided = divided or sign == "over"
            found = found / other if sign == "over" else found * other
        return found

    def factor(self, depth: int) -> Unit:
        if self.kind() == "end":
            raise _refused(self.text, "nothing after the last sign", "Write a unit there.")
        token = self.take()
        if token.kind == "open":
            return self.bracket(depth) ** self.exponent()
        if token.kind == "root":
            self.take()
            return self.bracket(depth) ** (self.exponent() / 2)
        if token.kind == "number":
            if token.text == "1":
                return ONE
            raise _refused(self.text, token.text, "A unit has no factor: use a prefix, or scale the values.")
        if token.kind != "name":
            raise _refused(self.text, token.text, "Write the name of a unit there.")
        row = None if token.text in _LOGARITHMS else named_unit(token.text)
        if row is None:
            raise _refused(self.text, token.text, _todo(token.text))
        return Unit(((row.symbol, 1),)) ** self.exponent()

    def bracket(self, depth: int) -> Unit:
        inside = self.product(depth + 1)
        if self.kind() != "close":
            raise _refused(self.text, "(", "Close every bracket once.")
        self.take()
        return inside

    def exponent(self) -> Fraction:
        """Return the exponent that follows: s-2, s^-2, s**(-1/2); 1 if none does."""
        if self.kind() == "power":
            self.take()
            return self.number()
        if self.kind() == "number" and not self.tokens[self.at].spaced:
            return self.checked(self.take().text)
        # Of m(1/2), as some libraries write a root.
        inside = [token.text for token in self.tokens[self.at : self.at + 5]]
        if (
            self.kind() == "open"
            and not self.tokens[self.at].spaced
            and re.fullmatch(r"\([+-]?\d+/\d+\)", "".join(inside))
        ):
            return self.number()
        return Fraction(1)

    def number(self) -> Fraction:
        if self.kind() == "open":
            self.take()
            value = self.number()
            if self.kind() == "over":
                self.take()
                below = self.number()
                if not below:
                    raise _refused(self.text, "0", "Do not divide by zero.")
                value /= below
            if self.kind() != "close":
                raise _refused(self.text, "(", "Close every bracket once.")
            self.take()
            return value
        if self.kind() != "number":
            given = self.tokens[self.at].text if self.at < len(self.tokens) else "nothing after ^"
            raise _refused(self.text, given, "Write a number as the exponent.")
        return self.checked(self.take().text)

    def checked(self, text: str) -> Fraction:
        value = Fraction(text).limit_denominator(1000)
        if abs(value) > LARGEST_EXPONENT:
            raise _refused(self.text, text, f"Use exponents of size at most {LARGEST_EXPONENT}.")
        return value


def _todo(name: str) -> str:
    if name in _LOGARITHMS:
        return "It is a logarithm, not a unit: use the plain quantity, or give no unit."
    return f"{closest(name, known_names())}" if _has_match(name) else 'Write it in units of the SI, such as "kg m s-2".'


def _has_match(name: str) -> bool:
    return closest(name, known_names()).startswith("Did")
