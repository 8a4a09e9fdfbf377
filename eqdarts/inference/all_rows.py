r"""All rows of a long table, of which a fit keeps some: what inference needs of the others, block by block.

Everything is in the triangle of one QR decomposition of :math:`\sqrt w\,[J\; r]`. The triangle of two sets of rows is
that of their triangles on top of each other. So a pass over the rows in blocks gives the triangle of all of them, and
no Jacobian of all rows is ever held.

Axes: N rows, n of a block, K coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.inference.intervals import LackOfFit, groups_of, lack_of_fit
from eqdarts.inference.linearised import Decomposition, Form, Rows, decompose

__all__ = ["AllRows", "Blocks", "Facts", "TimeIsUpError", "all_rows_from", "facts_of", "standing_for"]

BLOCK = 2**14  # rows of a block: its Jacobian stays in the cache of a processor


class TimeIsUpError(Exception):
    """Raised between two blocks when there is no time for the next."""


class Facts(NamedTuple):
    """What is known of the rows besides their decomposition.

    Parameters
    ----------
    n_rows : int
        Rows with weight.
    n_dropped : int
        Those at which a derivative is infinite; the decomposition does not contain them.
    squares : float
        Weighted residual sum of squares.
    total : float
        Weighted sum of squares of y about its weighted mean.
    size : float
        Root of the weighted sum of squares of y.
    weight : float
        Sum of the weights.
    lack_of_fit : LackOfFit or None
    """

    n_rows: int
    n_dropped: int
    squares: float
    total: float
    size: float
    weight: float
    lack_of_fit: LackOfFit | None


class AllRows(NamedTuple):
    """All rows at one equation: the triangle (K + 1, K + 1) of weighted Jacobian and residual, and facts."""

    triangle: Array
    facts: Facts

    @property
    def parts(self) -> Decomposition:
        """The decomposition of the weighted Jacobian and residual of all rows."""
        return decompose(self.triangle[:, :-1], self.triangle[:, -1])

    def record(self) -> dict[str, Any]:
        """Return plain values, to be read by `all_rows_from`."""
        test = self.facts.lack_of_fit
        facts = {**self.facts._asdict(), "lack_of_fit": None if test is None else vars(test)}
        return {"triangle": self.triangle.tolist(), "facts": facts}


def all_rows_from(record: Any, n_coefficients: int) -> AllRows | None:
    """Return what `AllRows.record` has written and may come from anyone; None for None.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is not such a record for an equation with so many coefficients.
    """
    if record is None:
        return None
    triangle, given = np.array(record["triangle"], dtype=np.float64), record["facts"]
    if triangle.shape != (n_coefficients + 1, n_coefficients + 1) or not np.isfinite(triangle).all():
        raise ValueError("the triangle of all rows does not belong to the equation")
    numbers: dict[str, Any] = {name: int(given[name]) for name in ("n_rows", "n_dropped")}
    numbers |= {name: float(given[name]) for name in ("squares", "total", "size", "weight")}
    test = given["lack_of_fit"]
    if test is not None:
        kinds = {"pure_error": float, "dof_pure": int, "dof_lack": int, "statistic": float, "p_value": float}
        test = LackOfFit(**{name: kind(test[name]) for name, kind in kinds.items()})
    return AllRows(triangle, Facts(**numbers, lack_of_fit=test))


def facts_of(rows: Rows, squares: float, n_dropped: int, rank: int) -> Facts:
    """Return the facts of rows that are held as a whole, at an equation with the weighted sum of squares given."""
    weight = rows.root**2
    total = float(weight @ (rows.y - np.average(rows.y, weights=weight)) ** 2) if len(rows.y) else 0.0
    size = float(np.linalg.norm(rows.y * rows.root))
    group = groups_of(rows.inputs)
    test = None if group is None else lack_of_fit(group, rows.y, weight, squares, rank)
    return Facts(len(rows.y), n_dropped, squares, total, size, float(weight.sum()), test)


def standing_for(every: AllRows, form: Form, rows: Rows) -> tuple[Rows, float, Array]:
    """Return rows whose sum of squares is, as a function of the coefficients, close to that of all rows.

    Parameters
    ----------
    every : AllRows
    form : Form
        At the estimate from all rows.
    rows : Rows
        Some of the rows.

    Returns
    -------
    Rows
        These, with weights that make up for the others, and without the part of their residuals that would move the
        estimate.
    float
        Their weighted residual sum of squares.
    ndarray of shape (K,)
        The standard errors from all rows, divided by those from these rows.
    """
    root = rows.root * math.sqrt(every.facts.weight / float(np.square(rows.root).sum()))
    f, jacobian = form.at(form.estimate, rows.columns, len(rows.y))
    defined = np.isfinite(jacobian).all(axis=1, keepdims=True)
    jacobian = np.where(defined, jacobian, 0.0) * root[:, None]
    residual = (rows.y - f) * root
    own, others = decompose(jacobian, residual), every.parts
    residual = residual - jacobian @ (own.factor @ (own.factor.T @ (jacobian.T @ residual)))
    errors = [np.linalg.norm(parts.factor, axis=1) for parts in (others, own)]
    with np.errstate(all="ignore"):
        stretch = errors[0] / errors[1]
    stretch = np.where(np.isfinite(stretch) & (stretch > 0), stretch, 1.0)
    return rows._replace(y=f + residual / root, root=root), float(residual @ residual), stretch


@dataclass(frozen=True, eq=False)
class Blocks:
    """All rows of a table, of which one block at a time is evaluated.

    Parameters
    ----------
    form : Form
    X : ndarray of shape (N, D)
        The table itself: it is not copied.
    variables : sequence of str
        The D names of its columns.
    y : ndarray of shape (N,)
    go_on : callable, optional
        Asked before every block; if it returns False, `TimeIsUpError` is raised.
    """

    form: Form
    X: Array
    variables: Sequence[str]
    y: Array
    go_on: Callable[[], bool] = lambda: True

    def values(self, theta: Array) -> Array:
        """Return the values (N,) at coefficients (K,), NaN where the equation is undefined."""
        numbers = {name: np.asarray(float(value)) for name, value in zip(self.form.names, theta, strict=True)}
        fixed = {name: np.asarray(value) for name, value in self.form.known.items()}
        f = np.empty(len(self.y))
        for part in self._parts():
            columns = {**self._columns(part), **numbers, **fixed}
            f[part] = evaluate(self.form.formula, columns, part.stop - part.start)
        return f

    def triangle(self, theta: Array, root: Array) -> tuple[Array, Facts]:
        """Return the triangle (K + 1, K + 1) at coefficients (K,), and the facts but the test for lack of fit.

        Parameters
        ----------
        theta : ndarray of shape (K,)
        root : ndarray of shape (N,)
            Square roots of the weights; rows where they are zero do not count.
        """
        wide = len(theta) + 1
        triangle = np.zeros((wide, wide))
        squares, n_dropped = 0.0, 0
        for part in self._parts():
            f, jacobian = self.form.at(theta, self._columns(part), part.stop - part.start)
            own, seen = root[part], root[part] > 0
            residual = np.where(seen, (self.y[part] - f) * own, 0.0)
            squares += float(residual @ residual)
            defined = np.isfinite(jacobian).all(axis=1)
            n_dropped += int((~defined & seen).sum())
            kept = defined & seen
            block = np.column_stack([jacobian[kept] * own[kept, None], residual[kept]])
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, block]), mode="r"))
        weight = root**2
        mean = float(weight @ self.y / weight.sum())
        total, size = float(weight @ (self.y - mean) ** 2), math.sqrt(float(weight @ self.y**2))
        return triangle, Facts(int(np.count_nonzero(root)), n_dropped, squares, total, size, float(weight.sum()), None)

    def at_estimate(self, root: Array) -> AllRows:
        """Return what inference needs of all rows at the estimate; `root` (N,) are square roots of the weights."""
        triangle, facts = self.triangle(self.form.estimate, root)
        group = groups_of(self.X, self.go_on)
        if group is None:
            return AllRows(triangle, facts)
        seen = root > 0
        given = group[seen], self.y[seen], root[seen] ** 2
        test = lack_of_fit(*given, facts.squares, AllRows(triangle, facts).parts.rank)
        return AllRows(triangle, facts._replace(lack_of_fit=test))

    def _parts(self) -> Iterator[slice]:
        for first in range(0, len(self.y), BLOCK):
            if not self.go_on():
                raise TimeIsUpError
            yield slice(first, min(first + BLOCK, len(self.y)))

    def _columns(self, part: slice) -> Mapping[str, Array]:
        used = compile_expression(self.form.formula).names
        return {name: self.X[part, k] for k, name in enumerate(self.variables) if name in used}
