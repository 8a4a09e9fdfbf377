"""Parts that all pictures of a fit share: the variables, labels with units, and points for few or many rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.equation.rows import as_columns, as_target, column_names, finite_columns
from eqdarts.errors import EqdartsWarning, explain
from eqdarts.plotting.style import COLOURS, fit_name, panel_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_points", "label_axis", "predicted", "rows_of_picture", "target_name", "used_variables"]


FEW, MANY = 250, 10_000  # up to FEW points are circles, up to MANY are dots, more are counted in cells
_PALE_TO_DARK = ("#C6DDEE", COLOURS["blue"], "#00263D")


def used_variables(equation: Equation) -> list[str]:
    """Return the variables that the equation depends on, in order."""
    names = {str(symbol.name) for symbol in equation.expr.free_symbols}
    return [name for name in equation.variables if name in names]


def rows_of_picture(equation: Equation, X: Any, y: Any) -> tuple[dict[str, Array], Array]:
    """Return the columns of X that are variables of the equation, and y (n,); unused variables may be missing.

    Raises
    ------
    ValueError
        If there are no rows, y does not go with them, or a value of y or of a column in the equation is not finite.
    """
    names, used = column_names(X), used_variables(equation)
    there = [name for name in equation.variables if names is None or name in names]
    columns, n_rows = as_columns(X, equation.variables, dict.fromkeys([*used, *there]))
    if not n_rows:
        raise ValueError(explain("A picture needs rows.", "none", "Pass the measured rows."))
    finite_columns({name: columns[name] for name in used})
    return columns, as_target(y, None, n_rows)[0]


def predicted(equation: Equation, X: Any) -> Array:
    """Return the predictions, NaN without a warning where the equation is undefined: the picture shows a gap."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return np.asarray(equation.predict(X), dtype=np.float64)


def target_name(equation: Equation) -> str:
    return equation.target or "target"


def label_axis(ax: Axes, which: str, name: str, units: Mapping[str, str] | None = None, more: str = "") -> None:
    """Label axis `which` ("x" or "y") with a user's name and its unit, unchanged, within the available room."""
    unit = (units or {}).get(name)
    width, height = panel_size(ax)
    text, room = (ax.xaxis.label, width - 44) if which == "x" else (ax.yaxis.label, height - 40)
    fit_name(text, name, (f" ({unit})" if unit else "") + more, room)


def draw_points(ax: Axes, x: Any, y: Any, label: str | None = None, zorder: float = 3) -> None:
    """Draw points on axes whose scales are set: circles, small dots, or counts in cells if there are very many."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    shown = np.isfinite(x) & np.isfinite(y)
    if len(x) <= FEW:
        ax.plot(x, y, "o", color=COLOURS["blue"], markerfacecolor="none", label=label, zorder=zorder)
    elif len(x) <= MANY:
        opacity = max(0.3, min(0.7, 700 / len(x)))
        ax.plot(
            x, y, ".", color=COLOURS["blue"], markersize=3, alpha=opacity, markeredgewidth=0, label=label,
            zorder=min(zorder, 1.5), rasterized=True,
        )  # fmt: skip
    else:
        _draw_cells(ax, x[shown], y[shown], label)


def _draw_cells(ax: Axes, x: Array, y: Array, label: str | None) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    scales: dict[str, Any] = {"xscale": ax.get_xscale(), "yscale": ax.get_yscale()}
    for scale, values in zip(scales, (x, y), strict=True):
        if scales[scale] == "log" and not (values > 0).all():  # cells have no place for zero
            keep = values > 0
            x, y = x[keep], y[keep]
    if not len(x):
        return
    colours = LinearSegmentedColormap.from_list("counts", _PALE_TO_DARK)
    across = int(min(max(panel_size(ax)[0] / 5, 20), 60))  # cells of about 5 points
    more: dict[str, Any] = {"gridsize": across, "bins": "log", "mincnt": 1, "cmap": colours, "linewidths": 0.1}
    ax.hexbin(x, y, label=label, zorder=1.5, rasterized=True, **scales, **more)
