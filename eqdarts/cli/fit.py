"""``eqdarts fit``: a table in, the front and the law on standard output, files and pictures in a folder."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdarts.cli.bounds import given_bounds
from eqdarts.cli.interrupts import LateInterrupts
from eqdarts.cli.notes import note, notes_to_stderr, show
from eqdarts.cli.output import DATA, NAMES, PICTURES, Found, write
from eqdarts.cli.saving import make_folder, tell_of_replaced
from eqdarts.cli.units import given_units
from eqdarts.errors import visible
from eqdarts.inference.summary import coefficient_table
from eqdarts.tables.files import load_table
from eqdarts.tables.prepare import Prepared, named_in, part_groups, prepare

if TYPE_CHECKING:
    from eqdarts.estimator import DARTSRegressor

__all__ = ["front_table", "run"]

OPTIONS = {  # option of the command line -> parameter of DARTSRegressor; its defaults are the estimator's
    "time_limit": "time_limit",
    "primitives": "primitives",
    "max_complexity": "max_complexity",
    "search": "search",
    "seed": "random_state",
    "noise": "noise",
    "guess": "guesses",
    "know": "knowledge",
    "form": "form",
    "snap": "snap",
}


def run(arguments: argparse.Namespace) -> None:
    """Read the table, search, print the front and the law, and write the files."""
    table, labels = part_groups(load_table(arguments.file), arguments.groups)
    named = named_in([*(arguments.guess or ()), arguments.form or ""], table.frame.columns)
    columns = prepare(table, arguments.target, arguments.features, named)
    units, bounds = given_units(arguments.units, table.frame), given_bounds(arguments.bounds)
    folder = make_folder(arguments.out, arguments.file)
    for message in columns.notes:
        note(message)
    for message in columns.told:
        note(message, arguments.quiet)
    before = tell_of_replaced(folder, NAMES)
    with notes_to_stderr(arguments.quiet):
        model = _fit(columns, table.frame[columns.columns.target], arguments, labels, units, bounds)
    with LateInterrupts() as interrupts:
        _show_law(model, columns)
        written: list[str] = []
        _write(Found(model, columns, arguments.file), folder, written, interrupts, arguments.quiet)
        kept = [name for name in before if name not in written]
        if kept:
            note(f"Unchanged files of an earlier fit in {folder}: {', '.join(kept)}.")
        show(f"Wrote to {visible(str(folder))}: {', '.join(written)}")


def _show_law(model: DARTSRegressor, columns: Prepared) -> None:
    target = visible(str(columns.y.name))
    # With groups the whole front is fitted to the rows that have gaps in other columns, too.
    n_rows = len(columns.y) if model.run_.groups is None else model.run_.rows.n_all
    show(f"Pareto front of {target}, from {n_rows} rows (* the chosen equation):\n")
    show(front_table(model, columns.y))
    show(f"\n{model.equation_.format()}\n")
    if model.equation_.groups is not None:
        show(f"{model.equation_.groups.in_words()}\n")


def _write(found: Found, folder: Path, written: list[str], interrupts: LateInterrupts, quiet: bool) -> None:
    """Write the quick files; then print the coefficients and draw the pictures, which an interrupt ends.

    The coefficients are printed even if the disk is full, because they may be all that is left of the search.
    """
    try:
        for name in write(found, folder, DATA):
            written.append(name)
    finally:
        interrupts.unless_interrupted(partial(_show_coefficients, found.model, quiet))
    interrupts.unless_interrupted(partial(_draw, found, folder, written, quiet))
    if interrupts.seen:
        note(f"Interrupted. Run eqdarts report {folder} to write the page.", quiet)
    elif "alpha.png" not in written and found.run.groups is None:
        searched = found.model.history_.stop_reason != "interrupt"
        why = "The law is a constant" if searched else "Interrupted"
        note(f"{why}, so alpha.png is not written.", quiet)


def _show_coefficients(model: DARTSRegressor, quiet: bool) -> None:
    for snap in model.snaps_:
        note(f"{snap}.", quiet)
    from eqdarts.report.group_summary import group_lines

    with notes_to_stderr(quiet):
        found = model.inference()
        grouped = model.run_.groups is not None
        coefficients = "\n".join(group_lines(found)) if grouped else coefficient_table(found)
    if coefficients:
        show("\n".join(filter(None, [model.run_.rows_in_words(), coefficients])) + "\n")


def _draw(found: Found, folder: Path, written: list[str], quiet: bool) -> None:
    """Draw the pictures and the page, with a bar."""
    import matplotlib
    from tqdm import tqdm

    matplotlib.use("Agg")  # files only: no window, no display needed
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=len(PICTURES), desc="drawing", file=sys.stderr, leave=False, disable=hidden) as bar:
        for name in write(found, folder, PICTURES):
            written.append(name)
            bar.n = list(PICTURES).index(name) + 1
            bar.refresh()


def _fit(
    columns: Prepared,
    y: Any,
    arguments: argparse.Namespace,
    groups: Any,
    units: dict[str, str],
    bounds: dict[str, tuple[float | None, float | None]],
) -> DARTSRegressor:
    note(
        f"searching; features: {', '.join(map(str, columns.X.columns))}. Ctrl-C keeps the best so far.", arguments.quiet
    )
    from eqdarts.cli.usage import UsageError
    from eqdarts.estimator import DARTSRegressor
    from eqdarts.solver.compiled import warm_up

    given = {
        own: getattr(arguments, option) for option, own in OPTIONS.items() if getattr(arguments, option) is not None
    }
    given |= {"bounds": bounds} if bounds else {}
    more: dict[str, Any] = {} if groups is None else {"groups": groups}
    if units:
        names = {*map(str, columns.X.columns), str(columns.y.name)}
        more["units"] = {name: unit for name, unit in units.items() if name in names}
    kept_in = {} if arguments.checkpoint is None else {"checkpoint": arguments.checkpoint}
    shows_bar = not arguments.quiet and sys.stderr.isatty()
    if not shows_bar:  # the bar says it too
        warm_up(lambda: note("compiling, once after an installation.", arguments.quiet))
    try:
        # The notes are told already.
        ready = replace(columns, notes=())
        fitted = DARTSRegressor(**given, verbose=int(shows_bar)).fit(ready, y, **kept_in, **more)
    except ValueError as error:  # errors of the estimator about its parameters and the data
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
        text = replace(equation, target=None).format()
        figures = str(row.complexity), f"{row.loss:.4g}", _r2(row.loss, variance)
        lines.append(("*" if row.chosen else "", *figures, text))
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
