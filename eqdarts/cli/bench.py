"""``eqdarts bench``: the number of known laws that a method finds, and the time it takes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eqdarts.cli.notes import note, show
from eqdarts.cli.saving import picture, save, tell_of_replaced
from eqdarts.errors import closest, explain

__all__ = ["EPILOG", "run"]

EPILOG = """\
suites: feynman (120 laws), nguyen (18), constant (8), jin (6), psych (24), strogatz (14), srsd (120, inputs
over many decades), solved (120, for one of their inputs), all; several by commas.
systems of differential equations, from one trajectory of 150 times each: odes (63 of textbooks), odes_strogatz (7,
those of strogatz), reactions (16 of pharmacokinetics, enzymes, growth and genes, with terms of Michaelis and Menten,
Hill and Haldane); several by commas. --noise is a share of the standard deviation of each state, --time-limit is for
each state, and --option sets parameters of ODERegressor.
methods: eqdarts, eqdarts-implicit, eqdarts-random, eqdarts-relaxed; with --adapter or --option, any name you choose.

A law is recovered if the chosen equation agrees with it on fresh rows and on ranges 1.5 times as wide (mean squared
error below 1e-9 of the variance) and is at most max(2 * true, true + 10) symbols long. For data with noise the
constants are first fitted to clean rows, and the limit is 1e-8. on_front applies the same rule to every equation of the
front.

If the values of a law span two decades, the squared relative error of 95 % of the rows must be below the limit too.

--regret fits every missed law again, with the law as a guess. If the law is then chosen, the search missed it. If not,
another equation has a shorter description, by the number of nats in the column regret_nats.

examples:
  eqdarts bench feynman --time-limit 60 --out feynman.csv
  eqdarts bench feynman --every 3 --seed 1,2 --noise 0,0.01 --jobs 2 --out seeds.csv
  eqdarts bench feynman --noise 0.1 --time-limit 20 --regret --out regret.csv
  eqdarts bench odes --noise 0,0.05 --every 6 --first 2 --time-limit 10 --out odes.csv
  eqdarts bench odes_strogatz,reactions --time-limit 10 --out systems.csv
  eqdarts bench psych --method capped --option max_complexity=20 --out capped.csv
  eqdarts bench nguyen --method gplearn --adapter gplearn_adapter.py --python peers/bin/python --out gplearn.csv
  eqdarts bench --table *.csv --out table.md --plot accuracy.png
"""


def run(arguments: argparse.Namespace) -> None:
    """Run problems and write their rows, or make the table and the plot of existing rows."""
    from eqdarts.cli.usage import UsageError

    try:
        if arguments.table:
            _tabulate(arguments)
        elif arguments.suite is None:
            raise UsageError("bench needs a SUITE, or --table with files of results. See eqdarts bench --help.")
        else:
            suites = [part.strip() for part in arguments.suite.split(",")]
            run_kind = _run_odes if _are_of_systems(suites) else _run_laws
            run_kind(suites, arguments)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _are_of_systems(suites: Sequence[str]) -> bool:
    """Whether all suites are of systems of differential equations; refuse unknown ones, and a mixture."""
    from eqdarts.benchmark.ode_suites import ODE_SUITES
    from eqdarts.benchmark.problems import SUITES

    known = (*SUITES, "all", *ODE_SUITES)
    for suite in suites:
        if suite not in known:
            raise ValueError(explain("There is no such suite.", repr(suite), closest(suite, known)))
    kinds = {suite in ODE_SUITES for suite in suites}
    if len(kinds) > 1:
        todo = f"Run {', '.join(ODE_SUITES)} apart from the others."
        raise ValueError(
            explain("Laws and systems of differential equations have different rows.", ",".join(suites), todo)
        )
    return kinds.pop()


def _run_laws(suites: Sequence[str], arguments: argparse.Namespace) -> None:
    from eqdarts.benchmark.run import run_benchmark
    from eqdarts.benchmark.table import markdown

    if arguments.thinned:
        todo = "Leave out --thinned."
        raise ValueError(explain("Only systems of differential equations can be thinned.", arguments.suite, todo))
    table = run_benchmark(_problems(suites, arguments), rows=arguments.rows, regret=arguments.regret, **_how(arguments))
    show(markdown(table))


def _run_odes(suites: Sequence[str], arguments: argparse.Namespace) -> None:
    from eqdarts.benchmark.ode_suites import load_odes
    from eqdarts.benchmark.run_odes import markdown, run_odes

    if arguments.regret:
        raise ValueError(explain("Systems cannot be given as guesses here.", "--regret", "Leave out --regret."))
    systems = [system for suite in suites for system in load_odes(suite)]
    table = run_odes(_selected(arguments, systems), thinned=arguments.thinned, **_how(arguments))
    show(markdown(table))


def _how(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters that all benchmarks share."""
    return {
        "method": arguments.method,
        "time_limit": arguments.time_limit,
        "seeds": _numbers(arguments.seed, int),
        "noise": _numbers(arguments.noise, float),
        "options": dict(map(_option, arguments.option)),
        "adapter": arguments.adapter,
        "python": arguments.python,
        "out": arguments.out,
        "n_jobs": arguments.jobs,
        "progress": not arguments.quiet,
    }


