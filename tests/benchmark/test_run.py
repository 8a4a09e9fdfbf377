"""The runner of benchmarks: processes, resuming, tables and the command line."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import pkgutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts.benchmark import run as benchmark
from eqdarts.benchmark import worker as benchmark_worker
from eqdarts.benchmark.problems import Problem, load_problem
from eqdarts.benchmark.run import COLUMNS, run_benchmark
from eqdarts.benchmark.table import _apart, markdown, plot_recovery, read_results
from eqdarts.cli import command as cli
from tests.places import ROOT

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


def test_a_form_on_the_front_is_noticed_when_another_is_chosen(adapter: Path) -> None:
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "2.1*x"}, rows=50).iloc[0]
    assert (row["recovered"], row["on_front"], row["reason"]) == (0, 1, "differs")


def test_a_failing_method_is_a_row(adapter: Path) -> None:
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "fail"}, rows=50).iloc[0]
    assert row["status"] == "failed"
    assert "no luck today" in row["reason"]


def test_what_does_not_end_is_killed_with_all_that_it_started(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "GRACE", 5.0)
    row = run_benchmark([LINE], "own", adapter=adapter, options={"what": "sleep"}, rows=50, time_limit=0.1).iloc[0]
    assert (row["status"], row["recovered"], row["reason"]) == ("killed", 0, "killed at the time limit")
    _assert_gone(int(runs(adapter)[0][3]))


def test_an_interrupt_ends_what_runs(adapter: Path) -> None:
    task = {
        "suite": "", "problem": "line", "law": asdict(LINE), "seed": 0, "noise": 0.0,
        "method": "own", "options": {"what": "sleep"}, "adapter": str(adapter), "python": None,
        "rows": 50, "budget": 60.0,
    }  # fmt: skip
    rows = benchmark._run_all([{**task, "options": {}}, task], 2, False, 2)
    assert next(rows)["status"] == "done"
    for _ in range(200):
        if len(runs(adapter)) == 2:
            break
        time.sleep(0.05)
    rows.close()
    for run in runs(adapter):
        _assert_gone(int(run[3]))


def _assert_gone(pid: int) -> None:
    for _ in range(100):
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


def test_the_estimator_is_run_with_the_options() -> None:
    task = {"budget": 20.0, "seed": 0, "options": {"search": "random", "max_refits": 200}}
    X, y = load_problem("I.12.1").sample(60)
    found = benchmark_worker.fit_eqdarts(task, ("mu", "Nn"), X, y)
    assert found.front
    assert found.equation in found.front
    assert 0 < found.record["found_s"] <= found.record["cpu_s"] + 0.1
    assert found.record["peak_rss_mb"] > 10


def test_the_time_of_the_law_is_that_of_the_last_real_improvement() -> None:
    def point(seconds: float, loss: float) -> SimpleNamespace:
        return SimpleNamespace(seconds=seconds, loss=loss)

    exact = [point(1.0, 1e-3), point(2.0, 1e-26), point(9.0, 1e-29)]
    assert benchmark_worker.found_seconds(exact) == 2.0
    assert benchmark_worker.found_seconds([point(1.0, 0.011), point(5.0, 0.01), point(7.0, 0.00999)]) == 5.0
    assert benchmark_worker.found_seconds([]) is None


def test_after_noise_only_fits_like_the_noise_are_refitted() -> None:
    _, y = LINE.sample(200, noise=0.05)
    front = ["1.5", "0.97+2.05*x", "log(x)"]
    assert benchmark_worker.on_front(benchmark_worker.Found("x", front, {}), LINE, 0.05, y)
    assert not benchmark_worker.on_front(benchmark_worker.Found("x", ["5.0+9.0*x"], {}), LINE, 0.05, y)


def test_the_last_whole_row_counts() -> None:
    lines = [json.dumps({"status": "unjudged", "equation": "x"}), json.dumps({"status": "done", "recovered": 1})]
    assert benchmark._last_row("\n".join(lines), True, 3.0) == {"status": "done", "recovered": 1}
    cut = benchmark._last_row(lines[0] + "\n" + lines[1][:9], True, 3.0)
    assert (cut["status"], cut["equation"], cut["recovered"]) == ("killed", "x", 0)
    assert benchmark._last_row("", False, 3.0)["reason"] == "the process ended"


def test_unknown_methods_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Did you mean 'eqdarts-random'"):
        run_benchmark([LINE], "eqdarts-randm")
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="must have the columns"):
        run_benchmark([LINE], out=foreign)
    with pytest.raises(ValueError, match="must have the columns"):
        read_results([foreign])


def results() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for method, share in (("eqdarts", 0.9), ("pyoperon", 0.5), ("eqdarts-random", 0.2)):
        for k in range(20):
            recovered = int(k < 20 * share)
            rows.append(
                dict.fromkeys(COLUMNS)
                | {
                    "suite": "feynman", "problem": f"p{k}", "method": method, "seed": 0, "noise": 0.0, "rows": 1000,
                    "budget": 60.0, "status": "done", "recovered": recovered, "on_front": recovered,
                    "cpu_s": float(10 ** rng.uniform(-0.5, 1.7)), "wall_s": 1.0, "peak_rss_mb": 400.0,
                }
            )  # fmt: skip
    rows[-1] |= {"status": "killed", "cpu_s": None}
    return pd.DataFrame(rows)


def test_the_table_has_the_methods_side_by_side() -> None:
    text = markdown(results())
    assert "| suite | noise | eqdarts, 60 s | pyoperon, 60 s | eqdarts-random, 60 s |" in text
    assert "| feynman | 0 | 18 of 20 (90 %) | 10 of 20 (50 %) | 4 of 20 (20 %) |" in text
    assert text.splitlines()[-1].endswith("| 1 |")
    assert markdown(results().iloc[:0]) == "No results."


def test_the_plot_ends_at_the_share_recovered() -> None:
    ax = plot_recovery(results())
    ends = [line.get_ydata()[-1] for line in ax.get_lines()]
    assert ends == [90.0, 50.0, 20.0]
    for line in ax.get_lines():
        assert (np.diff(line.get_ydata()) >= 0).all()
    assert ax.texts[0].get_text() == "eqdarts, 60 s: 90 %"


def test_noise_has_a_line_of_its_own() -> None:
    ax = plot_recovery(pd.concat([results(), results().assign(noise=0.1, recovered=0)]))
    assert len(ax.get_lines()) == 6
    assert "eqdarts, 60 s, noise 0.1: 0 %" in [text.get_text() for text in ax.texts]


def test_labels_do_not_cover_each_other() -> None:
    for heights in ([90.0, 90.0, 89.0], [0.0, 100.0, 100.0, 99.0], [50.0], []):
        placed = sorted(_apart(heights))
        assert all(b - a >= 5.999 for a, b in itertools.pairwise(placed))
        assert all(-20 <= place <= 100 for place in placed)


def test_the_command_line_runs_and_tabulates(adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, table, plot = tmp_path / "own.csv", tmp_path / "table.md", tmp_path / "plot.png"
    given = ["bench", "nguyen", "--only", "nguyen-8", "--method", "own", "--adapter", str(adapter), "--rows", "30"]
    more = ["--python", sys.executable, "--option", "what=sqrt(x1)", "--out", str(out), "--quiet"]
    assert cli.main([*given, *more]) == 0
    assert "| nguyen | 0 | 1 of 1 (100 %) |" in capsys.readouterr().out
    assert cli.main(["bench", "--table", str(out), "--out", str(table), "--plot", str(plot)]) == 0
    assert "own, 60 s" in table.read_text()
    assert plot.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs a SUITE"),
        (["feynmann"], "Did you mean 'feynman'"),
        (["nguyen", "--only", "I.12.1"], "There must be a problem"),
        (["nguyen", "--noise", "a"], "--seed and --noise must be numbers"),
        (["nguyen", "--option", "x"], "must be NAME=VALUE"),
        (["nguyen", "--method", "gp"], "A method must be known"),
        (["--table", "missing.csv"], "missing.csv"),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_every_part_of_the_ablation_is_there_to_be_switched_off_and_comes_back() -> None:
    source = ROOT / "benchmarks" / "recovery" / "ablation.py"
    spec = importlib.util.spec_from_file_location("ablation", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for part, changes in module.PARTS.items():
        before = [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
        with module.switched_off(f"without {part}") as parameters:
            during = [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
        assert not parameters
        assert all(a is not b for a, b in zip(before, during, strict=True))
        assert before == [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
    with module.switched_off("random") as parameters:
        assert parameters == {"search": "random"}
