"""One system of differential equations: fitted, judged, a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eqdarts.benchmark.ode_worker import run

TASK = {
    "problem": "own", "title": "decay", "sides": ["-0.5*x_0"], "starts": [[2.0], [1.0]], "end": 4.0, "seed": 0,
    "noise": 0.0, "thinned": 1, "budget": 2.0, "options": {}, "adapter": None, "python": None,
}  # fmt: skip


def test_a_system_of_another_library_is_judged(tmp_path: Path) -> None:
    adapter = tmp_path / "own.py"
    answer = {"systems": [["-0.2*x_0"], ["-0.5*x_0"]], "version": "7", "cpu_s": 1.5}
    check = "given = json.load(sys.stdin); assert len(given['t']) == len(given['x']) == 75; assert given['t'][-1] <= 4"
    adapter.write_text(f"import json, sys; {check}; print({json.dumps(answer)!r})")
    rows: list[dict[str, Any]] = []
    run({**TASK, "adapter": str(adapter)}, rows.append)
    (row,) = rows
    assert (row["status"], row["recovered"], row["found"]) == ("done", 1, "dx_0/dt = -0.5*x_0")
    assert (row["version"], row["cpu_s"]) == ("7", 1.5)
