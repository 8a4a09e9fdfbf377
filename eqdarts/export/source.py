"""Source text of an equation in other languages: the compiled program that `predict` runs, step by step.

A language is a row of data, `Dialect`: the names of its operations, and the helpers that make them real and finite at
exactly the same points as in `predict`. The spelling of a function is in the row of that function. The order of the
operations is the same, so that the values are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eqdarts.errors import explain
from eqdarts.expression.program import Program, Step
from eqdarts.primitives.functions import EXP, FUNCTIONS, Function, Spelling

__all__ = ["EXCEL", "NUMPY", "C", "Dialect", "Rendered", "render"]

SUM, PRODUCT, ATOM = range(3)  # how tightly a text holds together
LONGEST = 60  # characters of a text before it becomes a step of its own


@dataclass(frozen=True)
class Dialect:
    """The names of operations and functions in one language.

    Parameters
    ----------
    name : str
        Name of the language for people.
    column : str
        The field of `eqdarts.primitives.functions.Source` that has its spelling of a function.
    operations : mapping of str to Spelling
        The others: "square", "power" and so on.
    inline : bool, default=False
        Whether the language has no steps, so that everything is one text.
    prefix : str, default=""
        Prefix of the names of helpers.
    """

    name: str
    column: str
    operations: Mapping[str, Spelling]
    inline: bool = False
    prefix: str = ""

    def spelling(self, operation: str | Function) -> Spelling:
        """Return the spelling of an operation or a function.

        Raises
        ------
        ValueError
            If the language has no name for the function.
        """
        if isinstance(operation, str):
            spelling = self.operations[operation]
        else:
            spelling = getattr(operation.source, self.column)
            if spelling is None:
                what, todo = f"{self.name} has no name for this function.", "Rewrite it with the supported functions."
                raise ValueError(explain(what, operation.name, todo))
        return _prefixed(spelling, self.prefix) if self.prefix and spelling.definition else spelling

    def helpers(self) -> Iterator[str]:
        """Yield the names of all functions that the language does not have itself."""
        own = [getattr(row.source, self.column) for row in FUNCTIONS.values()]
        for spelling in (*self.operations.values(), *own):
            if spelling is not None and spelling.definition:
                yield f"{self.prefix}{spelling.call}"


def _prefixed(spelling: Spelling, prefix: str) -> Spelling:
    """Return a helper with a prefixed name, so that one file can hold two equations."""
    head, bracket, rest = spelling.definition.partition("(")
    kind, _, helper = head.rpartition(" ")
    return spelling._replace(call=prefix + helper, definition=f"{kind} {prefix}{helper}{bracket}{rest}")


@dataclass(frozen=True)
class Rendered:
    """An equation as text: steps in order, the result, and the helpers that they call, in order of their first call."""

    steps: tuple[tuple[str, str], ...]
    result: str
    helpers: tuple[Spelling, ...]


@dataclass(frozen=True)
class _Piece:
    """Text of a step; `negative` if it is one term that begins with a minus sign."""

    text: str
    level: int = ATOM
    negative: bool = False

    def inside(self, level: int) -> str:
        """Return the text as an operand of something that binds at `level`."""
        return self.text if self.level > level else f"({self.text})"


def render(program: Program, dialect: Dialect, names: Mapping[str, str], prefix: str = "t") -> Rendered:
    """Write a program as steps of one language; what is used once stands where it is used.

    Parameters
    ----------
    program : Program
    dialect : Dialect
    names : mapping of str to str
        Identifier of each name that the program reads.
    prefix : str, default="t"
        How the names of steps begin.
    """
    uses = [0] * len(program.steps)
    for step in program.steps:
        for k in step.arguments:
            uses[k] += 1
    called: dict[Spelling, None] = {}
    pieces: list[_Piece] = []
    steps: list[tuple[str, str]] = []
    for k, step in enumerate(program.steps):
        if step.operation == "name":
            piece = _Piece(names[step.detail])
        else:
            piece = _write(step, [pieces[j] for j in step.arguments], dialect, called)
        own = not dialect.inline and (len(piece.text) > LONGEST or uses[k] > 1)
        if own and step.operation not in ("name", "number") and k < len(program.steps) - 1:
            name = f"{prefix}{len(steps) + 1}"
            steps.append((name, piece.text))
            piece = _Piece(name)
        pieces.append(piece)
    return Rendered(tuple(steps), pieces[-1].text, tuple(helper for helper in called if helper.definition))


def _write(step: Step, arguments: Sequence[_Piece], dialect: Dialect, called: dict[Spelling, None]) -> _Piece:
    """Write one step; record in `called` which functions it calls."""

    def call(operation: str | Function, *texts: str) -> _Piece:
        spelling = dialect.spelling(operation)
        called[spelling] = None
        if "{" in spelling.call:
            return _Piece(spelling.call.format(*texts))
        return _Piece(f"{spelling.call}({', '.join(texts)})")

    match step.operation:
        case "number":
            return _number(step.detail)
        case "add":
            return _sum(arguments)
        case "mul":
            return _product(arguments)
        case "power":
            return _power(step.detail, arguments[0], call)
        case "pow":
            return call("pow", arguments[0].text, arguments[1].text)
        case "softplus":
            return call("softplus", _number(math.log(step.detail)).text, arguments[0].text)
        case "logistic":
            exponent = _product([_number(-1.0), arguments[0]])
            bottom = _sum([_number(step.detail), call(EXP, exponent.text)])
            return _Piece(f"1.0 / {bottom.inside(PRODUCT)}", PRODUCT)
        case "call":
            return call(FUNCTIONS[step.detail], arguments[0].text)
        case "max" | "min":
            folded = arguments[0]
            for argument in arguments[1:]:
                folded = call(step.operation, folded.text, argument.text)
            return folded
    raise AssertionError(step)


def _number(value: float) -> _Piece:
    return _Piece(repr(value), SUM if value < 0 else ATOM, value < 0)


def _sum(terms: Sequence[_Piece]) -> _Piece:
    if len(terms) == 1:
        return terms[0]
    first, *others = terms
    shown = first.text if first.level > SUM or first.negative else f"({first.text})"
    for term in others:
        shown += f" - {term.text[1:]}" if term.negative else f" + {term.inside(SUM)}"
    return _Piece(shown, SUM)


def _product(factors: Sequence[_Piece]) -> _Piece:
    if len(factors) == 1:
        return factors[0]
    first, *others = factors
    if first.text == "-1.0":  # -1.0*x is exactly -x, and (-x)*y exactly -(x*y)
        first, *others = others
        shown = f"-{first.inside(PRODUCT)}"
    else:
        shown = first.text if first.level >= PRODUCT or first.negative else f"({first.text})"
    negative = shown.startswith("-")
    return _Piece(" * ".join([shown, *(factor.inside(PRODUCT) for factor in others)]), PRODUCT, negative)


def _power(p: float, u: _Piece, call: Callable[..., _Piece]) -> _Piece:
    if p < 0:
        below = call("nonzero", u.text)
        bottom = below if p == -1 else _power(-p, below, call)
        return _Piece(f"1.0 / {bottom.inside(PRODUCT)}", PRODUCT)
    if p == 2:
        return call("square", u.text)
    if p == int(p) and p <= 16:
        return call("whole", u.text, str(int(p))) if p != 1 else u
    return call("sqrt", u.text) if p == 0.5 else call("power", u.text, repr(p))


NUMPY = Dialect(
    "numpy",
    "numpy",
    {
        "sqrt": Spelling("np.sqrt"),
        "square": Spelling("np.square"),
        "power": Spelling("np.power"),
        "softplus": Spelling("np.logaddexp"),
        "max": Spelling("np.maximum"),
        "min": Spelling("np.minimum"),
        "nonzero": Spelling("nonzero", "def nonzero(u):\n    return np.where(u == 0, np.nan, u)"),
        "pow": Spelling("power", "def power(u, v):\n    return np.power(np.where((u == 0) & (v < 0), np.nan, u), v)"),
        "whole": Spelling(
            "whole_power",
            "def whole_power(u, n):\n    result = 1.0\n    while n:\n        if n % 2:\n            result *= u\n"
            "        n, u = n // 2, u * u\n    return result",
        ),
    },
)

C = Dialect(
    "C",
    "c",
    {
        "sqrt": Spelling("sqrt"),
        "square": Spelling("square", "static double square(double u) { return u * u; }"),
        "power": Spelling("pow"),
        "nonzero": Spelling("nonzero", "static double nonzero(double u) { return u == 0 ? NAN : u; }"),
        "pow": Spelling(
            "real_pow",
            "static double real_pow(double u, double v) { return u == 0 && v < 0 ? NAN : pow(u, v); }",
        ),
        "whole": Spelling(
            "whole_power",
            "static double whole_power(double u, int n)\n{\n    double result = 1.0;\n    for (; n; n /= 2, u *= u)\n"
            "        if (n % 2)\n            result *= u;\n    return result;\n}",
        ),
        "softplus": Spelling(
            "log_add_exp",
            "static double log_add_exp(double a, double b)\n{\n"
            "    return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));\n}",
        ),
        "max": Spelling("larger", "static double larger(double a, double b) { return isnan(a) || a > b ? a : b; }"),
        "min": Spelling("smaller", "static double smaller(double a, double b) { return isnan(a) || a < b ? a : b; }"),
    },
)

EXCEL = Dialect(
    "A spreadsheet",
    "excel",
    {
        "sqrt": Spelling("SQRT"),
        "square": Spelling("POWER({0}, 2)"),
        "power": Spelling("POWER"),
        "whole": Spelling("POWER"),
        "pow": Spelling("POWER"),
        "nonzero": Spelling("({0})"),
        "softplus": Spelling("(MAX({0}, {1}) + LN(1 + EXP(-ABS(({0}) - ({1})))))"),
        "max": Spelling("MAX"),
        "min": Spelling("MIN"),
    },
    inline=True,
)
