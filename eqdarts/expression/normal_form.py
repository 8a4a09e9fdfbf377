"""The normal form of an expression has no redundant scale: 2.0*sqrt(4.0*x + 3.0) has three numbers but two degrees of
freedom; 4.0*sqrt(x + 0.75) has two of each.

A numeric factor is pulled out of sums under powers, absolute values, maxima and logarithms, and a constant out of sums
under exponentials. The factor goes back in where that makes the numbers shorter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from eqdarts._typing import Expr
from eqdarts.expression.build import applied, exponential, product
from eqdarts.expression.written import numbers, symbols_of, write
from eqdarts.primitives.functions import EXP, LOG, function_of, notation_of

__all__ = ["cost", "normalise"]


LARGEST_CONSTANT = 200.0  # in an exponent; a larger one stays there, since its exp may overflow
DIGITS = 10
CANCELLED = 1e-12  # a sum of numbers that is smaller than this share of the largest is zero
WORTHWHILE = 4  # digits that a scale must save by standing inside a sum rather than in front of it


def cost(expr: Expr) -> tuple[int, int]:
    """Return the number of symbols, and the number of digits of the coefficients at ten significant digits."""
    written = write(expr, ordered=False)
    return symbols_of(written), sum(_digits(number) for number in numbers(written))


def _digits(number: float) -> int:
    return len(f"{abs(number):.{DIGITS}g}")


def normalise(expr: Expr) -> Expr:
    """Return the same function without redundant scales."""
    import sympy

    if not expr.args or not expr.free_symbols:
        return expr
    if expr.is_Add:
        return _without_log_scales(sympy.Add(*(part for t in expr.args for part in _terms(normalise(t)))))
    if expr.is_Mul:
        return _scaled(expr.args)
    row = notation_of(expr)
    if (expr.is_Pow and expr.exp.is_Number) or (row is not None and row.homogeneous):
        return _scaled((expr,))
    return applied(expr, [normalise(a) for a in expr.args])


def _terms(expr: Expr) -> list[Expr]:
    """Return the terms of a sum, also of a number times a sum."""
    number, rest = expr.as_coeff_Mul()
    return [number * term for term in rest.args] if rest.is_Add else [expr]


def _scaled(factors: Sequence[Expr]) -> Expr:
    """Return the product of factors in the cheapest of several forms."""
    import sympy

    scale: Expr = sympy.Integer(1)
    rest: list[Expr] = []
    many = len(factors) > 1
    # Collect the numbers of all factors in one scale.
    for factor in factors:
        pulled, remainder = _pull(factor, many)
        scale, rest = scale * pulled, [*rest, remainder]
    number, *others = sympy.Mul(*rest).as_coeff_Mul()
    scale = scale * number
    scale = sympy.Integer(int(scale)) if abs(float(scale)) == 1 else scale
    whole = list(sympy.Mul.make_args(others[0]))
    # Put the scale in front or inside one of the factors.
    forms = [product(scale, *whole), *_absorbed(scale, whole)]
    if len(forms) == 1:
        return forms[0]
    symbols, digits = cost(forms[0])
    best = min(forms[1:], key=cost)
    return best if cost(best) < (symbols, digits - WORTHWHILE) else forms[0]


def _pull(factor: Expr, many: bool) -> tuple[Expr, Expr]:
    """Return a number and a remainder whose product is `factor`."""
    import sympy

    one = sympy.Integer(1)
    if factor.is_Number:
        return factor, one
    if factor.is_Add:
        return _content(normalise(factor), signed=True)
    if factor.is_Pow and factor.exp.is_Number:
        integer = factor.exp.is_Integer
        content, base = _content(normalise(factor.base), signed=integer)
        scale = content**factor.exp
        return (scale, base**factor.exp) if _is_ordinary(scale) else (one, (content * base) ** factor.exp)
    row = notation_of(factor)
    if row is not None and row.homogeneous:
        zeros, others = [a for a in factor.args if a == 0], [a for a in factor.args if a != 0]
        if len(others) == 1:
            content, inside = _content(normalise(others[0]), signed=False)
            return content, row.build(*zeros, inside)
        return one, applied(factor, [normalise(a) for a in factor.args])  # Max(x, y) has no scale of its own
    whole = normalise(factor)
    if row is EXP and many and whole.is_Function and whole.args[0].is_Add:
        constant, rest = whole.args[0].as_coeff_Add()
        if not constant.is_zero and abs(constant) < LARGEST_CONSTANT:
            return sympy.exp(constant.evalf()), sympy.exp(rest)
    return (one, whole) if not whole.is_Mul else whole.as_coeff_Mul()


def _is_ordinary(number: Expr) -> bool:
    return bool(number.is_Number and number.is_real and 1e-200 < abs(float(number)) < 1e200)


def _content(expr: Expr, signed: bool) -> tuple[Expr, Expr]:
    """Return a number k and expr / k with as many unit coefficients as possible; k > 0 unless `signed`."""
    import sympy

    if not expr.is_Add:
        k, rest = expr.as_coeff_Mul()
        return (k, rest) if k > 0 or signed else (-k, -rest)
    terms = [term.as_coeff_Mul() for term in expr.args if not term.is_Number]
    candidates = dict.fromkeys(c if signed else abs(c) for c, _ in terms)

    def price(k: Expr) -> tuple[int, int]:
        ratios = [float(c / k) for c, _ in terms]
        symbols = sum(0 if r == 1 else 1 if r == -1 else 2 for r in ratios)
        return symbols, sum(_digits(r) for r in ratios) + _digits(float(k))

    sound = [k for k in candidates if _is_ordinary(k)]
    if not sound:
        return sympy.Integer(1), expr
    k = min(sound, key=price)
    if float(k) == 1:
        return k, expr
    return k, sympy.Add(*(_times(term, 1 / k) for term in expr.args))


def _times(term: Expr, number: Expr) -> Expr:
    """Return a term times a number, without a factor 1.0."""
    coefficient, rest = term.as_coeff_Mul()
    coefficient = coefficient * number
    if rest.free_symbols and abs(float(coefficient)) == 1:
        return rest if coefficient > 0 else -rest
    return coefficient * rest


def _absorbed(scale: Expr, factors: list[Expr]) -> Iterator[Expr]:
    """Yield the forms in which the scale of a product stands inside one of its factors."""
    import sympy

    if float(scale) == 1:
        return
    for k, factor in enumerate(factors):
        # c exp(u) is exp(log(c) + u).
        others = [*factors[:k], *factors[k + 1 :]]
        if function_of(factor) is EXP and scale > 0 and scale.is_Float:
            constant = sympy.log(scale)
            yield product(exponential(sympy.Add(constant, factor.args[0])), *others)
            continue
        # c S**p is (c**(1/p) S)**p for a sum S; a negative c goes inside an odd power only.
        base, exponent = (factor.base, factor.exp) if factor.is_Pow else (factor, sympy.Integer(1))
        if not base.is_Add or not exponent.is_Number:
            continue
        odd = exponent.is_Integer and exponent.is_odd
        if scale < 0 and not odd:
            continue
        root = abs(scale) ** (1 / exponent)
        if _is_ordinary(root):
            root = root if scale > 0 else -root
            yield product(sympy.Add(*(_times(term, root) for term in base.args)) ** exponent, *others)
        if scale < 0:
            yield product(-scale, sympy.Add(*(-term for term in base.args)) ** exponent, *others)


def _without_log_scales(expr: Expr) -> Expr:
    """Return a sum with the scales inside its logarithms moved out, if that does not make it longer.

    For a number w and any product m, w m log(c u) becomes w m log(u) + w log(c) m. The second term can merge with a
    like term of the sum, such as the constant.
    """
    import sympy

    if not expr.is_Add:
        return expr
    constant = expr.as_coeff_Add()[0]
    forms = [expr]
    parts: dict[Expr, list[Expr]] = {}
    for term in expr.args:
        for part in _without_log_scale(term):
            weight, factor = part.as_coeff_Mul()
            parts.setdefault(factor, []).append(weight)
    if sum(map(len, parts.values())) > len(expr.args):
        forms.append(sympy.Add(*(_total(weights) * factor for factor, weights in parts.items())))
    forms += _constant_into_log(forms[-1], constant)
    return min(forms, key=cost)


def _without_log_scale(term: Expr) -> list[Expr]:
    """Return w m log(c u) as the two terms w m log(u) and w log(c) m; a term of another form as it is."""
    import sympy

    factors = sympy.Mul.make_args(term)
    logs = [factor for factor in factors if function_of(factor) is LOG]
    if len(logs) != 1:
        return [term]
    content, inside = _content(logs[0].args[0], signed=False)
    if float(content) == 1:
        return [term]
    others = sympy.Mul(*(factor for factor in factors if factor != logs[0]))
    return [others * sympy.log(inside), others * sympy.Float(math.log(float(content)))]


def _total(weights: list[Expr]) -> Expr:
    """Return the sum of numbers, zero where they cancel."""
    import sympy

    total, largest = sum(weights), max(map(abs, weights))
    return total if len(weights) == 1 or abs(total) > CANCELLED * largest else sympy.Integer(0)


def _constant_into_log(expr: Expr, before: Expr) -> Iterator[Expr]:
    """Yield c + w log(S) as w log(exp(c/w) S)."""
    import sympy

    constant, rest = expr.as_coeff_Add()
    weight, log = rest.as_coeff_Mul()
    if constant.is_zero or before.is_zero or function_of(log) is not LOG or abs(constant / weight) > LARGEST_CONSTANT:
        return
    factor = sympy.Float(math.exp(float(constant / weight)))
    inside = log.args[0]
    terms = inside.args if inside.is_Add else (inside,)
    yield weight * sympy.log(sympy.Add(*(_times(term, factor) for term in terms)))
