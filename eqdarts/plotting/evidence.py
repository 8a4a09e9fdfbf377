"""The weight of evidence for each primitive on each edge of the chosen graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eqdarts.errors import explain
from eqdarts.expression.mathml import plain_characters
from eqdarts.plotting.style import new_axes, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_evidence"]

LONGEST_NAME = 36
LEAST_SHOWN = 0.005  # the smallest weight that is written into its cell


@styled
def plot_evidence(alpha: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot the weights of evidence as a shaded table, with the numbers that do not round to zero.

    Parameters
    ----------
    alpha : DataFrame
        ``DARTSRegressor.alpha_``: a row for each edge, a column for each primitive.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If there is no edge, because the law is a constant.
    """
    if not len(alpha):
        raise ValueError(
            explain(
                "A picture of alpha needs a graph with an edge.",
                "a constant",
                "The law is a constant, so leave the picture out.",
            )
        )
    n_edges, n_primitives = alpha.shape
    ax = new_axes(ax, 1.3 + 0.33 * n_primitives, 1.0 + 0.26 * n_edges)
    weights = alpha.to_numpy(dtype=np.float64)
    ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for e, m in zip(*np.nonzero(weights >= LEAST_SHOWN), strict=True):
        colour = "white" if weights[e, m] > 0.5 else "black"
        ax.text(m, e, f"{weights[e, m]:.2f}", ha="center", va="center", fontsize=6, color=colour)
    columns, edges = ([_cut(str(name)) for name in names] for names in (alpha.columns, alpha.index))
    ax.set_xticks(range(n_primitives), columns, rotation=60, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_yticks(range(n_edges), edges, parse_math=False)
    ax.tick_params(length=0)
    ax.set_title("weight of evidence", loc="left")
    return ax


def _cut(name: str) -> str:
    shown = plain_characters(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"
