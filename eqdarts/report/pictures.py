"""The pictures of a report, as data in the page."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eqdarts.equation.equation import Equation
from eqdarts.fitting.new_rows import Bands
from eqdarts.inference.by_loss import comparable_residuals
from eqdarts.losses import loss_of
from eqdarts.plotting import (
    plot_alpha_grid,
    plot_coefficients,
    plot_evidence,
    plot_fit,
    plot_front,
    plot_gap,
    plot_graph,
    plot_residuals,
    plot_search,
    plot_slices,
)
from eqdarts.plotting.points import used_variables
from eqdarts.plotting.residuals import plot_quantiles
from eqdarts.plotting.style import STYLE, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eqdarts.fitting.run import Run
    from eqdarts.inference.uncertainty import Inference

__all__ = ["Picture", "equation_pictures", "graph_pictures", "picture", "run_pictures"]

# Letters as outlines, because the font may be missing elsewhere. The salt makes equal pictures equal text.
_SVG: Any = {  # typed as STYLE is
    "svg.fonttype": "path",
    "svg.hashsalt": "eqdarts",
    "savefig.dpi": 150,
}


WIDE = 4.5  # width in inches beyond which a picture takes the whole width
_PREFIX = "data:image/svg+xml;base64,"


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, its caption, and whether it takes the whole width."""

    source: str
    caption: str
    wide: bool = False


def picture(caption: str, draw: Callable[[], Any], wide: bool = False) -> Picture:
    """Draw a picture, in the style of a page."""
    from matplotlib import pyplot, rc_context

    with rc_context({**STYLE, **_SVG}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a box replaces a glyph that the font lacks
        drawn = draw()
        figure: Figure = (drawn[0] if isinstance(drawn, list) else drawn).figure
        wide = wide or figure.get_size_inches()[0] > WIDE
        page = io.BytesIO()
        figure.savefig(page, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    return Picture(_PREFIX + base64.b64encode(page.getvalue()).decode("ascii"), caption, wide)


def equation_pictures(
    equation: Equation, run: Run, found: Inference | None, units: Mapping[str, str] | None
) -> list[Picture]:
    """Return fit, residuals, their quantiles and, of an equation in several variables, slices."""
    X, y = pd.DataFrame(run.rows.X, columns=list(run.names)), run.rows.y
    if X.columns.has_duplicates:  # the equation tells its columns by position only
        X = run.rows.X
    n_used = len(used_variables(equation))
    what = "with 95 % bands" if found is not None and n_used == 1 else "beside the measurements"

    @styled
    def fit() -> Any:
        bands = Bands(run, found) if found is not None and n_used == 1 else None
        ax = plot_fit(equation, X, y, found=bands, units=units)
        ax.set_title("", loc="left")  # the law is already shown above
        return ax

    pictures = [
        picture(f"The equation {what}", fit),
        picture(
            "Residuals: measured minus predicted",
            lambda: plot_residuals(equation, X, y, units=units, relative=_in_percent(run)),
        ),
    ]
    if len(y) > 2 and np.isfinite(y).all():
        residual, _ = comparable_residuals(equation, run.rows, run.loss, run.noise)
        pictures.append(picture("Residuals against a normal distribution", lambda: plot_quantiles(residual)))
    if found is not None and found.names:
        what = "Coefficients with their 95 % intervals, in percent of each"
        pictures.append(picture(what, lambda: plot_coefficients(found)))
    if n_used > 1:
        pictures.append(picture("One variable at a time", lambda: plot_slices(equation, X, y, units=units), True))
    return pictures


def _in_percent(run: Run) -> bool | None:
    """Return True if the scatter of the run is relative; None leaves it to the picture."""
    return True if loss_of(run.loss).of_logs or run.noise.kind == "relative" else None


def run_pictures(run: Run) -> list[Picture]:
    """Return the front, and the course of the search if it was kept."""
    table = run.table.assign(
        equation=[equation.format() for equation in run.equations],
        latex=[equation.latex() for equation in run.equations],
        chosen=np.arange(len(run.table)) == run.chosen,
    )

    @styled
    def front() -> Any:
        ax = plot_front(table, rivals=0)
        ax.set_title("", loc="left")
        if (legend := ax.get_legend()) is not None:  # its white ground would show on a dark page
            legend.set_frame_on(False)
        return ax

    pictures = [picture("Loss of the best equation of each length", front)]
    if run.history.best:
        pictures.append(picture("Course of the search", lambda: plot_search(run.history)))
    if (alpha := run.history.alpha) is not None:
        what = "Weights of the functions on each edge of the supernet that found the law, and their entropy"
        pictures.append(picture(what, lambda: plot_alpha_grid(alpha), True))
        pictures.append(
            picture("Loss of each restart before argmax, and after argmax and refit", lambda: plot_gap(alpha))
        )
    return pictures


def graph_pictures(run: Run) -> list[Picture]:
    """Return the chosen graph and the evidence for the primitive on each of its edges, if a file held them."""
    pictures = []
    if (member := run.graph) is not None:
        names, units = run.scales.names(run.names), run.scales

        def graph() -> Any:
            return plot_graph(
                member.graph, member.coefficients, names, run.target, input_scale=units.x, target_scale=units.y
            )

        pictures.append(picture("The graph before constants became exact", graph))
    if len(run.alpha):
        what = "Evidence for each function on each edge, with all coefficients refitted"
        pictures.append(picture(what, lambda: plot_evidence(run.alpha)))
    return pictures
