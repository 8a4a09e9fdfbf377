"""eqdarts bench of differential equations: rows, their file, and the table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from eqdarts.benchmark import run_odes as benchmark
from eqdarts.benchmark.ode_suites import load_odes
from eqdarts.benchmark.run_odes import COLUMNS, has_systems, markdown, read_rows, run_odes
from tests.places import ROOT

MEASURED = ROOT / "benchmarks" / "dynamics"
FOUND = {"status": "done", "reconstructed": 1, "generalised": 0, "recovered": 0, "cpu_s": 2.0, "found": "dx_0/dt = 1"}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Replace the processes, and return what they are asked to run."""
    asked: list[tuple[Any, ...]] = []

    def run_all(tasks: Sequence[dict[str, Any]], *_: Any) -> Iterator[dict[str, Any]]:
        for task in tasks:
            asked.append((task["problem"], task["noise"], task["budget"]))
            yield {**task, **FOUND}

    monkeypatch.setattr(benchmark, "run_all", run_all)
    return asked


def test_rows_are_kept_and_not_run_again(tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    out = tmp_path / "own.csv"
    table = run_odes(load_odes()[:1], time_limit=10, noise=(0.0, 0.05), out=out)
    assert list(table.columns) == list(COLUMNS)
    assert ran == [("1", 0.0, 10.0), ("1", 0.05, 10.0)]
    run_odes(load_odes()[:2], time_limit=10, noise=(0.05,), out=out)
    assert ran[2:] == [("2", 0.05, 10.0)]
    assert has_systems(out)
    text = markdown(read_rows([out]))
    assert "| odes | 0.05 | no | eqdarts, 10 s a state | 2 | 2 (100 %) | 0 (0 %) | 0 (0 %) | 2 | 0 |" in text


def test_one_file_holds_several_suites(tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    out = tmp_path / "own.csv"
    chosen = [system for suite in ("odes", "odes_strogatz", "reactions") for system in load_odes(suite)[:2]]
    table = run_odes(chosen, time_limit=10, out=out)
    assert [line.split(" | ")[0] for line in markdown(table).splitlines()[2:]] == [
        "| odes", "| odes_strogatz", "| reactions"
    ]  # fmt: skip
    run_odes("odes_strogatz", time_limit=10, out=out)
    run_odes(chosen, time_limit=10, out=out)
    assert len(ran) == 6 + 5
    alone = tmp_path / "alone.csv"  # whose numbers pandas would read as integers
    run_odes(load_odes()[:1], time_limit=10, out=alone)
    assert read_rows([alone, out])["problem"].tolist().count("1") == 1


@pytest.mark.parametrize("name", ["results.csv", "peers.csv"])
def test_files_from_before_the_other_suites_are_read_and_resumed(
    name: str, tmp_path: Path, ran: list[tuple[Any, ...]]
) -> None:
    out = tmp_path / name
    shutil.copy(MEASURED / name, out)
    before = read_rows([out])
    assert has_systems(out)
    assert "| odes" in {line.split(" | ")[0] for line in markdown(before).splitlines()[2:]}
    first = before.iloc[0]
    options = json.loads(first["options"])
    (system,) = (one for one in load_odes() if one.name == first["problem"])
    run_odes([system], first["method"], time_limit=first["budget"], noise=(first["noise"],), options=options, out=out)
    assert ran == []
    assert out.read_bytes() == (MEASURED / name).read_bytes()
