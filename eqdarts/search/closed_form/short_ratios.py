r"""All ratios of a few of given terms, and those of them that are nearest to a smooth function.

For :math:`P / Q` near f the sum :math:`P - f Q` is small. Of all P of p terms and Q of q terms the products of the
terms say how small: with the best P the square of what is left is a form in the coefficients of Q, and the smallest
eigenvalue of that form beside :math:`|Q|^2` is the least. So thousands of ratios are compared at once, where terms
that are dropped one by one can end in a lookalike of more terms.

Axes: N rows, T terms, A sets of p terms, B sets of q terms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array, Ints
from eqdarts.search.least_squares import least_squares

__all__ = ["ShortRatio", "short_ratios"]

SIZES = (1, 2), (2, 1), (1, 3), (2, 2)  # terms above and below
NEAREST = 4  # ratios of each size
RIDGE = 1e-9  # share of the mean square of a set of terms


class ShortRatio(NamedTuple):
    """The terms above and below (p,), (q,) of a ratio and their coefficients."""

    above: Ints
    below: Ints
    a: Array
    b: Array


def short_ratios(exponents: Array, values: Array, f: Array, weight: Array, most: int) -> Iterator[ShortRatio]:
    """Yield the ratios of each size that are nearest to a function.

    Parameters
    ----------
    exponents : ndarray of shape (T, D)
        Those of the inputs in each term, none of them negative. Ratios whose terms all have an input are shorter
        without it.
    values : ndarray of shape (T, N)
        The terms, of about one size.
    f : ndarray of shape (N,)
    weight : ndarray of shape (N,)
        That of f on each row, over the size of Q there if that is known.
    most : int
        Sizes of which there are more ratios are left out.
    """
    above = (values * weight).T
    below = above * f[:, None]
    for p, q in SIZES:
        if not 0 < math.comb(len(values), p) * math.comb(len(values), q) <= most:
            continue
        sets = [np.array(list(itertools.combinations(range(len(values)), n))) for n in (p, q)]
        left = _left(above, below, *sets)
        pairs = ((sets[0][k // len(sets[1])], sets[1][k % len(sets[1])]) for k in np.argsort(left, axis=None).tolist())
        prime = (own for own in pairs if not (exponents[np.concatenate(own)] > 0).all(axis=0).any())
        for own in itertools.islice(prime, NEAREST):
            yield _solved(above[:, own[0]], below[:, own[1]], above[:, own[1]], *own)


def _left(above: Array, below: Array, over: Ints, under: Ints) -> Array:
    """Return what the best ratio of each set `over` (A, p) and each set `under` (B, q) leaves, as a share (A, B)."""
    within, across = above.T @ above, above.T @ below
    inverse = np.linalg.inv(_blocks(within, over))
    both = across[over[:, None, :, None], under[None, :, None, :]]
    explained = np.einsum("abpq,apr,abrs->abqs", both, inverse, both, optimize=True)
    root = np.linalg.inv(np.linalg.cholesky(_blocks(within, under)))
    form = root @ (_blocks(below.T @ below, under) - explained) @ root.transpose(0, 2, 1)
    least = np.linalg.eigvalsh(form)[..., 0]
    return np.asarray(np.where(np.isfinite(least), least, np.inf))


def _blocks(products: Array, sets: Ints) -> Array:
    """Return the products of the terms of each set (A, p, p), with a small ridge."""
    own = products[sets[:, :, None], sets[:, None, :]]
    return np.asarray(own + RIDGE * np.trace(own, axis1=1, axis2=2)[:, None, None] * np.eye(sets.shape[1]))


def _solved(above: Array, below: Array, size: Array, over: Ints, under: Ints) -> ShortRatio:
    """Return the ratio of the terms `over` (p,) and `under` (q,) with the least left."""
    rest = below - above @ np.stack([least_squares(above, column) for column in below.T], axis=1)
    root = np.linalg.inv(np.linalg.cholesky(_blocks(size.T @ size, np.arange(len(under))[None])[0]))
    b = root.T @ np.linalg.eigh(root @ (rest.T @ rest) @ root.T)[1][:, 0]
    b = b if np.median(size @ b) > 0 else -b
    return ShortRatio(over, under, least_squares(above, below @ b), b)
