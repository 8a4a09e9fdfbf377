"""Formulas as text: a small grammar of our own, read with Python's ``ast`` and turned into sympy node by node.

Accepted are ``+ - * / **``, numbers, ``pi``, names, and calls of known functions (``exp log sqrt sin ...``, also
``logistic softplus relu`` and ``Max Min`` of two arguments). A name that is not an identifier, is a Python keyword or
is the name of a function is written between backticks, a backtick inside it doubled: ``2*`reaction time [ms]` + 1``.
The text never reaches sympy's own parser, ``eval`` or ``exec``.
"""

from __future__ import annotations

import ast
import bisect
import keyword
import math
import re
import sys
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, closest, explain
from eqdarts.expression.build import product, symbol
from eqdarts.primitives.functions import notation, notations

__all__ = ["FormulaError", "Parsed", "parse_formula", "quoted"]


MAX_LENGTH = 20_000
MOST_WITH_NAMES = 1_000_000  # characters, if those of names between backticks count
MAX_DEPTH = 60
MAX_NODES = 4_000
LARGEST_INTEGER = 2**53
LARGEST_EXPONENT = 1000.0

_TOKEN = re.compile(
    r"(?P<space>\s+)|`(?P<quoted>(?:[^`]|``)+)`|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[^\W\d]\w*)|(?P<operator>[-+*/(),])"
)
_QUOTED = re.compile(r"`[^`]*`")
_HINTS = {
    "^": "Write ** for a power.",
    "=": "Give the right-hand side only.",
    "[": "Write round brackets; put a name with special characters between backticks.",
    "]": "Write round brackets; put a name with special characters between backticks.",
    "`": "Close the backticks; they enclose one name.",
    "·": "Write * for a product.",
    "\u00d7": "Write * for a product.",
    "\u2212": "Write the plain hyphen - for minus.",
}


class Place(NamedTuple):
    """Where a token begins in the text with placeholders, and begins and ends in the original text."""

    new: int
    start: int
    end: int


class Parsed(NamedTuple):
    """A formula: the sympy expression, and its names in order of appearance in the text."""

    expr: Expr
    names: tuple[str, ...]


def quoted(name: str) -> str:
    """Return `name` as a formula writes it, between backticks where it must be.

    >>> quoted("x0"), quoted("reaction time"), quoted("lambda"), quoted("exp")
    ('x0', '`reaction time`', '`lambda`', '`exp`')
    """
    if re.fullmatch(r"[^\W\d]\w*", name) and not keyword.iskeyword(name) and not _is_reserved(name):
        return name
    return "`" + name.replace("`", "``") + "`"


def _is_reserved(name: str) -> bool:
    return name == "pi" or notation(name) is not None


def parse_formula(text: str) -> Parsed:
    """Read a formula.

    Parameters
    ----------
    text : str
        For example ``"b1*(1 - exp(-b2*x))"``. At most 20000 characters besides names between backticks, nested at
        most 60 deep.

    Raises
    ------
    FormulaError
        If the grammar does not accept the text; the error names the place and says what to write instead.

    Examples
    --------
    >>> parse_formula("b1*(1 - exp(-b2*x))").names
    ('b1', 'b2', 'x')
    """
    if not isinstance(text, str):
        raise FormulaError(explain("A formula must be text.", type(text).__name__, "Give a string such as 'a*x + b'."))
    if not text.strip():
        raise FormulaError(explain("A formula must not be empty.", repr(text[:20]), "Give a string such as 'a*x + b'."))
    if len(text) > MAX_LENGTH and (len(text) > MOST_WITH_NAMES or _length(text) > MAX_LENGTH):
        raise FormulaError(
            explain(
                f"A formula can have at most {MAX_LENGTH} characters.",
                f"{len(text)} characters",
                "Write a shorter one.",
            )
        )
    plain, names, places = _tokenise(text)
    tree = _syntax_tree(plain, text, places)
    reader = _Reader(text, plain, names, places)
    return Parsed(reader.read(tree), reader.appeared())


def _length(text: str) -> int:
    """Return the number of characters, a long name between backticks counted as one of the shortest."""
    return len(_QUOTED.sub("``", text))


