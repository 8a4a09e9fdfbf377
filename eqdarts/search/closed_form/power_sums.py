r"""Sums of products of powers, behind a power, read off noisy rows with the help of a smooth model.

.. math:: y = \Bigl(\sum_k c_k \prod_i x_i^{p_{ki}}\Bigr)^q

Saturations of several inputs (q = -1), roots of sums of squares (1/2), and their squares and reciprocals are of this
form. A climb that adds one term at a time to y itself sees such a sum through its outer power. Here the sum is the
target: near the smooth model f it is :math:`f^{1/q}` plus its slope times y - f, with errors as large as the slope says
(the delta method). Of few inputs the sines, cosines and exponentials are factors too, with the frequency or rate one
in the units of the data: most angles are in radians, and what stands in an exponent has no unit. The law of cosines is
such a sum, and what decays from one level to another. The terms are chosen from all products of a few simple powers:
all pairs of the simplest are compared, and a beam search gives every one of several partial sums the terms that shorten
the description most.

Axes: N rows, D inputs with the functions of them, M products of powers, B partial sums.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.closed_form.polynomial import polynomial_node
from eqdarts.search.growth.monomials import positive_logs
from eqdarts.search.least_squares import least_squares
from eqdarts.search.problem import Problem
from eqdarts.search.smooth_evidence import SmoothFit, rows_of

__all__ = ["OF_TERM", "inside", "power_sums", "price_of"]

OUTER = (1.0, -1.0, 0.5, -0.5, 2.0, -2.0)  # q
SMALL, MOST_SMALL = 1e-2, 0.05  # share of the size of f that is small, and the share of rows where it may be
LEAST = 3e-2  # share of the size of f that stands in for less
POWERS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
ANY_SIGN = (1.0, 2.0)  # the powers of inputs that are not positive
HIGH = (3.0, -3.0, 4.0, -4.0)  # and further powers of few inputs
OF_TERM, OF_FACTOR = 4.0, 2.0  # prices in nats: of a coefficient with its operator, and of an input
WHOLE, SQUARE = 1.0, 2.0  # and of its power: one, or two,
ROOT = 3.0  # or a half, or more than two
MOST_FACTORS, MOST_PRODUCTS = 5, 800  # of a product, and products
MOST_ROWS = 800
WIDTH, MOST_TERMS = 8, 5  # of the beam, and of a sum
MOST_PAIRED = 400  # products of which all pairs are compared
EXCHANGES = 2  # rounds
BEHIND, KEPT = 25.0, 24  # nats behind the best, and sums that become starts
EXP = PRIMITIVES["exp"]
FUNCTIONS = {PRIMITIVES["cos"]: np.cos, PRIMITIVES["sin"]: np.sin, EXP: np.exp}
FEW, OF_FUNCTION = 3, 2.0  # inputs up to which their functions are factors, and the price of one
KEPT_WITH_FUNCTIONS = 8
LEAST_SPAN, LARGEST = 0.5, 30.0  # radians, or nats: what the rows must span, and may be away from zero
INDEPENDENT = 1e-6  # part of a column that the others must leave of it


@dataclass(frozen=True, eq=False)
class _Products:
    """Products of powers: exponents (M, D), values (M, N) over their sizes (M,), and prices in nats (M,).

    `own` (D,) is the price of each factor itself: an input has none.
    """

    exponents: Array
    values: Array
    sizes: Array
    prices: Array
    own: Array

    def price_of_sum(self, chosen: tuple[int, ...], q: float) -> float:
        """Return the price of a sum of products behind the power q, written with what they share before it."""
        exponents = self.exponents[list(chosen)]
        shared = np.array([_commonest(column) for column in exponents.T])
        parts = exponents - shared, q * shared[None]
        of_factors = sum(float(np.sum((part != 0) @ self.own)) for part in parts)
        return OF_TERM * len(exponents) + sum(price_of(part) for part in parts) + of_factors


@dataclass(frozen=True, eq=False)
class _Partial:
    """A sum of some products: what it leaves of the target (N,), and how much of each column it explains (M,)."""

    chosen: tuple[int, ...]
    price: float
    residual: Array
    inside: Array


@dataclass(frozen=True, eq=False)
class _Sum:
    """A sum behind the power q: the nats of its description, and the coefficient of each of its products."""

    length: float
    q: float
    exponents: Array
    weights: Array


def power_sums(
    problem: Problem, fit: SmoothFit, primitives: tuple[Primitive, ...], has_time: Callable[[], bool]
) -> list[Start]:
    """Return sums of products of powers behind a power, the shortest descriptions first.

    Parameters
    ----------
    problem : Problem
    fit : SmoothFit
        A smooth model of its rows.
    primitives : tuple of Primitive
        What the search may use: without a reciprocal there are no such laws.
    has_time : callable
        Asked before each outer power.
    """
    if fixed_power(Fraction(-1)) not in primitives:
        return []
    X, y, root = rows_of(problem)
    rows = spread(len(y), MOST_ROWS)
    X, f = X[rows], fit.predict(X[rows])
    behind = [(q, inside(q, y[rows], root[rows], f)) for q in OUTER]
    sign = -1.0 if f.sum() < 0 else 1.0

    def sums(products: _Products) -> list[_Sum]:
        in_time = ((q, own) for q, own in behind if own is not None and has_time())
        found = [one for q, own in in_time for one in _Search(products, q, *own[:2]).sums()]
        return sorted(found, key=lambda one: one.length)

    found = sums(_products(X))
    shortest = found[0].length if found else np.inf
    starts = [_built(one, sign) for one in found[:KEPT] if one.length < shortest + BEHIND]
    functions = _functions(X, problem.units, primitives)
    if functions:
        found = sums(_products(X, functions))
        # a function that explains no more than powers do is a lookalike of them
        starts += [_built(one, sign, functions) for one in found[:KEPT_WITH_FUNCTIONS] if one.length < shortest]
    return starts


def _functions(X: Array, units: Array, primitives: tuple[Primitive, ...]) -> list[DraftEdge]:
    """Return the sines, cosines and exponentials with factor one that the rows could show, as edges."""
    if X.shape[1] > FEW:
        return []
    span, largest = np.ptp(X, axis=0) * units, np.abs(X).max(axis=0) * units
    shown = np.flatnonzero((span > LEAST_SPAN) & (largest < LARGEST)).tolist()
    signs = {function: (1.0, -1.0) if function is EXP else (1.0,) for function in FUNCTIONS if function in primitives}
    return [
        DraftEdge(i, function, 1.0, [sign * float(units[i])])
        for i in shown
        for function, own in signs.items()
        for sign in own
    ]


def inside(q: float, y: Array, root: Array, f: Array) -> tuple[Array, Array, Array] | None:
    """Return the target (N,) behind the power q near f, the weights of its errors, and f; None where f has no sign."""
    sign = -1.0 if f.sum() < 0 else 1.0
    if q == 1.0:
        return sign * y, root, sign * f
    size = float(np.sqrt(np.mean(f**2)))
    if not np.isfinite(size) or (sign * f < SMALL * size).mean() > MOST_SMALL:
        return None
    near = np.maximum(sign * f, LEAST * size)
    slope = near ** (1 / q - 1) / q
    return near ** (1 / q) + slope * (sign * y - near), root / np.abs(slope), near ** (1 / q)


def _products(X: Array, functions: Sequence[DraftEdge] = ()) -> _Products:
    """Return the cheapest products of powers of inputs and of functions of them; the first is a constant."""
    n_inputs = X.shape[1]
    logs = positive_logs(X)
    high = HIGH if n_inputs <= FEW and not functions else ()
    own = [(*POWERS, *high) if i in logs else (*ANY_SIGN, *(p for p in high if p > 0)) for i in range(n_inputs)]
    own += [(1.0,) if edge.primitive is EXP else ANY_SIGN for edge in functions]
    columns = [FUNCTIONS[edge.primitive](edge.coefficients[0] * X[:, edge.source]) for edge in functions]
    X, d = np.column_stack([X, *columns]), n_inputs + len(functions)
    # the two exponentials of one input are each other's reciprocals
    exclusive = {n_inputs + k: edge.source for k, edge in enumerate(functions) if edge.primitive is EXP}
    of_columns = np.where(np.arange(d) < n_inputs, 0.0, OF_FUNCTION)
    rows: list[tuple[float, tuple[float, ...]]] = [(0.0, (0.0,) * d)]
    for size in range(1, min(d, MOST_FACTORS) + 1):
        for factors in itertools.combinations(range(d), size):
            sources = [exclusive[i] for i in factors if i in exclusive]
            if len(set(sources)) < len(sources):
                continue
            for powers in itertools.product(*(own[i] for i in factors)):
                row = [0.0] * d
                for i, power in zip(factors, powers, strict=True):
                    row[i] = power
                rows.append((price_of(np.array(powers)) + float(of_columns[list(factors)].sum()), tuple(row)))
        if len(rows) > MOST_PRODUCTS:
            break
    rows = sorted(rows, key=lambda row: row[0])[:MOST_PRODUCTS]
    exponents = np.array([row for _, row in rows])
    table = np.column_stack([logs[i] if i in logs else np.zeros(len(X)) for i in range(d)])
    values = np.exp(exponents @ table.T)
    for i in set(range(d)) - set(logs):
        values *= X[:, i] ** exponents[:, i : i + 1]
    sizes = np.sqrt(np.mean(values**2, axis=1))
    sizes = np.where(sizes > 0, sizes, 1.0)
    return _Products(exponents, values / sizes[:, None], sizes, np.array([price for price, _ in rows]), of_columns)


class _Search:
    """A beam search for the target (N,) behind the power q, with the weights (N,) of its errors."""

    def __init__(self, products: _Products, q: float, target: Array, weight: Array) -> None:
        self.products = products
        self.q = q
        self.values = products.values * weight
        self.target = target * weight
        self.squares = np.einsum("mn,mn->m", self.values, self.values)
        self.found: dict[tuple[int, ...], float] = {}

    def sums(self) -> list[_Sum]:
        """Return the sums that the search came upon, the shortest descriptions first."""
        partial = self._grown([self._of(())]) + self._pairs()
        for _ in range(MOST_TERMS - 1):
            partial = self._grown(partial)
        # a term that was the best alone is seldom one of the law's: of the best sums every term is exchanged
        for _ in range(EXCHANGES):
            best = sorted(self.found, key=self.found.__getitem__)[:WIDTH]
            fewer = {rest: None for chosen in best for rest in itertools.combinations(chosen, len(chosen) - 1)}
            self._grown([self._of(rest) for rest in fewer])
        ranked = sorted(self.found.items(), key=lambda pair: pair[1])[:KEPT]
        return [self._sum(list(chosen), length) for chosen, length in ranked]

    def _pairs(self) -> list[_Partial]:
        """Return the best of all sums of two of the cheapest products: either alone may say next to nothing."""
        n, prices = len(self.target), self.products.prices[:MOST_PAIRED]
        values = self.values[:MOST_PAIRED]
        products, along = values @ values.T, values @ self.target
        squares = np.diagonal(products)
        area = np.outer(squares, squares) - products**2
        usable = np.triu(area > INDEPENDENT * np.outer(squares, squares), 1)
        across = products * np.outer(along, along)
        alone = np.outer(along**2, squares)
        gain = np.where(usable, (alone + alone.T - 2 * across) / np.where(usable, area, 1.0), 0.0)
        rest = np.maximum(float(self.target @ self.target) - gain, 1e-300)
        lengths = np.where(usable, 0.5 * n * np.log(rest / n) + prices[:, None] + prices, np.inf)
        best = np.argsort(lengths, axis=None)[:WIDTH]
        pairs = zip(*(own.tolist() for own in np.unravel_index(best, lengths.shape)), strict=True)
        return [self._of(pair) for pair in pairs if np.isfinite(lengths[pair])]

    def _of(self, chosen: tuple[int, ...]) -> _Partial:
        """Return the sum of some products."""
        columns = np.linalg.qr(self.values[list(chosen)].T)[0] if chosen else np.zeros((len(self.target), 0))
        price = self.products.price_of_sum(chosen, self.q) if chosen else 0.0
        residual = self.target - columns @ (columns.T @ self.target)
        one = _Partial(chosen, price, residual, ((self.values @ columns) ** 2).sum(1))
        if chosen:
            self.found[chosen] = self._length(float(residual @ residual), price)
        return one

    def _length(self, squares: float, price: float) -> float:
        n = len(self.target)
        return 0.5 * n * math.log(max(squares, 1e-300) / n) + price

    def _grown(self, partial: list[_Partial]) -> list[_Partial]:
        """Return the best sums with one product more."""
        n = len(self.target)
        # one product of matrices for all partial sums
        along = self.values @ np.column_stack([p.residual for p in partial])
        grown: dict[tuple[int, ...], float] = {}
        for k, one in enumerate(partial):
            left = self.squares - one.inside
            usable = left > INDEPENDENT * self.squares
            gain = np.where(usable, along[:, k] ** 2 / np.where(usable, left, 1.0), 0.0)
            rest = np.maximum(float(one.residual @ one.residual) - gain, 1e-300)
            lengths = 0.5 * n * np.log(rest / n) + self.products.prices + one.price + OF_TERM
            lengths = np.where(usable, lengths, np.inf)
            for m in np.argsort(lengths)[:WIDTH].tolist():
                if np.isfinite(lengths[m]):
                    grown[tuple(sorted((*one.chosen, m)))] = float(lengths[m])
        best = [key for key in sorted(grown, key=grown.__getitem__) if key not in self.found]
        return [self._of(key) for key in best[:WIDTH]] or partial

    def _sum(self, chosen: list[int], length: float) -> _Sum:
        weights = least_squares(self.values[chosen].T, self.target) / self.products.sizes[chosen]
        return _Sum(length, self.q, self.products.exponents[chosen], weights)


def _built(one: _Sum, sign: float, functions: Sequence[DraftEdge] = ()) -> Start:
    """Return a sum behind its power as a start; powers that most products share stand before it."""
    d = one.exponents.shape[1] - len(functions)
    shared = np.array([_commonest(column) for column in one.exponents.T])
    draft = Draft(d, [DraftNode("product", [edge.copy()]) for edge in functions])
    terms = list(zip(one.exponents - shared, one.weights.tolist(), strict=True))
    source = polynomial_node(draft, range(d + len(functions)), terms)
    before = [DraftEdge(i, _power(one.q * shared[i])) for i in np.flatnonzero(shared).tolist()]
    outer = [DraftEdge(source, _power(one.q)), *before]
    draft.nodes.append(DraftNode("product", outer, sign))
    return draft.prune().build()


def price_of(exponents: Array) -> float:
    """Return the price of powers with these exponents."""
    sizes = np.abs(exponents[exponents != 0])
    return float(np.sum(OF_FACTOR + np.where(sizes == 1, WHOLE, np.where(sizes == 2, SQUARE, ROOT))))


def _commonest(column: Array) -> float:
    """Return the exponent of an input that leaves most products without it when it is taken out of all of them."""
    values, counts = np.unique(column, return_counts=True)
    k = int(np.argmax(counts))
    return float(values[k]) if counts[k] > np.count_nonzero(column == 0) else 0.0


def _power(exponent: float) -> Primitive:
    return fixed_power(Fraction(exponent).limit_denominator(4))
