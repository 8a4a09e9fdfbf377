"""The picture of a law with constants by group: a colour for each of a few groups, a panel for each of more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups, labels_of, row_groups
from eqdarts.errors import explain
from eqdarts.plotting.points import draw_points, label_axis, predicted, rows_of_picture, target_name, used_variables
from eqdarts.plotting.style import (
    COLOURS,
    axes_grid,
    is_first,
    new_axes,
    set_log_if_wide,
    set_name,
    styled,
    title_width,
)
from eqdarts.plotting.text import typeset

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_groups"]

IN_ONE = tuple(COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black"))
MARKS = "os^Dv<>"  # a second sign of the group, for readers who do not tell the colours apart
MOST_PANELS = 12
N_GRID = 200


@styled
def plot_groups(
    equation: Equation, X: Any, y: Any, groups: Any = None, *, units: Mapping[str, str] | None = None
) -> list[Axes]:
    """Plot the measurements and the law of each group.

    Up to seven groups share one picture, each in its colour. More have a panel each, at most twelve, evenly chosen.
    If more than one input varies within the groups, predicted values are shown against measured ones.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array-like of shape (n,)
    groups : str or array of shape (n,), optional
        The labels of the rows, as for `Equation.predict`.
    units : mapping of str to str, optional
        Units of variables and target, by name.

    Returns
    -------
    list of Axes
    """
    by = None if equation.groups is None else equation.groups.by
    found = labels_of(groups, X, by)
    if found is None:
        todo = "Pass groups=, or a table with their column."
        raise ValueError(explain("A picture by group needs the label of each row.", "no groups", todo))
    rows = row_groups(*found)
    columns, target = rows_of_picture(equation, X, y)
    varying = [name for name in used_variables(equation) if _varies(columns[name], rows.place)]
    one = len(rows.labels) <= len(IN_ONE)
    shown = np.unique(np.linspace(0, len(rows.labels) - 1, min(len(rows.labels), MOST_PANELS)).astype(int))
    axes = [new_axes(None, 4.2)] if one else axes_grid(len(shown))
    for position, g in enumerate(shown):
        ax = axes[0] if one else axes[position]
        colour, mark = (IN_ONE[position], MARKS[position]) if one else (None, None)
        mine = rows.place == g
        if len(varying) > 1:
            _against_measured(equation, columns, target, rows, mine, g, ax, colour, mark)
        else:
            name = varying[0] if varying else next(iter(columns), "")
            _curve(equation, name, columns, target, rows, mine, g, ax, colour, mark)
        if not one:
            set_name(ax.set_title("", loc="left"), f"{rows.by} {rows.labels[g]}")
    _label(axes, varying[0] if len(varying) == 1 else "", target_name(equation), units)
    if one:
        _finish(axes[0], equation, rows)
    return axes


def _varies(column: Array, place: NDArray[np.intp]) -> bool:
    return any(np.ptp(column[place == g]) > 0 for g in range(int(place.max()) + 1))


def _curve(
    equation: Equation, name: str, columns: Mapping[str, Array], y: Array, rows: RowGroups,
    mine: NDArray[np.bool_], g: int, ax: Axes, colour: str | None, mark: str | None,
) -> None:  # fmt: skip
    """Draw the law of one group over the input that varies, and the group's rows."""
    x = columns[name][mine]
    log = set_log_if_wide(ax, "x", columns[name])
    set_log_if_wide(ax, "y", y)
    ends = float(x.min()), float(x.max())
    grid = np.geomspace(*ends, N_GRID) if log else np.linspace(*ends, N_GRID)
    others = {other: np.full(N_GRID, column[mine][0]) for other, column in columns.items()}
    law = predicted(equation.of_group(rows.labels[g]), {**others, name: grid})
    ax.plot(grid, law, color=colour or COLOURS["vermillion"], zorder=2.5)
    _points(ax, x, y[mine], colour, mark, str(rows.labels[g]))


def _against_measured(
    equation: Equation, columns: Mapping[str, Array], y: Array, rows: RowGroups,
    mine: NDArray[np.bool_], g: int, ax: Axes, colour: str | None, mark: str | None,
) -> None:  # fmt: skip
    """Draw the predicted values of one group over its measured ones."""
    law = predicted(equation.of_group(rows.labels[g]), {name: column[mine] for name, column in columns.items()})
    ends = [float(y.min()), float(y.max())]
    ax.plot(ends, ends, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    _points(ax, y[mine], law, colour, mark, str(rows.labels[g]))


def _points(ax: Axes, x: Array, y: Array, colour: str | None, mark: str | None, label: str) -> None:
    if colour is None or mark is None:
        draw_points(ax, x, y)
    else:
        ax.plot(x, y, mark, color=colour, markerfacecolor="none", label=label.replace("$", r"\$"))


def _label(axes: list[Axes], name: str, target: str, units: Mapping[str, str] | None) -> None:
    measured = "" if name else ", measured"
    for k, ax in enumerate(axes):
        label_axis(ax, "x", name or target, units, measured)
        if is_first(ax, axes) or k == 0:
            label_axis(ax, "y", target, units, "" if name else ", predicted")


def _finish(ax: Axes, equation: Equation, rows: RowGroups) -> None:
    legend = ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=" ")
    set_name(legend.get_title(), rows.by)
    typeset(ax.set_title(" ", loc="left"), equation.latex(), equation.format(), width=title_width(ax))
