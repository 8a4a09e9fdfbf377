"""Tasks of a benchmark, each in a process of its own with one thread, which is killed when its time is over."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

__all__ = ["Processes", "environment", "last_row", "run_all"]

LAWS = "eqdarts.benchmark.worker"
PATIENCE, GRACE = 5, 60.0  # the wall time of a process may be this multiple of the budget, plus these seconds


def run_all(
    tasks: Sequence[dict[str, Any]], n_jobs: int, progress: bool, n_all: int, worker: str = LAWS
) -> Iterator[dict[str, Any]]:
    """Run the tasks, `n_jobs` at a time, and yield their rows as they end; kill the running ones after an interrupt.

    A task has at least the keys "problem" and "budget", which are seconds unless it has a "limit" too, and what the
    worker wants: a module that reads it from standard input.
    """
    from tqdm.auto import tqdm

    processes = Processes(worker)
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


def environment() -> dict[str, str]:
    """Return the environment of a task's process: one thread, and this eqdarts, installed or not."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    home = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    return {**os.environ, **one_thread, "PYTHONPATH": path}


class Processes:
    """The running processes, so that all can be ended."""

    def __init__(self, worker: str = LAWS) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """Run one task in a new process and return its row."""
        with self._lock:
            if self._ended:
                return {**task, "status": "interrupted"}
            process = subprocess.Popen(
                [sys.executable, "-m", self._worker],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, env=environment(), start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        began = time.perf_counter()
        killed = False
        try:
            output, _ = process.communicate(
                json.dumps(task), timeout=PATIENCE * task.get("limit", task["budget"]) + GRACE
            )
        except subprocess.TimeoutExpired:
            _kill(process)
            output, _ = process.communicate()
            killed = True
        with self._lock:
            self._running.discard(process)
        return {**task, **last_row(output, killed, time.perf_counter() - began)}

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


def last_row(output: str, killed: bool, seconds: float) -> dict[str, Any]:
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
