"""Trajectories of the architecture weights: how each edge of the supernet came to prefer a primitive."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqdarts.errors import closest, explain
from eqdarts.history import AlphaHistory
from eqdarts.plotting_style import COLOURS, new_axes, set_name, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_alpha", "plot_alpha_grid"]

LEADING = 4  # primitives shown in colour on one edge
_HUES = [COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black")]
_DASHES = ("-", "--", ":")


@styled
def plot_alpha(alpha: AlphaHistory, edge: int | str = 0, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Plot softmax(alpha) of one edge over the steps: the median over restarts and the band of 10 to 90 %.

    The primitives that end highest are coloured, the others grey.

    Parameters
    ----------
    alpha : AlphaHistory
    edge : int or str, default=0
        Number or label of the edge.
    ax : Axes, optional
    legend : bool, default=True

    Raises
    ------
    ValueError
        If there is no such edge.
    """
    number = _edge_number(alpha, edge)
    ax = new_axes(ax)
    low, median, high = _bands(alpha.weights[:, :, number, :])  # each (T, M)
    leading = np.argsort(-median[-1], kind="stable")[:LEADING]
    for m in range(len(alpha.primitives)):
        if m not in leading:
            ax.plot(alpha.steps, median[:, m], color=COLOURS["grey"], linewidth=0.5, alpha=0.5, zorder=1)
    for m in leading:
        colour, dash = _look(int(m))
        label = f" {alpha.primitives[m]}" if alpha.primitives[m].startswith("_") else alpha.primitives[m]
        ax.fill_between(alpha.steps, low[:, m], high[:, m], color=colour, alpha=0.18, linewidth=0, zorder=2)
        ax.plot(alpha.steps, median[:, m], dash, color=colour, label=label, zorder=3)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("step")
    ax.set_ylabel("softmax(alpha)")
    set_name(ax.set_title(" ", loc="left"), alpha.edges[number])
    if legend:
        ax.legend(loc="upper left", ncols=2)
    return ax


def _edge_number(alpha: AlphaHistory, edge: int | str) -> int:
    if isinstance(edge, str):
        if edge not in alpha.edges:
            raise ValueError(explain("The supernet must have the edge.", repr(edge), closest(edge, alpha.edges)))
        return alpha.edges.index(edge)
    if not 0 <= edge < len(alpha.edges):
        raise ValueError(
            explain("The supernet must have the edge.", edge, f"Use 0 to {len(alpha.edges) - 1}, or a label.")
        )
    return edge


def _bands(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the 10, 50 and 90 % quantiles over restarts of (T, R, M), without restarts that broke down (NaN)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice", category=RuntimeWarning)
        low, median, high = np.nanquantile(weights, [0.1, 0.5, 0.9], axis=1)
    return low, median, high


def _look(m: int) -> tuple[str, str]:
    """Return the colour and dash of primitive `m`: the same on every edge."""
    return _HUES[m % len(_HUES)], _DASHES[m // len(_HUES) % len(_DASHES)]


@styled
def plot_alpha_grid(alpha: AlphaHistory, most: int = 12) -> Figure:
    """Plot the trajectories of several edges in one figure with one legend.

    Parameters
    ----------
    alpha : AlphaHistory
    most : int, default=12
        How many edges to show; of more, those that ended most decided.
    """
    from matplotlib import pyplot

    median = _bands(alpha.weights[-1].transpose(1, 0, 2))[1]  # (E, M)
    decided = np.argsort(-np.nan_to_num(median).max(axis=1), kind="stable")[:most]
    shown = sorted(int(e) for e in decided)
    n_columns = min(3, len(shown))
    n_rows = -(-len(shown) // n_columns)
    figure, grid = pyplot.subplots(
        n_rows,
        n_columns,
        figsize=(max(3.5, 2.1 * n_columns), 1.5 * n_rows + 0.7),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for ax, edge in zip(grid.flat, shown, strict=False):
        plot_alpha(alpha, edge, ax, legend=False)
        ax.label_outer()
    for ax in grid.flat[len(shown) :]:
        ax.set_axis_off()
    lines = {line.get_label(): line for ax in grid.flat for line in ax.get_lines() if line.get_label()[0] != "_"}
    names = [name for name in alpha.primitives if name in lines]
    title = f"{len(shown)} of {len(alpha.edges)} edges" if len(shown) < len(alpha.edges) else None
    figure.legend(
        [lines[name] for name in names],
        names,
        loc="outside lower center",
        ncols=2 * n_columns if n_columns > 1 else 3,
        title=title,
    )
    return figure
