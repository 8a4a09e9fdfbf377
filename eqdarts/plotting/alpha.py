"""Trajectories of the architecture weights: how each edge of the supernet came to prefer a primitive."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqdarts.errors import closest, explain
from eqdarts.history import AlphaHistory
from eqdarts.plotting.style import COLOURS, new_axes, set_name, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["best_restart", "plot_alpha", "plot_alpha_grid", "plot_entropy", "plot_gap"]

SMALLEST = 1e-30  # loss that is shown
LEADING = 4  # primitives shown in colour on one edge
_HUES = [COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black")]
_DASHES = ("-", "--", ":")


@styled
def plot_alpha(alpha: AlphaHistory | None, edge: int | str = 0, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Plot softmax(alpha) of one edge over the steps.

    The bold line is the restart whose refitted graph is best, the thin line the mean over restarts, and the band holds
    10 to 90 % of the restarts. The primitives that end highest, in the best restart and on average, have colours; the
    others are grey.

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
        If there is no such edge, or no supernet was trained.
    """
    alpha = _trained(alpha)
    number = _edge_number(alpha, edge)
    ax = new_axes(ax)
    weights = alpha.weights[:, :, number, :]
    low, mean, high = _bands(weights)  # each (T, M)
    best = weights[:, best_restart(alpha), :]
    leading = _leading(best[-1], mean[-1])
    for m in leading:
        colour, dash = _look(m)
        label = f" {alpha.primitives[m]}" if alpha.primitives[m].startswith("_") else alpha.primitives[m]
        ax.fill_between(alpha.steps, low[:, m], high[:, m], color=colour, alpha=0.12, linewidth=0, zorder=2)
        ax.plot(alpha.steps, mean[:, m], dash, color=colour, linewidth=0.7, zorder=3)
        ax.plot(alpha.steps, best[:, m], dash, color=colour, linewidth=1.7, label=label, zorder=4)
    for m in set(range(len(alpha.primitives))) - set(leading):
        ax.plot(alpha.steps, mean[:, m], color=COLOURS["grey"], linewidth=0.4, alpha=0.5, zorder=1)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("step")
    ax.set_ylabel("softmax(alpha)")
    set_name(ax.set_title(" ", loc="left"), alpha.edges[number])
    if legend:
        ax.legend(loc="upper left", ncols=2)
    return ax


@styled
def plot_entropy(alpha: AlphaHistory | None, ax: Axes | None = None) -> Axes:
    """Plot the entropy of each edge over the steps, as a share of its largest: 1 is undecided, 0 decided.

    Each thin line is an edge, the mean over restarts; the bold line is the mean over edges of the best restart, and the
    band holds 10 to 90 % of the restarts.

    Parameters
    ----------
    alpha : AlphaHistory
    ax : Axes, optional

    Raises
    ------
    ValueError
        If no supernet was trained.
    """
    alpha, ax = _trained(alpha), new_axes(ax)
    entropy = alpha.entropy
    low, _, high = _bands(entropy.mean(axis=2)[..., None])
    ax.fill_between(alpha.steps, low[:, 0], high[:, 0], color=COLOURS["blue"], alpha=0.12, linewidth=0, zorder=1)
    _, mean, _ = _bands(entropy)
    for edge in range(mean.shape[1]):
        ax.plot(alpha.steps, mean[:, edge], color=COLOURS["grey"], linewidth=0.6, zorder=2)
    ax.plot(alpha.steps, entropy[:, best_restart(alpha)].mean(axis=1), color=COLOURS["blue"], linewidth=1.7, zorder=3)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("step")
    ax.set_ylabel("entropy")
    ax.set_title("entropy of the edges", loc="left")
    return ax


@styled
def plot_gap(alpha: AlphaHistory | None, ax: Axes | None = None) -> Axes:
    """Plot each restart's loss after argmax and refit over its loss before: below the line nothing was lost.

    Parameters
    ----------
    alpha : AlphaHistory
    ax : Axes, optional

    Raises
    ------
    ValueError
        If no supernet was trained.
    """
    alpha, ax = _trained(alpha), new_axes(ax)
    before, after = (np.maximum(loss, SMALLEST) for loss in (alpha.loss_relaxed, alpha.loss_refitted))
    sound = np.isfinite(before) & np.isfinite(after)
    if sound.any():
        ends = [min(before[sound].min(), after[sound].min()), max(before[sound].max(), after[sound].max())]
        ax.loglog(ends, ends, color=COLOURS["grey"], linewidth=0.8, zorder=1)
        ax.loglog(before[sound], after[sound], "o", color=COLOURS["blue"], markersize=3, zorder=2)
        ax.set_title(f"median ratio {np.median(alpha.gap[sound]):.2g}", loc="left")
    ax.set_xlabel("loss before argmax")
    ax.set_ylabel("loss after refit")
    return ax


