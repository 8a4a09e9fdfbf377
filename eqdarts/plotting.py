"""Pictures of a fit: the Pareto front, the prediction, its residuals, the graph and the architecture weights.

Every function takes axes and returns them; without axes it makes a figure of column width. matplotlib is imported late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqdarts.plotting_alpha import plot_alpha, plot_alpha_grid
from eqdarts.plotting_graph import plot_graph
from eqdarts.plotting_style import COLOURS, STYLE, new_axes, set_log_if_wide, set_name, styled, typeset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from eqdarts.equation import Equation

__all__ = [
    "STYLE",
    "plot_alpha",
    "plot_alpha_grid",
    "plot_fit",
    "plot_front",
    "plot_graph",
    "plot_residuals",
]

Array = NDArray[np.float64]


@styled
def plot_front(equations: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot loss against complexity, with the chosen equation above.

    Parameters
    ----------
    equations : DataFrame
        ``DARTSRegressor.equations_``: columns complexity, loss, equation, latex, chosen.
    ax : Axes, optional
    """
    from matplotlib.ticker import MaxNLocator

    ax = new_axes(ax)
    table = equations.sort_values("complexity")
    complexity, loss = table["complexity"].to_numpy(), table["loss"].to_numpy(dtype=np.float64)
    positive = loss[loss > 0]
    floor = positive.min() / 10 if positive.size else 1e-16  # a loss of exactly zero has no logarithm
    shown = np.maximum(loss, floor)
    chosen = table["chosen"].to_numpy(dtype=bool)
    ax.step(complexity, shown, where="post", color=COLOURS["grey"], linewidth=0.8, zorder=1)
    ax.plot(complexity, shown, "o", color=COLOURS["blue"], label="Pareto front", zorder=2)
    ax.plot(complexity[chosen], shown[chosen], "D", color=COLOURS["vermillion"], markersize=6, label="chosen", zorder=3)
    ax.set_yscale("log")
    ax.set_xlabel("complexity (symbols)")
    ax.set_ylabel("mean squared residual")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper right")
    for row in table[chosen].itertuples():
        typeset(ax.set_title(" ", loc="left"), str(row.latex), str(row.equation), width=_title_width(ax))
    return ax


def _title_width(ax: Axes) -> float:
    """Return the points from the left end of the axes to the right edge of the figure, about."""
    spec = ax.get_subplotspec()
    n_columns = 1 if spec is None else spec.get_gridspec().ncols
    return float(ax.figure.bbox.width / ax.figure.dpi / n_columns - 0.65) * 72


@styled
def plot_fit(equation: Equation, X: pd.DataFrame, y: Any, ax: Axes | None = None) -> Axes:
    """Plot what was measured and what the equation says.

    An equation in one variable is a curve over the data; one in more is shown as predicted against measured values.

    Parameters
    ----------
    equation : Equation
    X : DataFrame of shape (n, d)
    y : array-like of shape (n,)
    ax : Axes, optional
    """
    ax = new_axes(ax)
    y = np.asarray(y, dtype=np.float64)
    name = _only_variable(equation, X)
    target = equation.target or "target"
    if name is None:
        return _plot_predicted(np.asarray(equation.predict(X)), y, target, ax)
    x = X[name].to_numpy(dtype=np.float64)
    log = set_log_if_wide(ax, "x", x)
    set_log_if_wide(ax, "y", y)
    grid = np.geomspace(x.min(), x.max(), 300) if log else np.linspace(x.min(), x.max(), 300)
    ax.plot(grid, equation.predict({name: grid}), color=COLOURS["vermillion"], label="equation", zorder=2)
    ax.plot(x, y, "o", color=COLOURS["blue"], markerfacecolor="none", label="measured", zorder=3)
    set_name(ax.xaxis.label, name)
    set_name(ax.yaxis.label, target)
    ax.legend()
    typeset(ax.set_title(" ", loc="left"), equation.latex(4), equation.format(4), width=_title_width(ax))
    return ax


def _plot_predicted(predicted: Array, y: Array, target: str, ax: Axes) -> Axes:
    both = np.concatenate([y, predicted[np.isfinite(predicted)]])
    set_log_if_wide(ax, "x", both)
    set_log_if_wide(ax, "y", both)
    ends = [both.min(), both.max()]
    ax.plot(ends, ends, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    ax.plot(y, predicted, "o", color=COLOURS["blue"], markerfacecolor="none", zorder=2)
    set_name(ax.xaxis.label, f"{target}, measured")
    set_name(ax.yaxis.label, f"{target}, predicted")
    return ax


@styled
def plot_residuals(
    equation: Equation, X: pd.DataFrame, y: Any, ax: Axes | None = None, relative: bool | None = None
) -> Axes:
    """Plot measured minus predicted values against the variable, or against the prediction if there are several.

    Parameters
    ----------
    equation : Equation
    X : DataFrame of shape (n, d)
    y : array-like of shape (n,)
    ax : Axes, optional
    relative : bool, optional
        Whether residuals are shown in percent of the measured value. Default: if `y` is positive and spans two decades.
    """
    ax = new_axes(ax)
    y = np.asarray(y, dtype=np.float64)
    predicted = np.asarray(equation.predict(X))
    if relative is None:
        relative = bool(y.min() > 0 and y.max() > 100 * y.min())
    residual = 100 * (y - predicted) / y if relative else y - predicted
    name = _only_variable(equation, X)
    at = predicted if name is None else X[name].to_numpy(dtype=np.float64)
    set_log_if_wide(ax, "x", at[np.isfinite(at)])
    ax.axhline(0, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    ax.plot(at, residual, "o", color=COLOURS["blue"], markerfacecolor="none", zorder=2)
    set_name(ax.xaxis.label, f"{equation.target or 'target'}, predicted" if name is None else name)
    ax.set_ylabel("residual (%)" if relative else "residual")
    return ax


def _only_variable(equation: Equation, X: pd.DataFrame) -> str | None:
    """Return the one column that the equation depends on, or None if it is not exactly one."""
    used = {symbol.name for symbol in equation.expr.free_symbols}
    names = [str(column) for column in X.columns if str(column) in used]
    if not names and X.shape[1] == 1:
        return str(X.columns[0])
    return names[0] if len(names) == 1 else None
