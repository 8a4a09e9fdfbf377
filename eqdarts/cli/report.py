"""``eqdarts report``: the web page of a fit, from the files of ``eqdarts fit``."""

from __future__ import annotations

import argparse
from pathlib import Path

from eqdarts.cli.notes import show
from eqdarts.cli.saving import save, tell_of_replaced
from eqdarts.errors import TableError, explain

__all__ = ["run"]


def run(arguments: argparse.Namespace) -> None:
    """Write the page and print its path."""
    units = dict(_unit(text) for text in arguments.units)
    from eqdarts.fitting.run import PAGE_FILE, RUN_FILE, Run

    folder = Path(arguments.folder)
    past = Run.from_json(_read(folder / RUN_FILE))
    import matplotlib

    matplotlib.use("Agg")  # files only: no window, no display needed
    from eqdarts.report.page import report_page

    page = Path(arguments.out) if arguments.out is not None else folder / PAGE_FILE
    tell_of_replaced(page.parent, (page.name,))
    save(page, report_page(past, {**dict(past.equation.units), **units}))
    show(f"Wrote {page}")


def _unit(text: str) -> tuple[str, str]:
    name, equals, unit = text.rpartition("=")
    if not (name and equals and unit):
        from eqdarts.cli.usage import UsageError

        raise UsageError(explain("--units must be COLUMN=UNIT.", repr(text), "Write mass=kg, for example."))
    return name, unit


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = "it is not text"
    except OSError as error:
        problem = str(error.strerror)
    raise TableError(
        explain(
            "DIR must contain the files of eqdarts fit.", f"{path} ({problem})", "Name the --out folder of eqdarts fit."
        )
    )
