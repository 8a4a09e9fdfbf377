"""The tables in which the form of a law with constants by group is searched for.

No search sees the constants of groups. But a form that one group of rows follows, or all rows follow after each group
has lost its size or its mean, is a candidate; which of its constants differ between groups is chosen afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.groups import RowGroups
from eqdarts.fitting.table import Table

__all__ = ["GroupView", "group_views"]

FEWEST = 5  # rows of a group that is searched by itself
MOST_GROUPS = 4
TOGETHER = 0.2  # share of the time for all rows as they are
SCALED, SHIFTED = 0.25, 0.15  # for all rows without the size or the mean of their group; the rest is for single groups


@dataclass(frozen=True, eq=False)
class GroupView:
    """A table to search in, its share of the time, and the factors (n,) by which y was divided, if it was."""

    table: Table
    share: float


def group_views(table: Table, groups: RowGroups) -> list[GroupView]:
    """Return the tables to search in, with shares of the time that sum to one."""
    views = [GroupView(table, TOGETHER), *_scaled(table, groups), *_shifted(table, groups)]
    chosen = _telling_groups(table, groups)
    views += [GroupView(_of_group(table, groups, g), (1 - TOGETHER - SCALED - SHIFTED) / len(chosen)) for g in chosen]
    total = sum(view.share for view in views)
    return [replace(view, share=view.share / total) for view in views]


def _weight(table: Table) -> Array:
    return np.ones(len(table.y)) if table.weight is None else table.weight


def _by_group(values: Array, table: Table, groups: RowGroups) -> Array:
    """Return the weighted mean (L,) of values (n,) in each group."""
    weight = _weight(table)
    return np.asarray(np.bincount(groups.place, weight * values) / np.bincount(groups.place, weight))


def _scaled(table: Table, groups: RowGroups) -> list[GroupView]:
    """Return the rows with y divided by its size in the group: for laws in which a factor differs between groups."""
    largest = float(np.abs(table.y).max(initial=0.0)) or 1.0
    size = largest * np.sqrt(_by_group((table.y / largest) ** 2, table, groups))
    size = np.where(size > 1e-9 * size.max(), size, size.max())[groups.place]
    # A residual of the divided y counts by what it is worth in y itself.
    weight = _weight(table) * (size / size.max()) ** 2
    # What is known of y is not known of y in another unit for each group, or without its mean.
    return [GroupView(replace(table, y=table.y / size, weight=weight, sigma=None, knowledge=()), SCALED)]


def _shifted(table: Table, groups: RowGroups) -> list[GroupView]:
    """Return the rows with y minus its mean in the group: for laws in which a term differs between groups."""
    y = table.y - _by_group(table.y, table, groups)[groups.place]
    return [GroupView(replace(table, y=y, knowledge=()), SHIFTED)] if np.ptp(y) > 0 else []


def _telling_groups(table: Table, groups: RowGroups) -> list[int]:
    """Return the groups to search in: the largest, and of equally large ones those that spread most."""
    size = np.bincount(groups.place)
    spread = np.array([np.std(table.y[groups.place == g]) for g in range(len(groups.labels))])
    order = sorted(range(len(size)), key=lambda g: (-size[g], -spread[g]))
    return [g for g in order if size[g] >= FEWEST and spread[g] > 0 and _varying(table, groups, g).any()][:MOST_GROUPS]


def _varying(table: Table, groups: RowGroups, g: int) -> Array:
    return np.asarray(np.ptp(table.X[groups.place == g], axis=0) > 0)


def _of_group(table: Table, groups: RowGroups, g: int) -> Table:
    """Return the rows of one group, with the columns that vary in it."""
    rows, kept = groups.place == g, _varying(table, groups, g)
    names = tuple(name for name, keep in zip(table.names, kept, strict=True) if keep)
    part = table.part(np.flatnonzero(rows))
    knowledge = tuple(statement for statement in table.knowledge if statement.is_about(names))
    return replace(part, X=part.X[:, kept], names=names, knowledge=knowledge)
