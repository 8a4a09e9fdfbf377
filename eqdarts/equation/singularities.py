"""Poles and edges of the domain of an equation inside a box of its inputs, by interval arithmetic.

A part of an equation can make it infinite or undefined; each such part sets a condition on another one: a denominator
must not be zero, the argument of a logarithm must be positive, ... The box is halved again and again. A half whose
interval meets the condition is finished, and a single point that breaks the condition ends the search: both are proofs.
What is left at the limit of work is unknown. The box is open: a pole on its boundary is not inside. A zero of a
denominator that the numerator cancels, as in sin(x)/x, is not a pole; the values stay bounded on every path to it.

Axes: B boxes, D inputs.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.expression.written import text, write

__all__ = ["Singularities", "Singularity", "find_brink", "find_singularities", "singularities_in_range"]


MOST_BOXES = 4096  # examined for one condition
MOST_AT_ONCE = 512  # boxes in one batch
OPEN = 1e-9  # share of the box's width that its boundary takes on each side
NEAR, NEARER = 1e-3, 1e-5  # distances from a pole, as shares of the box's width
GROWTH = 2.0  # between the two, values that stay bounded grow by less
N_WAYS = 16  # paths on which a pole is approached
MOST_CORNERS, N_POINTS = 10, 128  # largest number of inputs at which all corners are tried; number of inner points
LONGEST = 60  # characters of a subexpression in a sentence


@dataclass(frozen=True)
class Singularity:
    """A pole or an edge of the domain.

    Parameters
    ----------
    kind : {"pole", "edge"}
        A pole, where the equation grows without bound, or an edge, beyond which it is undefined.
    at : tuple of (str, float)
        A point of the box: at the pole, or where the equation is undefined.
    words : str
        Such as "the denominator K + conc is zero at conc = -0.06".
    """

    kind: str
    at: tuple[tuple[str, float], ...]
    words: str


@dataclass(frozen=True)
class Singularities:
    """What was found in a box.

    Parameters
    ----------
    status : {"none", "found", "unknown"}
        "none" is proved.
    found : tuple of Singularity
    undecided : tuple of str
        Conditions that could be neither proved nor refuted within the limit of work.
    """

    status: str
    found: tuple[Singularity, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def pole(self) -> str:
        """The words of the first pole, "" if there is none."""
        return next((one.words for one in self.found if one.kind == "pole"), "")

    def in_words(self) -> list[str]:
        """Return one sentence for each singularity and for each undecided condition."""
        named = {"pole": "Pole inside the range of the rows", "edge": "Undefined in a part of the range of the rows"}
        lines = [f"{named[one.kind]}: {one.words}." for one in self.found]
        return lines + [f"It is not known whether, in the range of the rows, {one}." for one in self.undecided]


class _Condition(NamedTuple):
    """A condition on the range of `base`."""

    kind: str
    base: Expr
    must: str  # "nonzero", "positive", "not negative", or "within 1"
    name: str  # of the base in a sentence
    part: Expr  # of the equation, that is singular where the condition is broken
    steep: bool = False  # whether its value or its slope grows without bound there


def find_singularities(equation: Equation, box: Mapping[str, tuple[float, float]]) -> Singularities:
    """Return the poles of an equation, and the edges of its domain, inside a box.

    Parameters
    ----------
    equation : Equation
    box : mapping of str to (float, float)
        Lower and upper end of every input of the equation.

    Examples
    --------
    >>> law = Equation.parse("212.7*conc/(0.06 + conc)", ["conc"])
    >>> find_singularities(law, {"conc": (0.02, 1.1)}).status
    'none'
    >>> find_singularities(law, {"conc": (-1.0, 1.1)}).pole
    'the denominator conc + 0.06 is zero at conc = -0.06'
    """
    conditions = _conditions(equation.expr)
    if not conditions:
        return Singularities("none")
    found: list[Singularity] = []
    undecided: list[str] = []
    broken: list[Expr] = []
    for condition in conditions:
        if any(condition.base.has(part) for part in broken):
            continue  # its inner part is undefined, which is already in the list
        answer = _examine(condition, box)
        if isinstance(answer, Singularity) and _is_removable(equation, condition, answer, box):
            continue
        if isinstance(answer, Singularity):
            found.append(answer)
            broken.append(condition.part)
        elif not answer:
            undecided.append(_claim(condition))
    return Singularities("found" if found else "unknown" if undecided else "none", tuple(found), tuple(undecided))


def find_brink(equation: Equation, box: Mapping[str, tuple[float, float]], margin: float) -> str:
    """Say where an equation or its slope grows without bound inside a box or a little outside of it.

    Parameters
    ----------
    equation : Equation
    box : mapping of str to (float, float)
        As for `find_singularities`.
    margin : float
        How far outside, on each side, as a share of the width of the box.

    Returns
    -------
    str
        "" if there is no such place, or none could be found.

    Examples
    --------
    >>> find_brink(Equation.parse("3 + 2*log(x)", ["x"]), {"x": (0.02, 1.0)}, 0.05)
    'the argument of the logarithm, x is not positive at x = -0.029'
    >>> find_brink(Equation.parse("3 + 2*log(x)", ["x"]), {"x": (0.2, 1.0)}, 0.05)
    ''
    """
    conditions = [condition for condition in _conditions(equation.expr) if condition.steep]
    if not conditions:
        return ""
    wide = {name: (low - margin * (high - low), high + margin * (high - low)) for name, (low, high) in box.items()}
    for condition in conditions:
        answer = _examine(condition, wide)
        if isinstance(answer, Singularity) and not _is_removable(equation, condition, answer, wide):
            return answer.words
    return ""


def _is_removable(
    equation: Equation, condition: _Condition, pole: Singularity, box: Mapping[str, tuple[float, float]]
) -> bool:
    """Return whether the values stay bounded near a zero of a denominator, as those of sin(x)/x do."""
    if condition.kind != "pole" or type(condition.part).__name__ == "log":  # a logarithm grows too slowly to be seen
        return False
    names = sorted(map(str, equation.expr.free_symbols))
    low, high = (np.array([box[name][k] for name in names]) for k in (0, 1))
    # The inputs of the denominator start at the pole and leave it along random paths; the others are drawn at random.
    rng, at = np.random.default_rng(0), dict(pole.at)
    start = rng.uniform(low, high, (N_WAYS, len(low)))
    for d, name in enumerate(names):
        start[:, d] = at.get(name, start[:, d])
    way = rng.uniform(-1, 1, start.shape) * (high - low) * [name in at for name in names]
    # A pole of order one grows a hundredfold between these two distances.
    steps = (dict(zip(names, (start + share * way).T, strict=True)) for share in (NEAR, NEARER))
    with np.errstate(all="ignore"):
        near, nearer = (np.abs(evaluate(equation.expr, columns, N_WAYS)) for columns in steps)
    return bool(np.isfinite(near).all() and (nearer <= GROWTH * near + 1e-300).all())


# --- conditions ---


@functools.lru_cache(maxsize=512)
def _conditions(expr: Expr) -> tuple[_Condition, ...]:
    """Return the conditions of an expression, those of its innermost parts first."""
    import sympy

    found: dict[_Condition, None] = {}
    for e in sympy.postorder_traversal(expr):
        if e.is_Pow and e.base.free_symbols | e.exp.free_symbols:
            found.update(dict.fromkeys(_of_power(e)))
        elif e.is_Function and e.free_symbols and e.args[0].free_symbols:
            found.update(dict.fromkeys(_of_call(e)))
    return tuple(found)


def _of_power(e: Expr) -> Iterator[_Condition]:
    if not e.exp.is_number:
        if not e.base.is_positive:
            yield _Condition("edge", e.base, "positive", "the base", e)
        return
    if e.exp.is_negative:
        yield from _nonzero(e.base, "the denominator", e)
    if not float(e.exp).is_integer():
        yield _Condition("edge", e.base, "not negative", "the base", e, steep=bool(e.exp < 1))


def _of_call(e: Expr) -> Iterator[_Condition]:
    import sympy

    name, u = type(e).__name__, e.args[0]
    if name == "log":
        argument = "the argument of the logarithm,"
        if type(u).__name__ == "Abs" or (u.is_Pow and u.exp.is_Integer and u.exp.is_even):
            yield from _nonzero(u.args[0], argument, e)
        else:
            yield _Condition("edge", u, "positive", argument, e, steep=True)
    elif name in ("asin", "acos"):
        yield _Condition("edge", u, "within 1", f"the argument of arc{name[1:]},", e, steep=True)
    elif name == "tan":
        yield from _nonzero(sympy.cos(u, evaluate=False), "in a tangent,", e)


def _nonzero(base: Expr, name: str, part: Expr) -> Iterator[_Condition]:
    """Yield the conditions that make `base` nonzero: on every factor of a product, on what is raised to a power."""
    if base.is_Mul:
        for factor in base.args:
            yield from _nonzero(factor, name, part)
    elif (base.is_Pow and base.exp.is_positive) or type(base).__name__ == "Abs":
        yield from _nonzero(base.args[0], name, part)
    elif base.free_symbols and type(base).__name__ != "exp":
        yield _Condition("pole", base, "nonzero", name, part, steep=True)


def _shown(base: Expr) -> str:
    shown = text(write(base), 4)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


_BROKEN = {"nonzero": "zero", "positive": "not positive", "not negative": "negative", "within 1": "beyond -1 or 1"}


def _claim(condition: _Condition) -> str:
    return f"{condition.name} {_shown(condition.base)} is {_BROKEN[condition.must]}"


# --- branch and bound ---


def _bad(must: str) -> Callable[[Interval], tuple[Any, Any]]:
    """Return the function of bounds that says where a condition certainly holds, and where it is certainly broken."""
    return {
        "nonzero": lambda u: ((u.low > 0) | (u.high < 0), (u.low == 0) & (u.high == 0)),
        "positive": lambda u: (u.low > 0, u.high <= 0),
        "not negative": lambda u: (u.low >= 0, u.high < 0),
        "within 1": lambda u: ((u.low >= -1) & (u.high <= 1), (u.low > 1) | (u.high < -1)),
    }[must]


def _examine(condition: _Condition, box: Mapping[str, tuple[float, float]]) -> Singularity | bool:
    """Return where the condition is broken; True if nowhere, False if that is unknown."""
    program = compile_expression(condition.base)
    names = program.names
    low, high = (np.array([box[name][k] for name in names], dtype=np.float64) for k in (0, 1))
    margin = OPEN * (high - low)
    low, high = low + margin, high - margin
    judge = _bad(condition.must)
    signs = _Signs(condition, names)

    def bounds(lower: Array, upper: Array) -> Interval:  # (B, D)
        found = ranges(program, {n: Interval(lower[:, d], upper[:, d]) for d, n in enumerate(names)})
        return Interval(*(np.broadcast_to(end, len(lower)) for end in found))

    # The cheap answers first: the whole box at once, then its corners and random points.
    fine, _ = judge(bounds(low[None], high[None]))
    if fine.all():
        return True
    points = _points(low, high)
    answer = signs.seen(points, bounds(points, points), judge)
    if answer is not None:
        return _placed(answer, bounds)
    # Branch and bound: halve the boxes that are still open, and try the middle of each half.
    lower, upper = low[None], high[None]
    n_seen = 0
    while len(lower) and n_seen < MOST_BOXES:
        now, rest = slice(0, MOST_AT_ONCE), slice(MOST_AT_ONCE, None)
        left, right = _halved(lower[now], upper[now], high - low)
        n_seen += len(left)
        fine, _ = judge(bounds(left, right))
        left, right = left[~fine], right[~fine]
        middle = (left + right) / 2
        answer = signs.seen(middle, bounds(middle, middle), judge) if len(middle) else None
        if answer is not None:
            return _placed(answer, bounds)
        lower, upper = np.concatenate([lower[rest], left]), np.concatenate([upper[rest], right])
    return not len(lower)


class _Broken(NamedTuple):
    """A broken condition: at the point `b`, or, for a pole, somewhere between the points `a` and `b`."""

    condition: _Condition
    names: tuple[str, ...]
    a: Array | None
    b: Array


class _Signs:
    """Two points at which a denominator has different signs, so that it has a zero, or a pole, between them."""

    def __init__(self, condition: _Condition, names: tuple[str, ...]) -> None:
        self.condition, self.names = condition, names
        self.crosses = condition.must == "nonzero" and "sign" not in str(condition.base)
        self.negative: Array | None = None
        self.positive: Array | None = None

    def seen(self, points: Array, u: Interval, judge: Callable[[Interval], tuple[Any, Any]]) -> _Broken | None:
        """Return where the condition is broken, if these points (B, D) with values u, or earlier ones, show it."""
        broken = np.flatnonzero(judge(u)[1])
        if len(broken):
            return _Broken(self.condition, self.names, None, points[broken[0]])
        if not self.crosses:
            return None
        for side, where in (("negative", u.high < 0), ("positive", u.low > 0)):
            if getattr(self, side) is None and where.any():
                setattr(self, side, points[int(np.argmax(where))])
        if self.negative is None or self.positive is None:
            return None
        return _Broken(self.condition, self.names, self.negative, self.positive)


def _placed(broken: _Broken, bounds: Callable[[Array, Array], Interval]) -> Singularity:
    """Return the singularity with its point; between two signs, the zero found by halving."""
    point = broken.b
    if broken.a is not None:
        a, b = broken.a, broken.b
        for _ in range(50):
            point = (a + b) / 2
            u = bounds(point[None], point[None])
            if u.low[0] <= 0 <= u.high[0]:
                break
            a, b = (point, b) if u.high[0] < 0 else (a, point)
    at = tuple(zip(broken.names, map(float, point), strict=True))
    where = ", ".join(f"{name} = {value:.4g}" for name, value in at)
    return Singularity(broken.condition.kind, at, f"{_claim(broken.condition)} at {where}")


def _points(low: Array, high: Array) -> Array:
    """Return the corners of a box, and random points inside (B, D)."""
    d = len(low)
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=d))) if d <= MOST_CORNERS else np.zeros((0, d))
    inner = np.random.default_rng(0).random((N_POINTS, d))
    return np.asarray(low + np.vstack([corners, inner]) * (high - low))


def _halved(lower: Array, upper: Array, whole: Array) -> tuple[Array, Array]:
    """Return both halves of every box (B, D), cut across the side that is widest as a share of the whole box."""
    share = (upper - lower) / np.where(whole > 0, whole, math.inf)
    d = share.argmax(axis=1)
    rows = np.arange(len(lower))
    middle = (lower[rows, d] + upper[rows, d]) / 2
    left_high, right_low = upper.copy(), lower.copy()
    left_high[rows, d], right_low[rows, d] = middle, middle
    return np.concatenate([lower, right_low]), np.concatenate([left_high, upper])


def singularities_in_range(equation: Equation) -> Singularities:
    """Return the singularities inside the range of the rows that the equation was fitted to."""
    box = {name: (low, high) for name, low, high in equation.ranges}
    return find_singularities(equation, box) if box else Singularities("none")
