"""Coefficients with only as many digits as the function needs: 0.2 in place of 0.20000000000000004."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.expression.build import rebuild, symbol, with_values
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import template, write

__all__ = ["rounded"]


ROUNDING = 1e-12  # largest relative change of a value on the rows by rounding the coefficients
VANISHING = 1e-13  # by leaving a coefficient out
FEWEST_DIGITS = 3
EACH_DIGITS = 12  # where more would be needed, each coefficient is rounded by itself
MOST_DIGITS = 16


def rounded(expr: Expr, columns: Mapping[str, Array], n_rows: int) -> Expr:
    """Return the expression with each coefficient rounded as far as the values on the rows allow.

    All coefficients are first rounded together to as few digits as possible. If that needs more than 12 digits, each is
    rounded on its own, to at least 12. A coefficient without effect becomes 0, and its term or factor disappears.

    Parameters
    ----------
    expr : sympy.Expr
    columns : mapping of str to ndarray of shape (m,)
        The first `n_rows` of them count.
    n_rows : int
    """
    import sympy

    names = set(columns)
    prefix = "c"
    while any(name.startswith(prefix) for name in names):
        prefix = "_" + prefix
    formula, values = template(write(expr), lambda k: f"{prefix}{k}")
    if not values:
        return expr
    # Every form is compared with the values on the rows; where there are none, nothing can be compared.
    theta = np.array(list(values.values()))
    rows = {name: column[:n_rows] for name, column in columns.items()}
    trial = _Trial(formula, tuple(values), rows, n_rows, theta)
    if not trial.usable:
        return expr
    chosen = trial.round(trial.vanish(theta))
    if np.array_equal(chosen, theta):
        return expr
    # Zeros are put in first: sympy then drops their terms, and with them other coefficients.
    zeros = {symbol(name): sympy.Integer(0) for name, value in zip(values, chosen, strict=True) if value == 0}
    others = {name: value for name, value in zip(values, chosen, strict=True) if value != 0}
    return with_values(rebuild(formula, zeros), others)


def _to_digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


class _Trial:
    """The change of the values on the rows with the coefficients, for (B, K) vectors of coefficients at once."""

    def __init__(self, formula: Expr, names: tuple[str, ...], rows: Mapping[str, Array], n: int, theta: Array) -> None:
        self.formula = formula
        self.names = names
        self.rows = rows
        self.n = n
        self.values = self._evaluate(theta[None])[0]
        self.defined = ~np.isnan(self.values)
        size = np.abs(self.values[self.defined])
        self.usable = bool(len(size))
        self.yardstick = np.maximum(size, np.median(size)) if self.usable else size

    def _evaluate(self, theta: Array) -> Array:
        own = {name: theta[:, k : k + 1] for k, name in enumerate(self.names)}
        values = evaluate(self.formula, {**self.rows, **own}, self.n)
        return np.broadcast_to(values, (len(theta), self.n))

    def change(self, theta: Array) -> Array:
        """Return the largest relative change (B,), infinite where a row becomes undefined or defined."""
        # A row that was undefined must stay so, and the others must stay defined.
        values = self._evaluate(theta)
        same = (np.isnan(values) != self.defined).all(axis=1)
        change = np.abs(values[:, self.defined] - self.values[self.defined])
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.where(change == 0, 0.0, change / self.yardstick)
        largest = np.where(np.isnan(relative), np.inf, relative).max(axis=1)
        return np.where(same, largest, np.inf)

    def vanish(self, theta: Array) -> Array:
        """Return the coefficients, with zero for those that have no effect."""
        small = [np.where(np.arange(len(theta)) == k, 0.0, theta) for k in range(len(theta))]
        without = self.change(np.array(small)) < VANISHING
        if without.any():
            candidate = np.where(without, 0.0, theta)
            if self.change(candidate[None])[0] < VANISHING:
                return candidate
        return theta

    def round(self, theta: Array) -> Array:
        """Return the coefficients with as few digits as possible."""
        digits = np.arange(FEWEST_DIGITS, MOST_DIGITS + 1)
        together = np.array([[_to_digits(c, int(d)) for c in theta] for d in digits])
        passed = np.flatnonzero(self.change(together) < ROUNDING)
        if len(passed) and digits[passed[0]] <= EACH_DIGITS:
            return np.asarray(together[passed[0]])
        # Each coefficient on its own, with an equal share of the allowed change.
        from_digits = digits >= EACH_DIGITS
        candidates = together[from_digits]  # (B, K)
        b, k = candidates.shape
        alone = np.repeat(theta[None], b * k, axis=0)
        alone[np.arange(b * k), np.tile(np.arange(k), b)] = candidates.ravel()
        fits = self.change(alone).reshape(b, k) < ROUNDING / k
        # The errors of all together may still add up to more, so the result is checked as a whole.
        first = np.where(fits.any(axis=0), fits.argmax(axis=0), b - 1)
        chosen = np.where(fits.any(axis=0), candidates[first, np.arange(k)], theta)
        return chosen if self.change(chosen[None])[0] < ROUNDING else theta
