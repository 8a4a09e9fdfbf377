"""The command line: ``eqdarts fit``, ``eqdarts report``, ``eqdarts predict`` and ``eqdarts bench``.

This module reads the arguments and reports errors. Each command imports the heavy libraries that it needs, so that
``eqdarts --help`` answers at once. Exit status: 0 done, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from eqdarts._version import __version__
from eqdarts.cli.notes import leave_output, note
from eqdarts.cli.usage import UsageError
from eqdarts.errors import FormulaError, TableError, closest, explain, visible
from eqdarts.inference.noise import AUTO, NOISES
from eqdarts.search.strategies import DEFAULT, SEARCHES

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        stop = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"{self.prog}: {visible(' '.join(message.split()))}{stop} See {self.prog} --help.\n")


def _names(text: str) -> list[str]:
    """Split names at commas; a comma inside quotes belongs to the name."""
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not names or not all(names):
        raise argparse.ArgumentTypeError(
            explain("names must be separated by single commas..", repr(text), "Use a,b,c.")
        )
    return names


def _primitives(text: str) -> str | list[str]:
    """Return the name of a preset unchanged, or a list of primitives."""
    from eqdarts.primitives.table import PRESETS, PRIMITIVES, resolve

    names = _names(text)
    if text in PRESETS:
        return text
    try:
        resolve(names)
    except ValueError as error:
        if len(names) > 1:
            raise argparse.ArgumentTypeError(str(error)) from None
        hint = closest(text, [*PRESETS, *PRIMITIVES])
        raise argparse.ArgumentTypeError(
            explain("must be a preset or a list of primitives.", repr(text), hint)
        ) from None
    return names


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(
            explain("must be a positive number of seconds.", repr(text), "Use 60 for a minute.")
        )
    return seconds


def _whole(least: int) -> Callable[[str], int]:
    """Return a converter to whole numbers from `least` on."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                explain(f"must be a whole number of at least {least}.", repr(text), f"Use {least} or more.")
            )
        return number

    return convert


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="eqdarts", description="Discover a closed-form equation in a table of measurements.")
    parser.add_argument("--version", action="version", version=f"eqdarts {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fit(commands)
    predict = commands.add_parser(
        "predict", help="evaluate an equation on a table", description="Print predictions as CSV, one line per row."
    )
    predict.add_argument("equation", metavar="EQUATION.json", help="a file written by eqdarts fit")
    predict.add_argument("file", metavar="FILE", help="CSV, TSV, Excel or Parquet; - reads standard input")
    report = commands.add_parser(
        "report",
        help="write the web page of a fit again",
        description="Write one self-contained web page about a fit from the files of eqdarts fit.",
    )
    report.add_argument("folder", metavar="DIR", help="the --out folder of eqdarts fit, with run.json")
    report.add_argument("--out", metavar="FILE", help="file for the page; default: law.html in DIR")
    report.add_argument(
        "--units",
        action="append",
        default=[],
        metavar="COLUMN=UNIT",
        help="unit of a column, such as mass=kg; repeatable",
    )
    _add_dynamics(commands)
    _add_bench(commands)
    return parser


def _add_fit(commands: argparse._SubParsersAction[_Parser]) -> None:
    fit = commands.add_parser(
        "fit",
        help="find the law in a table",
        description="Search for the best equation of each length, print these equations, choose one and draw it.",
    )
    fit.add_argument("file", metavar="FILE", help="CSV, TSV, Excel or Parquet; - reads standard input")
    fit.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    _add_columns(fit)
    fit.add_argument(
        "--time-limit",
        type=_seconds,
        metavar="SECONDS",
        help="longest time of a fit, without its pictures; default: 60",
    )
    fit.add_argument(
        "--primitives",
        type=_primitives,
        metavar="NAMES",
        help="default, minimal, psychology, physics, or a list such as exp,log,power",
    )
    fit.add_argument("--max-complexity", type=_whole(3), metavar="N", help="largest number of symbols; default: 60")
    searches = "; ".join(f"{row.name}: {row.label}" for row in SEARCHES.values())
    fit.add_argument("--search", choices=tuple(SEARCHES), help=f"{searches}; default: {DEFAULT.name}")
    told = "how the scatter of y depends on the law's value; default: chosen with the law"
    fit.add_argument("--noise", choices=(AUTO, *NOISES), help=told)
    _add_known(fit)
    as_found = "keep the decimals of all coefficients: no integers, fractions or named constants in their place"
    fit.add_argument("--no-snap", dest="snap", action="store_false", default=None, help=as_found)
    kept = "save the best so far here every few seconds, and continue from an earlier fit"
    fit.add_argument("--checkpoint", metavar="DIR", help=kept)
    fit.add_argument("--out", metavar="DIR", help="folder for the files; default: eqdarts-out/ and the name of FILE")
    fit.add_argument("--seed", type=_whole(0), metavar="N", help="seed of the search")
    fit.add_argument("--quiet", action="store_true", help="print only errors and left-out data on standard error")


def _add_dynamics(commands: argparse._SubParsersAction[_Parser]) -> None:
    told = "Search for the differential equations of measured trajectories; the file has one row for each time."
    dynamics = commands.add_parser("dynamics", help="find differential equations in trajectories", description=told)
    dynamics.add_argument("file", metavar="FILE", help="CSV, TSV or Parquet, compressed or not; - reads standard input")
    dynamics.add_argument("--time", required=True, metavar="COLUMN", help="the column of the times")
    dynamics.add_argument("--trajectory", metavar="COLUMN", help="the column with the label of each row's run")
    told = "the column with the label of each run's group, such as --trajectory's; constants may differ between groups"
    dynamics.add_argument("--groups", metavar="COLUMN", help=told)
    states = "the states, whose rates are searched; default: all other numeric columns"
    dynamics.add_argument("--states", type=_names, metavar="A,B,..", help=states)
    dynamics.add_argument("--inputs", type=_names, metavar="A,B,..", help="known inputs, which have no equation")
    told = "units of states, inputs and time, such as S=mg/L,time=h; repeatable"
    dynamics.add_argument("--units", action="append", default=[], metavar="COLUMN=UNIT,..", help=told)
    told = "2: the states are positions, and their accelerations are searched"
    dynamics.add_argument("--order", type=int, choices=(1, 2), help=told)
    told = "longest time of a fit, all states together; default: 60"
    dynamics.add_argument("--time-limit", type=_seconds, metavar="SECONDS", help=told)
    dynamics.add_argument("--primitives", type=_primitives, metavar="NAMES", help="as for eqdarts fit")
    dynamics.add_argument("--max-complexity", type=_whole(3), metavar="N", help="as for eqdarts fit")
    told = 'the known part of a right-hand side, such as "x=f(x, y) - k*x"; repeatable'
    dynamics.add_argument("--form", action="append", default=[], metavar="STATE=FORMULA", help=told)
    told = "how the errors of measured states depend on their values; default: constant"
    dynamics.add_argument("--noise", choices=(AUTO, *NOISES), help=told)
    told = "let the right-hand sides contain the time"
    dynamics.add_argument("--not-autonomous", dest="autonomous", action="store_false", default=None, help=told)
    told = "save the laws of each state here as soon as its search is done, and go on with an interrupted fit"
    dynamics.add_argument("--checkpoint", metavar="DIR", help=told)
    told = "folder for run.json and law.html; default: eqdarts-out/ and the name of FILE"
    dynamics.add_argument("--out", metavar="DIR", help=told)
    dynamics.add_argument("--seed", type=_whole(0), metavar="N", help="seed of the search")
    dynamics.add_argument("--quiet", action="store_true", help="print only errors on standard error")


def _add_known(fit: _Parser) -> None:
    fit.add_argument(
        "--guess",
        action="append",
        metavar="FORMULA",
        help='a formula to start from, such as "a*x/(b + x)"; other names than columns are coefficients; repeatable',
    )
    told = 'what is known of the law, such as "increasing in x" or "y -> 0 as t -> oo"; repeatable'
    fit.add_argument("--know", action="append", metavar="STATEMENT", help=told)
    told = 'the known part of the law, with functions for the rest, such as "f(x)*exp(-k*t)"'
    fit.add_argument("--form", metavar="FORMULA", help=told)
    told = "bounds of coefficients of the form, such as k=0: or k=0:5; repeatable"
    fit.add_argument("--bounds", action="append", default=[], metavar="NAME=LOW:HIGH,..", help=told)


def _add_columns(fit: _Parser) -> None:
    fit.add_argument("--features", type=_names, metavar="A,B,..", help="the inputs; default: all other numeric columns")
    told = "the column with the label of each row's group; constants of the law may then differ between groups"
    fit.add_argument("--groups", metavar="COLUMN", help=told)
    told = "units of columns and target, such as m=kg,v=km/h; a header such as m [kg] says it too; repeatable"
    fit.add_argument("--units", action="append", default=[], metavar="COLUMN=UNIT,..", help=told)
    fit.add_argument("--drop-missing", action="store_true", help="has no effect: rows with missing values are left out")


def _add_bench(commands: argparse._SubParsersAction[_Parser]) -> None:
    from eqdarts.cli.bench import EPILOG

    bench = commands.add_parser(
        "bench",
        help="count the known laws that a method finds again",
        description="Run a method on benchmark laws, each in a process with one thread, or tabulate such runs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_argument("suite", metavar="SUITE", nargs="?", help="which laws; see below")
    bench.add_argument("--method", default="eqdarts", metavar="NAME", help="see below; default: eqdarts")
    bench.add_argument("--adapter", metavar="SCRIPT", help="script that fits another library")
    bench.add_argument("--python", metavar="PATH", help="Python that runs the script; default: this one")
    bench.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the method; repeatable"
    )
    bench.add_argument(
        "--time-limit", type=_seconds, default=60.0, metavar="SECONDS", help="limit for each law or state; default: 60"
    )
    bench.add_argument("--rows", type=_whole(20), default=1000, metavar="N", help="rows to learn from; default: 1000")
    bench.add_argument("--seed", default="0", metavar="N,..", help="seeds of rows, noise and method; default: 0")
    bench.add_argument("--noise", default="0", metavar="X,..", help="errors of y as a share of its rms; default: 0")
    bench.add_argument("--every", type=_whole(1), default=1, metavar="K", help="only every K-th law")
    bench.add_argument("--first", type=_whole(1), default=1, metavar="N", help="begin with the N-th law; default: 1")
    bench.add_argument("--thinned", action="store_true", help="systems: leave out a random half of the times")
    bench.add_argument("--only", type=_names, metavar="LAW,..", help="only these laws")
    bench.add_argument(
        "--jobs", type=_whole(1), default=1, metavar="N", help="number of laws at the same time; default: 1"
    )
    bench.add_argument("--out", metavar="FILE", help="CSV for the rows; laws that it already has are not run again")
    bench.add_argument("--regret", action="store_true", help="fit every missed law again with the law as a guess")
    bench.add_argument("--table", nargs="+", metavar="CSV", help="instead of a run, make the table of these results")
    bench.add_argument("--plot", metavar="PNG", help="with --table, draw the share recovered against CPU seconds")
    bench.add_argument(
        "--quiet",
        action="store_true",
        help="print only errors and left-out data on standard error",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = _build_parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal's encoding lacks must not end the search
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if arguments.command == "fit":
            from eqdarts.cli.fit import run
        elif arguments.command == "bench":
            from eqdarts.cli.bench import run
        elif arguments.command == "dynamics":
            from eqdarts.cli.dynamics import run
        elif arguments.command == "report":
            from eqdarts.cli.report import run
        else:
            from eqdarts.cli.predict import run
        run(arguments)
        sys.stdout.flush()
    except (TableError, FormulaError, UsageError) as error:
        return _fail(str(error))
    except BrokenPipeError:  # the reader of our output has gone, as in `eqdarts predict ... | head`
        leave_output()
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'output'}: {error.strerror}.")
    except KeyboardInterrupt:
        note("interrupted.")
        return 130
    return 0


def _fail(message: str) -> int:
    note(message)
    return 2
