"""eqdarts bench odes: rows, their file, and the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from eqdarts.benchmark import run_odes as benchmark
from eqdarts.benchmark.odes import load_odes
from eqdarts.benchmark.run_odes import COLUMNS, has_systems, markdown, read_rows, run_odes

FOUND = {"status": "done", "reconstructed": 1, "generalised": 0, "recovered": 0, "cpu_s": 2.0, "found": "dx_0/dt = 1"}


def test_rows_are_kept_and_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[Any, ...]] = []

    def run_all(tasks: Sequence[dict[str, Any]], *_: Any) -> Iterator[dict[str, Any]]:
        for task in tasks:
            ran.append((task["problem"], task["noise"], task["budget"]))
            yield {**task, **FOUND}

    monkeypatch.setattr(benchmark, "run_all", run_all)
    out = tmp_path / "own.csv"
    table = run_odes(load_odes()[:1], time_limit=10, noise=(0.0, 0.05), out=out)
    assert list(table.columns) == list(COLUMNS)
    assert ran == [("1", 0.0, 10.0), ("1", 0.05, 10.0)]
    run_odes(load_odes()[:2], time_limit=10, noise=(0.05,), out=out)
    assert ran[2:] == [("2", 0.05, 10.0)]
    assert has_systems(out)
    text = markdown(read_rows([out]))
    assert "| 0.05 | no | eqdarts, 10 s a state | 2 | 2 (100 %) | 0 (0 %) | 0 (0 %) | 2 | 0 |" in text
