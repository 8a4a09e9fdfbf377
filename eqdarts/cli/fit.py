"""``eqdarts fit``: a table in, the front and the law on standard output, files and pictures in a folder."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts.cli.columns import Columns, select
from eqdarts.cli.notes import for_terminal, note, notes_to_stderr, show
from eqdarts.cli.spreadsheets import law_cell
from eqdarts.cli.tables import read_table, table_name
from eqdarts.cli.usage import TableError
from eqdarts.errors import explain
from eqdarts.fitting.run import PAGE_FILE, RUN_FILE, run_of, run_to_json
from eqdarts.inference.summary import coefficient_table

if TYPE_CHECKING:
    from eqdarts.estimator import DARTSRegressor
    from eqdarts.fitting.run import Run

__all__ = ["front_table", "run", "write_files"]

DIGITS = 6
OPTIONS = {  # option of the command line -> parameter of DARTSRegressor; its defaults are the estimator's
    "time_limit": "time_limit",
    "primitives": "primitives",
    "max_complexity": "max_complexity",
    "search": "search",
    "seed": "random_state",
    "guess": "guesses",
}


def run(arguments: argparse.Namespace) -> None:
    """Read the table, search, print what was found and write the files."""
    columns = select(read_table(arguments.file), arguments.target, arguments.features, arguments.drop_missing)
    folder = _make_folder(arguments)
    for message in columns.notes:
        note(message)
    with notes_to_stderr(arguments.quiet):
        fitted = _fit(columns, arguments)
    target = for_terminal(str(columns.y.name))
    show(f"Pareto front of {target}, from {len(columns.y)} rows (* the chosen equation):\n")
    show(front_table(fitted, columns.y))
    show(f"\n{for_terminal(fitted.equation_.format(DIGITS))}\n")
    for snap in fitted.snaps_:
        note(f"{snap}.", arguments.quiet)
    with notes_to_stderr(arguments.quiet):
        coefficients = coefficient_table(fitted.inference())
    if coefficients:
        show(f"{coefficients}\n")
    names = []
    for name in write_files(fitted, columns, folder, arguments.file):
        names.append(name)
    if "alpha.png" not in names:
        why = "Interrupted" if fitted.history_.stop_reason == "interrupt" else "The law is a constant"
        note(f"{why}, without primitives to weigh: no alpha.png.", arguments.quiet)
    show(f"Wrote to {for_terminal(str(folder))}: {', '.join(names)}")


def _make_folder(arguments: argparse.Namespace) -> Path:
    """Make the output folder before the search, so that nothing is searched in vain."""
    folder = Path(arguments.out) if arguments.out is not None else Path("eqdarts-out") / table_name(arguments.file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".eqdarts-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TableError(
            explain(
                "The output folder cannot be written.", f"{folder} ({error.strerror})", "Choose another with --out."
            )
        ) from None
    return folder


def _fit(columns: Columns, arguments: argparse.Namespace) -> DARTSRegressor:
    note(
        f"searching; features: {', '.join(map(str, columns.X.columns))}. Ctrl-C keeps the best so far.", arguments.quiet
    )
    from eqdarts.cli.usage import UsageError
    from eqdarts.estimator import DARTSRegressor

    given = {
        own: getattr(arguments, option) for option, own in OPTIONS.items() if getattr(arguments, option) is not None
    }
    kept_in = {} if arguments.checkpoint is None else {"checkpoint": arguments.checkpoint}
    shows_bar = not arguments.quiet and sys.stderr.isatty()
    try:
        fitted = DARTSRegressor(**given, verbose=int(shows_bar)).fit(columns.X, columns.y, **kept_in)
    except ValueError as error:  # what the estimator says about its parameters and the data
        raise UsageError(str(error)) from error
    history = fitted.history_
    note(
        f"{history.n_refits} refits in {history.seconds:.1f} CPU seconds; stopped: {history.stop_reason}.",
        arguments.quiet,
    )
    return fitted


def front_table(fitted: DARTSRegressor, y: Any) -> str:
    """Return the front as an aligned table: complexity, loss, share of the variance explained, equation."""
    variance = float(np.var(np.asarray(y, dtype=np.float64)))
    lines = [("", "complexity", "loss", "R2", "equation")]
    for row, equation in zip(fitted.equations_.itertuples(), fitted.front_, strict=True):
        text = equation.format(DIGITS)
        if equation.target is not None:
            text = text.split(" = ", 1)[1]
        figures = str(row.complexity), f"{row.loss:.4g}", _r2(row.loss, variance)
        lines.append(("*" if row.chosen else "", *figures, for_terminal(text)))
    widths = [max(len(line[k]) for line in lines) for k in range(4)]
    return "\n".join(
        "  ".join([*(cell.rjust(width) for cell, width in zip(line[:4], widths, strict=True)), line[4]]).rstrip()
        for line in lines
    )


def _r2(loss: float, variance: float) -> str:
    """Return 1 - loss / variance, cut and not rounded, so that only an exact law shows 1."""
    if variance == 0:
        return "-"
    r2 = 1 - loss / variance
    return f"{math.floor(r2 * 1e6) / 1e6:.6f}" if math.isfinite(r2) else "-"


def write_files(fitted: DARTSRegressor, columns: Columns, folder: Path, source: str) -> Iterator[str]:
    """Write the equations, then the pictures and the report, and yield the name of each file when it is there."""
    equation = fitted.equation_
    front = fitted.equations_.assign(equation=fitted.equations_["equation"].map(law_cell))
    front.to_csv(folder / "equations.csv", index=False)
    yield "equations.csv"
    (folder / "equation.json").write_text(equation.to_json() + "\n", encoding="utf-8")
    yield "equation.json"
    (folder / "equation.tex").write_text(_tex(equation), encoding="utf-8")
    yield "equation.tex"
    run = run_of(fitted, source)
    (folder / RUN_FILE).write_text(run_to_json(run) + "\n", encoding="utf-8")
    yield RUN_FILE
    yield from _write_pictures(fitted, columns, folder)
    yield from _write_report(run, folder)


def _tex(equation: Any) -> str:
    head = "% Made by eqdarts: \\input this file; it needs \\usepackage{amsmath}."
    return f"{head}\n\\begin{{equation}}\n  {equation.latex(DIGITS)}\n\\end{{equation}}\n"


def _write_report(run: Run, folder: Path) -> Iterator[str]:
    from eqdarts.report.page import write_report

    write_report(run, folder / PAGE_FILE)
    yield PAGE_FILE


def _write_pictures(fitted: DARTSRegressor, columns: Columns, folder: Path) -> Iterator[str]:
    import matplotlib

    matplotlib.use("Agg")  # files only: no window, no display needed
    from matplotlib import pyplot

    from eqdarts import plotting

    X, y, equation = columns.X, columns.y, fitted.equation_

    def save(figure: Any, name: str) -> str:
        with matplotlib.rc_context(plotting.STYLE):
            figure.savefig(folder / name)
        pyplot.close(figure)
        return name

    yield save(plotting.plot_front(fitted.equations_).figure, "front.png")
    with matplotlib.rc_context(plotting.STYLE):
        figure, (above, below) = pyplot.subplots(2, 1, figsize=(3.5, 4.2), height_ratios=(3, 2))
    plotting.plot_fit(equation, X, y, above)
    plotting.plot_residuals(equation, X, y, below)
    if above.get_xlabel() == below.get_xlabel():
        above.xaxis.label.set_visible(False)
    yield save(figure, "fit.png")
    graph = plotting.plot_graph(
        fitted.graph_,
        fitted.graph_coefficients_,
        list(X.columns),
        str(y.name),
        input_scale=fitted.x_scale_,
        target_scale=fitted.y_scale_,
    )
    yield save(graph.figure, "graph.png")
    if fitted.history_.alpha is not None:
        yield save(plotting.plot_alpha_grid(fitted.history_.alpha), "alpha.png")
    elif len(fitted.alpha_):
        yield save(plotting.plot_evidence(fitted.alpha_).figure, "alpha.png")
