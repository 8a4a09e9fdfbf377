r"""The place at which a slope breaks: :math:`\max(0, x - u)` beside columns that are already there.

The squares are smallest at one u, which is looked for among the values of x and at places between them. A smooth bend
looks like a break too. So a break counts only if it leaves less than a cubic in x or in a logarithm of it.

Axes: N rows, T columns, B places.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread

__all__ = ["Kink", "kink_of"]

FEWEST_VALUES = 6  # of an input, below which there is no break
BESIDE = 2  # values of the input on either side of a break, at least, besides one at the break itself
MOST_PLACES = 400
STEEP = 20.0  # range over the distance of the pole of a logarithm from its end
BETWEEN = 8  # places from one value to the next, if there are few of them


class Kink(NamedTuple):
    """A break in the slope: its place, the change of slope, and the share of the squares that the break leaves."""

    place: float
    change: float
    left: float

    def nats(self, n_rows: int) -> float:
        """Return how much shorter the code of the residuals of N rows is with the break."""
        return -0.5 * n_rows * math.log(max(self.left, 1e-300))


def kink_of(columns: Array, x: Array, y: Array, root: Array) -> Kink | None:
    """Return the break in x that explains most of what the columns leave of y; None if a smooth bend explains more.

    Parameters
    ----------
    columns : ndarray of shape (N, T)
        One of them constant and one x; their weights are free.
    x, y : ndarray of shape (N,)
    root : ndarray of shape (N,)
        Square roots of the weights.
    """
    places = _places(np.unique(x[root > 0]))
    span = float(np.ptp(x))
    if not len(places) or not span > 0:
        return None
    basis = _basis(columns * root[:, None])
    target = _without(basis, y * root)
    squares = float(target @ target)
    if not squares > 0 or len(y) <= columns.shape[1] + 2:
        return None
    bent = _without(basis, np.maximum(x[:, None] - places, 0.0) * root[:, None])  # (N, B)
    sizes = np.einsum("nb,nb->b", bent, bent)
    along = target @ bent
    gains = np.where(sizes > 1e-12 * (span**2) * float(root @ root), along**2 / np.maximum(sizes, 1e-300), 0.0)
    k = int(np.argmax(gains))
    left = max(squares - float(gains[k]), 0.0)
    if not left < _left_by_bends(columns, (x - x.min()) / span, y, root):
        return None
    return Kink(float(places[k]), float(along[k] / sizes[k]), left / squares)


def _left_by_bends(columns: Array, share: Array, y: Array, root: Array) -> float:
    """Return the squares that the best cubic leaves: in the share of the range, or bent towards either end of it."""
    left = []
    for t in (share, np.log1p(STEEP * share), np.log1p(STEEP * (1 - share))):
        curved = _without(_basis(np.column_stack([columns, t, t**2, t**3]) * root[:, None]), y * root)
        left.append(float(curved @ curved))
    return min(left)


def _places(values: Array) -> Array:
    """Return the places (B,) at which a break is looked for, for an input with these different values."""
    if len(values) < FEWEST_VALUES:
        return np.zeros(0)
    inner = values[BESIDE:-BESIDE]
    between = min(BETWEEN, MOST_PLACES // max(len(inner), 1))
    if between < 2:
        return inner[spread(len(inner), MOST_PLACES)]
    steps = np.arange(between) / between
    return np.unique([*(inner[:-1, None] + np.diff(inner)[:, None] * steps).ravel(), inner[-1]])


def _basis(columns: Array) -> Array:
    """Return orthonormal columns that span the same; T of them at most."""
    size = np.linalg.norm(columns, axis=0)
    u, singular, _ = np.linalg.svd(columns / np.where(size > 0, size, 1.0), full_matrices=False)
    return np.asarray(u[:, singular > 1e-10 * max(float(singular[0]), 1e-300)])


def _without(basis: Array, values: Array) -> Array:
    """Return what the basis leaves of values (N,) or (N, B)."""
    return np.asarray(values - basis @ (basis.T @ values))
