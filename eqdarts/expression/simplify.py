"""From an expression to a shorter expression of the same function.

Every step that could change the function is checked by evaluation, on the rows and on random points of the same signs
and magnitudes: values and undefined points must be the same. No step assumes that a variable is positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError
from eqdarts.expression.build import exponential, without_units
from eqdarts.expression.extremes import with_extremes
from eqdarts.expression.normal_form import cost, normalise
from eqdarts.expression.phases import usual_numbers
from eqdarts.expression.program import evaluate
from eqdarts.expression.rounding import rounded
from eqdarts.expression.signs import with_signs_before_roots
from eqdarts.primitives.functions import EXP, LOG, function_of

__all__ = ["Points", "agreeing", "points_of", "simplified"]


MOST_ROWS = 200
RANDOM_POINTS = 64
AGREEMENT = 1e-10
MOST_PASSES = 3  # a further pass follows where rounding has made the expression shorter
MOST_TERMS = 300  # an expansion with more is never the shortest form, and sympy takes minutes to make it


class Points(NamedTuple):
    """Points at which an expression must keep its values: columns by name; the first `n_rows` are rows of the data."""

    columns: dict[str, Array]
    n_rows: int
    n_points: int

    def evaluate(self, expr: Expr) -> Array:
        """Return the values, shape (n_points,), NaN where undefined."""
        return evaluate(expr, self.columns, self.n_points)


def points_of(variables: Sequence[str], rows: Array | None, x_scale: Array) -> Points:
    """Return at most 200 rows, evenly spread and with the extremes of every column, and 64 random points."""
    rng = np.random.default_rng(0)
    d = len(variables)
    if rows is None or not len(rows):
        rows = x_scale * rng.normal(size=(MOST_ROWS, d))
    rows = np.asarray(rows, dtype=np.float64)
    if len(rows) > MOST_ROWS:
        spread = np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp)
        rows = rows[np.unique(np.concatenate([spread, rows.argmin(axis=0), rows.argmax(axis=0)]))]
    picked = rng.integers(len(rows), size=(RANDOM_POINTS, d))
    stretch = np.exp(0.3 * rng.normal(size=(RANDOM_POINTS, d)))
    random = np.take_along_axis(rows, picked, axis=0) * stretch
    points = np.vstack([rows, random])
    return Points({name: points[:, i] for i, name in enumerate(variables)}, len(rows), len(points))


def simplified(expr: Expr, points: Points) -> Expr:
    """Return the shortest of a few forms of `expr`, the same function on `points`, with rounded coefficients."""
    reference = points.evaluate(expr)
    expr = agreeing(usual_numbers, expr, points, reference)
    # Start from the normal form, and from the one without nested fractions, where they are the same function.
    best = agreeing(normalise, expr, points, reference)
    best = agreeing(lambda e: normalise(_without_nested_fractions(e)), best, points, reference)
    best = agreeing(with_signs_before_roots, best, points, reference)
    best = agreeing(_with_powers_of_powers_as_one, best, points, reference)
    best = agreeing(_with_inputs_as_exponents, best, points, reference)
    best = agreeing(with_extremes, best, points, reference)
    # Rounding can make a coefficient 1 or 0, after which another form may be the shortest.
    for _ in range(MOST_PASSES):
        best = without_units(min([best, *_candidates(best, points, reference)], key=cost))
        best = agreeing(usual_numbers, best, points, reference)
        shorter = rounded(best, points.columns, points.n_rows)
        if shorter == best or not _same(points.evaluate(shorter), reference, floor=1.0):
            return best
        symbols, best = cost(best)[0], without_units(shorter)
        best = agreeing(with_extremes, best, points, reference)
        if cost(best)[0] == symbols:
            return best
    return best


def _with_powers_of_powers_as_one(expr: Expr) -> Expr:
    """Return x**1.4995 in place of sqrt(x**2.999); a fitted exponent is no integer, so both need a positive x."""
    return expr.replace(
        lambda e: e.is_Pow and e.base.is_Pow and e.base.exp.is_Float and e.exp.is_number,
        lambda e: e.base.base ** (e.base.exp * e.exp),
    )


def _with_inputs_as_exponents(expr: Expr) -> Expr:
    """Return (x/e)**b in place of exp(-b*log(e/x)), where b is no number."""
    import sympy

    def power(term: Expr) -> Expr | None:
        factors = sympy.Mul.make_args(term)
        logs = [(factor, own) for factor in factors if (own := _as_weighted_log(factor)) is not None]
        exponent = sympy.Mul(*(factor for factor in factors if factor != logs[0][0])) if logs else None
        if exponent is None or len(logs) != 1 or not exponent.free_symbols:
            return None
        weight, base = logs[0][1]
        forms = [(base, exponent * weight), (1 / base, -exponent * weight)]
        # of two forms of as many symbols the one without a minus
        base, exponent = min(forms, key=lambda f: (cost(f[0] ** f[1])[0], f[1].could_extract_minus_sign()))
        return base**exponent

    def split(e: Expr) -> Expr:
        powers = {term: power(term) for term in sympy.Add.make_args(e.args[0])}
        rest = sympy.Add(*(term for term, own in powers.items() if own is None))
        found = [own for own in powers.values() if own is not None]
        return sympy.Mul(*found, *([exponential(rest)] if rest != 0 else [])) if found else e

    return expr.replace(lambda e: function_of(e) is EXP, split)


def _as_weighted_log(expr: Expr) -> tuple[Expr, Expr] | None:
    """Return w and exp(c/w)*u for w*log(u) + c with numbers w and c, None for anything else."""
    import sympy

    constant, rest = expr.as_coeff_Add()
    weight, log = rest.as_coeff_Mul()
    if function_of(log) is not LOG:
        return None
    factor = 1 if constant.is_zero else sympy.exp(constant / weight).evalf()
    return weight, factor * log.args[0]


def _without_nested_fractions(expr: Expr) -> Expr:
    """Return x / (a*x + b) in place of 1 / (a + b/x): longer, but the usual way to write it, and defined at x = 0."""
    import sympy

    def cleared(e: Expr) -> Expr:
        if not (e.base.is_Add and len(e.base.args) == 2):
            return e
        number, fraction = e.base.as_coeff_Add()
        below = fraction.as_numer_denom()[1]
        powers = all(f.is_Symbol or (f.is_Pow and f.base.is_Symbol) for f in sympy.Mul.make_args(below))
        if not powers or number.is_zero or not (fraction * below).is_number:
            return e
        return below / (number * below + fraction * below)

    return expr.replace(lambda e: e.is_Pow and e.exp == -1, cleared)


def _candidates(expr: Expr, points: Points, reference: Array) -> Iterator[Expr]:
    """Yield other forms of the expression that have the reference values."""
    import sympy

    def expanded(e: Expr) -> Expr:
        return sympy.expand(e, power_base=False, power_exp=False, log=False, trig=False)

    # Only the steps that can change this expression: each takes sympy milliseconds.
    sums = expr.atoms(sympy.Add)
    steps: list[Callable[[Expr], Expr]] = [normalise]
    if sums:
        steps.append(sympy.factor_terms)
    if any(sum(term.as_numer_denom()[1] != 1 for term in total.args) > 1 for total in sums):
        steps.append(sympy.together)
    if any(
        part.is_Mul or (part.is_Pow and part.exp.is_Integer)
        for part in expr.atoms(sympy.Mul, sympy.Pow)
        if part.atoms(sympy.Add)
    ) and all(_terms(part) <= MOST_TERMS for part in expr.atoms(sympy.Mul, sympy.Pow)):
        steps.append(expanded)
    # A form counts only if it has the same values and the same undefined points.
    seen = {expr}
    for step in steps:
        form = _attempt(step, expr)
        for candidate in (form, None if form is None else _attempt(normalise, form)):
            if candidate is None or candidate in seen:
                continue
            seen.add(candidate)
            try:
                agrees = _same(points.evaluate(candidate), reference)
            except FormulaError:
                agrees = False
            if agrees:
                yield candidate


def _terms(expr: Expr) -> int:
    """Return about how many terms an expression has when it is expanded: powers of sums have very many."""
    if expr.is_Add:
        return sum(map(_terms, expr.args))
    if expr.is_Mul:
        return math.prod(map(_terms, expr.args))
    if expr.is_Pow and expr.exp.is_Rational:  # sympy expands the whole part of an exponent
        n, power = _terms(expr.base), min(abs(int(expr.exp)), MOST_TERMS)
        return math.comb(n + power - 1, power)
    return 1


def agreeing(step: Callable[[Expr], Expr], expr: Expr, points: Points, reference: Array) -> Expr:
    """Return the result of a step if it has the reference values, otherwise the expression itself."""
    form = _attempt(step, expr)
    if form is None or form == expr or not _same(points.evaluate(form), reference):
        return expr
    return form


def _attempt(step: Any, expr: Expr) -> Expr | None:
    """Return the result of a step, or None where sympy fails."""
    try:
        return step(expr)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, RecursionError):
        return None


def _same(values: Array, reference: Array, floor: float = 1e-3) -> bool:
    """Return whether two arrays are NaN at the same places and agree elsewhere.

    Agreement is relative to the value, or to `floor` times the median where that is larger.
    """
    defined = ~np.isnan(reference)
    if not np.array_equal(defined, ~np.isnan(values)):
        return False
    a, b = values[defined], reference[defined]
    if not len(a):
        return True
    yardstick = np.maximum(np.abs(b), np.median(np.abs(b)) * floor)
    return bool(np.all(np.abs(a - b) <= AGREEMENT * yardstick))
