"""The one look of all pictures: readable at column width (3.5 in), safe for colour-blind readers, safe for any name."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["COLOURS", "STYLE", "new_axes", "set_log_if_wide", "set_name", "styled", "text_width", "typeset"]

P = ParamSpec("P")
T = TypeVar("T")

# Okabe and Ito (2008), without yellow, which is too pale for thin lines on white.
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
    """Run a drawing function under `STYLE`, whatever the user's own settings are."""

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
    """Show a user's name as it stands: a dollar sign in it starts no formula. Longer ones are cut."""
    shown = str(name)
    text.set_parse_math(False)
    text.set_text(shown if len(shown) <= limit else shown[: limit - 1] + "…")


def set_log_if_wide(ax: Axes, which: str, values: Any) -> bool:
    """Make axis `which` ("x" or "y") logarithmic if the values are positive and span two decades; say whether."""
    values = np.asarray(values, dtype=np.float64)
    wide = bool(values.size and values.min() > 0 and values.max() > 100 * values.min())
    if wide:
        (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    return wide


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


def typeset(text: Text, latex: str, plain: str, width: float, smallest: float = 5.5) -> None:
    """Show a formula within `width` points: typeset if mathtext can read it, else plain; made smaller or cut to fit."""
    size = float(text.get_fontsize())
    formula = f"${latex}$"
    try:
        with _QuietMathtext():
            needed = text_width(formula, size)
    except ValueError:
        needed = np.inf
    if needed * smallest / size <= width:
        text.set_text(formula)
        text.set_fontsize(min(size, size * width / needed) if needed > 0 else size)
        return
    text.set_parse_math(False)
    text.set_fontsize(smallest)
    average = text_width("0123456789 * abcdef", smallest) / 19
    set_name(text, plain, limit=max(int(width / average), 8))


class _QuietMathtext:
    """Silence the complaint of mathtext about a missing glyph: the picture shows a box in its place."""

    def __enter__(self) -> None:
        self._level = logging.getLogger("matplotlib.mathtext").level
        logging.getLogger("matplotlib.mathtext").setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.getLogger("matplotlib.mathtext").setLevel(self._level)
