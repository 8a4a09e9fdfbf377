r"""The length of a structure where units are known.

Units can be chosen so that inputs of independent dimensions are one: the unit of mass is the first mass, that of length
the radius. A law whose units add up says the same in these units, and has fewer inputs there (Buckingham's theorem).
Its code is that of what is left, and the choice of the inputs that are one. A constant with a unit leaves fewer such
changes of units, and so does each place where units do not add up.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from functools import cache

import numpy as np

from eqdarts._typing import Array
from eqdarts.expression.unit_check import UnitCheck
from eqdarts.graph.graph import Graph
from eqdarts.graph.ones import with_ones
from eqdarts.primitives.table import Primitive
from eqdarts.selection import structure_length
from eqdarts.units.unit import Unit

__all__ = ["length_in_own_units"]

MOST_SETS = 300  # sets of inputs that are tried
ZERO = 1e-9


def length_in_own_units(
    graph: Graph, primitives: Collection[Primitive], columns: Sequence[Unit], found: UnitCheck
) -> float:
    """Return the nats of a structure in the units in which it is shortest.

    Parameters
    ----------
    graph : Graph
    primitives : collection of Primitive
    columns : sequence of Unit
        Those of the inputs.
    found : UnitCheck
        The audit of its equation.
    """
    carried = [number.unit for number in found.numbers] + [entry.missing for entry in found.breaks]
    fixed = sorted({_exponents(unit) for unit in carried if not unit.is_number})
    sets = _independent(tuple(map(_exponents, columns)), tuple(fixed))
    given = structure_length(graph, primitives)
    short = {with_ones(graph, ones) for ones in sets if ones}
    lengths = [structure_length(reduced, primitives) + math.log(len(sets)) for reduced in short]
    return min([given, *lengths])


def _exponents(unit: Unit) -> tuple[float, ...]:
    return tuple(map(float, unit.dimension))


@cache
def _independent(
    columns: tuple[tuple[float, ...], ...], fixed: tuple[tuple[float, ...], ...]
) -> tuple[tuple[int, ...], ...]:
    """Return the largest sets of inputs that can be one at the same time, if units of constants stay as they are."""
    inputs = np.array(columns).T  # (bases, D)
    if fixed:
        inputs = _left(np.array(fixed)) @ inputs
    rank = int(np.linalg.matrix_rank(inputs, tol=ZERO)) if inputs.size else 0
    chosen = itertools.combinations(range(inputs.shape[1]), rank)
    few = itertools.islice(chosen, MOST_SETS)
    return tuple(s for s in few if np.linalg.matrix_rank(inputs[:, s], tol=ZERO) == rank) if rank else ()


def _left(fixed: Array) -> Array:
    """Return the changes of the bases that leave units (U, bases) as they are."""
    _, values, right = np.linalg.svd(fixed)
    return np.asarray(right[int((values > ZERO).sum()) :])
