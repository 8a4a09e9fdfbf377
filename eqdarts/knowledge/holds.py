"""Whether a statement holds for an equation: refuted by a point, proved, or checked at many points.

A proof is by interval arithmetic on the box, cut into smaller ones, of the equation or of its derivative; by the form,
where both sides of an equality are one expression; or by the limit of the form.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError
from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.knowledge.box import MARGIN, Box
from eqdarts.knowledge.limits import limit_of, others_of
from eqdarts.knowledge.probes import ROUNDING, Screen, make_screen
from eqdarts.knowledge.statements import Statement

__all__ = [
    "BROKEN",
    "CHECKED",
    "PROVED",
    "UNDECIDED",
    "WORST",
    "Held",
    "held",
    "in_words",
    "none_obeys",
    "obeyed",
    "status_of",
]

PROVED, CHECKED = "proved", "checked"
UNDECIDED, BROKEN = "undecided", "broken"
WORST = (PROVED, CHECKED, UNDECIDED, BROKEN)  # from the best to the worst
DENSITY = 4  # times as many points as a search looks at
MOST_BOXES, MOST_AT_ONCE = 3000, 512
LARGEST = 4000  # operations of an expression that is differentiated


@dataclass(frozen=True)
class Held:
    """How a statement holds for an equation.

    Parameters
    ----------
    statement : str
    status : {"proved", "checked", "undecided", "broken"}
    how : str
        By what it was decided, as the rest of a sentence.
    """

    statement: str
    status: str
    how: str

    def __str__(self) -> str:
        words = {BROKEN: "broken", PROVED: "proved", CHECKED: "checked", UNDECIDED: "cannot be decided"}
        return f"{self.statement}: {words[self.status]} {self.how}".rstrip()


def status_of(found: Sequence[Held]) -> str:
    """Return the worst status of several statements."""
    return max((one.status for one in found), key=WORST.index, default=PROVED)


def in_words(found: Sequence[Held]) -> str:
    """Return a sentence that says how statements hold."""
    where = f"on the box of the rows with a margin of {MARGIN:.0%}"
    return f"What you know, {where}: {'; '.join(map(str, found))}."


def none_obeys(statements: Sequence[str]) -> str:
    """Return the sentence about statements that the chosen equation breaks."""
    named = ", ".join(map(repr, statements))
    return f"No equation that was found obeys {named}. The chosen one is the best without this knowledge."


@dataclass(frozen=True)
class _Law:
    """An equation with the box in which its statements must hold, and the size of y."""

    expr: Expr
    box: tuple[tuple[str, tuple[float, float]], ...]
    size: float
    unit: float

    def of_box(self) -> Box:
        return dict(self.box)

    def in_unit(self, bound: Any) -> Expr:
        """Return a formula of the user's in the unit of y."""
        return bound if self.unit == 1.0 else bound / self.unit


def obeyed(statements: tuple[Statement, ...], expr: Expr, box: Box, size: float, unit: float = 1.0) -> bool:
    """Return whether the values of an equation at some points, and its columns, contradict no statement."""
    names = {str(s.name) for s in expr.free_symbols}
    for statement in statements:
        is_used = bool(statement.columns) and statement.columns[0] in names
        if (statement.kind == "uses" and not is_used) or (statement.kind == "without" and is_used):
            return False
    screen = _screen(statements, tuple(box.items()), size, 1, unit)
    values = evaluate(expr, dict(zip(box, screen.points.T, strict=True)), len(screen.points))
    return bool(screen.obeyed(values[None])[0])


@functools.lru_cache(maxsize=256)
def _screen(
    statements: tuple[Statement, ...],
    box: tuple[tuple[str, tuple[float, float]], ...],
    size: float,
    density: int,
    unit: float,
) -> Screen:
    return make_screen(statements, [name for name, _ in box], dict(box), size, density, unit)


def held(statement: Statement, expr: Expr, box: Box, size: float, unit: float = 1.0) -> Held:
    """Return whether a statement holds for an equation, and by what this was decided.

    Parameters
    ----------
    statement : Statement
    expr : sympy.Expr
        The equation in the columns of the box.
    box : Box
        Where the statement must hold.
    size : float
        Of y.
    unit : float, default=1
        By which y is divided.

    Examples
    --------
    >>> from eqdarts.expression.parse import parse_formula
    >>> from eqdarts.knowledge.statements import read_statements
    >>> (rising,) = read_statements(["increasing in x"], ["x"], None)
    >>> print(held(rising, parse_formula("x/(x + 2)").expr, {"x": (0.0, 5.0)}, 1.0))
    increasing in x: proved by interval arithmetic
    >>> print(held(rising, parse_formula("sin(x)").expr, {"x": (0.0, 5.0)}, 1.0))
    increasing in x: broken at x = 3.122
    """
    return _held(statement, _Law(expr, tuple(box.items()), size, unit))


