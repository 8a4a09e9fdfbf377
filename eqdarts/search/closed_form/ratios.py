r"""Ratios of multilinear polynomials, read off noisy rows with the help of a smooth model.

.. math:: y = \Bigl(\frac{\sum_S a_S \prod_{i \in S} g_i}{\sum_S b_S \prod_{i \in S} g_i}\Bigr)^q

with S all sets of inputs and g an input, its square, its root or an exponential of it. Weighted means, dividers,
saturations that compete, mixtures and approaches to a level are of this form. A climb that adds one term at a time
finds nothing on the way to it: the terms below say nothing without those above. Here all of them begin together. With
the smooth model f in the place of y the ratio P / Q says :math:`P - f Q = 0`: of all Q of one size the one that leaves
least is an eigenvector. A few steps of Gauss and Newton fit the ratio itself, and the terms that say least are dropped
one by one. Ratios of a few terms are compared all at once besides (`short_ratios`).

Axes: N rows, D inputs, T terms, of P and of Q.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.closed_form.polynomial import polynomial_node
from eqdarts.search.closed_form.power_sums import OF_TERM, inside, price_of
from eqdarts.search.closed_form.short_ratios import short_ratios
from eqdarts.search.least_squares import least_squares
from eqdarts.search.problem import Problem
from eqdarts.search.smooth_evidence import SmoothFit, rows_of

__all__ = ["ratio_starts"]

EXP = PRIMITIVES["exp"]
OUTER = (1.0, 0.5)  # q; the others are ratios the other way round
MOST_INPUTS, MOST_ROWS = 5, 800
MOST_OTHER, OF_MANY = 2, 5  # inputs that are squares or roots at a time; of many inputs one less
POWERS = (2.0, 0.5)
FITTED = 5  # sets of powers whose terms are dropped one by one
MOST_TERMS = 10  # of a start
MOST_SHORT, FEWER_SHORT = 300_000, 20_000  # ratios of a few terms that are compared, of each size; of other powers
BEHIND, KEPT = 25.0, 16  # nats behind the best, and ratios that become starts
CANCELLING = 0.05  # mean share that is left of the terms below, if they differ in sign
STEPS, HALVINGS = 4, 5
LEAST_TELLING = 3  # terms of which one goes, if the others are a ratio without it
RATES, STEEPEST = (0.5, 1.5, 4.0), 30.0  # of exponentials over the range of an input; and the largest of an argument
EXCHANGES, BETTER = 3, 0.995  # of a ratio of few terms, and the share of what is left that another must leave
INDEPENDENT = 1e-6  # part of a column that the others must leave of it
RIDGE = 1e-9  # of columns of norm one, or of the largest square
OF_INVERSE = 0.5  # nats of an exponent below zero, between ways to write a ratio


@dataclass(frozen=True, eq=False)
class _Ratio:
    """A ratio P / Q behind the power q: exponents (T, D), coefficients (T,), and whether each term is of P.

    `terms` (T,) are their numbers in the ratio of all terms. `values` (T, N) are those of the terms, over their sizes
    `sizes` (T,). `left` is the weighted sum of squares. `rate` is an input and k where exp(-k x) stands in its place.
    """

    q: float
    rate: tuple[int, float] | None
    terms: NDArray[np.intp]
    exponents: Array
    is_above: NDArray[np.bool_]
    coefficients: Array
    values: Array
    sizes: Array
    left: float = math.inf

    def length(self) -> float:
        """Return the nats of what is left and of the terms."""
        n = self.values.shape[1]
        misfit = 0.5 * n * math.log(max(self.left, 1e-300) / n)
        of_function = 0.0 if self.rate is None else OF_TERM
        return float(misfit + OF_TERM * len(self.coefficients) + price_of(self.exponents) + of_function)

    def parts(self, coefficients: Array) -> tuple[Array, Array] | None:
        """Return the ratio (N,) and Q (N,); None where Q or a ratio under a root is not positive, or Q cancels."""
        terms = self.values * coefficients[:, None]
        below = terms[~self.is_above]
        under = below.sum(0)
        if not under.min() > 0 or np.mean(under / np.abs(below).sum(0)) < CANCELLING:
            return None
        value = terms[self.is_above].sum(0) / under
        return None if self.q < 1 and not value.min() > 0 else (value, under)

    def slopes(self, value: Array, under: Array) -> Array:
        """Return the derivatives (T, N) of the ratio by the coefficients."""
        return np.asarray(np.where(self.is_above[:, None], self.values, -self.values * value) / under)

    def without(self, k: int) -> _Ratio:
        """Return the ratio without a term."""
        return self._at(np.delete(np.arange(len(self.terms)), k))

    def beside(self, whole: _Ratio, k: int) -> _Ratio:
        """Return the ratio with term k of the whole, as yet without a say."""
        terms = np.append(self.terms, k)
        return replace(whole._at(terms), terms=terms, coefficients=np.append(self.coefficients, 0.0))

    def _at(self, kept: NDArray[np.intp]) -> _Ratio:
        names = ("terms", "exponents", "is_above", "coefficients", "values", "sizes")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def ratio_starts(
    problem: Problem, fit: SmoothFit, primitives: tuple[Primitive, ...], has_time: Callable[[], bool]
) -> list[Start]:
    """Return ratios of multilinear polynomials with few terms, the shortest descriptions first.

    Parameters
    ----------
    problem : Problem
    fit : SmoothFit
        A smooth model of its rows.
    primitives : tuple of Primitive
        What the search may use: without a reciprocal there are no such laws.
    has_time : callable
        Asked before each set of powers.
    """
    X, y, root = rows_of(problem)
    rows = spread(len(y), MOST_ROWS)
    X, f = X[rows], fit.predict(X[rows])
    if fixed_power(Fraction(-1)) not in primitives or X.shape[1] > MOST_INPUTS:
        return []
    whole: list[tuple[_Ratio, Array, Array]] = []
    for q in OUTER:
        working = inside(q, y[rows], root[rows], f)
        if working is None:
            continue
        target, weight, near = working
        ways = [*_powers(X), *(_exponentials(X, problem.units) if q == 1.0 and EXP in primitives else ())]
        for powers, rate in ways:
            if not has_time():
                break
            ratio = _begun(X, q, powers, rate, weight, near)
            ratio = None if ratio is None else _fitted(ratio, target, weight)
            whole += [] if ratio is None else [(ratio, target, weight)]
    # the inputs themselves in any case; with other powers many fit about as well
    whole = whole[:1] + sorted(whole[1:], key=lambda one: one[0].left)
    found = [short for one in whole[:FITTED] for short in _shortened(*one)]
    for k, one in enumerate(whole[:FITTED]):
        if has_time():
            found += _of_few_terms(*one, MOST_SHORT if k == 0 else FEWER_SHORT)
    found.sort(key=_Ratio.length)
    sign = -1.0 if f.sum() < 0 else 1.0
    return [_built(one, sign) for one in found[:KEPT] if one.length() < found[0].length() + BEHIND]


def _powers(X: Array) -> Iterator[tuple[tuple[float, ...], None]]:
    """Yield the powers (D,) of the inputs: one, and of one or two of them another."""
    d = X.shape[1]
    yield (1.0,) * d, None
    for n_other in range(1, min(MOST_OTHER - (d >= OF_MANY), d) + 1):
        for inputs in itertools.combinations(range(d), n_other):
            for power in POWERS:
                if power.is_integer() or (X[:, list(inputs)] > 0).all():
                    yield tuple(power if i in inputs else 1.0 for i in range(d)), None


def _exponentials(X: Array, units: Array) -> Iterator[tuple[tuple[float, ...], tuple[int, float]]]:
    """Yield an input and the rate of an exponential in its place: one in the units of the data, or of its range."""
    for i in range(X.shape[1]):
        width = float(np.ptp(X[:, i]))
        for rate in (float(units[i]), *(rate / width for rate in RATES if width > 0)):
            if np.abs(rate * X[:, i]).max() < STEEPEST:
                yield (1.0,) * X.shape[1], (i, rate)


def _begun(
    X: Array, q: float, powers: tuple[float, ...], rate: tuple[int, float] | None, weight: Array, f: Array
) -> _Ratio | None:
    """Return the ratio of all terms that a smooth function f (N,) is nearest to; None where it is none."""
    exponents = np.array(list(itertools.product((0.0, 1.0), repeat=len(powers)))) * powers
    if len(X) < 4 * len(exponents):
        return None
    if rate is not None:
        X = X.copy()
        X[:, rate[0]] = np.exp(-rate[1] * X[:, rate[0]])
    values = np.prod(X[None] ** exponents[:, None, :], axis=2)
    sizes = np.sqrt(np.mean(values**2, axis=1))
    if not np.isfinite(sizes).all() or not sizes.min() > 0:
        return None
    values = values / sizes[:, None]
    scale = weight
    for _ in range(2):  # the second time with the weights of the first Q
        above, below = values.T * scale[:, None], (values * f).T * scale[:, None]
        basis = np.linalg.qr(above)[0]
        rest = below - basis @ (basis.T @ below)
        size = (values * scale**2) @ values.T
        if not np.isfinite(size).all() or not np.isfinite(rest).all():
            return None
        # terms that the rows cannot tell apart have directions without size
        squares, directions = np.linalg.eigh(size)
        directions = directions / np.sqrt(np.maximum(squares, RIDGE * squares[-1]))
        b = directions @ np.linalg.eigh(directions.T @ (rest.T @ rest) @ directions)[1][:, 0]
        under = b @ values
        b = b if np.median(under) > 0 else -b
        scale = weight / np.maximum(np.abs(under), CANCELLING * np.median(np.abs(under)))
    a = least_squares(above, below @ b)
    both = np.concatenate([exponents, exponents]), np.concatenate([values, values]), np.concatenate([sizes, sizes])
    is_above = np.arange(2 * len(values)) < len(values)
    return _Ratio(q, rate, np.arange(2 * len(values)), both[0], is_above, np.concatenate([a, b]), both[1], both[2])


def _fitted(ratio: _Ratio, target: Array, weight: Array) -> _Ratio | None:
    """Return the ratio after a few steps of Gauss and Newton; None where the terms below cancel."""
    coefficients = ratio.coefficients
    parts = ratio.parts(coefficients)
    for _ in range(STEPS):
        if parts is None:
            return None
        slopes = (ratio.slopes(*parts) * weight).T
        # the common factor of P and Q is free, as is whatever both could be multiplied by
        sizes = np.maximum(np.linalg.norm(slopes, axis=0), 1e-300)
        step = least_squares(slopes / sizes, (target - parts[0]) * weight) / sizes
        before = float(np.sum(((target - parts[0]) * weight) ** 2))
        for k in range(HALVINGS):
            moved = ratio.parts(coefficients + step / 2**k)
            if moved is not None and float(np.sum(((target - moved[0]) * weight) ** 2)) < before:
                coefficients, parts = coefficients + step / 2**k, moved
                break
        else:
            break
    if parts is None:
        return None
    left = float(np.sum(((target - parts[0]) * weight) ** 2))
    return replace(ratio, coefficients=coefficients, left=left)


def _shortened(whole: _Ratio, target: Array, weight: Array) -> Iterator[_Ratio]:
    """Yield the ratio with fewer and fewer terms, the least telling gone; of few terms each may be exchanged."""
    ratio: _Ratio | None = whole
    while ratio is not None and len(ratio.terms) > 2:
        ratio = _with_less(ratio, target, weight)
        if ratio is None or len(ratio.terms) > MOST_TERMS:
            continue
        for _ in range(EXCHANGES):
            longer = _with_more(ratio, whole, target, weight)
            other = None if longer is None else _with_less(longer, target, weight)
            if other is None or not other.left < BETTER * ratio.left:
                break
            ratio = other
        yield ratio


def _of_few_terms(whole: _Ratio, target: Array, weight: Array, most: int) -> Iterator[_Ratio]:
    """Yield the ratios of a few of the terms that are nearest to the ratio of all."""
    parts = whole.parts(whole.coefficients)
    if parts is None:
        return
    value, under = parts
    n = len(whole.terms) // 2
    for over, below, a, b in short_ratios(whole.exponents[:n], whole.values[:n], value, weight / under, most):
        short = whole._at(np.concatenate([over, below + n]))
        fitted = _fitted(replace(short, coefficients=np.concatenate([a, b])), target, weight)
        if fitted is not None:
            yield fitted


def _with_less(ratio: _Ratio, target: Array, weight: Array) -> _Ratio | None:
    """Return the ratio without the term that says least, fitted; None where what is left is none."""
    parts = ratio.parts(ratio.coefficients)
    if parts is None:
        return None
    slopes = (ratio.slopes(*parts) * weight).T
    sizes = np.maximum(np.linalg.norm(slopes, axis=0), 1e-300)
    # what a term adds beside all others: its square over its variance
    gram = (slopes / sizes).T @ (slopes / sizes) + RIDGE * np.eye(len(sizes))
    says = (ratio.coefficients * sizes) ** 2 / np.diagonal(np.linalg.inv(gram))
    # at least one term stays above and one below
    for part in (ratio.is_above, ~ratio.is_above):
        if part.sum() == 1:
            says[part] = np.inf
    fitted = (_fitted(ratio.without(k), target, weight) for k in np.argsort(says)[:LEAST_TELLING].tolist())
    return next((found for found in fitted if found is not None), None)


def _with_more(ratio: _Ratio, whole: _Ratio, target: Array, weight: Array) -> _Ratio | None:
    """Return the ratio with the term of the whole that explains most of what it leaves, fitted; None if none does."""
    parts = ratio.parts(ratio.coefficients)
    if parts is None:
        return None
    basis = np.linalg.qr((ratio.slopes(*parts) * weight).T)[0]
    columns = (whole.slopes(*parts) * weight).T
    own = columns - basis @ (basis.T @ columns)
    squares = np.einsum("nt,nt->t", own, own)
    sound = squares > INDEPENDENT * np.einsum("nt,nt->t", columns, columns)
    gains = np.where(sound, (((target - parts[0]) * weight) @ own) ** 2 / np.where(sound, squares, 1.0), 0.0)
    gains[ratio.terms] = 0.0
    return _fitted(ratio.beside(whole, int(np.argmax(gains))), target, weight)


def _built(one: _Ratio, sign: float) -> Start:
    """Return a ratio as a start, multiplied through by the powers that make it shortest."""
    d = one.exponents.shape[1]
    above, below = one.exponents[one.is_above], one.exponents[~one.is_above]
    weights = one.coefficients / one.sizes
    weights = weights / weights[~one.is_above][0]
    shifts = [_shortest(above[:, i], below[:, i], one.q) for i in range(d)]
    over, under = (np.array(part) for part in zip(*shifts, strict=True))
    draft, sources = Draft(d, []), list(range(d))
    if one.rate is not None:
        edge = DraftEdge(one.rate[0], EXP, 1.0, [-one.rate[1]])
        sources[one.rate[0]] = draft.insert(0, DraftNode("product", [edge]))
    parts = ((above - over, weights[one.is_above], one.q), (below - under, weights[~one.is_above], -one.q))
    powers = []
    for exponents, own, q in parts:
        node = polynomial_node(draft, sources, list(zip(exponents, own.tolist(), strict=True)))
        powers.append(DraftEdge(node, fixed_power(Fraction(q))))
    outside = one.q * (over - under)
    powers += [DraftEdge(sources[i], fixed_power(Fraction(outside[i]))) for i in np.flatnonzero(outside).tolist()]
    draft.nodes.append(DraftNode("product", powers, sign))
    return draft.prune().build()


def _shortest(above: Array, below: Array, q: float) -> tuple[float, float]:
    """Return the exponents of an input that are taken out of the sums above and below so that the whole is shortest."""

    def price(shifts: tuple[float, float]) -> float:
        outside = np.array([q * (shifts[0] - shifts[1])])
        parts = [above - shifts[0], below - shifts[1], outside]
        return sum(price_of(part) + OF_INVERSE * float(np.sum(part < 0)) for part in parts)

    return min(itertools.product({0.0, *above.tolist()}, {0.0, *below.tolist()}), key=price)
