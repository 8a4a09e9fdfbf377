"""The common style of all pictures: readable at column width (3.5 in) and safe for colour-blind readers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from eqdarts._typing import Array
from eqdarts.expression.mathml import plain_characters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = [
    "COLOURS",
    "STYLE",
    "axes_grid",
    "fit_name",
    "is_first",
    "new_axes",
    "panel_size",
    "set_log",
    "set_log_if_wide",
    "set_name",
    "styled",
    "text_width",
    "title_width",
]

P = ParamSpec("P")
T = TypeVar("T")

# Okabe and Ito (2008), without yellow, which is too pale for thin lines on white.
SMALLEST_TYPE = 6.0  # points
PANEL_WIDTH, PANEL_HEIGHT = 2.1, 1.7  # inches
MANY_DECADES = 60  # on an axis, from which on it gets limits and ticks of its own
NEAR_THE_END = 270  # decades, beyond which matplotlib's margins leave the floats
EXTREME_DECADES = (-305, 307)  # of limits
COLOURS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#8C8C8C",
}

STYLE: Any = {  # matplotlib types it by a literal of all its keys, which differs by version
    "figure.figsize": (3.5, 2.6),
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "mathtext.fontset": "dejavusans",
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Run a drawing function with `STYLE` instead of the user's settings."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        from matplotlib import rc_context

        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def new_axes(ax: Axes | None, width: float = 3.5, height: float = 2.6) -> Axes:
    """Return `ax`, or the axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))[1]


def set_name(text: Text, name: object, limit: int = 40) -> None:
    """Show a user's name unchanged: a dollar sign in it does not start a formula. Long names are cut."""
    shown = "\n".join(map(plain_characters, str(name).split("\n")))
    text.set_parse_math(False)
    text.set_text(shown if len(shown) <= limit else shown[: limit - 1] + "…")


def fit_name(text: Text, name: str, more: str, room: float) -> None:
    """Show a user's name unchanged, followed by `more`, within `room` points: in smaller type, then cut."""
    size = float(text.get_fontsize())
    needed = text_width(name + more, size, parse_math=False)
    if needed > room:
        smaller = max(size * room / needed, min(SMALLEST_TYPE, size))
        text.set_fontsize(smaller)
        own, rest = (text_width(part, smaller, parse_math=False) for part in (name, more))
        if own + rest > room:
            kept = max(4, int(len(name) * (room - rest) / own))
            while kept > 4 and text_width(f"{name[:kept]}…{more}", smaller, parse_math=False) > room:
                kept -= 1
            name = name[:kept] + "…"
    set_name(text, name + more, limit=len(name + more))


def set_log_if_wide(ax: Axes, which: str, values: Any) -> bool:
    """Make axis `which` ("x" or "y") logarithmic if the values are positive and span two decades; return whether."""
    values = np.asarray(values, dtype=np.float64)
    wide = bool(values.size and values.min() > 0 and values.max() > 100 * values.min())
    if wide:
        set_log(ax, which, values)
    return wide


def set_log(ax: Axes, which: str, values: Array) -> None:
    """Make axis `which` logarithmic; `values` are what it shows.

    Over hundreds of decades matplotlib would place ticks beyond the largest float, and fail at their labels.
    """
    from matplotlib.ticker import NullLocator

    with np.errstate(all="ignore"):
        (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    shown = values[(values > 0) & np.isfinite(values)]
    if not len(shown):
        return
    low, high = float(np.log10(shown.min())), float(np.log10(shown.max()))
    if high - low < MANY_DECADES and low > -NEAR_THE_END and high < NEAR_THE_END:
        return
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(_finite_ticks()(numticks=6))
    axis.set_minor_locator(NullLocator())
    ends = 10 ** np.clip([low - 2, high + 2], *EXTREME_DECADES)
    (ax.set_xlim if which == "x" else ax.set_ylim)(*ends)


@functools.cache
def _finite_ticks() -> type:
    """Return the class of a locator that places no tick where no float is."""
    from matplotlib.ticker import LogLocator

    class FiniteLogLocator(LogLocator):
        def tick_values(self, vmin: float, vmax: float) -> Any:
            with np.errstate(all="ignore"):
                ticks = np.asarray(super().tick_values(vmin, vmax), dtype=np.float64)
            return ticks[np.isfinite(ticks) & (ticks > 1e-300)]

    return FiniteLogLocator


def text_width(text: str, size: float, parse_math: bool = True) -> float:
    """Return the width of `text` in points.

    Raises
    ------
    ValueError
        If `parse_math` and mathtext cannot read it.
    """
    from matplotlib.textpath import TextPath

    shown = text if parse_math else text.replace("$", r"\$")
    if not shown.strip():
        return 0.0
    return float(TextPath((0, 0), shown, size=size).get_extents().width)


def panel_size(ax: Axes) -> tuple[float, float]:
    """Return width and height, in points, of the axes' share of the figure, including labels."""
    spec = ax.get_subplotspec()
    n_rows, n_columns = (1, 1) if spec is None else spec.get_gridspec().get_geometry()
    width, height = (float(side) * 72 / ax.figure.dpi for side in (ax.figure.bbox.width, ax.figure.bbox.height))
    return width / n_columns, height / n_rows


def title_width(ax: Axes) -> float:
    """Return the approximate points from the left end of the axes to the right edge of their share of the figure."""
    return panel_size(ax)[0] - 0.65 * 72


def axes_grid(n: int, width: float = PANEL_WIDTH, height: float = PANEL_HEIGHT) -> list[Axes]:
    """Return the `n` axes of a new figure, at most three in a row, each of a width and height in inches."""
    from matplotlib import pyplot

    n_columns = min(3, n)
    n_rows = -(-n // n_columns)
    size = max(3.5, width * n_columns), max(2.0, height * n_rows)
    grid = pyplot.subplots(n_rows, n_columns, figsize=size, squeeze=False)[1]
    for ax in grid.flat[n:]:
        ax.set_axis_off()
    return list(grid.flat[:n])


def is_first(ax: Axes, axes: Sequence[Axes]) -> bool:
    """Whether axes are the first of `axes`, or of a row of the figure, which show the labels common to all."""
    spec = ax.get_subplotspec()
    return ax is axes[0] or spec is None or bool(spec.is_first_col())
