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
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.expression.written import text, write
from eqdarts.primitives.domain import NOT_NEGATIVE, NOT_ZERO, POSITIVE, Domain
from eqdarts.primitives.functions import function_of

__all__ = ["Singularities", "Singularity", "find_brink", "find_singularities", "singularities_in_range"]


HALVED = 1e-12  # share of an interval that halving does not tell from zero
MOST_BOXES = 4096  # examined for one condition
MOST_AT_ONCE = 512  # boxes in one batch
MOST_GROUPS = 12  # whose laws are examined
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
    """The singularities of an equation in a box.

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

    base: Expr
    domain: Domain
    name: str  # of the base in a sentence
    part: Expr  # of the equation, that is singular where the condition is broken
    steep: bool = False  # whether its value or its slope grows without bound there

    @property
    def kind(self) -> str:
        return "edge" if self.domain.zero else "pole"


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
    """Say where an equation or its slope grows without bound inside a box or slightly outside of it.

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
    function = function_of(condition.part)
    is_slow = function is not None and function.limit is not None and function.limit.slow  # values near do not show it
    if condition.kind != "pole" or is_slow:
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
            yield _Condition(e.base, POSITIVE, "the base", e)
        return
    if e.exp.is_negative:
        yield from _nonzero(e.base, "the denominator", e)
    if not float(e.exp).is_integer():
        yield _Condition(e.base, NOT_NEGATIVE, "the base", e, steep=bool(e.exp < 1))


def _of_call(e: Expr) -> Iterator[_Condition]:
    function, u = function_of(e), e.args[0]
    if function is None or function.limit is None:
        return
    limit = function.limit
    if not limit.domain.zero:
        yield from _nonzero(limit.of(u), limit.words, e)
    elif limit.domain == POSITIVE and _is_never_negative(u):
        yield from _nonzero(u.args[0], limit.words, e)
    else:
        yield _Condition(limit.of(u), limit.domain, limit.words, e, steep=limit.steep)


def _is_never_negative(u: Expr) -> bool:
    """Whether `u` is an even power of its first argument, or a function such as abs, which is zero where that is."""
    if u.is_Pow:
        return bool(u.exp.is_Integer and u.exp.is_even)
    function = function_of(u)
    if function is None or not function.zero_with_argument:
        return False
    return bool(function.bounds(Interval(-np.inf, np.inf)).low >= 0)


def _nonzero(base: Expr, name: str, part: Expr) -> Iterator[_Condition]:
    """Yield the conditions that make `base` nonzero: on every factor of a product, on what is raised to a power."""
    function = function_of(base)
    if base.is_Mul:
        for factor in base.args:
            yield from _nonzero(factor, name, part)
    elif (base.is_Pow and base.exp.is_positive) or (function is not None and function.zero_with_argument):
        yield from _nonzero(base.args[0], name, part)
    elif base.free_symbols and not (function is not None and function.never_zero):
        yield _Condition(base, NOT_ZERO, name, part, steep=True)


def _shown(base: Expr) -> str:
    shown = text(write(base), 4)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def _claim(condition: _Condition) -> str:
    return f"{condition.name} {_shown(condition.base)} is {condition.domain.outside}"


# --- branch and bound ---


def _examine(condition: _Condition, box: Mapping[str, tuple[float, float]]) -> Singularity | bool:
    """Return where the condition is broken; True if nowhere, False if that is unknown."""
    program = compile_expression(condition.base)
    names = program.names
    low, high = (np.array([box[name][k] for name in names], dtype=np.float64) for k in (0, 1))
    margin = OPEN * (high - low)
    low, high = low + margin, high - margin
    domain = condition.domain
    signs = _Signs(condition, names)

    def bounds(lower: Array, upper: Array) -> Interval:  # (B, D)
        found = ranges(program, {n: Interval(lower[:, d], upper[:, d]) for d, n in enumerate(names)})
        return Interval(*(np.broadcast_to(end, len(lower)) for end in found))

    # The cheap answers first: the whole box at once, then its corners and random points.
    if domain.holds_all(*bounds(low[None], high[None])).all():
        return True
    points = _points(low, high)
    answer = signs.seen(points, bounds(points, points))
    if answer is not None:
        return _placed(answer, bounds)
    # Branch and bound: halve the boxes that are still open, and try the middle of each half.
    lower, upper = low[None], high[None]
    n_seen = 0
    while len(lower) and n_seen < MOST_BOXES:
        now, rest = slice(0, MOST_AT_ONCE), slice(MOST_AT_ONCE, None)
        left, right = _halved(lower[now], upper[now], high - low)
        n_seen += len(left)
        fine = domain.holds_all(*bounds(left, right))
        left, right = left[~fine], right[~fine]
        middle = (left + right) / 2
        answer = signs.seen(middle, bounds(middle, middle)) if len(middle) else None
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
        import sympy

        self.condition, self.names = condition, names
        jumps = any(row is not None and row.jumps for row in map(function_of, sympy.preorder_traversal(condition.base)))
        self.crosses = not condition.domain.zero and not jumps
        self.negative: Array | None = None
        self.positive: Array | None = None

    def seen(self, points: Array, u: Interval) -> _Broken | None:
        """Return where the condition is broken, if these points (B, D) with values u, or earlier ones, show it."""
        broken = np.flatnonzero(self.condition.domain.holds_none(*u))
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
        point = np.where(np.abs(point) < HALVED * np.abs(broken.b - broken.a), 0.0, point)
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
    if not box:
        return Singularities("none")
    if equation.groups is None:
        return find_singularities(equation, box)
    # Of several groups, the one with most to say: a pole, or something unknown.
    order = ("found", "unknown", "none")
    found = [find_singularities(equation.of_group(label), box) for label in equation.groups.labels[:MOST_GROUPS]]
    return min(found, key=lambda of_group: order.index(of_group.status))
