r"""Laws that are rational in functions of the inputs, read off as null vectors.

With generators g (inputs, or functions of them at coefficient one in the units of the data) and a target t, the
identity :math:`t = P(g) / Q(g)` with polynomials P and Q of a bounded degree says that the columns
:math:`[m(g), t\, m(g)]` of all monomials m are linearly dependent: their smallest singular value is zero. That is one
small singular value decomposition for every set of generators and outer function; no start and no iteration. It is of
use for data without noise only, and not tried where a smooth model of the data shows noise.

Axes: N rows, T monomials.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import torch

from eqdarts._typing import Array, Ints
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.closed_form.outer import behind, outer_functions
from eqdarts.search.closed_form.pairs import natural_row
from eqdarts.search.closed_form.polynomial import Term, polynomial_node
from eqdarts.search.growth.features import RECIPROCAL
from eqdarts.search.least_squares import least_squares
from eqdarts.search.problem import Problem
from eqdarts.search.smooth import exponents_up_to
from eqdarts.search.svd import singular_values, svd

__all__ = ["rational_starts"]

SQRT = PRIMITIVES["sqrt"]
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos")  # the others are rational in these, or seldom beside inputs
DEGREES = {1: (2, 3), 2: (2, 4), 3: (2, 3), 4: (2,), 5: (2,)}  # by the number of generators
MOST_SETS = 500  # sets of generators
MOST_NONLINEAR = {2: 300, 3: 40, 4: 12}  # sets that are tried at a degree
MOST_FOUND, MOST_TERMS = 3, 12  # forms, and terms of one; what takes more of them only resembles the law
_WIDEST = 1e6  # target, as a multiple of its median: what it is multiplied by nearly vanishes elsewhere
_SPARE = 12  # rows beside one for each column
_NULL = 1e-12  # singular value, columns being of norm one, below which they are dependent
_ROUNDING = 1e-14  # the same of columns that are dependent but for rounding
_ABSENT = 1e-10  # share of a polynomial's norm below which a term is not there
_APART = 1e-3  # share of the smallest singular value of the monomials alone that it must be below


class _Generator(NamedTuple):
    """A function of an input, in the units of the data except for the input itself."""

    source: int
    primitive: Primitive
    coefficients: tuple[float, ...]
    shift: float

    def __call__(self, X: Array) -> Array:
        x = torch.from_numpy(X[:, self.source].copy())
        return np.asarray(self.primitive(x, *self.coefficients).numpy() + self.shift)


class _Identity(NamedTuple):
    """P = t Q of generators on rows X, y; t is the target without the outer function."""

    generators: tuple[_Generator, ...]
    above: list[Term]
    below: list[Term]
    degree: int
    name: str
    factor: float
    X: Array
    y: Array


def rational_starts(problem: Problem, primitives: tuple[Primitive, ...]) -> Iterator[Start]:
    """Yield the law as a start of a refit, where it is rational behind an outer function; a few forms at most."""
    found: set[str] = set()
    for identity in _identities(problem, primitives):
        for draft in (_ratio(identity), *_with_root(identity)):
            start = draft.prune().build()
            if start[0].key not in found:
                found.add(start[0].key)
                yield start
        if len(found) >= MOST_FOUND:
            return


def _identities(problem: Problem, primitives: tuple[Primitive, ...]) -> Iterator[_Identity]:
    rows = problem.wide
    sets = list(itertools.islice(_generator_sets(rows.X, problem.units, primitives), MOST_SETS))
    for size in sorted({len(s) for s in sets}):
        for degree in DEGREES.get(size, ()):
            # the sets with the fewest functions come first: of the many sets of a high degree only these are tried
            chosen = [s for s in sets if len(s) == size][: MOST_NONLINEAR[degree]]
            exponents = exponents_up_to(size, degree)
            n = 2 * len(exponents) + _SPARE
            if n > len(rows.y):
                continue
            # monomials that are dependent by themselves would look like a law: the target must add to that
            designs = np.stack([_normed(_monomials(s, rows.X[:n], exponents)) for s in chosen])
            alone = singular_values(designs)[:, -1]
            for name, factor, target in outer_functions(rows.y, primitives, problem.y_unit):
                first = np.abs(target[:n])
                if not np.isfinite(first).all() or first.max() > _WIDEST * np.median(first):
                    continue
                # all sets at once: one decomposition of a stack of matrices for each outer function
                both = np.concatenate([designs, _normed(designs * target[:n, None])], axis=2)
                smallest = singular_values(both)[:, -1]
                for k in np.flatnonzero(smallest < np.minimum(_NULL, _APART * alone)):
                    parts = _shortest(_monomials(chosen[k], rows.X, exponents), exponents, target)
                    if parts is not None:
                        yield _Identity(chosen[k], *parts, degree, name, factor, rows.X, rows.y)


def _generator_sets(X: Array, units: Array, primitives: tuple[Primitive, ...]) -> Iterator[tuple[_Generator, ...]]:
    """Yield sets of generators of all inputs: the inputs, then ever more functions of them."""
    d = X.shape[1]
    inputs = [_Generator(i, LINEAR, (), 0.0) for i in range(d)]
    # for each input what may stand for it: itself, or a function of it that is tame on the rows
    pools: list[list[_Generator]] = []
    for i in range(d):
        pools.append([inputs[i]])
        for primitive in (PRIMITIVES[name] for name in FUNCTIONS):
            if primitive in primitives:
                generator = _Generator(i, primitive, *natural_row(primitive, float(units[i])))
                ways = [generator]
                if primitive.inner and not primitive.oscillates:  # of what decays the degree is lower
                    ways.append(generator._replace(coefficients=tuple(-c for c in generator.coefficients)))
                pools[i] += [way for way in ways if _is_tame(way, X)]
    # with few inputs any may be a function, with many only one at a time
    everything: list[tuple[_Generator, ...]]
    if d <= 3:
        everything = list(itertools.product(*pools))
    else:
        everything = [tuple(inputs)]
        everything += [(*inputs[:i], g, *inputs[i + 1 :]) for i in range(d) for g in pools[i][1:]]
    # with one or two inputs there is room for two functions of the same input
    if d <= 2:
        for i, pool in enumerate(pools):
            others = list(itertools.product(*(p for j, p in enumerate(pools) if j != i)))
            everything += [(*pair, *rest) for pair in itertools.combinations(pool, 2) for rest in others]
    if d == 2:
        everything += [(*inputs, f, g) for f, g in itertools.product(*(pool[1:] for pool in pools))]
    everything.sort(key=lambda s: (len(s), sum(g.primitive is not LINEAR for g in s)))
    yield from everything


def _is_tame(generator: _Generator, X: Array) -> bool:
    """Whether the values of a function are finite, not huge, and differ."""
    with np.errstate(all="ignore"):
        values = generator(X)
    return bool(np.isfinite(values).all() and np.abs(values).max() < 1e6 and np.ptp(values) > 0)


def _normed(columns: Array) -> Array:
    """Return columns (..., N, T) at norm one."""
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=-2, keepdims=True), 1e-300))


def _monomials(generators: Sequence[_Generator], X: Array, exponents: Ints) -> Array:
    values = np.stack([g(X) for g in generators], axis=1)
    return np.stack([np.prod(values**row, axis=1) for row in exponents], axis=1)


def _shortest(monomials: Array, exponents: Ints, target: Array) -> tuple[list[Term], list[Term]] | None:
    """Return P and Q with the fewest terms such that P = target Q; None if that does not hold on all rows."""
    sound = np.isfinite(target) & np.isfinite(monomials).all(1)
    columns = np.concatenate([monomials[sound], (monomials * target[:, None])[sound]], axis=1)
    sizes = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    columns = columns / sizes
    smallest = _smallest(columns)
    if smallest > _NULL:
        return None
    # terms are dropped, those of the highest degree first, as long as the columns stay dependent
    kept = list(range(len(sizes)))
    for k in np.argsort(-np.tile(exponents.sum(1), 2), kind="stable"):
        rest = [j for j in kept if j != k]
        if len(rest) > 1 and _smallest(columns[:, rest]) < max(_ROUNDING, 10 * smallest):
            kept = rest
    vector = svd(columns[:, kept]).right[-1] / sizes[kept]
    n = len(exponents)
    above = [(exponents[k], float(v)) for k, v in zip(kept, vector, strict=True) if k < n]
    below = [(exponents[k - n], -float(v)) for k, v in zip(kept, vector, strict=True) if k >= n]
    if not above or not below or len(kept) > MOST_TERMS:
        return None
    scale = max((v for _, v in below), key=abs)
    return [(row, v / scale) for row, v in above], [(row, v / scale) for row, v in below]


def _ratio(identity: _Identity) -> Draft:
    """Return P / Q behind the outer function."""
    draft, sources = _generated(identity)
    parts = ((identity.above, LINEAR), (identity.below, RECIPROCAL))
    edges = [DraftEdge(polynomial_node(draft, sources, part), power) for part, power in parts]
    d = identity.X.shape[1]
    return behind(identity.name, identity.factor, DraftNode("product", edges), d, draft.nodes)


def _with_root(identity: _Identity) -> Iterator[Draft]:
    """Yield R / sqrt(Q) and sqrt(P) / R where y**2 = P / Q and P or Q is the square of R: shorter, of either sign."""
    if identity.name != SQRT.name:
        return
    exponents = exponents_up_to(len(identity.generators), identity.degree // 2)
    monomials = _monomials(identity.generators, identity.X, exponents)
    full = exponents_up_to(len(identity.generators), identity.degree)
    every = dict(zip(map(tuple, full), _monomials(identity.generators, identity.X, full).T, strict=True))
    above, below = (sum(v * every[tuple(row)] for row, v in part) for part in (identity.above, identity.below))
    # P and Q may both be negative; a root needs the one that is not
    sign = np.sign(np.median(below))
    with np.errstate(all="ignore"):
        roots = (identity.y * np.sqrt(sign * below), np.sqrt(sign * above) / identity.y)
    for root, part, is_above in zip(roots, (identity.below, identity.above), (True, False), strict=True):
        terms = _polynomial(monomials, exponents, root)
        if terms is None:
            continue
        draft, sources = _generated(identity)
        polynomial = polynomial_node(draft, sources, terms)
        inside = polynomial_node(draft, sources, [(row, float(sign * v)) for row, v in part])
        powers = (LINEAR, fixed_power(Fraction(-1, 2))) if is_above else (RECIPROCAL, fixed_power(Fraction(1, 2)))
        edges = [DraftEdge(source, power) for source, power in zip((polynomial, inside), powers, strict=True)]
        draft.nodes.append(DraftNode("product", edges))
        yield draft


def _polynomial(monomials: Array, exponents: Ints, target: Array) -> list[Term] | None:
    """Return the terms of the polynomial that the target is; None if it is none."""
    if not np.isfinite(target).all() or not np.isfinite(monomials).all():
        return None
    sizes = np.maximum(np.linalg.norm(monomials, axis=0), 1e-300)
    solution = least_squares(monomials, target) * sizes
    there = np.abs(solution) > _ABSENT * np.linalg.norm(target)
    solution = np.where(there, solution, 0.0)
    if np.linalg.norm(monomials / sizes @ solution - target) > _ABSENT * np.linalg.norm(target):
        return None
    return [(row, float(v)) for row, v, is_there in zip(exponents, solution / sizes, there, strict=True) if is_there]


def _generated(identity: _Identity) -> tuple[Draft, list[int]]:
    """Return a draft with the generators and where they are."""
    draft = Draft(identity.X.shape[1], [])
    sources = []
    for g in identity.generators:
        if g.primitive is LINEAR:
            sources.append(g.source)
        else:
            edge = DraftEdge(g.source, g.primitive, 1.0, list(g.coefficients))
            sources.append(draft.insert(len(draft.nodes), DraftNode("sum", [edge], g.shift or None)))
    return draft, sources


def _smallest(columns: Array) -> float:
    return float(singular_values(columns)[-1])
