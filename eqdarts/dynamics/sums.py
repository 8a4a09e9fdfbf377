"""Sums of terms with coefficients from the slopes: all terms of a set, or the few that describe the slopes best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.variants import law_of
from eqdarts.expression.build import symbol
from eqdarts.expression.program import evaluate
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import Primitive

__all__ = [
    "Sum",
    "beyond",
    "columns_of",
    "fewer_terms",
    "length_of_slopes",
    "products",
    "short_sums",
    "solved",
    "sum_of",
]

MOST_CHOICES = 13_000  # of terms of one number that are compared
MORE = 3  # times as many are fitted exactly, since normal equations are not
RIDGE = 1e-12  # of the normal equations, as a share of their diagonal


def length_of_slopes(square: float, n_coefficients: int, n_rows: int) -> float:
    """Return the nats that describe the slopes of n rows, by a law with this mean squared residual."""
    return 0.5 * n_rows * math.log(max(square, 1e-300)) + 0.5 * n_coefficients * math.log(n_rows)


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms with coefficients from the slopes, and the mean squared residual there."""

    terms: tuple[Expr, ...]
    values: Array
    square: float

    def length(self, n_rows: int) -> float:
        """Return the nats that describe the slopes of n rows."""
        return length_of_slopes(self.square, len(self.terms), n_rows)

    def law(self, variables: Sequence[str], primitives: Sequence[Primitive]) -> Law | None:
        """Return the sum as a law."""
        import sympy

        parts = [
            sympy.Float(value) * term for value, term in zip(self.values.tolist(), self.terms, strict=True) if value
        ]
        return law_of(sympy.Add(*parts), variables, primitives)


def products(names: Sequence[str], degree: int) -> list[Expr]:
    """Return the products of up to `degree` names, one first."""
    import sympy

    return [
        sympy.Mul(*(symbol(name) for name in chosen))
        for size in range(degree + 1)
        for chosen in combinations_with_replacement(names, size)
    ]


def columns_of(table: Table, terms: Sequence[Expr]) -> Array:
    """Return the terms at the rows (n, K)."""
    columns = dict(zip(table.names, table.X.T, strict=True))
    return np.column_stack([evaluate(term, columns, len(table.y)) for term in terms])


def solved(table: Table, design: Array) -> tuple[Array, Array]:
    """Return the coefficients (K,) of the columns of a design from the slopes, and the weighted residuals (n,)."""
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.lstsq(design / size * root[:, None], table.y * root, rcond=1e-12)[0] / size
    return values, (design @ values - table.y) * root


def beyond(table: Table, design: Array) -> Callable[[Array], Array]:
    """Return ``rest(columns)``: the weighted residuals of the slopes with further columns (n, Q) beside a design."""
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    left, singular, _ = np.linalg.svd(
        design / (np.abs(design).max(axis=0) + 1e-300) * root[:, None], full_matrices=False
    )
    basis = left[:, singular > 1e-12 * singular[0]]
    y = table.y * root - basis @ (basis.T @ (table.y * root))

    def rest(columns: Array) -> Array:
        own = columns / (np.sqrt(np.square(columns).mean(axis=0)) + 1e-300) * root[:, None]
        own = own - basis @ (basis.T @ own)
        gram = own.T @ own + RIDGE * len(y) * np.eye(own.shape[1])
        return np.asarray(y - own @ np.linalg.solve(gram, own.T @ y))

    return rest


def sum_of(table: Table, terms: Sequence[Expr], design: Array) -> Sum:
    """Return the sum of terms, whose values at the rows are the columns of a design."""
    values, rest = solved(table, design)
    return Sum(tuple(terms), values, float(np.mean(np.square(rest))))


def short_sums(table: Table, terms: Sequence[Expr], design: Array, most: Mapping[int, int]) -> Iterator[Sum]:
    """Yield short sums of some of the terms that describe the slopes best.

    Where a state moves fast, slopes do not tell which of them is true, and the way from all terms to a few is long.

    Parameters
    ----------
    table : Table
    terms : sequence of sympy.Expr
    design : ndarray of shape (n, K)
        Their values at the rows.
    most : mapping of int to int
        How many sums of each number of terms are yielded.
    """
    gram, right = _normal(table, design)
    for n_terms, n_sums in most.items():
        if n_terms >= len(terms) or math.comb(len(terms), n_terms) > MOST_CHOICES:
            continue
        chosen = np.array(list(combinations(range(len(terms)), n_terms)))
        values = np.linalg.solve(gram[chosen[:, :, None], chosen[:, None, :]], right[chosen][:, :, None])[:, :, 0]
        gains = (values * right[chosen]).sum(axis=1)
        some = [_of(table, terms, design, chosen[j]) for j in np.argsort(-gains, kind="stable")[: MORE * n_sums]]
        yield from sorted(some, key=lambda one: one.square)[:n_sums]


def fewer_terms(table: Table, terms: Sequence[Expr], design: Array) -> Iterator[Sum]:
    """Yield the sum of all terms, and what is left as the least needed term leaves, one after the other."""
    left = np.arange(len(terms))
    while len(left):
        yield _of(table, terms, design, left)
        gram, right = _normal(table, design[:, left])
        inverse = np.linalg.inv(gram)
        need = np.square(inverse @ right) / np.diag(inverse)
        left = np.delete(left, int(np.argmin(need)))


def _normal(table: Table, design: Array) -> tuple[Array, Array]:
    """Return the normal equations of all columns, scaled to one size."""
    root = np.ones(len(table.y)) if table.weight is None else np.sqrt(table.weight)
    size = np.sqrt(np.square(design * root[:, None]).mean(axis=0)) + 1e-300
    columns, y = design * root[:, None] / size, table.y * root
    return columns.T @ columns + RIDGE * len(y) * np.eye(design.shape[1]), columns.T @ y


def _of(table: Table, terms: Sequence[Expr], design: Array, places: NDArray[np.intp]) -> Sum:
    own = places.tolist()
    return sum_of(table, [terms[place] for place in own], design[:, own])
