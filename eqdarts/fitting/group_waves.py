"""Waves of a law with constants by group that the rows do not show.

A wave that turns at the same rate in all groups is shown by all rows together. A wave with a rate of its own in each
group is another one there: only the rows of that group can show it. A few of them, each less than a period long, pass
near any smooth curve (`eqdarts.equation.waves`). So each group pays for each of its own.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups
from eqdarts.equation.waves import doubt_of, waves_of
from eqdarts.fitting.table import Table

__all__ = ["doubtful_waves"]

MOST_GROUPS = 100  # that are looked at


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
    found = [doubt_of(wave, everyone) for wave in waves if wave not in own]
    for label in groups.labels[:MOST_GROUPS] if own else ():
        rows = _rows_of(equation, table, groups, label)
        words = (doubt_of(wave, rows) for wave in own)
        found += [f"{doubt} of {groups.by} {label}" for doubt in words if doubt]
    return [doubt for doubt in found if doubt]


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
