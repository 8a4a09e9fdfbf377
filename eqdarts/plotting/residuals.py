"""Pictures of the residuals, which show whether they look like noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.equation import Equation
from eqdarts.errors import closest, explain
from eqdarts.plotting.points import draw_points, label_axis, predicted, rows_of_picture, target_name, used_variables
from eqdarts.plotting.style import COLOURS, axes_grid, is_first, new_axes, set_log_if_wide, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_qq", "plot_quantiles", "plot_residual_panels", "plot_residuals"]

Units = Mapping[str, str]

PREDICTION = "prediction"
MOST_PANELS = 12
MOST_QUANTILES = 500


@styled
def plot_residuals(
    equation: Equation,
    X: pd.DataFrame,
    y: Any,
    ax: Axes | None = None,
    relative: bool | None = None,
    *,
    against: str | None = None,
    units: Units | None = None,
) -> Axes:
    """Plot measured minus predicted values.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array-like of shape (n,)
    ax : Axes, optional
    relative : bool, optional
        Whether residuals are shown in percent of the measured value. By default they are if `y` is positive and spans
        two decades.
    against : str, optional
        A variable, or "prediction". Default: the variable, or the prediction if the equation depends on several.
    units : mapping of str to str, optional
    """
    ax = new_axes(ax)
    (columns, y), used = rows_of_picture(equation, X, y), used_variables(equation)
    values = predicted(equation, X)
    relative = _is_relative(y) if relative is None else relative
    if against is None:
        only = used if used or len(columns) != 1 else list(columns)
        against = only[0] if len(only) == 1 else PREDICTION
    if against != PREDICTION and against not in columns:
        known = closest(against, [PREDICTION, *columns])
        raise ValueError(explain('against must be a variable or "prediction".', repr(against), known))
    at = columns.get(against, values)
    set_log_if_wide(ax, "x", at[np.isfinite(at)])
    ax.axhline(0, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    draw_points(ax, at, _residual(y, values, relative), zorder=2)
    if against in columns:
        label_axis(ax, "x", against, units)
    else:
        label_axis(ax, "x", target_name(equation), units, ", predicted")
    ax.set_ylabel("residual (%)" if relative else "residual")
    return ax


def _is_relative(y: Array) -> bool:
    return bool(y.min() > 0 and y.max() > 100 * y.min())


def _residual(y: Array, values: Array, relative: bool) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(100 * (y - values) / y if relative else y - values)


@styled
def plot_qq(equation: Equation, X: pd.DataFrame, y: Any, ax: Axes | None = None, relative: bool | None = None) -> Axes:
    """Plot the sorted residuals against the quantiles of a normal distribution, with a 95 % band for each.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
    y : array-like of shape (n,)
    ax : Axes, optional
    relative : bool, optional
        As in `plot_residuals`.
    """
    _, y = rows_of_picture(equation, X, y)
    return plot_quantiles(_residual(y, predicted(equation, X), _is_relative(y) if relative is None else relative), ax)


@styled
def plot_quantiles(residual: Array, ax: Axes | None = None) -> Axes:
    """Plot residuals (n,) as `plot_qq` does, in whatever unit their scatter is even."""
    from scipy import special

    ax = new_axes(ax)
    residual = np.sort(residual[np.isfinite(residual)])
    largest = float(np.abs(residual).max(initial=0.0))  # whose square may overflow
    spread = largest * float((residual / largest).std()) if largest else 0.0
    residual = residual / (spread if spread > 0 and math.isfinite(spread) else 1.0)
    n = len(residual)
    rank = np.unique(np.linspace(1, n, min(n, MOST_QUANTILES)).astype(int))
    normal = special.ndtri((rank - 0.5) / n) if n else np.empty(0)
    low, high = (special.ndtri(special.betaincinv(rank, n - rank + 1, level)) for level in (0.025, 0.975))
    ax.fill_between(normal, low, high, color=COLOURS["grey"], alpha=0.25, linewidth=0, zorder=1)
    ax.plot(normal, normal, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    draw_points(ax, normal, residual[rank - 1], zorder=2)
    ax.set_xlabel("normal quantile")
    ax.set_ylabel("residual / its s.d.")
    return ax


@styled
def plot_residual_panels(
    equation: Equation,
    X: pd.DataFrame,
    y: Any,
    axes: Sequence[Axes] | None = None,
    relative: bool | None = None,
    *,
    units: Units | None = None,
) -> list[Axes]:
    """Plot residuals against the prediction and against each variable, and their quantiles.

    Parameters
    ----------
    equation : Equation
    X : DataFrame, mapping of columns, or array of shape (n, d)
        Variables that are not in the equation are shown too, because they may explain the residuals.
    y : array-like of shape (n,)
    axes : sequence of Axes, optional
        One for the prediction, one for each variable, one for the quantiles; at most 12.
    relative : bool, optional
        As in `plot_residuals`.
    units : mapping of str to str, optional

    Returns
    -------
    list of Axes
    """
    there, y = rows_of_picture(equation, X, y)
    used = used_variables(equation)
    names = [*used, *(name for name in there if name not in used)][: MOST_PANELS - 2]
    wanted = [PREDICTION, *names]
    axes = axes_grid(len(wanted) + 1) if axes is None else list(axes)
    for against, ax in zip(wanted, axes, strict=False):
        plot_residuals(equation, X, y, ax, relative, against=against, units=units)
        if not is_first(ax, axes):
            ax.set_ylabel("")
    for ax in axes[len(wanted) : len(wanted) + 1]:
        plot_qq(equation, X, y, ax, relative)
    return axes
