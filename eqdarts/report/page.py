"""One self-contained web page for one fit: the law, its uncertainty, its rivals, and the course of the search.

The page loads nothing: formulas are MathML, pictures are data, style and script are inside, and a content security
policy forbids everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eqdarts.files import write_atomically
from eqdarts.fitting.run import Run, with_dot
from eqdarts.inference.summary import CAVEAT
from eqdarts.report.group_words import group_pictures, group_words
from eqdarts.report.html import render
from eqdarts.report.pictures import Picture, equation_pictures, graph_pictures, run_pictures
from eqdarts.report.words import (
    LONGEST_VALUE,
    Words,
    column_table,
    command_line,
    inference_of,
    longer_by,
    python_lines,
    words_of,
)

__all__ = ["report_page", "write_report"]

MOST_DRAWN = 8  # equations with pictures: the chosen one and those with the next best scores
_STOPPED = {
    "exact": "a law that is exact to rounding was found",
    "budget": "the number of refits was used up",
    "time": "the time limit was reached",
    "callback": "the callback stopped it",
    "interrupt": "it was interrupted",
    "settled": "no law left to try could be expected to be better",
    "finished": "it had found nothing new for long",
}


def write_report(run: Run, path: str | Path, units: Mapping[str, str] | None = None) -> None:
    """Write the report of a fit to a file.

    Parameters
    ----------
    run : Run
    path : str or Path
        Such as "law.html".
    units : mapping of str to str, optional
        Units of columns and target, by name.
    """
    write_atomically(Path(path), report_page(run, units))


def report_page(run: Run, units: Mapping[str, str] | None = None) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    run : Run
    units : mapping of str to str, optional
        Units of columns and target, by name, for the pictures and the table of columns.
    """
    context = _context(run, dict(run.equation.units) if units is None else units)
    return render("report.html", context)


def _context(run: Run, units: Mapping[str, str]) -> dict[str, Any]:
    drawn = set(run.table["score"].drop(run.chosen).nsmallest(MOST_DRAWN - 1).index) | {run.chosen}
    members = [_member(run, k, units, k in drawn) for k in range(len(run.equations))]
    header, columns = column_table(run)
    history = run.history
    by_length = run.settings.get("selection", "'mdl'") == "'mdl'"
    return {
        "target": run.target,
        "chosen": run.chosen,
        "members": members,
        "pictures": run_pictures(run),
        "selection": run.selection,
        "by_length": by_length,
        "measure": "longer by" if by_length else "worse by",
        "snaps": list(map(with_dot, run.snaps)),
        "structure": list(map(with_dot, run.structure)),
        "graph": graph_pictures(run),
        "caveat": CAVEAT,
        "columns_header": header,
        "columns": columns,
        "steps": [] if run.columns is None else run.columns.steps(),
        "units": units,
        "n_columns": len(run.names),
        "n_rows": len(run.rows.y),
        "n_all": run.rows.n_all,
        "which_rows": run.rows_in_words(),
        "n_refits": history.n_refits,
        "seconds": f"{history.seconds:.3g}",
        "stopped": _STOPPED.get(history.stop_reason, history.stop_reason),
        "stages": [(name, f"{seconds:.3g} s") for name, seconds in history.stage_seconds.items()],
        "settings": [(name, value[:LONGEST_VALUE], name in run.changed) for name, value in run.settings.items()],
        "versions": list(run.versions.items()),
        "seed": run.settings.get("random_state", "None"),
        "bit_for_bit": run.settings.get("time_limit") == "None",
        "python": python_lines(run),
        "command": command_line(run),
        "source": run.source,
    }


def _member(run: Run, k: int, units: Mapping[str, str], drawn: bool) -> dict[str, Any]:
    if run.groups is None:
        found = inference_of(run, k)
        words: Words = words_of(run, k, found)
        pictures: list[Picture] = equation_pictures(run.equations[k], run, found, units) if drawn else []
    else:
        words = group_words(run, k)
        pictures = group_pictures(run, k, units) if drawn else []
    return {
        "words": words,
        "complexity": int(run.table["complexity"].iloc[k]),
        "loss": f"{run.table['loss'].iloc[k]:.4g}",
        "longer": longer_by(float(run.table["score"].iloc[k])),
        "pictures": pictures,
    }
