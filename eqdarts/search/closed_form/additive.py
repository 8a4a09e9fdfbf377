r"""Laws that are linear in one function of the inputs, behind an outer function: read off by least squares.

.. math:: h(y) = c + \sum_i w_i\, f(x_i)

with f the identity, the logarithm, the reciprocal, the square or the root of all inputs alike. Such laws are common
where people measure (a regression on logarithms, an Arrhenius plot), and a climb that adds one term at a time may take
a lookalike of the first term and never come back. Inputs that explain nothing are dropped one by one, the least telling
first; what is left at each step is a start.

A sum of logarithms is besides gathered into the logarithm of one product, :math:`c + w \log \prod_i x_i^{p_i}`, with
simple exponents in the ratios of the weights: one coefficient in place of several.

Axes: N rows, D inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.closed_form.outer import behind, outer_functions
from eqdarts.search.closed_form.pursuit import weighted
from eqdarts.search.least_squares import least_squares

__all__ = ["additive_starts", "simple_powers"]

FUNCTIONS = ("linear", "log", "reciprocal", "square", "sqrt")
LOG = PRIMITIVES["log"]
LARGEST_POWER = 4
SINGULAR = 1e-13  # part of a column, as a share of it, that is a rounding error
RATIO_TOLERANCE = 0.15  # how far a ratio of weights may be from a simple exponent


def additive_starts(
    X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...], unit: float = 1.0
) -> Iterator[Start]:
    """Yield starts that are linear in one function of the inputs, behind an outer function.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y, weight : ndarray of shape (N,)
    primitives : tuple of Primitive
        What the search may use.
    unit : float
        What one unit of y is worth in the units of the data.
    """
    usable = [PRIMITIVES[name] for name in FUNCTIONS if PRIMITIVES[name] in primitives]
    values = {row.name: _values(row, X) for row in usable}
    for name, factor, inner in outer_functions(y, primitives, unit):
        target, root = weighted(inner, y, weight)
        for row in usable:
            columns = values[row.name]
            inputs = [i for i in range(X.shape[1]) if np.isfinite(columns[:, i]).all() and np.ptp(columns[:, i]) > 0]
            for solution, kept in _eliminated(columns, inputs, target, root):
                yield _sum(row, solution, kept, name, factor, X.shape[1])
                if row is LOG and len(kept) > 1:
                    gathered = _gathered(solution, kept, name, factor, X.shape[1])
                    if gathered is not None:
                        yield gathered


def _values(row: Primitive, X: Array) -> Array:
    """Return a function of all inputs (N, D); NaN where it is undefined."""
    import torch

    return np.asarray(row(torch.from_numpy(np.ascontiguousarray(X))).numpy())


def _eliminated(columns: Array, inputs: list[int], target: Array, root: Array) -> Iterator[tuple[Array, list[int]]]:
    """Yield the constant and weights of the least squares sum, over fewer and fewer inputs, the least telling gone."""
    kept = list(inputs)
    while kept and len(kept) < np.count_nonzero(root):
        design = np.column_stack([np.ones(len(target)), columns[:, kept]]) * root[:, None]
        solution = least_squares(design, target * root)
        yield solution, list(kept)
        # The part of a column that the others do not explain is what its weight can do: weight times that is its say.
        del kept[int(np.argmin(np.abs(solution[1:]) * _own_parts(design)[1:]))]


def _own_parts(design: Array) -> Array:
    """Return the norm (K,) of the part of each column (N, K) that the others do not explain.

    Its square is one over the diagonal of the inverse of the normal matrix, which the triangle of one QR decomposition
    gives for all columns.
    """
    sizes = np.linalg.norm(design, axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    triangle = np.linalg.qr(design / sizes, mode="r")
    # Columns that others explain have a zero on the diagonal, and no part of their own.
    diagonal = np.diagonal(triangle)
    triangle = triangle + np.diag(np.where(np.abs(diagonal) < SINGULAR, SINGULAR, 0.0))
    inverse = np.linalg.inv(triangle)
    return np.asarray(sizes / np.linalg.norm(inverse, axis=1))


def _sum(row: Primitive, solution: Array, kept: list[int], name: str, factor: float, d: int) -> Start:
    edges = [DraftEdge(i, row, float(w)) for i, w in zip(kept, solution[1:], strict=True)]
    return behind(name, factor, DraftNode("sum", edges, float(solution[0])), d, []).prune().build()


def _gathered(solution: Array, kept: list[int], name: str, factor: float, d: int) -> Start | None:
    """Return c + w log(product of simple powers), None where the weights are in no simple ratio."""
    found = simple_powers(solution[1:])
    if found is None:
        return None
    powers, weight = found
    product = DraftNode("product", [DraftEdge(i, fixed_power(p)) for i, p in zip(kept, powers, strict=True)])
    edge = DraftEdge(d, LOG, weight)
    return behind(name, factor, DraftNode("sum", [edge], float(solution[0])), d, [product]).prune().build()


def simple_powers(weights: Array) -> tuple[list[Fraction], float] | None:
    """Return whole exponents p and a factor w with w p near the weights; None where there are none up to four.

    >>> simple_powers(np.array([0.98, 1.01, -2.03]))
    ([Fraction(1, 1), Fraction(1, 1), Fraction(-2, 1)], 1.0083...)
    """
    sizes = np.abs(weights)
    if not np.isfinite(weights).all() or not sizes.min() > 0:
        return None
    for multiple in (1, 2, 3):
        ratios = weights / sizes.min() * multiple
        powers = np.round(ratios)
        near = np.abs(ratios - powers) <= RATIO_TOLERANCE
        if near.all() and np.abs(powers).max() <= LARGEST_POWER:
            divisor = math.gcd(*(int(p) for p in powers))
            powers = powers / divisor
            return [Fraction(int(p)) for p in powers], float(powers @ weights / (powers @ powers))
    return None
