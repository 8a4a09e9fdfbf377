r"""Sums of two exponentials of one input, behind an outer function: read off by least squares.

.. math:: h(y) = c + b_1 e^{k_1 x} + b_2 e^{k_2 x}

Two compartments, absorption and elimination, Morse's potential and, behind the reciprocal, a rise and a fall or a
window between two half points are of this form. A climb that adds one term at a time fits one exponential first, which
the two replace only together. Here both rates are looked for on a grid, of either sign; everything else is linear.

Axes: N rows, D inputs, K rates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.graph.draft import DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive
from eqdarts.search.closed_form.outer import behind, outer_functions
from eqdarts.search.closed_form.pursuit import weighted
from eqdarts.search.least_squares import least_squares

__all__ = ["exponential_starts"]

EXP = PRIMITIVES["exp"]
OUTER = (LINEAR.name, "reciprocal")
MOST_INPUTS = 5
MOST_ROWS = 500
FEWEST_VALUES = 8  # of an input: the sum has five numbers
RATES = np.geomspace(0.3, 60.0, 16)  # of either sign, over the range of the input
TELLING = 0.8  # share of what one exponential leaves that two may leave
RIDGE = 1e-12  # of the normal equations, so that rates that are nearly the same do no harm


def exponential_starts(
    X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...], unit: float = 1.0
) -> Iterator[Start]:
    """Yield laws that are a sum of two exponentials of one input, or one over it, with and without a constant.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y, weight : ndarray of shape (N,)
    primitives : tuple of Primitive
        What the search may use.
    unit : float
        What one unit of y is worth in the units of the data.
    """
    rows = spread(len(y), MOST_ROWS)
    X, y = X[rows], y[rows]
    weight = weight[rows]
    d = X.shape[1]
    if EXP not in primitives or d > MOST_INPUTS:
        return
    for name, factor, inner in outer_functions(y, primitives, unit):
        if name not in OUTER:
            continue
        target, root = weighted(inner, y, weight)
        for i in range(d):
            if len(np.unique(X[root > 0, i])) < FEWEST_VALUES:
                continue
            for rates in _pairs_of_rates(X[:, i], target, root):
                for has_constant in (True, False):
                    terms, constant = _weights(X[:, i], target, root, rates, has_constant)
                    edges = [DraftEdge(i, EXP, w, [rate]) for rate, w in terms]
                    yield behind(name, factor, DraftNode("sum", edges, constant), d, []).prune().build()


def _pairs_of_rates(x: Array, target: Array, root: Array) -> Iterator[tuple[float, float]]:
    """Yield the pair of rates that leaves least beside a constant, and the best of opposite signs, if they tell."""
    rates = np.concatenate([-RATES[::-1], RATES]) / float(np.ptp(x))
    basis = np.ones(len(x)) * root
    basis = basis / np.linalg.norm(basis)
    columns = np.column_stack([_scaled(x, rate) for rate in rates]) * root[:, None]
    columns = columns - basis[:, None] * (basis @ columns)
    sizes = np.linalg.norm(columns, axis=0)
    columns = columns / np.where(sizes > 0, sizes, 1.0)
    rest = target * root
    largest = float(np.abs(rest).max())  # whose square may overflow
    rest = rest / largest if largest > 0 else rest
    rest = rest - basis * (basis @ rest)
    # Squares that each pair explains, from the normal equations of both columns.
    says, gram = rest @ columns, columns.T @ columns
    determinant = 1 - gram**2 + RIDGE
    explained = (says[:, None] ** 2 + says[None, :] ** 2 - 2 * gram * says[:, None] * says[None, :]) / determinant
    squares = float(rest @ rest)
    explained = np.where(np.isfinite(explained) & (explained <= squares * (1 + 1e-9)), explained, 0.0)
    one = squares - float((says**2).max(initial=0.0))
    opposite = np.sign(rates)[:, None] * np.sign(rates)[None, :] < 0
    for allowed in (np.ones_like(opposite), opposite):
        best = np.where(allowed & (np.arange(len(rates))[:, None] < np.arange(len(rates))), explained, 0.0)
        j, k = np.unravel_index(int(np.argmax(best)), best.shape)
        if squares - float(best[j, k]) < TELLING * one:
            yield float(rates[j]), float(rates[k])


def _scaled(x: Array, rate: float) -> Array:
    """Return exp(rate x) over its largest value."""
    exponent = rate * x
    return np.asarray(np.exp(exponent - exponent.max()))


def _weights(
    x: Array, target: Array, root: Array, rates: tuple[float, float], has_constant: bool
) -> tuple[list[tuple[float, float]], float]:
    """Return rates with their weights, those that a float holds, and the constant."""
    columns = [_scaled(x, rate) for rate in rates] + ([np.ones(len(x))] if has_constant else [])
    solution = least_squares(np.column_stack(columns) * root[:, None], target * root)
    with np.errstate(over="ignore", under="ignore"):
        sizes = [float(w * np.exp(-(rate * x).max())) for rate, w in zip(rates, solution, strict=False)]
    terms = [(rate, size) for rate, size in zip(rates, sizes, strict=True) if np.isfinite(size) and size]
    return terms, float(solution[2]) if has_constant else 0.0
