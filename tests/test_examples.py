"""Every example runs without a display, prints a law and draws it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
TARGETS = {
    "plot_kepler": "period_days = ",
    "plot_mercury_vapour": "log_pressure = ",
    "plot_michaelis_menten": "rate = ",
    "plot_weber": "sensation = ",
}


def test_every_example_is_known() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(TARGETS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_prints_a_law_and_draws_it(path: Path, tmp_path: Path) -> None:
    environment = os.environ | {"EQDARTS_EXAMPLE_SECONDS": "1.5", "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    environment.pop("DISPLAY", None)
    command = [sys.executable, str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert TARGETS[path.stem] in done.stdout
    (picture,) = tmp_path.iterdir()
    assert picture.name == path.stem.removeprefix("plot_") + ".png"
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60
