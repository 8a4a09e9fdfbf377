r"""A smooth model of the target: a polynomial fitted by least squares, for its gradient.

Before any graph is accurate, a polynomial shows how the target changes with each input, and so which inputs appear only
in combination. It is fitted to y and to log y, 1 / y and y**2, in the inputs and in their logarithms, where these
exist; that form and the total degree are the ones that predict held-back rows best.

Axes: N rows, D inputs, T terms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Ints
from eqdarts.data import moments
from eqdarts.primitives.table import LINEAR, PRIMITIVES
from eqdarts.search.problem import Rows

__all__ = ["Smooth", "chebyshev_products", "exponents_up_to", "fit_smooth", "outer"]

MOST_TERMS = 260
MOST_DEGREE = 8
SIMPLE_DEGREE = 2  # of the polynomials that tell which outer function makes the law simple
PLATEAU, LEAST_PLATEAU = 1.5, 3  # losses up to this multiple of the best, and how many of them tell noise
ROUNDING, EXPLAINED = 1e-10, 0.3  # loss below which there is no noise, and above which the law is not seen at all
BEYOND = 1.2  # times the box of the rows: as far as a polynomial is asked for held-back rows
_ROWS_PER_TERM = 2.0
_NEAR_ZERO = 1e-9


class _Outer(NamedTuple):
    """A function T of the target that the polynomial is fitted to: T, its derivative, its inverse; of |y|."""

    transform: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


def outer() -> dict[str, _Outer]:
    """Return T by the name of the primitive that undoes it; all but "linear" need a target that keeps its sign."""
    inverses = {row.name: row.inverse for row in PRIMITIVES.values() if row.inverse is not None}
    return {name: _Outer(T.solve, *T.transform) for name, T in inverses.items() if T.transform is not None}


@dataclass(frozen=True, eq=False)
class Smooth:
    """A fitted polynomial.

    Parameters
    ----------
    rows : ndarray of bool
        Rows of the fit at which the rest is given, N of them.
    value : ndarray of shape (N,)
        y times the slope of T, so that it goes with the gradient.
    gradient : ndarray of shape (D, N)
        Of T(y) in the inputs: that of y, each row times the slope of T.
    loss : float
        Of T(y) on held-back rows, as a share of its variance.
    target_loss : float
        Of y itself on held-back rows, as a share of its variance: what the loss of a law can be compared to.
    outer : dict of str to float
        Loss of the quadratic form behind each outer function.
    form : tuple of str, float and int, or None
        Outer function, its factor and the degree; None if the polynomial is one of logarithms.
    is_noisy : bool
        Whether what the polynomial leaves looks like noise: it has stopped falling with the degree.
    """

    rows: NDArray[np.bool_]
    value: Array
    gradient: Array
    loss: float
    target_loss: float
    outer: dict[str, float]
    form: tuple[str, float, int] | None
    is_noisy: bool


def fit_smooth(rows: Rows, held: Rows) -> Smooth | None:
    """Fit a polynomial to the rows; None if there are too few rows for one.

    Parameters
    ----------
    rows : Rows
        What the polynomial is fitted to, and where its gradient is wanted.
    held : Rows
        What the form and the degree are chosen by.
    """
    positive = np.flatnonzero(np.minimum(rows.X.min(0), held.X.min(0)) > _NEAR_ZERO * rows.X.max(0))
    # in the inputs and in their logarithms: the held-back rows choose
    best: tuple[_Polynomial, bool] | None = None
    outer: dict[str, float] = {}
    losses: dict[tuple[bool, str], list[float]] = {}
    for log in (False, True) if len(positive) else (False,):
        inner = [replace(r, X=_log_columns(r.X, positive)) for r in (rows, held)] if log else [rows, held]
        for polynomial in _fits(inner[0], inner[1]):
            losses.setdefault((log, polynomial.outer), []).append(polynomial.loss)
            if polynomial.degree <= SIMPLE_DEGREE:
                outer[polynomial.outer] = min(polynomial.loss, outer.get(polynomial.outer, math.inf))
            if best is None or polynomial.loss < best[0].loss:
                best = (polynomial, log)
    if best is None:
        return None
    polynomial, log = best
    # the chain rule leads back from logarithms to the inputs
    gradient, value = polynomial.differentiate(_log_columns(rows.X, positive) if log else rows.X)
    if log:
        gradient[positive] /= rows.X[:, positive].T
    sound = np.isfinite(value) & np.isfinite(gradient).all(0)
    if sound.mean() < 0.9:
        return None
    form = None if log else (polynomial.outer, polynomial.sign, polynomial.degree)
    is_noisy = _has_levelled(losses[log, polynomial.outer])
    unseen = replace(held, X=_log_columns(held.X, positive)) if log else held
    of_y = [loss for (_, name), own in losses.items() if name == LINEAR.name for loss in own]
    target_loss = min([polynomial.target_loss(unseen), *of_y])
    return Smooth(sound, value[sound], gradient[:, sound], polynomial.loss, target_loss, outer, form, is_noisy)


def _has_levelled(losses: Sequence[float]) -> bool:
    """Return whether the losses of rising degrees level off above rounding, with the best of them before the last."""
    best = min(losses)
    plateau = sum(loss < PLATEAU * best for loss in losses)
    return plateau >= LEAST_PLATEAU and best != losses[-1] and ROUNDING < best < EXPLAINED


def _log_columns(X: Array, columns: NDArray[np.intp]) -> Array:
    X = X.copy()
    X[:, columns] = np.log(X[:, columns])
    return X


@dataclass(frozen=True, eq=False)
class _Polynomial:
    """Chebyshev coefficients of T(s y), with a sign s, in inputs scaled to the unit box; the loss on held-back rows."""

    outer: str
    degree: int
    centre: Array
    half: Array
    solution: Array
    sign: float
    loss: float

    def differentiate(self, X: Array) -> tuple[Array, Array]:
        """Return the gradient (D, N) of T(y), and y times the slope of T there (N,)."""
        d, row = X.shape[1], outer()[self.outer]
        exponents, scaled = exponents_up_to(d, self.degree), (X - self.centre) / self.half
        gradient = [chebyshev_products(scaled, exponents, along=i) @ self.solution / self.half[i] for i in range(d)]
        with np.errstate(all="ignore"):
            y = row.inverse(chebyshev_products(scaled, exponents) @ self.solution)
            return np.stack(gradient), y * row.slope(y)

    def target_loss(self, held: Rows) -> float:
        """Return the loss of y on held-back rows, as a share of its variance; infinite where T has no inverse."""
        scaled = np.clip((held.X - self.centre) / self.half, -BEYOND, BEYOND)
        with np.errstate(all="ignore"):
            t = chebyshev_products(scaled, exponents_up_to(held.X.shape[1], self.degree)) @ self.solution
            missed = held.y - self.sign * outer()[self.outer].inverse(t)
            loss = float(np.average(missed**2, weights=held.weight) / moments(held.y, held.weight)[1])
        return loss if math.isfinite(loss) else math.inf


def _fits(rows: Rows, held: Rows) -> Iterator[_Polynomial]:
    """Yield polynomials of rising degree for each outer function, until a degree predicts much worse."""
    low, high = rows.X.min(0), rows.X.max(0)
    centre, half = (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0)
    n, d = rows.X.shape
    # an outer function of |y| needs a target that keeps its sign
    sign = 1.0 if rows.y[0] > 0 else -1.0
    one_sign = (sign * rows.y).min() > _NEAR_ZERO * np.abs(rows.y).max()
    known = outer()
    signs = {name: sign if name != LINEAR.name else 1.0 for name in known if name == LINEAR.name or one_sign}
    least = dict.fromkeys(signs, math.inf)
    weight = np.sqrt(rows.weight / rows.weight.max())
    for degree in range(1, MOST_DEGREE + 1):
        terms = math.comb(d + degree, degree)
        if terms > MOST_TERMS or terms * _ROWS_PER_TERM > n:
            return
        # all outer functions share the design: only the target differs
        exponents = exponents_up_to(d, degree)
        design = chebyshev_products((rows.X - centre) / half, exponents)
        beyond = chebyshev_products(np.clip((held.X - centre) / half, -BEYOND, BEYOND), exponents)
        for name, own in list(signs.items()):
            row = known[name]
            with np.errstate(all="ignore"):
                t, t_held = row.transform(own * rows.y), row.transform(own * held.y)
                solution = _least_squares(design * weight[:, None], t * weight)
                # one row where T(y) is huge would make any error on the other rows look small
                spread = min(moments(t, rows.weight)[1], moments(t_held, held.weight)[1] or math.inf)
                loss = float(np.average((t_held - beyond @ solution) ** 2, weights=held.weight) / spread)
            if not math.isfinite(loss) or loss > 10 * least[name]:
                del signs[name]
                continue
            least[name] = min(least[name], loss)
            yield _Polynomial(name, degree, centre, half, solution, own, loss)


def _least_squares(design: Array, target: Array) -> Array:
    """Solve by normal equations: Chebyshev columns are far from dependent, and half the digits are enough."""
    matrix = design.T @ design
    matrix[np.diag_indices_from(matrix)] += 1e-13 * np.trace(matrix) / len(matrix)
    return np.asarray(np.linalg.solve(matrix, design.T @ target))


@cache
def exponents_up_to(d: int, degree: int) -> Ints:
    """List the exponents (T, D) of all terms up to the total degree."""

    def of(total: int) -> Iterator[tuple[int, ...]]:
        for places in itertools.combinations_with_replacement(range(d), total):
            yield tuple(places.count(i) for i in range(d))

    return np.array([row for total in range(degree + 1) for row in of(total)], dtype=np.int64)


def chebyshev_products(scaled: Array, exponents: Ints, along: int | None = None) -> Array:
    """Return Chebyshev products (N, T) at `scaled` (N, D), or their derivative in input `along`."""
    n, d = scaled.shape
    degree = int(exponents.max(initial=0))
    tables = np.empty((d, degree + 1, n))
    for i in range(d):
        chebyshev = np.polynomial.chebyshev.chebvander(scaled[:, i], degree)
        if i == along:
            derivative = np.polynomial.chebyshev.chebder(np.eye(degree + 1))
            chebyshev = chebyshev[:, : max(degree, 1)] @ derivative if degree else np.zeros_like(chebyshev)
        tables[i] = chebyshev.T
    if along is None:
        return _multiplied(tables, degree)
    design = np.ones((len(exponents), n))
    for i in range(d):
        if i == along or exponents[:, i].any():
            design *= tables[i][exponents[:, i]]
    return design.T


def _multiplied(tables: Array, degree: int) -> Array:
    """Return all products (N, T) up to the total degree of tables (D, degree + 1, N)."""
    d, _, n = tables.shape
    design = np.empty((len(exponents_up_to(d, degree)), n))
    for k, (shorter, i, power) in enumerate(_factors(d, degree)):
        if power:
            np.multiply(design[shorter], tables[i, power], out=design[k])
        else:
            design[k] = 1.0
    return design.T


@cache
def _factors(d: int, degree: int) -> list[tuple[int, int, int]]:
    """Return for each term the place of the term without its last input, that input, and its exponent."""
    rows = [tuple(row) for row in exponents_up_to(d, degree).tolist()]
    place = {row: k for k, row in enumerate(rows)}
    found = []
    for row in rows:
        last = max((i for i in range(d) if row[i]), default=0)
        found.append((place[(*row[:last], 0, *row[last + 1 :])], last, row[last] if d else 0))
    return found