def _trained(alpha: AlphaHistory | None) -> AlphaHistory:
    """Return what a supernet left, if one was trained."""
    if alpha is None:
        todo = 'Use search="relaxed" and a longer time limit; `history_.stop_reason` says what ended the search.'
        raise ValueError(explain("The search has trained no supernet.", "None", todo))
    return alpha


def _edge_number(alpha: AlphaHistory, edge: int | str) -> int:
    if isinstance(edge, str):
        if edge not in alpha.edges:
            raise ValueError(explain("edge must be an edge of the supernet.", repr(edge), closest(edge, alpha.edges)))
        return alpha.edges.index(edge)
    if not 0 <= edge < len(alpha.edges):
        raise ValueError(
            explain("edge must be an edge of the supernet.", edge, f"Use 0 to {len(alpha.edges) - 1}, or a label.")
        )
    return edge


def _bands(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the 10 % quantile, mean and 90 % quantile over restarts of (T, R, M), without those that failed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(All-NaN slice|Mean of empty slice)", category=RuntimeWarning)
        low, high = np.nanquantile(weights, [0.1, 0.9], axis=1)
        return low, np.asarray(np.nanmean(weights, axis=1), dtype=np.float64), high


def best_restart(alpha: AlphaHistory) -> int:
    """Return the restart with the lowest loss after the refit; if none was refitted, before it."""
    for loss in (alpha.loss_refitted, alpha.loss_discrete, alpha.loss_relaxed):
        if np.isfinite(loss).any():
            return int(np.nanargmin(loss))
    return 0


def _leading(best: NDArray[np.float64], mean: NDArray[np.float64]) -> list[int]:
    """Return the primitives to colour: first those that end highest in the best restart, then those on average."""
    order = [*np.argsort(-best, kind="stable")[: LEADING // 2], *np.argsort(-mean, kind="stable")]
    return [int(m) for m in dict.fromkeys(order)][:LEADING]


def _look(m: int) -> tuple[str, str]:
    """Return the colour and dash of primitive `m`: the same on every edge."""
    return _HUES[m % len(_HUES)], _DASHES[m // len(_HUES) % len(_DASHES)]


@styled
def plot_alpha_grid(alpha: AlphaHistory | None, most: int = 12) -> Figure:
    """Plot the trajectories of several edges in one figure with one legend, and in the last panel their entropy.

    Parameters
    ----------
    alpha : AlphaHistory
    most : int, default=12
        Largest number of edges to show. If there are more, those are shown on which the best restart is most decided.

    Raises
    ------
    ValueError
        If no supernet was trained.
    """
    from matplotlib import pyplot

    alpha = _trained(alpha)
    ends = np.nan_to_num(alpha.weights[-1, best_restart(alpha)])  # (E, M)
    decided = np.argsort(-ends.max(axis=1), kind="stable")[:most]
    shown = sorted(int(e) for e in decided)
    n_panels = len(shown) + 1
    n_columns = min(3, n_panels)
    n_rows = -(-n_panels // n_columns)
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
    plot_entropy(alpha, grid.flat[len(shown)])
    for ax in grid.flat[max(n_panels - n_columns, 0) : n_panels]:  # nothing below them
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("step")
    for ax in grid.flat[n_panels:]:
        ax.set_axis_off()
    lines = {line.get_label(): line for ax in grid.flat for line in ax.get_lines() if line.get_label()[0] != "_"}
    names = [name for name in alpha.primitives if name in lines]
    title = "bold: best restart, thin: mean, band: 10 to 90 % of restarts"
    if len(shown) < len(alpha.edges):
        title = f"{len(shown)} of {len(alpha.edges)} edges; {title}"
    figure.legend(
        [lines[name] for name in names],
        names,
        loc="outside lower center",
        ncols=2 * n_columns if n_columns > 1 else 3,
        title=title,
        title_fontsize=7,
    )
    return figure
