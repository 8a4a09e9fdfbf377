"""Run a method on benchmark problems, each in a process of its own, and keep the rows in a CSV that can be resumed."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqdarts.benchmark.problems import Problem, load_suite
from eqdarts.benchmark.regret import REGRET_COLUMNS
from eqdarts.errors import closest, explain
from eqdarts.files import write_atomically
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
PATIENCE, GRACE = 5, 60.0  # the wall time of a process may be this multiple of the budget, plus these seconds


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
    table = _Table(None if out is None else Path(out))
    missing = [task for task in tasks if _key(task) not in table.done]
    for row in _run_all(missing, n_jobs, progress, len(tasks)):
        table.add(row)
    # Every row is in the file by now: an interrupt here loses no fit.
    missed = [{**task, "law_given": True} for task in tasks if regret and _lacks_regret(table.done[_key(task)])]
    for row in _run_all(missed, n_jobs, progress and regret, len(missed)):
        table.add(table.done[_key(row)] | _regret(row))
    wanted = {_key(task) for task in tasks}
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


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key that distinguishes rows, as text of the CSV."""
    options = row["options"]
    known = {**row, "options": options if isinstance(options, str) else json.dumps(options, sort_keys=True)}
    for name in ("noise", "budget"):
        known[name] = f"{float(known[name]):g}"
    return tuple(str(known[name]) for name in KEY)


def _lacks_regret(row: Mapping[str, Any]) -> bool:
    return not row["recovered"] and row["regret"] is None


def _regret(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of regret of a row whose law was given; the reason where it has none."""
    missing = {"regret": "failed", "regret_equation": row.get("reason")}
    return {name: row.get(name, missing.get(name)) for name in REGRET_COLUMNS}


class _Table:
    """The rows, and the file to which they are added, if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.done: dict[tuple[str, ...], dict[str, Any]] = {}
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            write_atomically(path, ",".join(COLUMNS) + "\n")
            return
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            known = tuple(reader.fieldnames or ())
            if known not in (COLUMNS, COLUMNS[: -len(REGRET_COLUMNS)]):
                raise ValueError(
                    explain("The file must have the columns of a file of results.", str(path), "Choose another file.")
                )
            self.done = {_key(row): {name: _cell(row.get(name)) for name in COLUMNS} for row in reader}
        if known != COLUMNS:
            self._write(path)

    def add(self, row: dict[str, Any]) -> None:
        cells = {name: row.get(name) for name in COLUMNS} | dict(zip(KEY, _key(row), strict=True))
        for name, value in cells.items():
            if isinstance(value, float):
                cells[name] = float(f"{value:.6g}")
        is_new = _key(row) not in self.done
        self.done[_key(row)] = {name: _cell(value) for name, value in cells.items()}
        if self.path is None:
            return
        if is_new:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(cells)
        else:
            self._write(self.path)

    def _write(self, path: Path) -> None:
        """Write the file anew, with every row once."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.done.values())
        write_atomically(path, text.getvalue())


def _cell(text: Any) -> Any:
    """Return a cell of the CSV as a number if it is one, None if it is empty."""
    if not isinstance(text, str):
        return text
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text or None


def _run_all(tasks: Sequence[dict[str, Any]], n_jobs: int, progress: bool, n_all: int) -> Iterator[dict[str, Any]]:
    """Run the tasks, `n_jobs` at a time, and yield their rows as they end; kill the running ones after an interrupt."""
    from tqdm.auto import tqdm

    processes = _Processes()
    n_recovered = 0
    with (
        tqdm(total=n_all, initial=n_all - len(tasks), disable=not progress, file=sys.stderr, unit="law") as bar,
        ThreadPoolExecutor(max(n_jobs, 1)) as pool,
    ):
        try:
            for future in as_completed([pool.submit(processes.run, task) for task in tasks]):
                row = future.result()
                n_recovered += bool(row.get("recovered"))
                bar.update()
                bar.set_postfix_str(
                    f"{n_recovered} recovered, last {row['problem']}: {row.get('reason', row['status'])}"
                )
                yield row
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.kill()


def _environment() -> dict[str, str]:
    """Return the environment of a task's process: one thread, and this eqdarts, installed or not."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    home = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    return {**os.environ, **one_thread, "PYTHONPATH": path}


class _Processes:
    """The running processes, so that all can be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """Run one task in a new process and return its row."""
        with self._lock:
            if self._ended:
                return {**task, "status": "interrupted"}
            process = subprocess.Popen(
                [sys.executable, "-m", "eqdarts.benchmark.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, env=_environment(), start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        began = time.perf_counter()
        killed = False
        try:
            output, _ = process.communicate(json.dumps(task), timeout=PATIENCE * task["budget"] + GRACE)
        except subprocess.TimeoutExpired:
            _kill(process)
            output, _ = process.communicate()
            killed = True
        with self._lock:
            self._running.discard(process)
        return {**task, **_last_row(output, killed, time.perf_counter() - began)}

    def kill(self) -> None:
        """End every process, and start no new one."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the process and those that it started, which share its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _last_row(output: str, killed: bool, seconds: float) -> dict[str, Any]:
    """Return the last complete row that a process printed, or a row that says how it ended without printing one."""
    row: dict[str, Any] = {}
    for line in output.splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:  # cut off by the kill
            break
    if row.get("status") in ("done", "failed"):
        return row
    reason = "killed at the time limit" if killed else "the process ended"
    row.setdefault("wall_s", seconds if math.isfinite(seconds) else None)
    return {**row, "status": "killed" if killed else "failed", "recovered": 0, "on_front": 0, "reason": reason}
