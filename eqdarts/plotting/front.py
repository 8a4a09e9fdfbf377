"""The front: loss against complexity, with the chosen equation and its closest rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts.plotting.style import COLOURS, new_axes, set_log, styled, title_width
from eqdarts.plotting.text import typeset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_front"]

N_RIVALS = 2
_LETTERS = "abcdefgh"
_OVER_LINES: Any = {"frameon": True, "facecolor": "white", "edgecolor": "none", "framealpha": 0.85, "borderpad": 0.2}


@styled
def plot_front(equations: pd.DataFrame, ax: Axes | None = None, rivals: int = N_RIVALS) -> Axes:
    """Plot loss against complexity, with the chosen equation as the title and its closest rivals in the legend.

    Parameters
    ----------
    equations : DataFrame
        ``DARTSRegressor.equations_``: columns complexity, loss, equation, latex, chosen and, for the rivals, score.
    ax : Axes, optional
    rivals : int, default=2
        Number of equations with the next best scores that the legend names.
    """
    from matplotlib.ticker import MaxNLocator

    ax = new_axes(ax)
    table = equations.sort_values("complexity")
    complexity, loss = table["complexity"].to_numpy(), table["loss"].to_numpy(dtype=np.float64)
    positive = loss[loss > 0]
    floor = positive.min() / 10 if positive.size else 1e-16  # a loss of exactly zero has no logarithm
    shown = np.maximum(loss, floor)
    chosen = table["chosen"].to_numpy(dtype=bool)
    lowest = np.minimum.accumulate(shown)  # what is shown in any case may lie above the front
    ax.step(complexity, lowest, where="post", color=COLOURS["grey"], linewidth=0.8, zorder=1)
    ax.plot(complexity, shown, "o", color=COLOURS["blue"], label="Pareto front", zorder=2)
    ax.plot(complexity[chosen], shown[chosen], "D", color=COLOURS["vermillion"], markersize=6, label="chosen", zorder=3)
    set_log(ax, "y", shown)
    ax.set_xlabel("complexity (symbols)")
    ax.set_ylabel("mean squared residual")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="best", **_OVER_LINES)
    for row in table[chosen].itertuples():
        typeset(ax.set_title(" ", loc="left"), str(row.latex), str(row.equation), width=title_width(ax))
    if "score" in table.columns and rivals > 0:
        _name_rivals(table.assign(shown=shown)[~chosen].nsmallest(min(rivals, len(_LETTERS)), "score"), ax)
    return ax


def _name_rivals(rivals: pd.DataFrame, ax: Axes) -> None:
    """Mark the rivals with letters and write their right-hand sides in the legend."""
    rivals = rivals.assign(letter=list(_LETTERS)[: len(rivals)])
    for row in rivals.itertuples():
        ax.annotate(
            row.letter, (row.complexity, row.shown), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=7
        )
        ax.plot([], [], linestyle="none", label=row.letter)
    texts = ax.legend(loc="best", handlelength=1.2, **_OVER_LINES).get_texts()[2:]
    for text, row in zip(texts, rivals.itertuples(), strict=True):
        latex, plain = str(row.latex).partition(" = ")[2] or str(row.latex), str(row.equation)
        letter = rf"\mathrm{{{row.letter}}}\;\;"
        typeset(text, f"{letter} {latex}", f"{row.letter}  {plain}", 0.6 * title_width(ax), smallest=5, n_lines=2)