@functools.lru_cache(maxsize=4096)
def _held(statement: Statement, law: _Law) -> Held:
    names = {str(s.name) for s in law.expr.free_symbols}
    if statement.kind in ("uses", "without"):
        fine = (statement.columns[0] in names) == (statement.kind == "uses")
        return Held(statement.text, PROVED if fine else BROKEN, "by the columns of the equation")
    screen = _screen((statement,), law.box, law.size, DENSITY, law.unit)
    columns = dict(zip(law.of_box(), screen.points.T, strict=True))
    values = evaluate(law.expr, columns, len(screen.points))
    if not screen.obeyed(values[None])[0]:
        return Held(statement.text, BROKEN, _where(statement, law, screen.points, values))
    proof = _proof(statement, law)
    if proof == REFUTED:
        return Held(statement.text, BROKEN, "by the limit of its form")
    n_undefined = int(np.isnan(values).sum())
    if n_undefined and statement.kind != "limit":
        return Held(statement.text, UNDECIDED, f"because it is undefined at {n_undefined} of {len(values)} points")
    if proof:
        return Held(statement.text, PROVED, proof)
    if statement.kind == "limit" and proof is None and _is_far_unknown(values):
        return Held(statement.text, UNDECIDED, "neither by its form nor by its values")
    return Held(statement.text, CHECKED, f"at {len(values)} points")


def _proof(statement: Statement, law: _Law) -> Proof:
    try:
        return _PROOFS[statement.kind](statement, law)
    except (ArithmeticError, TypeError, ValueError, RecursionError):  # what sympy raises where numbers are not real
        return None


def _is_far_unknown(values: Array) -> bool:
    return bool(np.isnan(values).mean() > 0.5)


def _where(statement: Statement, law: _Law, points: Array, values: Array) -> str:
    """Return the place at which a statement about slopes or bounds is broken; "" for others."""
    if statement.kind == "slope":
        x = list(law.of_box()).index(statement.columns[0])
        steps = statement.sign * np.diff(values)
        steps[np.diff(points[:, x]) <= 0] = np.inf
        return f"at {statement.columns[0]} = {points[int(np.nanargmin(steps)), x]:.4g}"
    if statement.kind in ("sign", "bounds"):
        columns = dict(zip(law.of_box(), points.T, strict=True))
        gaps = (
            [values - evaluate(law.in_unit(statement.low), columns, len(points))] if statement.low is not None else []
        )
        if statement.high is not None:
            gaps.append(evaluate(law.in_unit(statement.high), columns, len(points)) - values)
        worst = int(np.nanargmin(np.min(gaps, axis=0)))
        used = {str(s.name) for s in law.expr.free_symbols}
        at = [f"{name} = {points[worst, d]:.4g}" for d, name in enumerate(law.of_box()) if name in used]
        return f"at {', '.join(at)}" if at else ""
    return ""


# --- proofs ---

REFUTED = ""  # what a proof returns for a statement that it refutes
Proof = str | None
BY_INTERVALS, BY_FORM = "by interval arithmetic", "by its form"


def _not_negative(expr: Expr, law: _Law, tolerance: float) -> bool:
    """Return whether interval arithmetic shows that an expression is at least -tolerance in the whole box."""
    try:
        program = compile_expression(expr)
    except FormulaError:
        return False
    box = law.of_box()
    low, high = (np.array([[box[name][k] for name in program.names]]) for k in (0, 1))
    width = np.where(high > low, high - low, 1.0)[0]
    n_seen = 0
    while len(low) and n_seen < MOST_BOXES:
        now, rest = slice(0, MOST_AT_ONCE), slice(MOST_AT_ONCE, None)
        ends = {name: Interval(low[now, d], high[now, d]) for d, name in enumerate(program.names)}
        found = np.broadcast_to(ranges(program, ends).low, len(low[now]))
        n_seen += len(found)
        open_ = ~(found >= -tolerance)
        if open_.any() and not program.names:
            return False
        left, right = _halved(low[now][open_], high[now][open_], width)
        low, high = np.concatenate([low[rest], left]), np.concatenate([high[rest], right])
    return not len(low)


