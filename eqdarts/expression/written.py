r"""Formulas as people write them: from sympy to a small tree of written symbols, and from the tree to text.

The tree decides once where there is a minus sign, a fraction bar or a square root. Text, LaTeX, MathML, the list of
numbers and the count of symbols all walk over this tree, so they cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from eqdarts._typing import Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import composed, product, symbol
from eqdarts.expression.parse import quoted
from eqdarts.primitives.functions import EXP, FUNCTIONS, SQRT, notation_of

__all__ = [
    "Written",
    "complexity",
    "free_numbers",
    "number_prefix",
    "number_text",
    "numbers",
    "template",
    "text",
    "tidy",
    "with_places",
    "write",
]


@dataclass(frozen=True)
class Number:
    """A number: `free` if it is a Float and so a coefficient, otherwise an exact integer or fraction.

    `more` is how many digits it is printed with besides those of the other free numbers.
    """

    value: float
    free: bool
    exact: str = ""
    more: int = 0

    def shown(self, digits: int | None, whole: bool = True) -> str:
        """Return a free number as text, with `digits` significant digits, or all."""
        return number_text(self.value, None if digits is None else min(digits + self.more, MOST_DIGITS), whole)


@dataclass(frozen=True)
class Name:
    """A variable, a parameter, or pi (`constant`)."""

    name: str
    constant: bool = False


@dataclass(frozen=True)
class Negative:
    """Minus something that is not a number."""

    of: Written


@dataclass(frozen=True)
class Sum:
    """Terms; a term that begins with a minus sign is written as subtracted."""

    terms: tuple[Written, ...]


@dataclass(frozen=True)
class Product:
    """Factors above and below the fraction bar; no factor above means 1."""

    above: tuple[Written, ...]
    below: tuple[Written, ...]


@dataclass(frozen=True)
class Power:
    base: Written
    exponent: Written


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Written, ...]


Written = Number | Name | Negative | Sum | Product | Power | Call

ONE = Number(1.0, False, "1")
MOST_DIGITS = 17  # every double


# --- from sympy ---


def write(expr: Expr, ordered: bool = True) -> Written:
    """Return how a person writes a sympy expression.

    Parameters
    ----------
    expr : sympy.Expr
    ordered : bool, default=True
        Whether to sort terms and factors, which takes most of the time.

    Raises
    ------
    FormulaError
        If it contains something that the formulas of eqdarts do not have, such as an integral.
    """
    if expr.is_Number:
        return _write_number(expr)
    if expr.is_Symbol:
        return Name(str(expr.name))
    if expr.is_Add:
        terms = [write(term, ordered) for term in (expr.as_ordered_terms() if ordered else expr.args)]
        first = next((k for k, term in enumerate(terms) if not _begins_with_minus(term)), 0)
        return Sum((terms[first], *terms[:first], *terms[first + 1 :]))
    if expr.is_Mul:
        return _write_product(expr, ordered)
    if expr.is_Pow:
        return _write_power(expr, ordered)
    if expr.is_Function:
        return _write_call(expr, ordered)
    if expr.is_NumberSymbol:
        name = type(expr).__name__
        if name == "Pi":
            return Name("pi", constant=True)
        if name == "Exp1":
            return Call(EXP.name, (ONE,))
    raise FormulaError(
        explain("A formula cannot contain this expression.", repr(str(expr)[:60]), "Use the functions of eqdarts.")
    )


def _write_number(expr: Expr) -> Written:
    if expr.is_Float and math.isfinite(value := float(expr)):  # sympy holds numbers that no float does
        return Number(value, True)
    if expr.is_Integer:
        return Number(float(expr), False, str(expr))
    if expr.is_Rational:
        return Product((Number(float(expr.p), False, str(expr.p)),), (Number(float(expr.q), False, str(expr.q)),))
    raise FormulaError(explain("A formula's numbers must be finite and real.", str(expr)[:60], "Use real numbers."))


def _write_product(expr: Expr, ordered: bool) -> Written:
    coefficient, rest = expr.as_coeff_Mul()
    above: list[Written] = []
    below: list[Written] = []
    negative = coefficient.is_Rational and coefficient.p == -1
    if coefficient.is_Rational:
        if abs(coefficient.p) != 1:
            above.append(Number(float(coefficient.p), False, str(coefficient.p)))
        if coefficient.q != 1:
            below.append(Number(float(coefficient.q), False, str(coefficient.q)))
    else:
        above.append(_write_number(coefficient))
    for factor in rest.as_ordered_factors() if ordered else type(expr).make_args(rest):
        inverse = _as_denominator(factor)
        (above if inverse is None else below).append(write(factor if inverse is None else inverse, ordered))
    product = above[0] if len(above) == 1 and not below else Product(tuple(above), tuple(below))
    return Negative(product) if negative else product


def _as_denominator(factor: Expr) -> Expr | None:
    """Return the denominator written by a power with a fixed negative exponent, otherwise None."""
    if factor.is_Pow and factor.exp.is_Rational and factor.exp.is_negative:
        return factor.base ** (-factor.exp)
    return None


def _write_power(expr: Expr, ordered: bool) -> Written:
    inverse = _as_denominator(expr)
    if inverse is not None:
        return Product((), (write(inverse, ordered),))
    base, exponent = expr.base, expr.exp
    if exponent.is_Rational:
        if exponent.p == 1 and exponent.q == 2:
            return Call(SQRT.name, (write(base, ordered),))
        return Power(write(base, ordered), Number(float(exponent), False, str(exponent)))
    return Power(write(base, ordered), write(exponent, ordered))


def _write_call(expr: Expr, ordered: bool) -> Written:
    row = notation_of(expr)
    if row is None:
        known = "Use the functions of eqdarts: " + ", ".join(sorted(row.name for row in FUNCTIONS.values())) + "."
        raise FormulaError(explain("A formula cannot contain this function.", repr(type(expr).__name__), known))
    if not row.folds:
        return Call(row.name, tuple(write(a, ordered) for a in expr.args))
    arguments = [write(a, ordered) for a in sorted(expr.args, key=lambda a: (not a.is_Number, str(a)))]
    call: Written = arguments[0]
    for argument in arguments[1:]:
        call = Call(row.name, (call, argument))
    return call


def _begins_with_minus(written: Written) -> bool:
    if isinstance(written, Product):
        return bool(written.above) and _begins_with_minus(written.above[0])
    return isinstance(written, Negative) or (isinstance(written, Number) and written.value < 0)


# --- walks ---


def numbers(written: Written) -> Iterator[float]:
    """Yield the free numbers in printed order, with their signs."""
    return (number.value for number in free_numbers(written))


def free_numbers(written: Written) -> Iterator[Number]:
    """Yield the free numbers in printed order."""
    if isinstance(written, Number):
        if written.free:
            yield written
    else:
        for child in _children(written):
            yield from free_numbers(child)


def _children(written: Written) -> tuple[Written, ...]:
    match written:
        case Negative(of):
            return (of,)
        case Sum(terms):
            return terms
        case Product(above, below):
            return above + below
        case Power(base, exponent):
            return (base, exponent)
        case Call(_, arguments):
            return arguments
    return ()


def symbols_of(written: Written) -> int:
    """Count the symbols of a written formula: names, numbers, operators and functions."""
    inside = sum(symbols_of(child) for child in _children(written))
    match written:
        case Sum(terms):
            subtracted = sum(isinstance(term, Negative) for term in terms[1:])
            return inside + len(terms) - 1 - subtracted
        case Product(above, below):
            return inside + max(len(above), 1) + len(below) - 1 + (not above)
    return inside + 1


def complexity(expr: Expr) -> int:
    """Count the operators, functions, variables and numbers of an expression as a person writes it.

    a + b, a - b, a*b, a/b and x**2 count 3, sqrt(x) and -x 2; a negative number is one symbol.
    """
    return symbols_of(write(expr))


def number_prefix(names: Iterable[str]) -> str:
    """Return the letter before the numbers of coefficients: c, or c_ where an input has such a name."""
    prefix = "c"
    while any(name.startswith(prefix) and name[len(prefix) :].isdigit() for name in names):
        prefix += "_"
    return prefix


def template(written: Written, names: Callable[[int], str]) -> tuple[Expr, dict[str, float]]:
    """Return the expression with its k-th free number replaced by the parameter ``names(k)``, and their values."""
    import sympy

    values: dict[str, float] = {}

    def build(node: Written) -> Expr:
        match node:
            case Number(value, free, exact):
                if not free:
                    return sympy.Rational(exact)
                name = names(len(values))
                values[name] = value
                return symbol(name)
            case Name(name, constant):
                return sympy.pi if constant else symbol(name)
            case Negative(of):
                return -build(of)
            case Sum(terms):
                return sympy.Add(*[build(term) for term in terms])
            case Product(above, below):
                return product(*[build(f) for f in above], *[1 / build(f) for f in below])
            case Power(base, exponent):
                return build(base) ** build(exponent)
            case Call(name, arguments):
                return composed(name, *[build(a) for a in arguments])
        raise AssertionError(node)

    return build(written), values


def tidy(written: Written, digits: int | None) -> Written:
    """Return a formula with its free numbers rounded, and without the powers and factors of 1 that this makes.

    Parameters
    ----------
    written : Written
    digits : int or None
        Significant digits; None: numbers as they are.
    """

    def visit(node: Written) -> Written:
        match node:
            case Number(free=True):
                return replace(node, value=float(node.shown(digits)))
            case Product(above, below):
                return _without_ones(tuple(map(visit, above)), tuple(map(visit, below)))
            case Power(base, exponent):
                inside, power = visit(base), visit(exponent)
                if _is_free(power, 1.0):
                    return inside
                return Product((), (inside,)) if _is_free(power, -1.0) else Power(inside, power)
        return _with_children(node, visit)

    return visit(written)


def with_places(written: Written, spans: Mapping[str, float]) -> Written:
    """Return a formula in which a number added to an input has the digits that the span of this input needs.

    Parameters
    ----------
    written : Written
    spans : mapping of str to float
        Largest minus smallest value of each input. The number in year - 2007.13, over 30 years, gets two more digits.
    """

    def visit(node: Written) -> Written:
        if not isinstance(node, Sum):
            return _with_children(node, visit)
        bare = [term.of if isinstance(term, Negative) else term for term in node.terms]
        found = [spans[term.name] for term in bare if isinstance(term, Name) and spans.get(term.name)]
        return Sum(tuple(_placed(visit(term), found[0]) if len(found) == 1 else visit(term) for term in node.terms))

    return visit(written) if spans else written


def _placed(term: Written, span: float) -> Written:
    """Return a free number with more digits if it is larger than the span; other terms as they are."""
    if not (isinstance(term, Number) and term.free and abs(term.value) > span):
        return term
    return replace(term, more=math.floor(math.log10(abs(term.value) / span)))


def _with_children(node: Written, visit: Callable[[Written], Written]) -> Written:
    """Return the node with ``visit(child)`` in place of each child."""
    match node:
        case Negative(of):
            return Negative(visit(of))
        case Sum(terms):
            return Sum(tuple(map(visit, terms)))
        case Product(above, below):
            return Product(tuple(map(visit, above)), tuple(map(visit, below)))
        case Power(base, exponent):
            return Power(visit(base), visit(exponent))
        case Call(name, arguments):
            return Call(name, tuple(map(visit, arguments)))
    return node


def _is_free(node: Written, value: float) -> bool:
    return isinstance(node, Number) and node.free and node.value == value


def _without_ones(above: tuple[Written, ...], below: tuple[Written, ...]) -> Written:
    """Return a product without factors that are a free 1; with a free -1 in front it is negative."""
    negative = bool(above) and _is_free(above[0], -1.0) and len(above) + len(below) > 1
    inverses = [factor.below for factor in above if isinstance(factor, Product) and not factor.above]
    above = tuple(f for f in above[negative:] if not (_is_free(f, 1.0) or (isinstance(f, Product) and not f.above)))
    below = tuple(factor for factor in sum(inverses, below) if not _is_free(factor, 1.0))
    if not below:
        product = above[0] if len(above) == 1 else Product(above, ()) if above else Number(1.0, True)
    else:
        product = Product(above, below)
    return Negative(product) if negative else product


# --- text ---


def number_text(value: float, digits: int | None = None, whole: bool = True) -> str:
    """Return a number as text: the shortest that reads back the same, or with `digits` significant digits.

    >>> number_text(3.0), number_text(3.0, whole=False), number_text(0.1 + 0.2, digits=6)
    ('3', '3.0', '0.3')
    """
    if digits is not None:
        return f"{value:.{digits}g}"
    if whole and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def text(written: Written, digits: int | None = None, whole: bool = True) -> str:
    """Return a written formula as text that ``parse_formula`` reads.

    Parameters
    ----------
    written : Written
    digits : int, optional
        Significant digits of free numbers. Default: as many as are needed to read back the same number.
    whole : bool, default=True
        Whether the text is for people: a free number such as 3.0 is written 3, and powers and factors of 1 are left
        out. Otherwise the text reads back as the same expression.
    """
    if whole:
        written = tidy(written, digits)

    def show(node: Written) -> str:
        match node:
            case Number(free=free, exact=exact):
                return node.shown(digits, whole) if free else exact
            case Name(name, constant):
                return name if constant else quoted(name)
            case Negative(of):
                return "-" + (f"({show(of)})" if isinstance(of, Sum) else show(of))
            case Sum(terms):
                shown = [show(term) for term in terms]
                return shown[0] + "".join(f" - {s[1:]}" if s.startswith("-") else f" + {s}" for s in shown[1:])
            case Product(above, below):
                top = "*".join(factor(f, leading=k == 0) for k, f in enumerate(above)) or "1"
                bottom = "*".join(factor(f) for f in below)
                return top if not below else f"{top}/{bottom}" if len(below) == 1 else f"{top}/({bottom})"
            case Power(base, exponent):
                return f"{operand(base)}**{operand(exponent)}"
            case Call(name, arguments):
                return f"{name}({', '.join(show(a) for a in arguments)})"
        raise AssertionError(node)

    def factor(node: Written, leading: bool = False) -> str:
        bare = isinstance(node, (Name, Call, Power)) or (isinstance(node, Number) and (leading or node.value >= 0))
        return show(node) if bare else f"({show(node)})"

    def operand(node: Written) -> str:
        shown = show(node)
        bare = isinstance(node, (Name, Call)) or (isinstance(node, Number) and node.value >= 0 and "/" not in shown)
        return shown if bare else f"({shown})"

    return show(written)
