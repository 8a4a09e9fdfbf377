"""Pictures of the equation beside the measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.plotting.points import draw_points, label_axis, predicted, rows_of_picture, target_name, used_variables
from eqdarts.plotting.style import COLOURS, axes_grid, is_first, new_axes, set_log_if_wide, styled, title_width
from eqdarts.plotting.text import typeset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_fit", "plot_slices"]

Units = Mapping[str, str]


class Intervals(Protocol):
    """What knows how far the law, and new measurements, may lie from the curve."""

    @property
    def sigma_known(self) -> bool:
        """Whether a new measurement has no scatter to draw, as where only the user knows it."""

    def predict_interval(self, X: Mapping[str, Array], coverage: float, observation: bool) -> Array:
        """Return intervals (n, 2) of the law, or of new measurements."""


N_GRID, N_SIDE = 300, 80
MOST_SLICES = 12
MOST_ON_CONTOUR = 400


@styled
def plot_fit(
    equation: Equation,
    X: pd.DataFrame,
    y: Any,
    ax: Axes | None = None,
    *,
    found: Intervals | None = None,
    coverage: float = 0.95,
    units: Units | None = None,
) -> Axes:
    """Plot the measurements and the equation.

    An equation in one variable is a curve over the data, with bands if `found` is given. An equation in two variables
    is a map, with the measured values as circles on the same colour scale. An equation in more variables is shown as
    predicted against measured values.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array-like of shape (n,)
    ax : Axes, optional
    found : Inference, optional
        Result of `eqdarts.inference.inference` for these rows. The dark band is that of the equation itself, the pale
        band that of new measurements.
    coverage : float, default=0.95
        Coverage of the bands at each row.
    units : mapping of str to str, optional
        Units of variables and target, by name.
    """
    ax = new_axes(ax)
    (columns, y), used = rows_of_picture(equation, X, y), used_variables(equation)
    if not used and len(columns) == 1:
        used = list(columns)
    if len(used) == 1:
        _plot_curve(equation, used[0], columns[used[0]], y, ax, found, coverage, units)
    elif len(used) == 2:
        _plot_map(equation, used, columns, y, ax, units)
    else:
        _plot_predicted(equation, predicted(equation, X), y, ax, units)
    typeset(ax.set_title(" ", loc="left"), equation.latex(), equation.format(), width=title_width(ax))
    return ax


def _grid(values: Array, log: bool, n: int) -> Array:
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    return np.geomspace(low, high, n) if log else np.linspace(low, high, n)


def _plot_curve(
    equation: Equation,
    name: str,
    x: Array,
    y: Array,
    ax: Axes,
    found: Intervals | None,
    coverage: float,
    units: Units | None,
) -> None:
    log = set_log_if_wide(ax, "x", x)
    set_log_if_wide(ax, "y", y)
    grid = _grid(x, log, N_GRID)
    ax.plot(grid, predicted(equation, {name: grid}), color=COLOURS["vermillion"], label="equation", zorder=2.5)
    draw_points(ax, x, y, "measured")
    limits = ax.get_ylim()
    if found is not None:
        _draw_bands(found, name, grid, coverage, ax)
    if ax.get_yscale() == "log":  # on a logarithmic axis a band that reaches zero would fill the whole picture
        ax.set_ylim(limits)
    else:
        _limit(ax, y)
    label_axis(ax, "x", name, units)
    label_axis(ax, "y", target_name(equation), units)
    ax.legend()


def _limit(ax: Axes, y: Array) -> None:
    """Limit the axis so that a pole of the equation or an unbounded band does not flatten the data."""
    low, high = float(y.min()), float(y.max())
    span = high - low or abs(high) or 1.0
    bottom, top = ax.get_ylim()
    ax.set_ylim(max(bottom, low - span), min(top, high + span))


def _draw_bands(found: Intervals, name: str, grid: Array, coverage: float, ax: Axes) -> None:
    kinds = [(False, 0.35, f"{100 * coverage:g} % of the equation")]
    if not found.sigma_known:  # with weights only the user knows the error of a new measurement
        kinds.append((True, 0.15, f"{100 * coverage:g} % of measurements"))
    for observation, alpha, label in kinds:
        low, high = found.predict_interval({name: grid}, coverage, observation).T
        shown = np.isfinite(low) & np.isfinite(high)
        ax.fill_between(
            grid, low, high, where=shown.tolist(), color=COLOURS["orange"], alpha=alpha, linewidth=0, label=label,
            zorder=1,
        )  # fmt: skip


def _plot_map(
    equation: Equation, used: Sequence[str], columns: Mapping[str, Array], y: Array, ax: Axes, units: Units | None
) -> None:
    from matplotlib.colors import LogNorm, Normalize

    across, up = used
    logs = [set_log_if_wide(ax, which, columns[name]) for which, name in (("x", across), ("y", up))]
    grid_x, grid_y = (_grid(columns[name], log, N_SIDE) for name, log in zip(used, logs, strict=True))
    mesh = np.meshgrid(grid_x, grid_y)
    values = predicted(equation, {across: mesh[0].ravel(), up: mesh[1].ravel()}).reshape(N_SIDE, N_SIDE)
    positive = bool(y.min() > 0 and y.max() > 100 * y.min())
    low, high = float(y.min()), float(y.max())
    norm = LogNorm(low, high) if positive else Normalize(low, high if high > low else low + 1)
    shown = ax.pcolormesh(
        grid_x, grid_y, np.ma.masked_invalid(values), norm=norm, cmap="cividis", shading="gouraud", rasterized=True
    )
    rows = np.linspace(0, len(y) - 1, min(len(y), MOST_ON_CONTOUR)).astype(int)
    ax.scatter(
        columns[across][rows], columns[up][rows], c=y[rows], norm=norm, cmap="cividis", s=14, edgecolors="white",
        linewidths=0.6, zorder=3,
    )  # fmt: skip
    bar = ax.figure.colorbar(shown, ax=ax, extend="both")
    label_axis(bar.ax, "y", target_name(equation), units, f"; circles: {'some ' * (len(rows) < len(y))}measured")
    label_axis(ax, "x", across, units)
    label_axis(ax, "y", up, units)


def _plot_predicted(equation: Equation, values: Array, y: Array, ax: Axes, units: Units | None) -> None:
    both = np.concatenate([y, values[np.isfinite(values)]])
    set_log_if_wide(ax, "x", both)
    set_log_if_wide(ax, "y", both)
    ends = [both.min(), both.max()]
    ax.plot(ends, ends, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    draw_points(ax, y, values, zorder=2)
    name = target_name(equation)
    label_axis(ax, "x", name, units, ", measured")
    label_axis(ax, "y", name, units, ", predicted")


@styled
def plot_slices(
    equation: Equation,
    X: pd.DataFrame,
    y: Any,
    axes: Sequence[Axes] | None = None,
    *,
    units: Units | None = None,
) -> list[Axes]:
    """Plot the equation against one variable at a time, the others at their medians, with the data.

    Each row is drawn as if its other variables were at their medians: at the curve plus its residual or, if the target
    is positive and spans two decades, at the curve times the ratio of measured to predicted value.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array-like of shape (n,)
    axes : sequence of Axes, optional
        One for each variable of the equation; at most 12 variables are shown.
    units : mapping of str to str, optional

    Returns
    -------
    list of Axes
    """
    (columns, y), used = rows_of_picture(equation, X, y), used_variables(equation) or list(equation.variables)[:1]
    used = used[:MOST_SLICES]
    axes = axes_grid(len(used)) if axes is None else list(axes)[: len(used)]
    values = predicted(equation, X)
    relative = bool(y.min() > 0 and y.max() > 100 * y.min() and (values[np.isfinite(values)] > 0).all())
    medians = {name: float(np.median(column)) for name, column in columns.items()}
    for name, ax in zip(used, axes, strict=True):
        x = columns[name]
        log = set_log_if_wide(ax, "x", x)
        at_rows = predicted(equation, {**medians, name: x})
        with np.errstate(all="ignore"):
            moved = at_rows * (y / values) if relative else at_rows + (y - values)
        finite = moved[np.isfinite(moved)]
        if relative and len(finite):
            set_log_if_wide(ax, "y", finite)
        draw_points(ax, x, moved, zorder=2)
        grid = _grid(x, log, N_GRID)
        ax.plot(grid, predicted(equation, {**medians, name: grid}), color=COLOURS["vermillion"], zorder=2.5)
        label_axis(ax, "x", name, units)
        if is_first(ax, axes):
            label_axis(ax, "y", target_name(equation), units)
    if len(columns) > 1 and axes:
        note = "others at their medians" + (
            "; first 12 variables" if len(used_variables(equation)) > MOST_SLICES else ""
        )
        axes[0].set_title(note, loc="left")
    return axes