def _halved(low: Array, high: Array, width: Array) -> tuple[Array, Array]:
    """Return the lower and upper ends of both halves of boxes (B, D), cut across their widest side."""
    if not len(low):
        return low, high
    d = ((high - low) / width).argmax(axis=1)
    rows = np.arange(len(low))
    middle = (low[rows, d] + high[rows, d]) / 2
    left_high, right_low = high.copy(), low.copy()
    left_high[rows, d], right_low[rows, d] = middle, middle
    return np.concatenate([low, right_low]), np.concatenate([left_high, high])


def _derivative(expr: Expr, x: str, order: int) -> Expr | None:
    """Return a derivative; None where there is none in closed form."""
    import sympy

    if expr.has(sympy.Max, sympy.Min, sympy.Abs, sympy.sign) or expr.count_ops() > LARGEST:
        return None
    try:
        return sympy.diff(expr, symbol(x), order)
    except (ValueError, TypeError, NotImplementedError):
        return None


def _by_derivative(order: int) -> Callable[[Statement, _Law], Proof]:
    def proof(statement: Statement, law: _Law) -> Proof:
        (x,) = statement.columns
        slope = _derivative(law.expr, x, order)
        if slope is None:
            return None
        low, high = law.of_box()[x]
        tolerance = ROUNDING * law.size / max(high - low, 1e-300) ** order
        signed = slope if statement.sign > 0 else -slope
        return BY_INTERVALS if _not_negative(signed, law, tolerance) else None

    return proof


def _by_bounds(statement: Statement, law: _Law) -> Proof:
    gaps = [law.expr - law.in_unit(statement.low)] if statement.low is not None else []
    gaps += [law.in_unit(statement.high) - law.expr] if statement.high is not None else []
    return BY_INTERVALS if all(_not_negative(gap, law, ROUNDING * law.size) for gap in gaps) else None


def _mirrored(statement: Statement, law: _Law) -> Proof:
    x = symbol(statement.columns[0])
    return _same(rebuild(law.expr, {x: -x}), law.expr if statement.sign > 0 else -law.expr)


def _swapped(statement: Statement, law: _Law) -> Proof:
    first, *others = map(symbol, statement.columns)
    swaps = [_same(law.expr.xreplace({first: other, other: first}), law.expr) for other in others]
    return BY_FORM if all(swaps) else None


def _turned(statement: Statement, law: _Law) -> Proof:
    x = symbol(statement.columns[0])
    return BY_FORM if x not in law.expr.free_symbols else _same(_at_period(law.expr, x, statement.value), law.expr)


def _at_period(expr: Expr, x: Expr, period: Expr | None) -> Expr:
    return expr.xreplace({x: x + period}).replace(
        lambda e: e.is_Function, lambda e: e.func(*(a.expand() for a in e.args))
    )


def _same(one: Expr, other: Expr) -> Proof:
    import sympy

    if one == other or one.count_ops() > LARGEST:
        return BY_FORM if one == other else None
    return BY_FORM if sympy.expand(one - other) == 0 else None


def _at_place(statement: Statement, law: _Law) -> Proof:
    import sympy

    places = {symbol(name): sympy.Rational(place) for name, place in statement.at}
    there, wanted = law.expr.xreplace(places), law.in_unit(statement.value)
    if there.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    if there.free_symbols or wanted.free_symbols:
        return _same(there, wanted)
    gap = abs(float(evaluate(there - wanted, {}, 1)[0]))
    return BY_FORM if gap <= 10 * ROUNDING * law.size else None


def _by_limit(statement: Statement, law: _Law) -> Proof:
    ((x, place),) = statement.at
    if symbol(x) not in law.expr.free_symbols:
        return BY_FORM if statement.value is None else None
    box = law.of_box()
    middle = {name: (low + high) / 2 for name, (low, high) in box.items()}
    others = others_of(law.expr, x, middle)
    found = limit_of(law.expr, x, place, others)
    if found is None:
        return None
    wanted = statement.value
    if wanted is None:
        fine = math.isfinite(found)
    elif not wanted.is_finite:
        fine = found == float(wanted)
    else:
        at = law.in_unit(wanted).xreplace({symbol(name): value for name, value in middle.items()})
        fine = abs(found - float(at)) <= 10 * ROUNDING * law.size
    if not fine:
        return REFUTED
    return "by the limit of its form" if not others else None


_PROOFS: dict[str, Callable[[Statement, _Law], Proof]] = {
    "slope": _by_derivative(1),
    "bend": _by_derivative(2),
    "sign": _by_bounds,
    "bounds": _by_bounds,
    "mirror": _mirrored,
    "symmetry": _swapped,
    "period": _turned,
    "value": _at_place,
    "limit": _by_limit,
}
