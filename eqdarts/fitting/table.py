"""All rows of a fit, and facts about them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import FitRows, origins_of, rows_of_extremes, weighted_rows
from eqdarts.equation.equation import Equation
from eqdarts.equation.origins import length_of_cancelling, n_free_origins
from eqdarts.equation.ranges import MARGIN
from eqdarts.equation.repeats import repeats
from eqdarts.equation.singularities import find_brink, find_singularities
from eqdarts.equation.waves import find_wave, waves_in_vain
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.counts import counted
from eqdarts.fitting.dimensions import ColumnUnits
from eqdarts.graph.graph import Graph
from eqdarts.knowledge.box import Box, widened
from eqdarts.knowledge.probes import Screen, make_screen
from eqdarts.knowledge.statements import Statement
from eqdarts.primitives.table import Primitive
from eqdarts.selection import ROUNDING

__all__ = ["Table", "values_at"]


OF_COLUMNS = ("box", "telling", "origins")  # properties that do not depend on the weights
MANY_ROWS = 10_000  # with more rows, checks that need no statistics use the extremes and some of the others


@dataclass(frozen=True, eq=False)
class Table:
    """All rows with the names of their columns, as given or with each different row once; see `counted`."""

    X: Array  # (N, D)
    y: Array  # (N,)
    weight: Array | None  # (N,)
    names: tuple[str, ...]
    target: str | None
    sigma: Array | None = None  # (N,) known errors; the weights are relative to the smallest
    named: bool = True  # whether the columns had names, or got x0, x1, ...
    counts: Array | None = None  # (N,) how often each row was seen, if the weights say more than that
    given: Table | None = None  # the table as given, if this one has other rows
    place: NDArray[np.intp] | None = None  # for each of its rows, the number of the row here; -1 for none
    y_unit: float = 1.0  # power of two by which y and sigma are divided
    units: ColumnUnits | None = None  # of the columns and the target, if any were given
    knowledge: tuple[Statement, ...] = ()  # what the user says of the law
    partial: Table | None = None  # rows with a gap in an input, NaN there; the law is chosen without them

    def counted(self) -> Table:
        """Return the table without rows of weight zero and with repeated rows once; itself if it has neither."""
        found = counted(self.X, self.y, self.weight, self.sigma is not None)
        if found is None:
            return self
        X, y = self.X[found.rows], self.y[found.rows]
        return replace(self, X=X, y=y, weight=found.weight, given=self, place=found.place)

    def with_weights(self, weight: Array, counts: Array) -> Table:
        """Return the table with other weights (N,), all above zero, and what is known of its columns."""
        other = replace(self, weight=weight, counts=counts)
        # All of a long table would have to be read again for these.
        other.__dict__.update({name: self.__dict__[name] for name in OF_COLUMNS if name in self.__dict__})
        return other

    @property
    def as_given(self) -> Table:
        """The table with the rows, weights and units as given."""
        return self if self.given is None else self.given.as_given

    def complete_in(self, names: Collection[str]) -> NDArray[np.intp]:
        """Return which of the rows with gaps have none in these columns."""
        if self.partial is None:
            return np.zeros(0, dtype=np.intp)
        used = [k for k, name in enumerate(self.names) if name in names]
        return np.flatnonzero(np.isfinite(self.partial.X[:, used]).all(axis=1))

    def with_partial(self, names: Collection[str]) -> Table:
        """Return the table with the rows that have gaps in other columns than these."""
        rows = self.complete_in(names)
        if self.partial is None or not len(rows):
            return self
        more = self.partial.part(rows)
        weight, sigma = _joined(self.weight, more.weight), _joined(self.sigma, more.sigma)
        if sigma is not None:
            weight = (sigma / sigma.min()) ** -2.0
        X, y = np.vstack([self.X, more.X]), np.concatenate([self.y, more.y])
        return replace(self, X=X, y=y, weight=weight, sigma=sigma, counts=None, given=None, place=None, partial=None)

    @cached_property
    def box(self) -> dict[str, tuple[float, float]]:
        """The smallest and largest value of every column among the rows with weight."""
        X = self.X if self.weight is None else self.X[self.weight > 0]
        ends = zip(X.min(axis=0).tolist(), X.max(axis=0).tolist(), strict=True)
        return dict(zip(self.names, ends, strict=True))

    @cached_property
    def wide_box(self) -> Box:
        """The box in which what is known of the law must hold: that of the rows, and a margin."""
        return widened(self.box)

    @cached_property
    def size(self) -> float:
        """The spread of y, or its magnitude if it has none."""
        return float(np.ptp(self.y)) or float(np.abs(self.y).max(initial=0.0)) or 1.0

    @cached_property
    def screen(self) -> Screen | None:
        """The points at which values may contradict what is known; None if nothing is."""
        if not self.knowledge:
            return None
        return make_screen(self.knowledge, self.names, self.wide_box, self.size, unit=self.y_unit)

    @cached_property
    def noise(self) -> float | None:
        """The known mean squared error, weighted as losses are; None if it is not known."""
        if self.sigma is None:
            return None
        # Errors below the rounding level of y would promise more than floats can hold.
        least = ROUNDING * float(np.average(self.y**2, weights=self.weight))
        return max(float(np.average(self.sigma**2, weights=self.weight)), least, 1e-300)

    @cached_property
    def columns(self) -> dict[str, Array]:
        """The inputs (N,) by name, each in one piece."""
        return {name: np.ascontiguousarray(column) for name, column in zip(self.names, self.X.T, strict=True)}

    @cached_property
    def origins(self) -> dict[str, int]:
        """The columns that are searched from an origin too, each with its origin."""
        ends = np.array(list(self.box.values())).T.reshape(2, -1)
        found = zip(self.names, origins_of(ends).tolist(), strict=True)
        return {name: int(origin) for name, origin in found if origin}

    def n_coefficients(self, equation: Equation) -> int:
        """Return the number of coefficients of the equation, and of origins that it pays for like coefficients."""
        return len(equation.coefficients) + n_free_origins(equation, self.origins, self.telling)

    def length_of_cancelling(self, equation: Equation) -> float:
        """Return the nats that the equation pays for numbers that cancel where columns have no origin."""
        return length_of_cancelling(equation, self.telling) if self.origins else 0.0

    def length_of_units(self, equation: Equation) -> float:
        """Return the nats that the equation pays for the units of its coefficients, and where units do not add up."""
        return 0.0 if self.units is None else self.units.price(equation)

    def length_by_units(self, graph: Graph, equation: Equation, primitives: Collection[Primitive]) -> float:
        """Return the nats of the structure of an equation in the units in which it is shortest; infinite without."""
        own = None if self.units is None else self.units.structure(graph, equation, primitives)
        return math.inf if own is None else own

    def told(self, equation: Equation) -> Equation:
        """Return the equation with the ranges and the units of its inputs."""
        ranged = equation.with_ranges(self.box)
        return ranged if self.units is None else self.units.told(ranged)

    def pole(self, equation: Equation) -> str:
        """Return the words for a pole of the equation inside the range of the rows, "" if none is known."""
        return find_singularities(equation, self.box).pole

    def brink(self, equation: Equation) -> str:
        """Return the words for a place slightly outside the range where equation or slope grow without bound."""
        return find_brink(equation, self.box, MARGIN)

    def waves(self, equation: Equation) -> list[str]:
        """Return the words for sines and cosines that the rows cannot show: each in a curve, else the first."""
        if any(statement.kind == "period" for statement in self.knowledge):
            return []  # the user knows it
        columns = dict(zip(self.names, self.telling.T, strict=True))
        if self.is_no_wave:  # a sum of waves would be a Fourier series
            return waves_in_vain(equation, columns)
        found = find_wave(equation, columns)
        return [found] if found else []

    @cached_property
    def is_no_wave(self) -> bool:
        """Whether the rows are a curve of one input that does not repeat."""
        return self.X.shape[1] == 1 and repeats(self.X[:, 0], self.y) is False

    @cached_property
    def n_rows(self) -> float:
        """The number of rows, or the number that the weights represent."""
        weight = self.weight if self.counts is None else self.counts
        return float(len(self.y)) if weight is None else weighted_rows(weight)

    @property
    def counts_of_rows(self) -> Array:
        """How often each row was seen (N,), where weights do not mean something else."""
        counts = self.weight if self.counts is None else self.counts
        return np.ones(len(self.y)) if counts is None else counts

    @cached_property
    def telling(self) -> Array:
        """Rows (n, D) that show where an equation is defined: all of a small table, a few of a large one."""
        if len(self.X) <= MANY_ROWS:
            return self.X
        spread = np.linspace(0, len(self.X) - 1, MANY_ROWS // 10).astype(np.intp)
        return np.asarray(self.X[np.unique(np.concatenate([spread, rows_of_extremes(self.X)]))])

    def part(self, rows: NDArray[np.intp]) -> Table:
        """Return the table of these rows alone."""

        def at(values: Array | None) -> Array | None:
            return None if values is None else values[rows]

        own = replace(self, X=self.X[rows], y=self.y[rows], given=None, place=None, partial=None)
        return replace(own, weight=at(self.weight), sigma=at(self.sigma), counts=at(self.counts))

    def of_columns(self, names: Sequence[str]) -> Table:
        """Return the table of some of its columns."""
        kept = [self.names.index(name) for name in names]
        return replace(self, X=self.X[:, kept], names=tuple(names))

    def drawn(self, rows: NDArray[np.intp]) -> FitRows:
        """Return these rows, as the stages of the fit use them."""
        weight = None if self.weight is None or self.sigma is not None else self.weight[rows]
        sigma = None if self.sigma is None else self.sigma[rows]
        return FitRows(self.X[rows], self.y[rows], weight, sigma, len(self.y))

    def kept(self, rows: NDArray[np.intp]) -> FitRows:
        """Return copies of the rows as given, so that inference does not change when the caller's table does."""
        if self.given is not None:
            if self.place is None:
                return self.given.kept(rows)
            chosen = np.zeros(len(self.y) + 1, dtype=bool)  # the last is for rows that are not here
            chosen[rows] = True
            return self.given.kept(np.flatnonzero(chosen[self.place]))
        return self.drawn(rows)

    def predicted(self, equation: Equation) -> Array:
        """Return the values of the equation, NaN without a warning where it is undefined."""
        return values_at(equation, self.X)


def _joined(first: Array | None, second: Array | None) -> Array | None:
    return None if first is None or second is None else np.concatenate([first, second])


def values_at(equation: Equation, X: Array) -> Array:
    """Return the values (n,) of the equation at rows X (n, D), NaN without a warning where it is undefined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return np.asarray(equation.predict(X))
