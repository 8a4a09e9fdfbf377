"""Processes of a benchmark: their environment, and the row of one that was cut off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from eqdarts.benchmark.processes import environment, last_row


def test_the_last_whole_row_counts() -> None:
    lines = [json.dumps({"status": "unjudged", "equation": "x"}), json.dumps({"status": "done", "recovered": 1})]
    assert last_row("\n".join(lines), True, 3.0) == {"status": "done", "recovered": 1}
    cut = last_row(lines[0] + "\n" + lines[1][:9], True, 3.0)
    assert (cut["status"], cut["equation"], cut["recovered"]) == ("killed", "x", 0)
    assert last_row("", False, 3.0)["reason"] == "the process ended"


def test_a_process_finds_the_eqdarts_that_started_it_where_none_is_installed(tmp_path: Path) -> None:
    script = "import eqdarts, pathlib; print(pathlib.Path(eqdarts.__file__).parent)"
    given = environment()
    ran = subprocess.run(
        # -S leaves out what is installed, so that only the environment can say where eqdarts is
        [sys.executable, "-S", "-c", script], env=given, cwd=tmp_path, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == str(Path(__file__).parents[2] / "eqdarts")
    assert given["OMP_NUM_THREADS"] == "1"
