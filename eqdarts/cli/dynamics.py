"""``eqdarts dynamics``: trajectories in, the differential equations on standard output, the fit in a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eqdarts.cli.notes import note, notes_to_stderr, show
from eqdarts.cli.saving import make_folder, save, tell_of_replaced
from eqdarts.cli.units import given_units
from eqdarts.cli.usage import UsageError
from eqdarts.errors import explain, visible
from eqdarts.fitting.run import PAGE_FILE, RUN_FILE
from eqdarts.tables.files import load_table

if TYPE_CHECKING:
    from eqdarts.dynamics.record import DynamicsRun

__all__ = ["run"]

OPTIONS = {  # option of the command line -> parameter of ODERegressor; its defaults are the estimator's
    "time_limit": "time_limit",
    "primitives": "primitives",
    "max_complexity": "max_complexity",
    "order": "order",
    "autonomous": "autonomous",
    "noise": "noise",
    "seed": "random_state",
}


def run(arguments: argparse.Namespace) -> None:
    """Read the table, search, print the system and its summary, and write the files."""
    table = load_table(arguments.file)
    folder = make_folder(arguments.out, arguments.file)
    for message in table.notes:
        note(message)
    tell_of_replaced(folder, (RUN_FILE, PAGE_FILE))
    from eqdarts.dynamics.regressor import ODERegressor

    given = {own: getattr(arguments, name) for name, own in OPTIONS.items() if getattr(arguments, name) is not None}
    if arguments.form:
        given["form"] = dict(map(_form, arguments.form))
    units = given_units(arguments.units, table.frame)
    columns = {
        "units": units or None,
        "t": arguments.time,
        "trajectory": arguments.trajectory,
        "inputs": arguments.inputs,
        "groups": arguments.groups,
        "checkpoint": arguments.checkpoint,
    }
    note("searching. Ctrl-C ends the search of a state and keeps its best equations.", arguments.quiet)
    with notes_to_stderr(arguments.quiet):
        try:
            shows_bar = not arguments.quiet and sys.stderr.isatty()
            model = ODERegressor(**given, verbose=int(shows_bar))
            model.fit(table.frame, **columns, states=arguments.states)
        except ValueError as error:
            raise UsageError(str(error)) from error
    show(f"{model.system_.format()}\n")
    show(model.summary())
    save(folder / RUN_FILE, model.run_.to_json() + "\n")
    _draw(model.run_, folder / PAGE_FILE)
    show(f"\nWrote to {visible(str(folder))}: {RUN_FILE}, {PAGE_FILE}")


def _form(text: str) -> tuple[str, str]:
    """Return the state and the form of an option such as "x=f(x, y) - k*x"."""
    state, equals, form = text.partition("=")
    if not equals:
        raise UsageError(explain("--form must name a state.", repr(text), 'Try --form "x=f(x, y) - k*x".'))
    return state.strip(), form.strip()


def _draw(run: DynamicsRun, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")  # files only: no window, no display needed
    from eqdarts.dynamics.page import dynamics_page

    save(path, dynamics_page(run))
