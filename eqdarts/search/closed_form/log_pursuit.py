r"""Products of powers and functions, by matching pursuit on the logarithm of the target.

.. math:: y = c \prod_i x_i^{p_i} \prod_k f_k^{s_k}
          \qquad \log |y| = \log |c| + \sum_i p_i \log |x_i| + \sum_k s_k \log |f_k|

All powers enter at once, and factors f one by one: sums and differences of two inputs, of their squares or roots,
differences of their exponentials, an input or its square beside a constant, and functions of an input, or of the
product, ratio, sum or difference of two. Where there are few inputs, products and ratios are terms of sums too.
A climb that adds one term at a time sees such a product only when nearly all of it is there. As :math:`1 - \cos u` is
:math:`2 \sin^2(u/2)` and :math:`x^2 - z^2` is :math:`(x - z)(x + z)`, few kinds of factors make many laws.

Axes: N rows, D inputs, C factors that are compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power, resolve
from eqdarts.search.growth.features import Combination, combinations, values_of
from eqdarts.search.least_squares import least_squares

__all__ = ["log_starts"]

MOST_INPUTS, MOST_ROWS = 9, 600
MOST_MIXED = 3  # inputs with which products and ratios of two are terms of sums too
DEEPEST, BEAM = 3, 12  # factors beside the powers, and products that are carried on
PLACES = (-3.0, -2.0, -1.5, -1.2, 0.1, 0.3, 1.0, 3.0)  # constants beside an input, as shares of its largest value
QUANTILES, NEAR = (0.1, 0.25, 0.5, 0.75), 0.4  # more of them, where they are not near to the others
OF_SUMS = ("linear", "square", "sqrt")  # of each of two inputs
EXP, TANH = PRIMITIVES["exp"], PRIMITIVES["tanh"]
RELU, DEFAULT = PRIMITIVES["relu"], resolve("default")
LEAST_LARGER = 0.05  # share of the rows on which the larger of two inputs is the other one
# Functions, and what is added to each: an exponential also stands less and plus one.
OF_ARGUMENTS = {**dict.fromkeys(("sin", "cos", "tan", "log", "tanh"), (0.0,)), "exp": (0.0, -1.0, 1.0)}
SIZES = (1.0, 0.5)  # coefficients inside of functions, in the units of the data
SIMPLE, ABSENT = 0.1, 0.04  # distance of an exponent from a half that is taken for it, and from zero
# Nats that a simple exponent costs; the misfit beside one for each exponent that noise explains.
PRICES = {0.0: 0.0, 1.0: 0.5, -1.0: 0.5, 2.0: 1.5, -2.0: 1.5, 0.5: 2.0, -0.5: 2.0, 3.0: 3.0, -3.0: 3.0}
MISFIT, MOST_ROUNDED = 3.0, 64
OWN = 1e-6  # share of a factor's square that the others must leave of it
EXACT, TINY = 1e-20, 1e-300
PRICE = 1.5  # nats of a symbol of a factor


class _Factor(NamedTuple):
    """f: a constant and weighted functions of arguments."""

    terms: tuple[tuple[Combination, Primitive, tuple[float, ...], float], ...]
    constant: float

    @property
    def price(self) -> float:
        """What its symbols cost, in nats."""
        inputs = sum(len(argument.sources) for argument, *_ in self.terms)
        return PRICE * (inputs + (self.constant != 0.0) + sum(row is not LINEAR for _, row, *_ in self.terms))

    def kind(self) -> tuple[object, ...]:
        """Return what it is, without the sizes of its numbers; a change of sign makes another function."""
        signs = tuple(tuple(np.sign(row)) for _, _, row, _ in self.terms)
        arguments = tuple((argument, primitive.name, np.sign(weight)) for argument, primitive, _, weight in self.terms)
        return arguments, signs, float(np.sign(self.constant))


@dataclass(frozen=True, eq=False)
class _Product:
    """The factors of a product besides powers, and the squares that are left."""

    chosen: tuple[int, ...]
    left: float
    length: float  # nats of what is left and of the factors


def log_starts(
    X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...], units: Sequence[float]
) -> Iterator[Start]:
    """Yield products of powers of the inputs and one to three functions, the best of each number.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y, weight : ndarray of shape (N,)
    primitives : tuple of Primitive
        What the search may use.
    units : sequence of float
        What one unit of each input is worth in the units of the data.
    """
    rows = spread(len(y), MOST_ROWS)
    X, y = X[rows], y[rows]
    size = np.abs(y)
    if X.shape[1] > MOST_INPUTS or not size.max() > 0:
        return
    with np.errstate(all="ignore"):
        target = np.log(size)
        # an error of y is one of log y divided by y; beyond the median it would be a few rows that decide
        root = np.where(np.isfinite(target), np.minimum(size / np.median(size), 1.0) * np.sqrt(weight[rows]), 0.0)
        target = np.where(np.isfinite(target), target, 0.0)
        logs = {i: np.log(np.abs(X[:, i])) for i in range(X.shape[1]) if np.abs(X[:, i]).min() > 0}
        factors, values = _factors(X, primitives, units)
        if len(factors) and np.isfinite(root).all():
            kinds = [factor.kind() for factor in factors]
            numbers = np.array([kinds.index(kind) for kind in kinds])
            prices = np.array([factor.price for factor in factors])
            pursuit = _Pursuit(X, y, target, root, logs, factors, values, prices, numbers)
            yield from pursuit.starts()


@dataclass(frozen=True, eq=False)
class _Pursuit:
    """The logarithms of target (N,), inputs and factors (C, N), and the weights `root` (N,) of the residuals.

    `prices` (C,) are what the symbols of the factors cost, in nats. Factors of the same number in `kinds` (C,) differ
    in a constant or a scale only.
    """

    X: Array
    y: Array
    target: Array
    root: Array
    logs: dict[int, Array]
    factors: list[_Factor]
    values: Array
    prices: Array
    kinds: NDArray[np.intp]

    def starts(self) -> Iterator[Start]:
        """Yield the products with the smallest squares of logarithms, one factor more at each step.

        Of products whose factors differ in their numbers only, the best is carried on: a refit finds the others.
        """
        weighted = np.log(np.abs(self.values)) * self.root
        beam = [_Product((), np.inf, np.inf)]
        for _ in range(DEEPEST):
            longer: dict[tuple[int, ...], _Product] = {}
            for product in beam:
                for k, left in self._next(product, weighted):
                    chosen = tuple(sorted((*product.chosen, k)))
                    kind = tuple(sorted(self.kinds[k] for k in chosen))
                    if kind not in longer or left < longer[kind].left:
                        longer[kind] = _Product(chosen, left, self._length(chosen, left))
            beam = sorted(longer.values(), key=lambda product: product.length)[:BEAM]
            for product in beam:
                tried = [self._built(product.chosen, exponents) for exponents in self._exponents(product.chosen)]
                yield from (start for start in tried if start is not None)
            if not beam or min(product.left for product in beam) <= EXACT * float(
                np.sum((self.target * self.root) ** 2)
            ):
                return

    def _length(self, chosen: tuple[int, ...], left: float) -> float:
        """Return the nats of the squares that are left, and of the symbols of the factors."""
        return float(self._misfit(np.asarray(left)) + self.prices[list(chosen)].sum())

    def _misfit(self, left: Array) -> Array:
        """Return the nats of squares that are left."""
        return np.asarray(0.5 * np.count_nonzero(self.root) * np.log(np.maximum(left, TINY)))

    def _design(self, chosen: tuple[int, ...]) -> Array:
        return np.column_stack(
            [np.ones(len(self.y)), *self.logs.values(), *(np.log(np.abs(self.values[k])) for k in chosen)]
        )

    def _next(self, product: _Product, weighted: Array) -> list[tuple[int, float]]:
        """Return the factors that leave least beside those chosen, and the squares that they leave."""
        columns = self._design(product.chosen) * self.root[:, None]
        basis = np.linalg.qr(columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300))[0]
        t = self.target * self.root
        rest = t - basis @ (basis.T @ t)
        own = weighted - (weighted @ basis) @ basis.T
        sizes = np.einsum("cn,cn->c", own, own)
        sound = sizes > OWN * np.einsum("cn,cn->c", weighted, weighted)
        gains = np.where(sound, (own @ rest) ** 2 / np.where(sound, sizes, 1.0), 0.0)
        total = float(rest @ rest)
        # Of factors that explain as much, the shorter comes first.
        order = np.argsort(self._misfit(total - gains) + self.prices)
        _, first = np.unique(self.kinds[order], return_index=True)  # the best of each kind
        best = order[np.sort(first)[:BEAM]]
        return [(int(k), max(total - float(gains[k]), 0.0)) for k in best if gains[k] > 0]

    def _exponents(self, chosen: tuple[int, ...]) -> Iterator[list[float]]:
        """Yield the exponents of inputs and factors: nearest halves, nearest whole numbers, the simplest within errors.

        Where noise leaves the exponents of factors that go together uncertain, the nearest halves are those of no law.
        Then one after the other gets the simplest value that the rows allow, and the others are solved for anew. Where
        the constant of a factor is off, so are the exponents; a refit corrects the constant if they are whole.
        """
        columns, target = self._design(chosen) * self.root[:, None], self.target * self.root
        solved = [float(p) for p in least_squares(columns, target)[1:]]
        nearest = [_simple(p) for p in solved]
        yield nearest
        whole = [float(round(p)) for p in solved[: len(self.logs)]]
        whole += [float(round(p)) or 0.5 * float(np.sign(p)) for p in solved[len(self.logs) :]]
        if whole != nearest:
            yield whole
        allowed = _rounded(columns, target, len(self.logs))
        if allowed is not None and allowed not in (nearest, whole):
            yield allowed

    def _built(self, chosen: tuple[int, ...], exponents: list[float]) -> Start | None:
        """Return the product as a start; None where a power of what changes its sign is undefined."""
        bases = [*(self.X[:, i] for i in self.logs), *(self.values[k] for k in chosen)]
        value = np.ones(len(self.y))
        for base, exponent in zip(bases, exponents, strict=True):
            if (base < 0).any() and not float(exponent).is_integer():
                return None
            value = value * base**exponent
        factor = float(np.sum(self.root * value * self.y) / np.sum(self.root * value * value))
        if not np.isfinite(factor) or factor == 0.0:
            return None
        d = self.X.shape[1]
        draft = Draft(d, [])
        powers = list(zip(self.logs, exponents, strict=False))
        for k, exponent in zip(chosen, exponents[len(self.logs) :], strict=True):
            draft.nodes.extend(_nodes(self.factors[k], d + len(draft.nodes)))
            powers.append((d + len(draft.nodes) - 1, exponent))
        edges = [_power(source, exponent) for source, exponent in powers if exponent]
        draft.nodes.append(DraftNode("product", edges, factor))
        return draft.prune().build()


def _rounded(columns: Array, target: Array, n_inputs: int) -> list[float] | None:
    """Return the simple exponents that are cheapest with the misfit that they leave; None where that is no noise.

    Parameters
    ----------
    columns : ndarray of shape (N, 1 + P)
        A constant, the logarithms of inputs and those of factors, weighted.
    target : ndarray of shape (N,)
    n_inputs : int
        The number of inputs: their exponents may be zero, those of factors may not.
    """
    n, k = columns.shape
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    basis, triangle = np.linalg.qr(columns / size)
    if n <= k or not (np.abs(np.diagonal(triangle)) > OWN).all():
        return None
    wanted = basis.T @ target
    noise = max(float(np.sum((target - basis @ wanted) ** 2)) / (n - k), 1e-300)
    # Row by row from the last: each row of the triangle knows the exponents that come after it.
    values, prices = (np.array(list(part)) for part in (PRICES, PRICES.values()))
    beam = np.zeros((1, k))
    misfit, price = (np.zeros(1) for _ in range(2))
    for row in range(k - 1, 0, -1):
        allowed = np.flatnonzero(values != 0) if row > n_inputs else np.arange(len(values))
        parents, ways = (part.ravel() for part in np.meshgrid(np.arange(len(beam)), allowed, indexing="ij"))
        longer = beam[parents]
        longer[:, row] = values[ways]
        missed = wanted[row] - (longer * size) @ triangle[row]
        own = misfit[parents] + 0.5 * missed**2 / noise
        best = np.argsort(own + price[parents] + prices[ways], kind="stable")[:MOST_ROUNDED]
        price = (price[parents] + prices[ways])[best]
        beam, misfit = longer[best], own[best]
    return beam[0, 1:].tolist() if misfit[0] < MISFIT + k else None


def _simple(exponent: float) -> float:
    """Return the nearest half if it is near, zero only if that is very near."""
    halves = round(2 * exponent)
    near = abs(exponent - halves / 2) < (SIMPLE if halves else ABSENT)
    return halves / 2 if near else exponent


def _power(source: int, exponent: float) -> DraftEdge:
    if float(2 * exponent).is_integer():
        return DraftEdge(source, fixed_power(Fraction(round(2 * exponent), 2)))
    return DraftEdge(source, POWER, 1.0, [exponent])


def _nodes(factor: _Factor, first: int) -> list[DraftNode]:
    """Return the nodes of a factor, the last of them its sum; the first of them is source number `first`."""
    nodes: list[DraftNode] = []
    edges = []
    for argument, primitive, row, weight in factor.terms:
        source = argument.sources[0]
        if len(argument.sources) > 1:
            pairs = zip(argument.sources, argument.numbers, strict=True)
            if argument.kind == "sum":
                nodes.append(DraftNode("sum", [DraftEdge(i, LINEAR, number) for i, number in pairs]))
            else:
                nodes.append(DraftNode("product", [DraftEdge(i, fixed_power(Fraction(number))) for i, number in pairs]))
            source = first + len(nodes) - 1
        edges.append(DraftEdge(source, primitive, weight, list(row)))
    nodes.append(DraftNode("sum", edges, factor.constant or None))
    return nodes


def _factors(X: Array, primitives: tuple[Primitive, ...], units: Sequence[float]) -> tuple[list[_Factor], Array]:
    """Return factors and their values (C, N), without those that are zero or not finite anywhere, or hardly change."""
    d = X.shape[1]
    arguments = combinations(list(itertools.combinations(range(d), 2)), range(d), units)
    known = dict(zip(arguments, values_of(arguments, X.T), strict=True))
    operands = [a for a in arguments if a.kind == "single" or (a.kind == "product" and d <= MOST_MIXED)]
    found = [*_sums(operands, primitives, units), *_shifted(X, primitives), *_saturating(X, primitives)]
    found += _functions(arguments, primitives, units)
    if set(DEFAULT) <= set(primitives):
        extremes = list(_extremes(X, units))
        moved = [term[0] for factor in extremes for term in factor.terms]
        known |= dict(zip(moved, values_of(moved, X.T), strict=True)) if moved else {}
        found += extremes
    values = np.array([_value(factor, known) for factor in found]).reshape(len(found), len(X))
    # the root of what is negative everywhere is that of its opposite
    negative = np.asarray((values < 0).all(1))
    values[negative] *= -1
    found = [_opposite(factor) if flip else factor for factor, flip in zip(found, negative, strict=True)]
    size = np.abs(values)
    sound = np.isfinite(values).all(1) & (size.min(1) > 0) & (size.max(1) > size.min(1) * (1 + 1e-9))
    return [factor for factor, keep in zip(found, sound, strict=True) if keep], values[sound]


def _opposite(factor: _Factor) -> _Factor:
    terms = tuple((argument, primitive, row, -weight) for argument, primitive, row, weight in factor.terms)
    return _Factor(terms, -factor.constant)


def _single(i: int) -> Combination:
    return Combination("single", (i,), (1.0,))


def _sums(
    operands: Sequence[Combination], primitives: tuple[Primitive, ...], units: Sequence[float]
) -> Iterator[_Factor]:
    """Yield sums and differences of two operands, of their squares, of their roots, and differences of exponentials."""
    sizes = {operand: _unit(operand, units) for operand in operands}
    for a, b in itertools.combinations([o for o, size in sizes.items() if np.isfinite(size) and size > 0], 2):
        for name in OF_SUMS:
            row = PRIMITIVES[name]
            with np.errstate(all="ignore"):
                ratio = float(np.float64(sizes[b] / sizes[a]) ** float(row.exponent or 1))
            if row in (LINEAR, *primitives) and np.isfinite(ratio):
                for sign in (-1.0, 1.0):
                    yield _Factor(((a, row, (), 1.0), (b, row, (), sign * ratio)), 0.0)
        if EXP in primitives:
            for rate in (-1.0, 1.0):
                yield _Factor(((a, EXP, (rate * sizes[a],), 1.0), (b, EXP, (rate * sizes[b],), -1.0)), 0.0)


def _extremes(X: Array, units: Sequence[float]) -> Iterator[_Factor]:
    """Yield the larger and the smaller of two inputs, where each is the larger on some rows.

    max(a, b) is a + max(0, b - a), and min(a, b) is a - max(0, a - b).
    """
    for i, j in itertools.combinations(range(X.shape[1]), 2):
        size = max(units[i], units[j])
        a, b = units[i] / size, units[j] / size
        is_larger = float(np.mean(a * X[:, i] > b * X[:, j]))
        if min(a, b) > 0 and LEAST_LARGER < is_larger < 1 - LEAST_LARGER:
            own = (_single(i), LINEAR, (), a)
            yield _Factor((own, (Combination("sum", (i, j), (-a, b)), RELU, RELU.neutral, 1.0)), 0.0)
            yield _Factor((own, (Combination("sum", (i, j), (a, -b)), RELU, RELU.neutral, -1.0)), 0.0)


def _shifted(X: Array, primitives: tuple[Primitive, ...]) -> Iterator[_Factor]:
    """Yield an input or its square beside a constant."""
    for i, name in itertools.product(range(X.shape[1]), ("linear", "square")):
        row = PRIMITIVES[name]
        if row in (LINEAR, *primitives):
            for constant in _constants(np.abs(X[:, i]) ** float(row.exponent or 1)):
                yield _Factor(((_single(i), row, (), 1.0),), constant)


def _constants(size: Array) -> list[float]:
    """Return what may stand beside values of these sizes (N,): shares of the largest, and sizes that many rows have.

    Over decades the half point of a saturation is nowhere near the largest value.
    """
    found = [place * float(size.max()) for place in PLACES]
    for quantile in QUANTILES:
        middle = float(np.quantile(size, quantile))
        if all(abs(middle - other) > NEAR * max(middle, other) for other in found):
            found.append(middle)
    return found


def _saturating(X: Array, primitives: tuple[Primitive, ...]) -> Iterator[_Factor]:
    """Yield one less and one plus an exponential, and a hyperbolic tangent, on the scale of an input."""
    for i, quantile in itertools.product(range(X.shape[1]), QUANTILES):
        scale = float(np.quantile(np.abs(X[:, i]), quantile))
        if scale > 0:
            if EXP in primitives:
                yield from (_Factor(((_single(i), EXP, (-1 / scale,), 1.0),), constant) for constant in (-1.0, 1.0))
            if TANH in primitives:
                yield _Factor(((_single(i), TANH, (1 / scale, 0.0), 1.0),), 0.0)


def _functions(
    arguments: Sequence[Combination], primitives: tuple[Primitive, ...], units: Sequence[float]
) -> Iterator[_Factor]:
    """Yield functions of arguments, and one plus or minus them."""
    for argument in arguments:
        unit = _unit(argument, units)
        if not np.isfinite(unit) or not unit > 0:
            continue
        for (name, added), size in itertools.product(OF_ARGUMENTS.items(), SIZES):
            row = PRIMITIVES[name]
            if row in primitives and "scale" in row.inner:
                own = tuple(size * unit if inner == "scale" else 0.0 for inner in row.inner)
                yield from (_Factor(((argument, row, own, 1.0),), constant) for constant in added)
            elif row in primitives and size == 1.0:  # c + log u is the logarithm of a multiple of u
                yield _Factor(((argument, row, (), 1.0),), float(np.log(unit)))


def _unit(argument: Combination, units: Sequence[float]) -> float:
    """Return what one unit of an argument is worth in the units of the data."""
    if argument.kind == "sum":
        return float(max(units[i] for i in argument.sources))
    with np.errstate(all="ignore"):
        return float(np.prod([units[i] ** p for i, p in zip(argument.sources, argument.numbers, strict=True)]))


def _value(factor: _Factor, known: dict[Combination, Array]) -> Array:
    """Return the values (N,) of a factor."""
    import torch

    total = np.full(len(next(iter(known.values()))), factor.constant)
    for argument, primitive, row, weight in factor.terms:
        u = torch.from_numpy(np.ascontiguousarray(known[argument]))
        total = total + weight * primitive(u, *row).numpy()
    return np.asarray(total)