def _problems(suites: Sequence[str], arguments: argparse.Namespace) -> list[Any]:
    from eqdarts.benchmark.problems import load_problem, load_suite

    problems = [problem for suite in suites for problem in load_suite(suite)]
    if arguments.only:
        arguments.only = [load_problem(name).name for name in arguments.only]
    return _selected(arguments, problems)


def _selected(arguments: argparse.Namespace, problems: Sequence[Any]) -> list[Any]:
    """Return the problems that --only, --first and --every leave."""
    wanted = {name.casefold() for name in arguments.only or ()}
    found = [one for one in problems if not wanted or one.name.casefold() in wanted]
    found = found[arguments.first - 1 :: arguments.every]
    if not found:
        raise ValueError(explain("No problem is selected.", arguments.only, "Name problems of the suite."))
    return found


def _numbers(text: str, kind: type) -> list[Any]:
    try:
        numbers = [kind(part) for part in text.split(",")]
        if min(numbers) < 0:
            raise ValueError
    except ValueError:
        todo = "Use numbers of at least 0, separated by commas."
        raise ValueError(explain("--seed and --noise must be numbers.", repr(text), todo)) from None
    return numbers


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(explain("--option must be NAME=VALUE.", repr(text), "Write max_complexity=20."))
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _tabulate(arguments: argparse.Namespace) -> None:
    from eqdarts.benchmark import run_odes, table

    paths = [Path(name) for name in arguments.table]
    is_of_systems = all(map(run_odes.has_systems, paths))
    results = run_odes.read_rows(paths) if is_of_systems else table.read_results(paths)
    text = run_odes.markdown(results) if is_of_systems else table.markdown(results)
    if is_of_systems and arguments.plot is not None:
        raise ValueError(explain("Results of systems have no plot.", f"--plot {arguments.plot}", "Leave out --plot."))
    if arguments.out is None:
        show(text)
    written = [Path(name) for name in (arguments.out, arguments.plot) if name is not None]
    for path in written:
        tell_of_replaced(path.parent, (path.name,))
    if arguments.out is not None:
        save(Path(arguments.out), text + "\n")
    if arguments.plot is not None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        from eqdarts.plotting.style import STYLE

        with matplotlib.rc_context(STYLE):
            figure, axes = pyplot.subplots(figsize=(5.0, 3.2))
            table.plot_recovery(results, axes)
        save(Path(arguments.plot), picture(figure, Path(arguments.plot).suffix))
    if written:
        note(f"wrote {', '.join(map(str, written))}", arguments.quiet)