def _tokenise(text: str) -> tuple[str, dict[str, str], list[Place]]:
    """Replace every name by an ASCII placeholder; return the new text, the names by placeholder, and the places.

    Python's parser would change some Unicode names and refuse keywords. After this step it sees only characters that
    the grammar has.
    """
    parts: list[str] = []
    names: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    places: list[Place] = []
    at = new = depth = 0
    previous = ""
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refuse(text, at, text[at], _HINTS.get(text[at], "Use names, numbers, + - * / ** and brackets."))
        # Without an operator between them, two terms would run together.
        kind, token = str(match.lastgroup), match.group()
        if kind in ("word", "number", "quoted") and previous in ("word", "number", "quoted"):
            raise _refuse(text, at, token, "Write an operator between two terms: 2*x, not 2x.")
        if kind == "space":
            token = " "
        elif kind == "quoted" or (kind == "word" and not _is_reserved(token)):
            name = match.group("quoted").replace("``", "`") if kind == "quoted" else token
            if kind == "word" and keyword.iskeyword(name):
                raise _refuse(text, at, token, f"It is a Python keyword; as a name write `{token}` in backticks.")
            token = placeholders.setdefault(name, f"v{len(placeholders)}")
            names[token] = name
        # Checked here, so that the error names the place; Python's parser has a limit of its own.
        depth += (token == "(") - (token == ")")
        if depth > MAX_DEPTH:
            raise _refuse(text, at, token, f"Nest brackets at most {MAX_DEPTH} deep.")
        places.append(Place(new, at, match.end()))
        parts.append(token)
        new += len(token)
        at, previous = match.end(), previous if kind == "space" else kind
    return "".join(parts), names, places


def _refuse(text: str, at: int, part: str, todo: str) -> FormulaError:
    """Return the error for text that the grammar does not accept."""
    shown = text if len(text) <= 60 else f"{text[max(at - 25, 0) : at + 25]}..."
    part = part if len(part) <= 40 else part[:40] + "..."
    return FormulaError(explain(f"The formula cannot be read at position {at + 1}, {part!r}.", repr(shown), todo))


def _token_at(places: list[Place], new: int) -> Place:
    """Return the place of the token at position `new` of the text with placeholders."""
    k = bisect.bisect_right(places, (new, math.inf, 0)) - 1
    return places[max(k, 0)]


