r"""A smooth model of the target: a polynomial fitted by least squares, for its gradient.

Before any graph is accurate, a polynomial tells how the target changes with each input, and thereby which inputs act
only together. It is fitted to y and to log |y|, in the inputs and in their logarithms, where these exist; that form and
the total degree are the ones that predict held-back rows best.

Axes: N rows, D inputs, T terms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eqdarts.search.problem import Array, Rows

__all__ = ["Smooth", "fit_smooth"]

MOST_TERMS = 400
MOST_DEGREE = 8
_ROWS_PER_TERM = 2.0
_SINGLE_SIGN = 1e-9


@dataclass(frozen=True, eq=False)
class Smooth:
    """Values (N,) and gradient (D, N) on the rows of the fit, and the loss on held-back rows (share of the variance)."""

    value: Array
    gradient: Array
    loss: float


def fit_smooth(rows: Rows, held: Rows, variance: float) -> Smooth | None:
    """Fit a polynomial to the rows; None if there are too few rows for one.

    Parameters
    ----------
    rows : Rows
        What the polynomial is fitted to, and where its gradient is wanted.
    held : Rows
        What the degree is chosen by.
    variance : float
        Yardstick of the loss.
    """
    found = [_fit(rows, held, variance, log) for log in (False, True)]
    positive = (np.minimum(rows.X.min(0), held.X.min(0)) > _SINGLE_SIGN * rows.X.max(0)).nonzero()[0]
    if len(positive):
        with np.errstate(all="ignore"):
            inner = [replace(r, X=_log_columns(r.X, positive)) for r in (rows, held)]
        for fit in [_fit(inner[0], inner[1], variance, log) for log in (False, True)]:
            if fit is not None:
                gradient = fit.gradient.copy()
                gradient[positive] /= rows.X[:, positive].T
                found.append(replace(fit, gradient=gradient))
    return min((fit for fit in found if fit is not None), key=lambda fit: fit.loss, default=None)


def _log_columns(X: Array, columns: NDArray[np.intp]) -> Array:
    X = X.copy()
    X[:, columns] = np.log(X[:, columns])
    return X


def _fit(rows: Rows, held: Rows, variance: float, log: bool) -> Smooth | None:
    y = rows.y
    sign = 1.0
    if log:
        sign = 1.0 if y[0] > 0 else -1.0
        if (sign * y).min() <= _SINGLE_SIGN * np.abs(y).max():
            return None
        y = np.log(sign * y)
    low, high = rows.X.min(0), rows.X.max(0)
    centre, half = (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0)
    n, d = rows.X.shape
    weight = np.sqrt(rows.weight)
    if log:
        weight = weight * np.abs(rows.y)  # so that squares are those of y itself, to first order
    best: tuple[float, int, Array] | None = None
    for degree in range(1, MOST_DEGREE + 1):
        terms = math.comb(d + degree, degree)
        if terms > MOST_TERMS or terms * _ROWS_PER_TERM > n:
            break
        exponents = _exponents(d, degree)
        design = _design((rows.X - centre) / half, exponents)
        solution = np.linalg.lstsq(design * weight[:, None], y * weight, rcond=1e-12)[0]
        prediction = _design(np.clip((held.X - centre) / half, -1.2, 1.2), exponents) @ solution
        if log:
            prediction = sign * np.exp(prediction)
        loss = float(np.mean(held.weight * (held.y - prediction) ** 2)) / variance
        if best is None or loss < best[0]:
            best = (loss, degree, solution)
        elif loss > 10 * best[0]:
            break
    if best is None:
        return None
    loss, degree, solution = best
    exponents, scaled = _exponents(d, degree), (rows.X - centre) / half
    value = _design(scaled, exponents) @ solution
    gradient = np.stack([_design(scaled, exponents, along=i) @ solution / half[i] for i in range(d)])
    if log:
        value = sign * np.exp(value)
        gradient = gradient * value
    return Smooth(value, gradient, loss)


def _exponents(d: int, degree: int) -> NDArray[np.int64]:
    """List the exponents (T, D) of all terms up to the total degree."""

    def of(total: int) -> Iterator[tuple[int, ...]]:
        for places in itertools.combinations_with_replacement(range(d), total):
            yield tuple(places.count(i) for i in range(d))

    return np.array([row for total in range(degree + 1) for row in of(total)], dtype=np.int64)


def _design(scaled: Array, exponents: NDArray[np.int64], along: int | None = None) -> Array:
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
    design = np.ones((len(exponents), n))
    for i in range(d):
        if i == along or exponents[:, i].any():
            design *= tables[i][exponents[:, i]]
    return design.T
