r"""Structure read off an accurate graph: inputs that act only together, and laws of scale.

With G = df/dx on the rows and :math:`U_i = x_i G_i`:

- :math:`G_i \propto G_j`: f depends on the two only through a sum :math:`a x_i + b x_j`;
- a null vector (w, k) of [U, -f]: scaling every :math:`x_i` by :math:`t^{w_i}` scales f by :math:`t^k`. One variable p
  with :math:`w_p = 1` then leaves the function: :math:`f = x_p^k\, g(x_i x_p^{-w_i})`. This is dimensional analysis
  without units (Buckingham's theorem); products, ratios and prefactors are special cases, and so is an input that does
  not matter.

A reduction is a guess, made by a graph that is not exact: it is believed only if the search of the reduced problem
does better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.by_units import implied_laws, independent, most_likely, pivoted
from eqdarts.search.problem import Problem, Rows
from eqdarts.search.svd import svd

__all__ = [
    "Base",
    "Group",
    "Reduction",
    "find_reductions",
    "lift",
    "reduce",
    "reduce_by",
    "reduced_by_units",
    "scaled_by",
    "simple_ratio",
]

_NEAR_ZERO = 1e-3
MOST_BY_UNITS = 3


class Base(Enum):
    """What a power with an input as exponent is a power of."""

    INPUT = ""
    ONE_PLUS = "1+"
    ODDS = "odds"

    def logarithm(self, x: Array) -> Array:
        """Return the logarithm (N,) of the base at an input (N,); NaN where it has none."""
        with np.errstate(all="ignore"):
            if self is Base.ONE_PLUS:
                return np.asarray(np.log1p(x))
            return np.asarray(np.log(x) if self is Base.INPUT else np.log(x / (1 - x)))

    def steepness(self, x: Array) -> Array:
        """Return x times the derivative of the logarithm (N,) at an input (N,)."""
        if self is Base.INPUT:
            return np.ones_like(x)
        with np.errstate(all="ignore"):
            return np.asarray(x / (1 + x) if self is Base.ONE_PLUS else 1 / (1 - x))

    def nodes(self, source: int, k: float, first: int) -> list[DraftNode]:
        """Return the nodes that compute the base at k times a source; `first` is the place of the first."""
        if self is Base.INPUT:
            return [DraftNode("sum", [DraftEdge(source, LINEAR, k)])]
        beside = DraftNode("sum", [DraftEdge(source, LINEAR, k if self is Base.ONE_PLUS else -k)], 1.0)
        if self is Base.ONE_PLUS:
            return [beside]
        return [beside, DraftNode("product", [DraftEdge(source, LINEAR), DraftEdge(first, _fixed(-1))], k)]


@dataclass(frozen=True)
class Group:
    """A new input: a sum of old ones, or of powers of them, with weights, or a product of powers, times a scale.

    A group of the kind "exponent" is the logarithm of a power whose exponent is an input: the second input times
    the logarithm of the first one, of one plus it, or of its odds, once that is multiplied by its weight.
    """

    kind: str  # "sum", "product" or "exponent"
    parts: tuple[tuple[int, float], ...]
    scale: float = 1.0
    base: Base = Base.INPUT  # of an exponent
    powers: tuple[float, ...] = ()  # of the terms of a sum; one if not given

    @property
    def terms(self) -> list[tuple[int, float, float]]:
        """The input, weight and power of each term of a sum."""
        return [(i, w, p) for (i, w), p in zip(self.parts, self.powers or (1.0,) * len(self.parts), strict=True)]

    def __call__(self, X: Array) -> Array:
        """Return its values (N,) from the old inputs (N, D); NaN where a power is undefined."""
        if self.kind == "sum":
            return np.asarray(self.scale * sum(w * _power(X[:, i], p) for i, w, p in self.terms))
        if self.kind == "exponent":
            (i, k), (j, _) = self.parts
            return self.scale * X[:, j] * self.base.logarithm(k * X[:, i])
        value = np.full(len(X), self.scale)
        with np.errstate(all="ignore"):
            for i, p in self.parts:
                value = value * _power(X[:, i], p)
        return value

    def unit(self, units: Array) -> float:
        """Return what one unit of it is worth, made of inputs in the units of the data: x1 - x2, or x1 / x2."""
        if self.kind == "sum":
            first, weight, power = self.terms[0]
            return float(units[first] ** power / (self.scale * weight))
        if self.kind == "exponent":
            return float(units[self.parts[1][0]] / self.scale)
        with np.errstate(all="ignore"):
            unit = float(np.prod([units[i] ** p for i, p in self.parts]) / self.scale)
        return unit if np.isfinite(unit) and unit > 0 else 1.0

    def dimensions(self, old: Array) -> Array:
        """Return the exponents of the base units (B,) from those of the old inputs (B, D + 1)."""
        if self.kind == "product":
            return np.asarray(sum(p * old[:, i] for i, p in self.parts))
        if self.kind == "exponent":
            return np.asarray(old[:, self.parts[1][0]])
        first, _, power = self.terms[0]
        return np.asarray(power * old[:, first])

    def gradient(self, X: Array, G: Array) -> Array:
        """Return df/d(new input) (N,) from the gradient (D, N) in the old ones, by the part that is largest."""
        if self.kind == "exponent":
            (i, k), (j, _) = self.parts
            return np.asarray(G[j] / (self.scale * self.base.logarithm(k * X[:, i])))
        sizes = [np.linalg.norm(X[:, i] * G[i]) for i, _ in self.parts]
        i, number = self.parts[int(np.argmax(sizes))]
        if self.kind == "sum":
            power = dict((k, p) for k, _, p in self.terms)[i]
            return np.asarray(G[i] / (self.scale * number * power * _power(X[:, i], power - 1)))
        with np.errstate(all="ignore"):
            return np.asarray(G[i] * X[:, i] / (number * self(X)))

    def edges(self) -> list[DraftEdge]:
        """Return the edges of the node that computes a sum or a product, without the scale."""
        if self.kind == "sum":
            return [DraftEdge(i, _fixed(p), self.scale * w) for i, w, p in self.terms]
        return [DraftEdge(i, _fixed(p)) for i, p in self.parts]

    def nodes(self, first: int) -> list[DraftNode]:
        """Return the nodes that compute it, the last of them its value; `first` is the place of the first."""
        if self.kind == "sum":
            return [DraftNode("sum", self.edges())]
        if self.kind == "product":
            return [DraftNode("product", self.edges(), self.scale)]
        (i, k), (j, _) = self.parts
        base = self.base.nodes(i, k, first)
        edges = [DraftEdge(j, LINEAR), DraftEdge(first + len(base) - 1, PRIMITIVES["log"])]
        return [*base, DraftNode("product", edges, self.scale)]

    @property
    def is_input(self) -> bool:
        """Whether it is an old input as it was."""
        return len(self.parts) == 1 and self.parts[0][1] == 1.0 and self.scale == 1.0


def _power(x: Array, p: float) -> Array:
    """Return a power of an input (N,); NaN where it is undefined, everywhere if it has a pole among the rows."""
    if p < 0 and np.abs(x).min() <= _NEAR_ZERO * np.abs(x).max():
        return np.full(len(x), np.nan)
    with np.errstate(all="ignore"):
        return np.asarray(x ** (int(p) if float(p).is_integer() else p))


def _fixed(p: float) -> Primitive:
    return fixed_power(Fraction(p).limit_denominator(6))


@dataclass(frozen=True)
class Reduction:
    """New inputs, and the power product that the target is divided by; absent if it has no parts."""

    groups: tuple[Group, ...]
    prefactor: Group

    @property
    def key(self) -> str:
        """Equal for reductions that differ by scales only."""
        groups = sorted(
            f"{g.kind}{g.base.value}{g.powers}{[(i, round(p, 2)) for i, p in g.parts]}" for g in self.groups
        )
        return f"{groups}/{[(i, round(p, 2)) for i, p in self.prefactor.parts]}"

    def with_input_back(self) -> Iterator[Reduction]:
        """Yield the products with one law of scale less: an input that none begins with is a group of its own again."""
        if not all(group.kind == "product" for group in self.groups):
            return
        first = {group.parts[0][0] for group in self.groups if group.parts}
        others = {i for group in (*self.groups, self.prefactor) for i, _ in group.parts} - first
        for i in sorted(others) if len(others) > 1 else ():
            parts = [tuple(p for p in group.parts if p[0] != i) for group in (*self.groups, self.prefactor)]
            *groups, prefactor = (Group("product", own) for own in parts)
            yield Reduction((*groups, Group("product", ((i, 1.0),))), prefactor)

    def dimensions(self, old: Array) -> Array | None:
        """Return the exponents of the base units (B, D + 1) of the new inputs and target; None if none is left."""
        columns = [group.dimensions(old) for group in self.groups]
        target = old[:, -1] - sum(p * old[:, i] for i, p in self.prefactor.parts)
        left = independent(np.stack([*columns, target], axis=1))
        return left if len(left) else None

    def lift(self, draft: Draft, n_old: int) -> Draft:
        """Return a draft of the new inputs as one of `n_old` old ones, the prefactor multiplied back."""
        nodes: list[DraftNode] = []
        place: list[int] = []
        for group in self.groups:
            if group.is_input:
                place.append(group.parts[0][0])
                continue
            nodes += group.nodes(n_old + len(nodes))
            place.append(n_old + len(nodes) - 1)
        shift = n_old + len(nodes) - draft.n_inputs
        for node in draft.copy().nodes:
            for edge in node.edges:
                edge.source = place[edge.source] if edge.source < draft.n_inputs else edge.source + shift
            nodes.append(node)
        if self.prefactor.parts or self.prefactor.scale != 1.0:
            output = DraftEdge(n_old + len(nodes) - 1, LINEAR)
            nodes.append(DraftNode("product", [output, *self.prefactor.edges()], self.prefactor.scale))
        return Draft(n_old, nodes)


def reduce(problem: Problem, reduction: Reduction) -> tuple[Problem, Reduction] | None:
    """Return the problem in the new inputs, of magnitude one, and the reduction with the scales that make them so.

    Weights take the prefactor up, so that losses are those of the old problem. None where a new input is undefined.
    """
    X = problem.train.X
    groups = []
    for group in reduction.groups:
        size = float(np.mean(np.abs(group(X))))
        if not np.isfinite(size) or size == 0.0:
            return None
        groups.append(group if group.is_input else replace(group, scale=group.scale / size))
    # the scales keep inputs and target at magnitude one, as the search expects them
    prefactor = reduction.prefactor
    if prefactor.parts:
        with np.errstate(all="ignore"):
            size = float(np.mean(np.abs(problem.train.y / prefactor(X))))
        if not np.isfinite(size) or size == 0.0:
            return None
        prefactor = Group("product", prefactor.parts, prefactor.scale * size)
    scaled = Reduction(tuple(groups), prefactor)
    parts = [_apply(scaled, rows) for rows in (problem.train, problem.held, problem.wide)]
    if any(part is None for part in parts):
        return None
    units = np.array([g.unit(problem.units) for g in groups])
    y_unit = problem.y_unit / prefactor.unit(problem.units)
    train, held, wide = (part for part in parts if part is not None)
    left = None if problem.dimensions is None else scaled.dimensions(problem.dimensions)
    most = problem.most_coefficients
    return Problem(train, held, wide, problem.variance, units, y_unit, most, left, problem.noise), scaled


def reduce_by(problem: Problem, chain: Sequence[Reduction]) -> tuple[Problem, tuple[Reduction, ...]] | None:
    """Apply reductions one after the other, as `reduce` does each."""
    done: list[Reduction] = []
    for step in chain:
        reduced = reduce(problem, step)
        if reduced is None:
            return None
        problem = reduced[0]
        done.append(reduced[1])
    return problem, tuple(done)


def _apply(reduction: Reduction, rows: Rows) -> Rows | None:
    X = np.stack([group(rows.X) for group in reduction.groups], axis=1)
    factor = reduction.prefactor(rows.X)
    with np.errstate(all="ignore"):
        y = rows.y / factor
    sound = np.isfinite(X).all() and np.isfinite(y).all() and np.isfinite(factor).all()
    return Rows(X, y, rows.weight * factor**2) if sound else None


def find_reductions(
    X: Array,
    f: Array,
    G: Array,
    units: Array,
    tolerance: float,
    rng: np.random.Generator,
    dimensions: Array | None = None,
) -> list[tuple[Reduction, ...]]:
    """List what the gradient says about the structure: reductions, each one or two steps, one after the other.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    f : ndarray of shape (N,)
        Values of the graph.
    G : ndarray of shape (D, N)
        Its gradient.
    units : ndarray of shape (D,)
    tolerance : float
        Share of the squared gradient that may contradict a structure.
    rng : numpy.random.Generator
        Chooses between the forms that one law of scale can take.
    dimensions : ndarray of shape (B, D + 1), optional
        Exponents of the base units, as in `Problem`.
    """
    d = X.shape[1]
    found: list[tuple[Reduction, ...]] = []
    if dimensions is not None:
        found += [(scaled_by(d, rows),) for rows in _scalings_by_units(X, f, G, tolerance, dimensions)]
    # sums first: scaling laws are sought both of the inputs as they are and of the sums, and a sum hides no product
    sums = _sums(G, units, tolerance)
    if sums is not None:
        found.append((sums,))
        X1 = np.stack([g(X) for g in sums.groups], axis=1)
        G1 = np.stack([g.gradient(X, G) for g in sums.groups])
        found += [(sums, scaled_by(len(G1), rows)) for rows in _scalings(X1, f, G1, tolerance, rng)]
    found += [(scaled_by(d, rows),) for rows in _scalings(X, f, G, tolerance, rng)]
    return [chain for chain in found if all(step.groups for step in chain)]


# --- sums ---


def _sums(G: Array, units: Array, tolerance: float) -> Reduction | None:
    """Merge inputs whose gradients are proportional; None if there are none."""
    d = len(G)
    norms = np.linalg.norm(G, axis=1)
    if not np.isfinite(norms).all() or not norms.any():
        return None
    relevant = norms > 1e-4 * norms.max()
    unit = G / np.where(norms > 0, norms, 1.0)[:, None]
    # the squared cosine between two gradients is one where they are proportional
    alike = (1 - (unit @ unit.T) ** 2 < tolerance) & relevant[:, None] & relevant[None, :]
    # the input that matters most leads a group: ratios to it are the most certain
    groups: list[Group] = []
    used: set[int] = set()
    for i in np.argsort(-norms):
        if int(i) in used:
            continue
        members = [int(i)] + [j for j in range(d) if j != i and j not in used and alike[i, j]]
        used.update(members)
        if len(members) == 1:
            groups.append(Group("product", ((int(i), 1.0),)))
            continue
        parts = []
        for j in sorted(members):
            ratio = float(G[j] @ G[i] / (G[i] @ G[i]))
            in_data = ratio * units[i] / units[j]  # the ratio of the weights in the units of the data
            simple = simple_ratio(in_data)
            parts.append((j, simple * units[j] / units[i] if simple else ratio))
        groups.append(Group("sum", tuple(parts)))
    if len(groups) == d:
        return None
    return Reduction(tuple(groups), Group("product", ()))


def simple_ratio(ratio: float) -> float:
    """Return the nearest half, zero if it is zero or not near."""
    nearest = round(ratio * 2) / 2
    return nearest if abs(ratio - nearest) < 0.1 else 0.0


# --- scale ---


def _scalings(
    X: Array, f: Array, G: Array, tolerance: float, rng: np.random.Generator
) -> Iterator[list[tuple[int, Array]]]:
    """Yield lists of laws of scale: the variable p that each takes out, and (w, k) with w_p = 1 and w = 0 elsewhere."""
    d = X.shape[1]
    matrix = np.concatenate([X.T * G, -f[None, :]])  # (D + 1, N)
    size = np.linalg.norm(matrix, axis=1)
    if not np.isfinite(size).all() or size[d] == 0.0:
        return
    found = svd(matrix.T)
    null = found.right[found.values < np.sqrt(tolerance) * found.values[0]]
    if not len(null):
        return
    # several null vectors span many laws of scale: which variables leave is tried in the given and in random orders
    seen: set[str] = set()
    for attempt in range(3):
        order = np.arange(d) if attempt == 0 else rng.permutation(d)
        rows = [row for row in _echelon(null, order) if _holds(row[1], matrix, size, tolerance)]
        key = str([(p, [round(float(v), 2) for v in w]) for p, w in rows])
        if rows and len(rows) < d and key not in seen:
            seen.add(key)
            yield rows


def lift(chain: Sequence[Reduction], draft: Draft, n_inputs: int) -> Draft:
    """Return the draft of a problem that a chain of reductions left, in the `n_inputs` inputs before all of them."""
    sizes = [n_inputs, *(len(step.groups) for step in chain)][: len(chain)]
    for step, n_old in zip(reversed(chain), reversed(sizes), strict=True):
        draft = step.lift(draft, n_old)
    return draft


def reduced_by_units(X: Array, dimensions: Array) -> Reduction | None:
    """Return the reduction to dimensionless groups, if no constant of the law has a unit; None if it is none."""
    found = [sets.laws[0] for sets in implied_laws(dimensions) if sets.prices[0] == 0.0]
    rows = pivoted(found[0], X.min(0) > _NEAR_ZERO * np.abs(X).max(0)) if found else None
    return None if rows is None else scaled_by(X.shape[1], rows)


def _scalings_by_units(
    X: Array, f: Array, G: Array, tolerance: float, dimensions: Array
) -> Iterator[list[tuple[int, Array]]]:
    """Yield laws of scale that the units imply and the gradient bears out, as `_scalings` does."""
    matrix = np.concatenate([X.T * G, -f[None, :]])
    size = np.linalg.norm(matrix, axis=1)
    if not np.isfinite(size).all() or size[-1] == 0.0:
        return
    is_positive = X.min(0) > _NEAR_ZERO * np.abs(X).max(0)
    for _, _, laws in most_likely(dimensions, matrix, np.eye(len(G)), tolerance * float(size[-1] ** 2), MOST_BY_UNITS):
        rows = pivoted(laws, is_positive)
        if rows is not None and all(_holds(law, matrix, size, tolerance) for _, law in rows):
            yield rows


def _echelon(null: Array, order: NDArray[np.intp]) -> list[tuple[int, Array]]:
    """Bring null vectors (m, D + 1) into reduced echelon form; pivots in `order`, snapped to simple fractions."""
    rows = null.copy()
    pivots: list[int] = []
    done = 0
    for p in order:
        if done == len(rows):
            break
        k = done + int(np.argmax(np.abs(rows[done:, p])))
        if abs(rows[k, p]) < 0.1 * np.abs(rows[k]).max():
            continue
        # the law with the largest share of this variable gets it; it leaves all others
        rows[[done, k]] = rows[[k, done]]
        rows[done] /= rows[done, p]
        for other in range(len(rows)):
            if other != done:
                rows[other] -= rows[other, p] * rows[done]
        pivots.append(int(p))
        done += 1
    snapped = [np.array([_nearest(v) for v in row]) for row in rows[:done]]
    return list(zip(pivots, snapped, strict=True))


def _nearest(value: float) -> float:
    """Return the nearest half, or third if that is much nearer."""
    half, third = round(value * 2) / 2, round(value * 3) / 3
    return third if abs(value - third) < 0.2 * abs(value - half) else half


def _holds(vector: Array, matrix: Array, size: Array, tolerance: float) -> bool:
    """Whether the snapped null vector is one, within three times the tolerance of the amplitude."""
    if np.abs(vector).max() > 8:
        return False
    allowed = 3 * np.sqrt(tolerance) * max(float((np.abs(vector) * size).max()), float(size[-1]) * 0.1)
    return bool(np.linalg.norm(vector @ matrix) <= allowed)


def scaled_by(d: int, rows: Sequence[tuple[int, Array]]) -> Reduction:
    """Return the reduction of `d` inputs by the laws of scale `rows`."""
    pivots = {p for p, _ in rows}
    groups = [
        Group("product", ((i, 1.0), *((p, -float(w[i])) for p, w in rows if w[i] != 0.0)))
        for i in range(d)
        if i not in pivots
    ]
    return Reduction(tuple(groups), Group("product", tuple((p, float(w[d])) for p, w in rows if w[d] != 0.0)))