def _syntax_tree(plain: str, text: str, places: list[Place]) -> ast.expr:
    start = len(plain) - len(plain.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(plain.strip(), mode="eval").body
    except SyntaxError as error:
        place = _token_at(places, start + max((error.offset or 1) - 1, 0))
        raise _refuse(
            text, place.start, text[place.start : place.end], "Check the operators and brackets there."
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise _refuse(text, 0, text[:20], f"Nest it at most {MAX_DEPTH} deep.") from None
    return tree


class _Reader:
    """Turns a syntax tree into a sympy expression; refuses syntax that the grammar does not have."""

    def __init__(self, text: str, plain: str, names: dict[str, str], places: list[Place]) -> None:
        self.text = text
        self.names = names
        self.places = places
        self.start = len(plain) - len(plain.lstrip())
        self.plain = plain.strip()
        self.nodes = 0

    def appeared(self) -> tuple[str, ...]:
        """Return the names in order of appearance."""
        return tuple(self.names.values())

    def refuse(self, node: ast.AST, todo: str) -> FormulaError:
        first, last = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 1)
        start = _token_at(self.places, self.start + first).start
        end = _token_at(self.places, self.start + max(last - 1, 0)).end
        return _refuse(self.text, start, self.text[start:end], todo)

    def read(self, node: ast.expr, depth: int = 0) -> Expr:
        """Return the expression of a node; every number that arises is finite."""
        try:
            return self._read(node, depth)
        except FormulaError:
            raise
        except (ArithmeticError, AttributeError, NotImplementedError, RecursionError, TypeError, ValueError):
            # sympy meets a number too large for it, or compares what is real nowhere.
            raise self.refuse(node, "It cannot be worked out as a real number.") from None

    def _read(self, node: ast.expr, depth: int) -> Expr:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self.refuse(node, f"Nest it at most {MAX_DEPTH} deep, with at most {MAX_NODES} terms.")
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = self.read(node.operand, depth + 1)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Pow):
                return self._power(node, depth)
            if isinstance(node.op, (ast.Add, ast.Sub)):
                return self._checked(node, self._sum(node, depth))
            if isinstance(node.op, (ast.Mult, ast.Div)):
                return self._checked(node, self._product(node, depth))
        if isinstance(node, ast.Call):
            return self._checked(node, self._call(node, depth))
        raise self.refuse(node, "Use names, numbers, + - * / ** and known functions.")

    def _number(self, node: ast.Constant) -> Expr:
        import sympy

        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(node, "Write a plain number.")
        if isinstance(value, int) and value <= LARGEST_INTEGER:
            return sympy.Integer(value)
        if value > sys.float_info.max:
            raise self.refuse(node, "Use numbers below 1.7e308.")
        return sympy.Float(float(value)) if value else sympy.Integer(0)

    def _name(self, node: ast.Name) -> Expr:
        import sympy

        if node.id in self.names:
            return symbol(self.names[node.id])
        if node.id == "pi":
            return sympy.pi
        raise self.refuse(node, f"It is a function: write {node.id}(...), or `{node.id}` in backticks for a name.")

    def _spine(self, node: ast.expr, operators: tuple[type, ...]) -> Iterator[tuple[ast.expr, bool]]:
        """Yield the operands of a chain a - b + c from the left, with whether each is subtracted (or divided by)."""
        chain: list[tuple[ast.expr, bool]] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
            chain.append((node.right, isinstance(node.op, operators[1])))
            node = node.left
        chain.append((node, False))
        return reversed(chain)

    def _sum(self, node: ast.BinOp, depth: int) -> Expr:
        import sympy

        terms = [(self.read(n, depth + 1), minus) for n, minus in self._spine(node, (ast.Add, ast.Sub))]
        return sympy.Add(*(-term if minus else term for term, minus in terms))

    def _product(self, node: ast.BinOp, depth: int) -> Expr:
        import sympy

        factors = []
        for n, divided in self._spine(node, (ast.Mult, ast.Div)):
            while isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub):
                # A sign of its own: sympy would write the sum in -(a - 2)*x as 2 - a.
                factors.append(sympy.Integer(-1))
                n = n.operand
            factor = self.read(n, depth + 1)
            if divided and factor.is_zero:
                raise self.refuse(n, "Do not divide by zero.")
            factors.append(1 / factor if divided else factor)
        return product(*factors)

    def _power(self, node: ast.BinOp, depth: int) -> Expr:
        base, exponent = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        fixed = exponent.as_coeff_Add()[0]  # sympy writes 2**(x - 9) as 2**x/512: as exact as it is long
        if fixed != 0 or not exponent.free_symbols:
            size = abs(_as_float(exponent if not exponent.free_symbols else fixed))
            constant = abs(_as_float(base.as_independent(*base.free_symbols, as_Add=False)[0]))
            if not size <= LARGEST_EXPONENT:
                raise self.refuse(node, f"Use exponents of size at most {LARGEST_EXPONENT:.0f}.")
            if constant == 0:
                if not exponent.free_symbols and not _as_float(exponent) > 0:
                    raise self.refuse(node, "Zero may only have a positive exponent.")
            elif not size * abs(math.log(constant)) <= 709:
                raise self.refuse(node, "Use numbers between 1e-308 and 1e308.")
        return self._checked(node, base**exponent)

    def _call(self, node: ast.Call, depth: int) -> Expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        row = notation(name)
        if row is None:
            known = closest(self.names.get(name, name), sorted(n for f in notations() for n in (f.name, *f.spellings)))
            raise self.refuse(node, f"Write * for a product; only known functions can be called. {known}")
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.refuse(node, "Give plain arguments.")
        if len(node.args) != row.n_arguments:
            raise self.refuse(node, f"{name} takes {row.n_arguments} argument(s).")
        return row.build(*[self.read(a, depth + 1) for a in node.args])

    def _checked(self, node: ast.expr, expr: Expr) -> Expr:
        """Return `expr`, unless a number in it is not a finite real one; large integers become floats."""
        import sympy

        # Whether a sum is real takes sympy milliseconds, and is asked only where something imaginary is in it.
        if expr.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I) and not expr.is_real:
            raise self.refuse(node, "It is not a finite real number.")
        constant = expr if not expr.free_symbols else expr.as_independent(*expr.free_symbols)[0]
        size = _as_float(constant)
        if not math.isfinite(size) or (size == 0 and not constant.is_zero):
            raise self.refuse(node, "Use real numbers between 1e-308 and 1e308.")
        exponents = [factor.exp for factor in sympy.Mul.make_args(expr) if factor.is_Pow and factor.exp.is_number]
        if not all(abs(_as_float(exponent)) <= LARGEST_EXPONENT for exponent in exponents):  # of x**600*x**601 too
            raise self.refuse(node, f"Use exponents of size at most {LARGEST_EXPONENT:.0f}.")
        if expr.is_Rational and max(abs(expr.p), expr.q) > LARGEST_INTEGER:
            return sympy.Float(float(expr))
        return expr


def _as_float(constant: Expr) -> float:
    """Return a constant expression as a float, NaN where it is not real or too large."""
    if constant.is_Symbol:
        return 1.0
    try:
        value = complex(constant)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return value.real if value.imag == 0 else math.nan
