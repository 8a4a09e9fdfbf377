"""``eqdarts report``: the web page of a fit, from the files of ``eqdarts fit`` or ``eqdarts dynamics``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from eqdarts.cli.notes import show
from eqdarts.cli.saving import save, tell_of_replaced
from eqdarts.errors import TableError, explain

if TYPE_CHECKING:
    from eqdarts.fitting.run import Run

__all__ = ["run"]


def run(arguments: argparse.Namespace) -> None:
    """Write the page and print its path."""
    units = dict(_unit(text) for text in arguments.units)
    from eqdarts.fitting.run import PAGE_FILE, RUN_FILE, Run

    folder = Path(arguments.folder)
    text = _read(folder / RUN_FILE)
    past = None if _is_of_dynamics(text) else Run.from_json(text)
    import matplotlib

    matplotlib.use("Agg")  # files only: no window, no display needed
    page = Path(arguments.out) if arguments.out is not None else folder / PAGE_FILE
    tell_of_replaced(page.parent, (page.name,))
    save(page, _dynamics_page(text) if past is None else _page(past, units))
    show(f"Wrote {page}")


def _page(past: Run, units: dict[str, str]) -> str:
    from eqdarts.report.page import report_page

    return report_page(past, {**dict(past.equation.units), **units})


def _dynamics_page(text: str) -> str:
    from eqdarts.dynamics.page import dynamics_page
    from eqdarts.dynamics.record import DynamicsRun

    return dynamics_page(DynamicsRun.from_json(text))


def _is_of_dynamics(text: str) -> bool:
    """Whether a file is of `eqdarts dynamics`; what is wrong with a file is for its reader to say."""
    from eqdarts.dynamics.record import FORMAT

    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("format") == FORMAT


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
