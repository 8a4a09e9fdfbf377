"""Laws of one state that compete: their form, their price, and their place in a system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.flow import Formula, Sides
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.expression.build import symbol
from eqdarts.selection import Candidate, description_length

__all__ = ["FLOOR", "Law", "Measured", "length_of", "sides_of"]

FLOOR = 1e-9  # noise as a share of the spread below which nothing is gained


@dataclass(frozen=True, eq=False)
class Law:
    """A right-hand side with the nats of its structure.

    Parameters
    ----------
    equation : Equation
    structure : float
        Nats of the form, by `eqdarts.selection.structure_length`, and of constants that became exact.
    """

    equation: Equation
    structure: float

    @cached_property
    def key(self) -> str:
        """The form, with coefficients as names."""
        return str(self.formula.expr)

    @cached_property
    def coefficients(self) -> dict[str, float]:
        """The values of the coefficients by their names in the equation, in an order that no value changes.

        An equation names its coefficients in the order in which it is written, where positive terms come first. A fit
        that changes a sign would put its results beside other names.
        """
        given = self.equation.coefficients
        return {name: given[name] for name in _ordered(self.equation.template, tuple(given))}

    @cached_property
    def formula(self) -> Formula:
        """The form as a fit by shooting needs it, its coefficients named in the order of `coefficients`."""
        names = tuple(f"c{k}" for k in range(len(self.coefficients)))
        renamed = {symbol(old): symbol(new) for old, new in zip(self.coefficients, names, strict=True)}
        return Formula(self.equation.template.xreplace(renamed), names, tuple(self.coefficients.values()))

    @property
    def n_coefficients(self) -> int:
        return len(self.coefficients)

    def with_coefficients(self, values: Array) -> Law | None:
        """Return the law with other coefficients; None if one is not finite, or too large for a formula."""
        if not np.isfinite(values).all():
            return None
        named = dict(zip(self.coefficients, map(float, values), strict=True))
        try:
            return replace(self, equation=self.equation.with_coefficients(named)) if named else self
        except FormulaError:
            return None


@lru_cache(maxsize=4096)
def _ordered(template: Expr, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of coefficients by where they stand in a form, whatever they are called."""
    import sympy

    own, other = sympy.Symbol("_a", positive=True), sympy.Symbol("_b", positive=True)

    def place(name: str) -> str:
        return str(template.xreplace({symbol(one): own if one == name else other for one in names}))

    return tuple(sorted(names, key=place)) if len(names) > 1 else names


@dataclass(frozen=True, eq=False)
class Measured:
    """What prices need of the measured values of each state."""

    n_values: Array  # (D,)
    mean_square: Array  # (D,)
    variance: Array  # (D,)

    @classmethod
    def of(cls, values: Array, inflation: float = 1.0) -> Measured:
        """Return the facts of measured states (N, D); NaN where one is missing.

        With an inflation of the variances, so many values are worth one that is independent.
        """
        squares = np.nanmean(np.square(values), axis=0)
        return cls(np.isfinite(values).sum(axis=0) / inflation, squares, np.nanvar(values, axis=0))


def length_of(law: Law, square: float, measured: Measured, k: int, n_free: int | None = None) -> float:
    """Return the description length of state k in nats, with a mean squared residual of its trajectory.

    `n_free` is the number of free coefficients where ties leave fewer than the law has.
    """
    n, variance = float(measured.n_values[k]), float(measured.variance[k])
    least = max(square, FLOOR**2 * (variance or float(measured.mean_square[k])), 1e-300)
    count = law.n_coefficients if n_free is None else n_free
    candidate = Candidate(law.equation.complexity, count, least, law.structure)
    return description_length(candidate, n, len(measured.n_values), float(measured.mean_square[k]), variance)


def sides_of(
    laws: Sequence[Law],
    states: Sequence[str],
    signals: Sequence[str],
    ties: Sequence[tuple[int, int, float]] = (),
    velocities: Sequence[str] = (),
) -> Sides:
    """Return the right-hand sides of laws; with velocities, the laws are those of the accelerations."""
    of_positions = [Formula(symbol(name), (), ()) for name in velocities]
    return Sides([*of_positions, *(law.formula for law in laws)], [*states, *velocities], signals, ties)
