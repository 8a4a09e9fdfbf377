"""Run a method on benchmark problems, each in a process of its own, and keep the rows in a CSV that can be resumed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqdarts.benchmark.problems import Problem, load_suite
from eqdarts.benchmark.processes import run_all
from eqdarts.benchmark.regret import REGRET_COLUMNS
from eqdarts.benchmark.results import Results
from eqdarts.errors import closest, explain
from eqdarts.search.strategies import SEARCHES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "METHODS", "run_benchmark"]

METHODS: dict[str, dict[str, Any]] = {  # name -> parameters of DARTSRegressor
    "eqdarts": {},
    **{f"eqdarts-{row.name}": {"search": row.name} for row in SEARCHES.values() if row.alias_of is None},
}
KEY = ("suite", "problem", "method", "seed", "noise", "rows", "budget", "options")
COLUMNS = (
    *KEY, "version", "status", "recovered", "on_front", "reason", "complexity", "complexity_true", "error",
    "error_wide", "cpu_s", "found_s", "wall_s", "process_cpu_s", "peak_rss_mb", "refits", "stopped", "equation",
    *REGRET_COLUMNS,
)  # fmt: skip


def run_benchmark(
    problems: str | Iterable[Problem],
    method: str = "eqdarts",
    *,
    time_limit: float = 60.0,
    rows: int = 1000,
    seeds: Sequence[int] = (0,),
    noise: Sequence[float] = (0.0,),
    options: Mapping[str, Any] | None = None,
    adapter: str | Path | None = None,
    python: str | Path | None = None,
    out: str | Path | None = None,
    n_jobs: int = 1,
    regret: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Run one method on problems and return one row for each problem, seed and noise.

    Parameters
    ----------
    problems : str or iterable of Problem
        A suite (see `eqdarts.benchmark.problems.SUITES`), "all", or problems.
    method : str, default="eqdarts"
        A key of `METHODS`: "eqdarts", or "eqdarts-" and a search, such as "eqdarts-random". With `adapter` or
        `options`: any name for the rows.
    time_limit : float, default=60
        Budget of each fit in seconds, which the method receives. For eqdarts they are CPU seconds, which hardly depend
        on other jobs; an adapter may treat them otherwise. A process that takes more than five times as long plus a
        minute is killed.
    rows : int, default=1000
    seeds : sequence of int, default=(0,)
        Each seed is used for the rows, the noise and the method.
    noise : sequence of float, default=(0,)
        Standard deviation of the normal error of y, as a share of the root mean square of y.
    options : mapping, optional
        Parameters of `DARTSRegressor`, or options of the adapter.
    adapter : path, optional
        A script that fits another library: it reads a problem as JSON and prints its equation as JSON.
    python : path, optional
        The Python interpreter that runs the adapter. Default: the running one.
    out : path, optional
        A CSV to which each row is added when it is ready. Rows that it already has are not run again.
    n_jobs : int, default=1
        Number of problems that run at the same time, each in a process with one thread.
    regret : bool, default=False
        Whether to fit every missed law again with the law as a guess. The column `regret` is "search" if the law is
        then chosen, "choice" if another equation is preferred, by `regret_nats` nats, and "failed" if the law cannot be
        a guess. Only for eqdarts itself. Rows of `out` without a value get one.
    progress : bool, default=False
        Whether to show a bar on standard error.

    Returns
    -------
    DataFrame
        With the columns `COLUMNS`, including the rows that `out` had before.
    """
    import pandas as pd

    chosen = load_suite(problems) if isinstance(problems, str) else tuple(problems)
    own = {
        "method": method,
        "options": _settings(method, options, adapter, regret),
        "adapter": None if adapter is None else str(Path(adapter).resolve()),
        "python": None if python is None else str(python),
        "rows": rows,
        "budget": float(time_limit),
    }
    runs = itertools.product(noise, seeds, chosen)
    tasks = [{**own, **_law(problem), "seed": seed, "noise": float(level)} for level, seed, problem in runs]
    table = Results(None if out is None else Path(out), COLUMNS, KEY, REGRET_COLUMNS)
    missing = [task for task in tasks if table.key_of(task) not in table.done]
    for row in run_all(missing, n_jobs, progress, len(tasks)):
        table.add(row)
    # Every row is in the file by now: an interrupt here loses no fit.
    missed = [{**task, "law_given": True} for task in tasks if regret and _lacks_regret(table.done[table.key_of(task)])]
    for row in run_all(missed, n_jobs, progress and regret, len(missed)):
        table.add(table.done[table.key_of(row)] | _regret(row))
    wanted = {table.key_of(task) for task in tasks}
    return pd.DataFrame([row for key, row in table.done.items() if key in wanted], columns=list(COLUMNS))


def _settings(
    method: str, options: Mapping[str, Any] | None, adapter: str | Path | None, regret: bool
) -> dict[str, Any]:
    """Return the options of a method, and refuse a method that nobody knows."""
    settings = {**METHODS.get(method, {}), **(options or {})}
    if method not in METHODS and adapter is None and not settings:
        raise ValueError(explain("There is no such method.", repr(method), closest(method, METHODS)))
    if regret and adapter is not None:
        raise ValueError(
            explain("Only eqdarts itself can use the law as a guess.", str(adapter), "Leave out the adapter.")
        )
    return settings


def _law(problem: Problem) -> dict[str, Any]:
    return {"problem": problem.name, "suite": problem.suite, "law": asdict(problem)}


def _lacks_regret(row: Mapping[str, Any]) -> bool:
    return not row["recovered"] and row["regret"] is None


def _regret(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of regret of a row whose law was given; the reason where it has none."""
    missing = {"regret": "failed", "regret_equation": row.get("reason")}
    return {name: row.get(name, missing.get(name)) for name in REGRET_COLUMNS}
