"""A first law for losses that bear outliers: a polynomial that fits the best half of the rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.losses import NORMAL, typical_size

__all__ = ["robust_polynomial"]

MOST_ROWS = 500  # rows to which the polynomials are fitted
ROWS_A_TERM = 4  # rows for each coefficient, at least
MOST_TERMS = 40
SUBSETS, STEPS = 60, 12  # random starts, and steps of each towards the rows that it fits best
REGULAR = 3.0  # standard deviations within which a row is no outlier
RIDGE, ROUNDING = 1e-10, 1e-12


def robust_polynomial(X: Array, y: Array, weight: Array | None, rng: np.random.Generator) -> Array:
    r"""Return the values (N,) of a polynomial in the inputs that outliers among y do not move.

    Parameters
    ----------
    X, y : ndarrays of shape (N, D) and (N,)
    weight : ndarray of shape (N,) or None
        Rows without weight are not looked at.
    rng : numpy.random.Generator

    Notes
    -----
    Least trimmed squares: the sum of the :math:`h = (n + p + 1) / 2` smallest squared residuals is made small from many
    random starts, each of p rows (Rousseeuw and Van Driessen, *Data Mining and Knowledge Discovery* 12, 2006). Up to
    half of the rows may be outliers. Of a constant, a plane, and polynomials of the second and third degree, that with
    the shortest description of these rows is taken, and fitted to all rows within three standard deviations.
    """
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight > 0)
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.permutation(rows)[:MOST_ROWS])
    middle, width = np.median(X[rows], axis=0), np.ptp(X[rows], axis=0)
    Z = (X - middle) / np.where(width > 0, width, 1.0)
    unit = typical_size(y[rows])
    target = y[rows] / unit
    best, shortest = np.full(len(y), np.median(y[rows])), math.inf
    for terms in _polynomials(Z, len(rows)):
        theta, length = _trimmed(terms[rows], target, rng)
        values = unit * (terms @ theta)
        if length < shortest and np.isfinite(values).all():
            best, shortest = values, length
    return best


def _polynomials(Z: Array, n: int) -> Iterator[Array]:
    """Yield the terms (N, P) of ever longer polynomials, as long as n rows are enough."""
    ones = np.ones((len(Z), 1))
    crossed = [Z[:, [i]] * Z[:, [j]] for i, j in itertools.combinations(range(min(Z.shape[1], MOST_TERMS)), 2)]
    parts = [ones], [Z], [Z**2], crossed, [Z**3]
    terms: list[Array] = []
    for part in parts:
        terms = [*terms, *part]
        if sum(block.shape[1] for block in terms) > min(max(n // ROWS_A_TERM, 1), MOST_TERMS):
            return
        yield np.hstack(terms)


def _trimmed(terms: Array, y: Array, rng: np.random.Generator) -> tuple[Array, float]:
    """Return the coefficients (P,) of the least trimmed squares, and the length of their description in nats."""
    n, p = terms.shape
    h = (n + p + 1) // 2
    subsets = np.argsort(rng.random((SUBSETS, n)), axis=1)[:, :p]
    theta = _solved(terms[subsets], y[subsets])
    for _ in range(STEPS):
        theta = _solved(terms[kept := _closest(terms, y, theta, h)], y[kept])
    size = np.sort((y - theta @ terms.T) ** 2, axis=1)[:, :h].sum(axis=1)
    chosen = theta[int(np.argmin(size))]
    scale = max(NORMAL * float(np.median(np.abs(y - terms @ chosen))) * (n / (n - p)), ROUNDING)
    regular = np.abs(y - terms @ chosen) <= REGULAR * scale
    if regular.sum() > p:
        chosen = _solved(terms[None, regular], y[None, regular])[0]
    return chosen, n * math.log(scale) + 0.5 * p * math.log(n)


def _closest(terms: Array, y: Array, theta: Array, h: int) -> NDArray[np.intp]:
    """Return the h rows that each start (S, P) fits best, (S, h)."""
    return np.argpartition(np.abs(y - theta @ terms.T), h - 1, axis=1)[:, :h]


def _solved(A: Array, b: Array) -> Array:
    """Return the least squares coefficients (S, P) of terms (S, n, P) for targets (S, n)."""
    normal = np.swapaxes(A, 1, 2) @ A
    level = RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] + np.finfo(float).tiny
    right = np.swapaxes(A, 1, 2) @ b[..., None]
    found: Array = np.linalg.solve(normal + level * np.eye(A.shape[2]), right)[..., 0]
    return found
