"""Pictures of the search and of the intervals of the coefficients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from eqdarts.history import SearchHistory
from eqdarts.plotting.style import COLOURS, new_axes, set_log, set_name, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eqdarts.inference.uncertainty import Inference

__all__ = ["plot_coefficients", "plot_search"]

_HUES = [COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black")]
WIDEST = 300.0  # percent of the estimate up to which an interval is drawn
LONGEST_NAME = 18  # characters
MOST_COEFFICIENTS = 30


@styled
def plot_search(history: SearchHistory, ax: Axes | None = None) -> Axes:
    """Plot the best loss so far against CPU seconds, coloured by the stage that found it.

    Parameters
    ----------
    history : SearchHistory
        ``DARTSRegressor.history_``.
    ax : Axes, optional
    """
    ax = new_axes(ax)
    seconds = np.array([point.seconds for point in history.best], dtype=np.float64)
    loss = np.array([point.loss for point in history.best], dtype=np.float64)
    positive = loss[np.isfinite(loss) & (loss > 0)]
    if positive.size:
        shown = np.maximum(loss, positive.min() / 10)  # a loss of exactly zero has no logarithm
        end = max(history.seconds, float(seconds.max()))
        ax.step([*seconds, end], [*shown, shown[-1]], where="post", color=COLOURS["grey"], linewidth=0.8, zorder=1)
        stages = list(dict.fromkeys(point.stage for point in history.best))
        for k, stage in enumerate(stages):
            own = np.array([point.stage == stage for point in history.best])
            label = stage if not stage.startswith("_") else f" {stage}"
            ax.plot(seconds[own], shown[own], "o", color=_HUES[k % len(_HUES)], label=label, zorder=2)
        set_log(ax, "y", shown)
        ax.legend(loc="best")
        if seconds.min() > 0 and end > 100 * seconds.min():
            ax.set_xscale("log")
    ax.set_xlabel("CPU seconds")
    ax.set_ylabel("best loss")
    title = f"{history.n_refits} refits in {history.seconds:.3g} s; stopped: {history.stop_reason}"
    set_name(ax.set_title(" ", loc="left"), title, limit=60)
    return ax


@styled
def plot_coefficients(found: Inference, ax: Axes | None = None, coverage: float = 0.95) -> Axes:
    """Plot the interval of each coefficient in percent of its estimate, with its value beside its name.

    If an interval crosses -100 %, the coefficient may be zero. An arrow means that the interval continues.

    Parameters
    ----------
    found : Inference
        Made by `eqdarts.inference.inference`.
    ax : Axes, optional
    coverage : float, default=0.95
    """
    names = found.names[:MOST_COEFFICIENTS]
    ax = new_axes(ax, height=max(1.2, 0.7 + 0.22 * len(names)))
    intervals = found.interval(coverage)
    scale = np.where(found.estimate == 0, np.where(found.standard_error > 0, found.standard_error, 1), found.estimate)
    with np.errstate(all="ignore"):
        ends = np.sort(100 * (intervals - found.estimate[:, None]) / scale[:, None], axis=1)
    reach = min(WIDEST, 1.15 * float(np.nanmax(np.abs(ends), initial=1e-3)))
    for k, (low, high) in enumerate(ends[: len(names)]):
        if math.isnan(low) or math.isnan(high):
            continue
        inside = max(low, -reach), min(high, reach)
        ax.plot(inside, [k, k], color=COLOURS["blue"], linewidth=1.6, solid_capstyle="butt", zorder=2)
        for cut, end, marker in ((low < -reach, inside[0], "<"), (high > reach, inside[1], ">")):
            if cut:
                ax.plot(end, k, marker, color=COLOURS["blue"], markersize=5, zorder=2)
    ax.plot(np.zeros(len(names)), np.arange(len(names)), "o", color=COLOURS["vermillion"], zorder=3)
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.6, zorder=1)
    if reach > 100:
        ax.axvline(-100, color=COLOURS["black"], linewidth=0.8, linestyle=":", zorder=1)
    ax.set_yticks(range(len(names)), [_named(found, k) for k in range(len(names))])
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.set_xlabel(f"{100 * coverage:g} % interval, % of the estimate")
    if len(found.names) > len(names):
        ax.set_title(f"first {len(names)} of {len(found.names)} coefficients", loc="left")
    return ax


def _named(found: Inference, k: int) -> str:
    name = found.names[k] if len(found.names[k]) <= LONGEST_NAME else found.names[k][: LONGEST_NAME - 1] + "…"
    return f"{name} = {_rounded(float(found.estimate[k]), float(found.standard_error[k]))}"


def _rounded(value: float, error: float) -> str:
    """Return a value with as many digits as its standard error justifies: two digits of the error.

    >>> _rounded(212.6837, 6.947), _rounded(0.0641212, 0.0082), _rounded(-0.11, 1.8e6), _rounded(5.0, float("inf"))
    ('212.7 ± 6.9', '0.0641 ± 0.0082', '-0.11 ± 1.8e+06', '5 ± ∞')
    """
    if math.isinf(error):
        return f"{value:.4g} ± ∞"
    if not error > 0:
        return f"{value:.6g}"
    if value and error > 10 * abs(value):
        return f"{value:.3g} ± {error:.2g}"
    place = math.floor(math.log10(error)) - 1
    if value and not -4 <= math.floor(math.log10(abs(value))) <= 5:
        digits = max(math.floor(math.log10(abs(value))) - place, 0)
        return f"{value:.{min(digits, 9)}e} ± {error:.2g}"
    return f"{value:.{max(-place, 0)}f} ± {error:.{max(-place, 0)}f}"
