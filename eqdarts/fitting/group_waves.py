"""Waves of a law with constants by group that the rows do not show.

A wave that turns at the same rate in all groups is shown by all rows together. A wave with a rate of its own in each
group is another one there: only the rows of that group can show it. A few of them, each less than a period long, pass
near any smooth curve (`eqdarts.equation.waves`). So each group pays for each of its own.

Curves of one input that hardly turn, such as a rise and a fall, do not repeat anything. Many rows of such a curve would
pay for a sum of waves, which is a Fourier series of it. So laws of more than two waves are not compared for them, and
no wave has a rate of its own in each group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups
from eqdarts.equation.repeats import repeats
from eqdarts.equation.waves import doubt_of, waves_of
from eqdarts.expression.written import text, write
from eqdarts.fitting.table import Table
from eqdarts.primitives.functions import function_of
from eqdarts.primitives.table import PERIODIC

__all__ = ["MOST_WAVES", "doubtful_waves", "may_repeat", "n_waves", "rates_of_waves"]

MOST_GROUPS = 100  # that are looked at
MOST_WAVES = 2  # of a law of curves that do not repeat


def doubtful_waves(equation: Equation, table: Table, groups: RowGroups) -> list[str]:
    """Return the words for each wave or arc of an equation that the rows do not show: an own one for each group.

    Parameters
    ----------
    equation : Equation
    table : Table
    groups : RowGroups
        The group of each row of the table.
    """
    if any(statement.kind == "period" for statement in table.knowledge):
        return []  # the user knows it
    names = () if equation.groups is None else equation.groups.names
    waves = list(waves_of(equation.expr))
    own = [wave for wave in waves if _turns_by_group(wave, names)]
    everyone = dict(zip(table.names, table.telling.T, strict=True))
    if equation.groups is not None:
        typical = np.median(np.array(equation.groups.values), axis=0)
        everyone |= {name: np.full(len(table.telling), value) for name, value in zip(names, typical, strict=True)}
    may = may_repeat(table, groups)
    found = [doubt_of(wave, everyone) or _in_vain(wave, groups, may) for wave in waves if wave not in own]
    for label in groups.labels[:MOST_GROUPS] if own else ():
        rows = _rows_of(equation, table, groups, label)
        words = (doubt_of(wave, rows) for wave in own)
        found += [f"{doubt} of {groups.by} {label}" for doubt in words if doubt]
    return [doubt for doubt in found if doubt]


def _in_vain(wave: Expr, groups: RowGroups, may: bool) -> str:
    """Return the words for a wave in curves that do not repeat."""
    if may or function_of(wave) not in PERIODIC:
        return ""
    return f"{text(write(wave), 4)} repeats, but the rows of no {groups.by} do"


def _turns_by_group(wave: Expr, names: Collection[str]) -> bool:
    """Whether a wave turns at a rate of its own in each group: a phase alone does not make it another wave."""
    inputs = [x for x in wave.free_symbols if x.name not in names]
    return any(s.name in names for x in inputs for s in wave.args[0].diff(x).free_symbols)


def _rows_of(equation: Equation, table: Table, groups: RowGroups, label: object) -> dict[str, Array]:
    """Return the rows of one group by name, with the constants of the group as further columns."""
    rows = np.flatnonzero(groups.place == groups.labels.index(label))
    columns = dict(zip(table.names, table.X[rows].T, strict=True))
    constants = {} if equation.groups is None else equation.groups.of(label)
    return {**columns, **{name: np.full(len(rows), value) for name, value in constants.items()}}


def may_repeat(table: Table, groups: RowGroups) -> bool:
    """Whether the curve of some group repeats, or nothing tells. Rows of several inputs are no curve."""
    if table.X.shape[1] != 1 or any(statement.kind == "period" for statement in table.knowledge):
        return True
    known = False
    for rows in _curves(table.X[:, 0], groups):
        found = repeats(table.X[rows, 0], table.y[rows])
        if found:
            return True
        known |= found is not None
    return not known


def _curves(x: Array, groups: RowGroups) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each group; and all rows if each group begins where another one ends, such as years."""
    parts = [np.flatnonzero(groups.place == g) for g in range(min(len(groups.labels), MOST_GROUPS))]
    yield from parts
    parts.sort(key=lambda rows: float(x[rows].min()))
    if all(x[rows].max() <= x[after].min() for rows, after in pairwise(parts)):
        yield np.concatenate(parts)


def n_waves(formula: Expr) -> int:
    """Return the number of different sines and cosines of a formula."""
    return len(_sines(formula))


def rates_of_waves(formula: Expr, names: Sequence[str], inputs: Collection[str]) -> NDArray[np.bool_]:
    """Return which of the constants (K,) say how fast a sine or cosine turns with an input."""
    slopes = [wave.args[0].diff(x) for wave in _sines(formula) for x in wave.free_symbols if x.name in inputs]
    found = {symbol.name for slope in slopes for symbol in slope.free_symbols}
    return np.array([name in found for name in names], dtype=bool)


def _sines(formula: Expr) -> list[Expr]:
    return [wave for wave in waves_of(formula) if function_of(wave) in PERIODIC]
