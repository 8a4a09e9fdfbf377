"""Coefficients that the rows cannot distinguish, described in sentences.

A direction in the coefficients that changes no prediction is a null vector of the Jacobian. If it is the same direction
at every value of the coefficients - in the coefficients, or in the logarithms of some of them - the prediction depends
only on the sums and products that are constant along it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.expression.build import product, symbol
from eqdarts.expression.parse import quoted
from eqdarts.expression.written import text, write

__all__ = ["unidentifiable"]

Values = Callable[[Array, Mapping[str, Array], int], tuple[Array, Array]]  # (theta, columns, n) -> values, Jacobian

SAME = 1e-6  # largest difference between two projections on the same null space
RANK_TOLERANCE = 1e-9  # at changed coefficients and rows, where only structure should remain
MOST_TOGETHER = 6  # coefficients for which sums and products are tried
MOST_ROWS = 200
SIMPLE = 1e-6  # a combination's coefficient this close to a simple number is that number


def unidentifiable(
    at: Values, names: Sequence[str], theta: Array, columns: Mapping[str, Array], null: Array
) -> tuple[str, ...]:
    """Describe the coefficients that the rows cannot distinguish.

    Parameters
    ----------
    at : callable
        ``at(theta, columns, n)`` -> predictions (n,), Jacobian (n, K).
    names : sequence of str
    theta : ndarray of shape (K,)
    columns : mapping of str to ndarray of shape (n,)
    null : ndarray of shape (K, K - rank)
        Orthonormal null vectors of the Jacobian with columns scaled to length one.

    Returns
    -------
    tuple of str
        One sentence for each group of coefficients; empty if all are identified.
    """
    rows = _Rows(at, columns)
    return tuple(_sentence(rows, names, theta, group) for group in _groups(null))


def _groups(null: Array) -> list[list[int]]:
    """Return the coefficients that null vectors connect, each group in order."""
    projector = null @ null.T  # (K, K)
    left = [k for k in range(len(null)) if projector[k, k] > SAME]
    groups: list[list[int]] = []
    while left:
        group, frontier = set(), {left[0]}
        while frontier:
            group |= frontier
            frontier = {j for j in left for k in frontier if abs(projector[j, k]) > SAME} - group
        groups.append(sorted(group))
        left = [k for k in left if k not in group]
    return groups


class _Rows:
    """A thinned set of the rows, and the same rows with every input changed separately."""

    def __init__(self, at: Values, columns: Mapping[str, Array]) -> None:
        n_rows = max((len(column) for column in columns.values()), default=1)
        picked = np.linspace(0, n_rows - 1, min(n_rows, MOST_ROWS)).astype(np.intp)
        rng = np.random.default_rng(0)
        self.at, self.n = at, len(picked)
        self.given = {name: column[picked] for name, column in columns.items()}
        self.changed = {name: column * np.exp(0.2 * rng.normal(size=self.n)) for name, column in self.given.items()}

    def jacobian(self, theta: Array, group: Sequence[int], changed: bool = False) -> Array:
        """Return the columns of the group (n, C), without the rows at which they are undefined."""
        jacobian = self.at(theta, self.changed if changed else self.given, self.n)[1][:, list(group)]
        return np.asarray(jacobian[np.isfinite(jacobian).all(axis=1)])


def _sentence(rows: _Rows, names: Sequence[str], theta: Array, group: list[int]) -> str:
    shown = [quoted(names[k]) for k in group]
    where = "" if _is_structural(rows, theta, group) else " on these rows"
    if len(group) == 1:
        return f"{shown[0]} has no effect on the prediction{where or ' near its value'}."
    together = " and ".join([", ".join(shown[:-1]), shown[-1]])
    found = _combinations(rows, theta, group)
    if not found:
        return f"{together} cannot be told apart{where}: a change of one is undone by the others."
    combined = [_combination(shown, logs, row) for logs, row in found]
    listed = combined[0] if len(combined) == 1 else " and ".join([", ".join(combined[:-1]), combined[-1]])
    return f"{together} appear only as {listed}{where}."


def _is_structural(rows: _Rows, theta: Array, group: list[int]) -> bool:
    """Whether the group loses the same rank on other rows: then the cause is the formula, not the data."""
    given, changed = rows.jacobian(theta, group), rows.jacobian(theta, group, changed=True)
    return len(changed) > 0 and _rank(changed) <= _rank(given)


def _rank(jacobian: Array) -> int:
    norm = np.linalg.norm(jacobian, axis=0)
    singular = np.linalg.svd(jacobian / np.where(norm > 0, norm, 1.0), compute_uv=False)
    return int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum()) if norm.any() else 0


def _combinations(rows: _Rows, theta: Array, group: list[int]) -> list[tuple[tuple[bool, ...], Array]]:
    """Return the combinations on which the prediction depends: which coefficients enter by logarithm, and how.

    Products are tried first, then sums, then mixtures such as a*exp(b).
    """
    if len(group) > MOST_TOGETHER or not theta[group].all():
        return []
    rng = np.random.default_rng(1)
    points = [theta]
    for _ in range(2):
        point = theta.copy()
        point[group] *= np.exp(0.1 * rng.normal(size=len(group)))
        points.append(point)
    jacobians = [rows.jacobian(point, group) for point in points]
    size = np.abs(theta[group])
    choices = sorted(itertools.product((True, False), repeat=len(group)), key=lambda c: (len(set(c)), -sum(c)))
    for logs in choices:
        units = [np.where(logs, point[group], size) for point in points]
        spaces = [_row_space(jacobian * unit) for jacobian, unit in zip(jacobians, units, strict=True)]
        first = spaces[0]
        if len(first) == len(group):
            return []  # only rounding connects them
        if all(s.shape == first.shape and np.abs(s.T @ s - first.T @ first).max() < SAME for s in spaces[1:]):
            return [(logs, row) for row in _reduced(first / np.where(logs, 1.0, size))]
    return []


def _row_space(jacobian: Array) -> Array:
    """Return an orthonormal basis (rank, C) of the rows."""
    if not len(jacobian):
        return np.zeros((0, jacobian.shape[1]))
    _, singular, vt = np.linalg.svd(jacobian, full_matrices=False)
    return np.asarray(vt[: int((singular > RANK_TOLERANCE * singular[0]).sum())])


def _reduced(basis: Array) -> Array:
    """Return the reduced row echelon form of a basis (rank, C)."""
    rows = basis.copy()
    done = 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        pivot = done + int(np.abs(rows[done:, column]).argmax())
        if abs(rows[pivot, column]) < SAME * np.abs(rows).max():
            continue
        rows[[done, pivot]] = rows[[pivot, done]]
        rows[done] /= rows[done, column]
        for other in range(len(rows)):
            if other != done:
                rows[other] -= rows[other, column] * rows[done]
        done += 1
    return rows


def _combination(names: Sequence[str], logs: Sequence[bool], weights: Array) -> str:
    """Return the combination as text: a product of powers, a sum, or a product with the exponential of a sum."""
    import sympy

    terms = [
        (symbol(name.strip("`")), is_log, _simple(float(weight)))
        for name, is_log, weight in zip(names, logs, weights, strict=True)
        if abs(weight) > SIMPLE * np.abs(weights).max()
    ]
    factors = [name**weight for name, is_log, weight in terms if is_log]
    total = sympy.Add(*[weight * name for name, is_log, weight in terms if not is_log])
    if total != 0 and any(is_log and not weight.is_Rational for _, is_log, weight in terms):
        whole = sympy.Add(total, *[weight * sympy.log(name) for name, is_log, weight in terms if is_log])
    else:
        whole = (
            product(*factors, sympy.exp(total)) if factors and total != 0 else product(*factors) if factors else total
        )
    return text(write(whole), digits=4)


def _simple(value: float) -> Any:
    import sympy

    fraction = Fraction(value).limit_denominator(12)
    if abs(float(fraction) - value) <= SIMPLE * max(abs(value), SIMPLE):
        return sympy.Rational(fraction.numerator, fraction.denominator)
    return sympy.Float(value)
