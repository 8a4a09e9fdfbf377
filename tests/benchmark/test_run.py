"""The runner of benchmarks: processes, resuming, and what goes wrong in a run."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from eqdarts.benchmark import processes
from eqdarts.benchmark import run as benchmark
from eqdarts.benchmark.problems import Problem
from eqdarts.benchmark.regret import REGRET_COLUMNS
from eqdarts.benchmark.run import COLUMNS, run_benchmark
from eqdarts.benchmark.table import read_results

LINE = Problem("line", "2*x+1", (("x", 0.0, 1.0),), "made-up")


ADAPTER = """
import json, os, sys, time
given = json.load(sys.stdin)
print("chatter")
here = os.path.dirname(__file__)
with open(os.path.join(here, "runs"), "a") as file:
    print(given["problem"], given["seed"], os.environ["OMP_NUM_THREADS"], os.getpid(), file=file)
what = given["options"].get("what", "2.0*x + 1.0")
if what == "fail":
    sys.exit("no luck today")
if what == "sleep":
    time.sleep(100)
record = {"version": "7", "cpu_s": 1.5, "wall_s": 2.0, "peak_rss_mb": 3.0, "refits": 4}
print(json.dumps({**record, "equation": what, "front": ["x", "2.0*x + 1.0", what]}))
"""


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    path = tmp_path / "own_adapter.py"
    path.write_text(ADAPTER)
    return path


def runs(adapter: Path) -> list[list[str]]:
    path = adapter.with_name("runs")
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
def test_rows_are_written_as_they_come_and_not_run_again(adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "results" / "own.csv"
    arguments: dict[str, Any] = {"adapter": adapter, "out": out, "rows": 50, "time_limit": 20}
    table = run_benchmark([LINE], "own", **arguments)
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    assert (row["status"], row["recovered"], row["on_front"], row["reason"]) == ("done", 1, 1, "recovered")
    assert (row["version"], row["cpu_s"], row["budget"], row["refits"]) == (7, 1.5, 20, 4)
    assert row["process_cpu_s"] > 0
    again = run_benchmark([LINE], "own", seeds=(0, 1), n_jobs=2, **arguments)
    assert list(again["seed"].astype(int)) == [0, 1]
    assert [run[:3] for run in runs(adapter)] == [["line", "0", "1"], ["line", "1", "1"]]
    assert len(read_results([out])) == 2


@pytest.mark.slow
def test_a_form_on_the_front_is_noticed_when_another_is_chosen(adapter: Path) -> None:
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "2.1*x"}, rows=50).iloc[0]
    assert (row["recovered"], row["on_front"], row["reason"]) == (0, 1, "differs")


@pytest.mark.slow
def test_a_failing_method_is_a_row(adapter: Path) -> None:
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "fail"}, rows=50).iloc[0]
    assert row["status"] == "failed"
    assert "no luck today" in row["reason"]


@pytest.mark.slow
def test_what_does_not_end_is_killed_with_all_that_it_started(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.0)
    kill = processes._kill

    def kill_late(process: subprocess.Popen[str]) -> None:
        """Let a slow machine start the process before it is ended."""
        while process.poll() is None and not runs(adapter):
            time.sleep(0.05)
        kill(process)

    monkeypatch.setattr(processes, "_kill", kill_late)
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "sleep"}, rows=50, time_limit=0.1).iloc[0]
    assert (row["status"], row["recovered"], row["reason"]) == ("killed", 0, "killed at the time limit")
    _assert_gone(int(runs(adapter)[0][3]))


@pytest.mark.slow
def test_an_interrupt_ends_what_runs(adapter: Path) -> None:
    task = {
        "suite": "", "problem": "line", "law": asdict(LINE), "seed": 0, "noise": 0.0,
        "method": "own", "options": {"what": "sleep"}, "adapter": str(adapter), "python": None,
        "rows": 50, "budget": 60.0,
    }  # fmt: skip
    rows = processes.run_all([{**task, "options": {}}, task], 2, False, 2)
    assert next(rows)["status"] == "done"
    for _ in range(2000):
        if len(runs(adapter)) == 2:
            break
        time.sleep(0.05)
    rows.close()
    for run in runs(adapter):
        _assert_gone(int(run[3]))


def _assert_gone(pid: int) -> None:
    for _ in range(2000):
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "Z (zombie)" in status.read_text():
            return
        if not Path("/proc").exists():
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
        time.sleep(0.05)
    pytest.fail(f"process {pid} still runs")


def test_unknown_methods_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'eqdarts-random'"):
        run_benchmark([LINE], "eqdarts-randm")
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="must have the columns"):
        run_benchmark([LINE], out=foreign)
    with pytest.raises(ValueError, match="must have the columns"):
        read_results([foreign])


WAVE = Problem("wave", "2*x*exp(-x)*sin(3*x)", (("x", 0.0, 5.0),), "made-up")


@pytest.mark.slow
def test_a_law_that_was_missed_is_given_and_the_rows_of_an_older_file_get_that_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "regret.csv"
    arguments: dict[str, Any] = {"options": {"search": "random", "max_refits": 1}, "out": out, "rows": 50}
    assert run_benchmark([WAVE], **arguments)["regret"].isna().all()
    older = [name for name in COLUMNS if name not in REGRET_COLUMNS]
    pd.read_csv(out)[older].to_csv(out, index=False)
    ran = []
    run = processes.Processes.run
    monkeypatch.setattr(processes.Processes, "run", lambda self, task: ran.append(task) or run(self, task))
    row = run_benchmark([WAVE], regret=True, **arguments).iloc[0]
    assert [task["law_given"] for task in ran] == [True]
    assert (row["recovered"], row["regret"], row["regret_nats"]) == (0, "search", 0)
    assert "sin(" in row["regret_equation"]
    assert "sin(" not in str(row["equation"])
    again = run_benchmark([WAVE], regret=True, **arguments)
    assert len(ran) == 1
    assert again.iloc[0]["regret"] == "search"
    (line,) = read_results([out]).to_dict("records")
    assert (line["regret"], line["regret_cpu_s"]) == ("search", row["regret_cpu_s"])


def test_a_law_that_cannot_be_given_has_a_reason() -> None:
    assert benchmark._regret({"status": "failed", "reason": "FormulaError: too long"}) == {
        "regret": "failed",
        "regret_nats": None,
        "regret_cpu_s": None,
        "regret_equation": "FormulaError: too long",
    }


def test_only_eqdarts_can_be_given_the_law(adapter: Path) -> None:
    with pytest.raises(ValueError, match="Only eqdarts itself can use"):
        run_benchmark([LINE], "own", adapter=adapter, regret=True)
