"""One run: the fit, its time, and the law on the front."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eqdarts.benchmark import worker as benchmark_worker
from eqdarts.benchmark.problems import Problem, load_problem

LINE = Problem("line", "2*x+1", (("x", 0.0, 1.0),), "made-up")


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


def task(adapter: Path) -> dict[str, Any]:
    return {
        "problem": "line", "law": asdict(LINE), "seed": 0, "noise": 0.0, "rows": 50, "budget": 5.0,
        "adapter": str(adapter), "python": None, "options": {},
    }  # fmt: skip


def test_a_row_has_more_in_it_each_time_it_is_told(tmp_path: Path) -> None:
    adapter = tmp_path / "own.py"
    answer = '{"equation": "x", "front": ["1.0", "2.0*x + 1.0"], "version": "7"}'
    adapter.write_text(f"import sys; sys.stdin.read(); print('chatter'); print({answer!r})")
    told: list[dict[str, Any]] = []
    benchmark_worker.run(task(adapter), lambda row: told.append(dict(row)))
    fitted, judged, whole = told
    assert (fitted["status"], fitted["equation"], fitted["version"]) == ("unjudged", "x", "7")
    assert (judged["status"], judged["recovered"], judged["on_front"]) == ("done", 0, 0)
    assert (whole["recovered"], whole["on_front"]) == (0, 1)
    assert whole["process_cpu_s"] > 0


def test_an_adapter_that_fails_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    adapter = tmp_path / "own.py"
    adapter.write_text("import sys; sys.stdin.read(); sys.exit('first\\nno luck today')")
    with pytest.raises(RuntimeError, match="ended with 1: no luck today"):
        benchmark_worker.run(task(adapter), lambda row: None)
