"""Features: candidate functions of one or two sources, as values on the rows and as recipes to insert.

A feature is f(u) at a row of f's `initial` grid, with u a source, the product or ratio of two, their sum or difference
in the units of the data, a function of a source, alone or beside a constant or another source, or a product or ratio of
two affine maps. Sources are inputs and nodes.

Axes: M features, N rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts._typing import Array, Ints
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.primitives.table import Primitive, fixed_power

__all__ = [
    "Combination",
    "Feature",
    "Features",
    "combinations",
    "features",
    "grid",
    "insert_feature",
    "values_of",
]

RECIPROCAL = fixed_power(LINEAR.exponent * -1)  # type: ignore[operator]
_HUGE = 1e60
NEAR_ZERO = 1e-3  # a source that comes this near to zero, as a share of its largest value, is not divided by


class Combination(NamedTuple):
    """One or two sources as one argument: (source, weight or exponent) each, summed or multiplied.

    `inner` is the function that its last source stands in, with coefficients; `constant` is added to the sum, and in a
    product to the function. `affine`, in a product, has weight and constant of each factor.
    """

    kind: str  # "single", "product" or "sum"
    sources: tuple[int, ...]
    numbers: tuple[float, ...]
    inner: tuple[Primitive, tuple[float, ...]] | None = None
    constant: float = 0.0
    affine: tuple[tuple[float, float], ...] = ()

    @property
    def symbols(self) -> int:
        """Symbols that it adds to an equation."""
        own = 2 * sum(constant != 0.0 for _, constant in self.affine)
        own += 2 * len(self.sources) - 1 + 2 * sum(number < 0 for number in self.numbers) * (self.kind == "product")
        if self.inner is None:
            return own
        is_alone = len(self.sources) == 1 or self.kind == "product"
        scale = self.inner[0].scale_is_shift and is_alone  # c + log x is log of e^c x
        return own + self.inner[0].complexity + (2 if self.constant and not scale else 0)


class Feature(NamedTuple):
    """f at fixed coefficients of a combination."""

    primitive: Primitive
    coefficients: tuple[float, ...]
    argument: Combination

    @property
    def symbols(self) -> int:
        """Symbols that it adds to an equation, its coefficients included."""
        own = 2 * len(self.coefficients) if self.argument.kind != "sum" else 2
        return self.argument.symbols + self.primitive.complexity + own


@dataclass(frozen=True, eq=False)
class Features:
    """Values (M, N) of M features, and what each is: function and argument by their places in two lists.

    `newest` (M,) is the highest source that each reads, `symbols` (M,) what each adds to an equation.
    """

    values: Array
    newest: Array
    symbols: Array
    function: Ints
    argument: Ints
    functions: tuple[tuple[Primitive, tuple[float, ...]], ...]
    arguments: tuple[Combination, ...]

    def __len__(self) -> int:
        return len(self.values)

    def recipe(self, m: int) -> Feature:
        """Return feature `m` as what to insert."""
        primitive, coefficients = self.functions[self.function[m]]
        return Feature(primitive, coefficients, self.arguments[self.argument[m]])

    @staticmethod
    def join(parts: Sequence[Features]) -> Features:
        """Return all features of `parts`."""
        functions: list[tuple[Primitive, tuple[float, ...]]] = []
        arguments: list[Combination] = []
        function, argument = [], []
        for part in parts:
            function.append(part.function + len(functions))
            argument.append(part.argument + len(arguments))
            functions += part.functions
            arguments += part.arguments
        return Features(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.newest for part in parts]),
            np.concatenate([part.symbols for part in parts]),
            np.concatenate(function),
            np.concatenate(argument),
            tuple(functions),
            tuple(arguments),
        )

    def select(self, rows: Ints) -> Features:
        """Return the features in `rows`."""
        return replace(
            self,
            values=self.values[rows],
            newest=self.newest[rows],
            symbols=self.symbols[rows],
            function=self.function[rows],
            argument=self.argument[rows],
        )


def grid(primitives: Sequence[Primitive], most: int | None = None) -> list[tuple[Primitive, tuple[float, ...]]]:
    """Return each primitive at the rows of its grid, at `most` of them; learned powers have moves of their own."""
    return [(p, row) for p in primitives if p is not POWER for row in p.initial[:most]]


def combinations(pairs: Sequence[tuple[int, int]], singles: Sequence[int], units: Sequence[float]) -> list[Combination]:
    """List the single sources, and products, ratios, differences and sums of the pairs.

    Parameters
    ----------
    pairs : sequence of (int, int)
    singles : sequence of int
    units : sequence of float
        What one unit of each source is worth in the units of the data, so that x1 - x2 is that of the data.
    """
    found = [Combination("single", (i,), (1.0,)) for i in singles]
    for i, j in pairs:
        found += [Combination("product", (i, j), numbers) for numbers in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0))]
        size = max(units[i], units[j])
        a, b = units[i] / size, units[j] / size
        found += [Combination("sum", (i, j), numbers) for numbers in ((a, -b), (a, b))]
    return found


def values_of(chosen: Sequence[Combination], sources: Array) -> Array:
    """Return the values (C, N) of combinations of `sources` (S, N); NaN where a divisor comes near zero."""
    first = np.array([c.sources[0] for c in chosen])
    second = np.array([c.sources[-1] for c in chosen])
    numbers = np.array([(*c.numbers, 0.0)[:2] for c in chosen])
    kinds = np.array([c.kind for c in chosen])
    with np.errstate(all="ignore"):
        inverse = 1 / sources
        inverse[np.abs(sources).min(1) <= NEAR_ZERO * np.abs(sources).max(1)] = np.nan
        a, b = numbers[:, :1], numbers[:, 1:]
        u = np.where(a > 0, sources[first], inverse[first])
        product = kinds == "product"
        u[product] *= np.where(b > 0, sources[second], inverse[second])[product]
        total = (kinds == "sum") & np.array([c.inner is None for c in chosen])
        u[total] = a[total] * sources[first[total]] + b[total] * sources[second[total]]
        for k, combination in enumerate(chosen):
            if combination.inner is not None:
                u[k] = _nested(combination, sources)
            elif combination.affine:
                factors = zip(combination.sources, combination.numbers, combination.affine, strict=True)
                u[k] = np.prod([(w * sources[s] + c) ** power for s, power, (w, c) in factors], axis=0)
    return np.asarray(u)


def _nested(combination: Combination, sources: Array) -> Array:
    assert combination.inner is not None
    primitive, coefficients = combination.inner
    value: Array = primitive(torch.from_numpy(sources[combination.sources[-1]]), *coefficients).numpy()
    first = sources[combination.sources[0]]
    if combination.kind == "product":
        return np.asarray(first ** combination.numbers[0] * (value + combination.constant))
    u = combination.numbers[-1] * value + combination.constant
    return u + combination.numbers[0] * first if len(combination.sources) > 1 else u


def features(
    chosen: Sequence[Combination],
    sources: Array,
    functions: Sequence[tuple[Primitive, tuple[float, ...]]],
    *,
    sums: bool = False,
) -> Features:
    """Apply every function to every combination of `sources` (S, N); keep what is finite and not constant.

    The sum of two sources itself, two features of one source each, is given only with `sums`.
    """
    n = sources.shape[1]
    u = values_of(chosen, sources) if chosen else np.zeros((0, n))
    kept = np.flatnonzero(_varies(u))
    u, arguments = u[kept], tuple(chosen[int(k)] for k in kept)
    blocks = [np.zeros((0, n))]
    function: list[Ints] = []
    argument: list[Ints] = []
    linear_sums = np.array([c.kind == "sum" for c in arguments], dtype=bool)
    divisible = np.abs(u).min(1) > NEAR_ZERO * np.abs(u).max(1) if len(u) else np.zeros(0, dtype=bool)
    number = 0
    for primitive, group in itertools.groupby(functions, key=lambda f: f[0]):
        rows = [row for _, row in group]
        values = _at_all_rows(primitive, rows, u)
        usable = _varies(values)
        if not primitive.domain.zero or primitive.domain.lower == 0.0:
            usable &= divisible
        if primitive is LINEAR and not sums:
            usable &= ~linear_sums
        row, column = np.nonzero(usable)
        blocks.append(values[row, column])
        function.append(number + row)
        argument.append(column)
        number += len(rows)
    where = np.concatenate(argument) if argument else np.zeros(0, dtype=np.int64)
    which = np.concatenate(function) if function else np.zeros(0, dtype=np.int64)
    newest = np.array([max(c.sources) for c in arguments], dtype=np.float64)
    of_argument = np.array([c.symbols for c in arguments], dtype=np.float64)
    own = np.array([f.complexity + 2 * len(c) for f, c in functions], dtype=np.float64)
    return Features(
        np.concatenate(blocks), newest[where], of_argument[where] + own[which], which, where, tuple(functions),
        arguments,
    )  # fmt: skip


def _at_all_rows(primitive: Primitive, rows: Sequence[tuple[float, ...]], u: Array) -> Array:
    """Return the values (R, M, N) of a function at R rows of coefficients and arguments (M, N), all at once."""
    coefficients = torch.tensor(rows, dtype=torch.float64)
    with np.errstate(all="ignore"):
        values = primitive(torch.from_numpy(u)[None], *coefficients.T[:, :, None, None]).numpy()
    return np.broadcast_to(values, (len(rows), *u.shape))


def _varies(values: Array) -> NDArray[np.bool_]:
    """Say for each row of values (..., N) whether it is not constant, and finite with what is made of its square."""
    if not values.size:
        return np.zeros(values.shape[:-1], dtype=bool)
    high, low = values.max(-1), values.min(-1)
    with np.errstate(all="ignore"):
        varies: NDArray[np.bool_] = high - low > 1e-9 * np.maximum(np.abs(high), np.abs(low))
    return np.asarray(varies & (high < _HUGE) & (low > -_HUGE))


def insert_feature(draft: Draft, position: int, feature: Feature) -> tuple[DraftEdge, int]:
    """Insert what `feature` reads before node `position`; return the edge that is it, and how many nodes came in.

    Sources must be inputs or nodes before `position`.
    """
    argument, first = feature.argument, position
    if argument.kind == "single":
        return DraftEdge(argument.sources[0], feature.primitive, 1.0, list(feature.coefficients)), 0
    if argument.kind == "sum":
        edges = [DraftEdge(s, LINEAR, w) for s, w in zip(argument.sources, argument.numbers, strict=True)]
        if argument.inner is not None:
            edges[-1].primitive, edges[-1].coefficients = argument.inner[0], list(argument.inner[1])
        node = DraftNode("sum", edges, argument.constant or None)
    else:
        factors = list(argument.sources)
        for k, (weight, constant) in enumerate(argument.affine):
            affine = DraftNode("sum", [DraftEdge(factors[k], LINEAR, weight)], constant or None)
            factors[k] = draft.insert(position + k, affine)
        position += len(argument.affine)
        powers = [LINEAR if number > 0 else RECIPROCAL for number in argument.numbers]
        node = DraftNode("product", [DraftEdge(s, p) for s, p in zip(factors, powers, strict=True)])
        if argument.inner is not None:
            inner = DraftEdge(factors[-1], argument.inner[0], 1.0, list(argument.inner[1]))
            if argument.constant:
                inner = DraftEdge(draft.insert(position, DraftNode("sum", [inner], argument.constant)), LINEAR)
                position += 1
            node.edges[-1] = inner
    source = draft.insert(position, node)
    return DraftEdge(source, feature.primitive, 1.0, list(feature.coefficients)), position + 1 - first
