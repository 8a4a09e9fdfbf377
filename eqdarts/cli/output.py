"""The files of a fit: first the law and the data for drawing it again, then the pictures.

A file is a row: its name, and the function that makes its content from the fit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqdarts.cli.saving import picture, save
from eqdarts.errors import visible
from eqdarts.fitting.run import PAGE_FILE, RUN_FILE
from eqdarts.tables.spreadsheets import law_cell

if TYPE_CHECKING:
    from eqdarts.estimator import DARTSRegressor
    from eqdarts.fitting.run import Run
    from eqdarts.tables.prepare import Prepared

__all__ = ["DATA", "NAMES", "PICTURES", "Found", "write"]


@dataclass(frozen=True)
class Found:
    """A fit, and the table to which it was fitted.

    Parameters
    ----------
    model : DARTSRegressor
    columns : Prepared
    source : str
        The file of the table.
    """

    model: DARTSRegressor
    columns: Prepared
    source: str

    @property
    def run(self) -> Run:
        return replace(self.model.run_, source=self.source)


Make = Callable[[Found], str | bytes | None]


def write(found: Found, folder: Path, files: dict[str, Make]) -> Iterator[str]:
    """Write files one after the other and yield their names; a file without content is left out."""
    for name, make in files.items():
        content = make(found)
        if content is not None:
            save(folder / name, content)
            yield name


# --- what is quick ---


def _equation(found: Found) -> str:
    """Return the equation; `eqdarts predict` needs what became of the columns of the table too."""
    text = found.model.equation_.to_json()
    columns = found.model.run_.columns
    if columns is None or columns.is_plain:
        return text + "\n"
    return json.dumps({**json.loads(text), "columns": columns.record()}) + "\n"


def _run(found: Found) -> str:
    return found.run.to_json() + "\n"


def _front(found: Found) -> str:
    table = found.model.equations_
    return str(table.assign(equation=table["equation"].map(law_cell)).to_csv(index=False, lineterminator="\n"))


def _tex(found: Found) -> str:
    equation = found.model.equation_
    head = "% Made by eqdarts: \\input this file; it needs \\usepackage{amsmath}."
    if (groups := equation.groups) is not None:
        head += f"\n% {visible(groups.in_words())}"
    return f"{head}\n\\begin{{equation}}\n  {equation.latex(units=bool(equation.units))}\n\\end{{equation}}\n"


# --- what is drawn ---


def _front_picture(found: Found) -> bytes:
    from eqdarts import plotting

    return picture(plotting.plot_front(found.model.equations_).figure)


def _fit_picture(found: Found) -> bytes:
    import matplotlib
    from matplotlib import pyplot

    from eqdarts import plotting

    equation = found.model.equation_
    run = found.model.run_
    if run.groups is not None:
        rows = run.rows
        return picture(plotting.plot_groups(equation, rows.X, rows.y, run.groups.label_of_rows)[0].figure)
    X = found.columns.X
    y = found.columns.y
    with matplotlib.rc_context(plotting.STYLE):
        figure, (above, below) = pyplot.subplots(2, 1, figsize=(3.5, 4.2), height_ratios=(3, 2))
    plotting.plot_fit(equation, X, y, above)
    plotting.plot_residuals(equation, X, y, below)
    if above.get_xlabel() == below.get_xlabel():
        above.xaxis.label.set_visible(False)
    return picture(figure)


def _graph_picture(found: Found) -> bytes | None:
    from eqdarts import plotting

    model: Any = found.model
    if model.graph_ is None:
        return None
    columns = found.columns
    drawn = plotting.plot_graph(
        model.graph_,
        model.graph_coefficients_,
        model.run_.scales.names(list(map(str, columns.X.columns))),
        str(columns.y.name),
        input_scale=model.x_scale_,
        target_scale=model.y_scale_,
    )
    return picture(drawn.figure)


def _alpha_picture(found: Found) -> bytes | None:
    from eqdarts import plotting

    model: Any = found.model
    if model.history_.alpha is not None:
        return picture(plotting.plot_alpha_grid(model.history_.alpha))
    return picture(plotting.plot_evidence(model.alpha_).figure) if len(model.alpha_) else None


def _page(found: Found) -> str:
    from eqdarts.report.page import report_page

    return report_page(found.run)


DATA: dict[str, Make] = {
    "equation.json": _equation,
    RUN_FILE: _run,
    "equations.csv": _front,
    "equation.tex": _tex,
}
PICTURES: dict[str, Make] = {
    "front.png": _front_picture,
    "fit.png": _fit_picture,
    "graph.png": _graph_picture,
    "alpha.png": _alpha_picture,
    PAGE_FILE: _page,
}
NAMES = (*DATA, *PICTURES)
