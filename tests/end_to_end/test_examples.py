"""Every example runs without a display, prints a law and draws it."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

from eqdarts import EqdartsWarning
from tests.places import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
FROM_THE_SHELL = ROOT / "examples" / "plot_kepler.py"
IN_THIS_PROCESS = [path for path in EXAMPLES if path != FROM_THE_SHELL]
TARGETS = {
    "plot_dates": "circumference = ",
    "plot_epidemic": "dS/dt = ",
    "plot_kepler": "period_days = ",
    "plot_mercury_vapour": "log_pressure = ",
    "plot_michaelis_menten": "rate = ",
    "plot_trees_by_group": "circumference = ",
    "plot_weber": "sensation = ",
}


def test_every_example_is_known() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(TARGETS)


def _check(out: str, path: Path, folder: Path) -> None:
    assert TARGETS[path.stem] in out
    (picture,) = folder.iterdir()
    assert picture.name == path.stem.removeprefix("plot_") + ".png"
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("path", IN_THIS_PROCESS, ids=lambda path: path.stem)
def test_example_prints_a_law_and_draws_it(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EQDARTS_EXAMPLE_SECONDS", "1")
    monkeypatch.setattr(sys, "argv", [str(path), str(tmp_path)])
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)  # that one second was too short
        runpy.run_path(str(path), run_name="__main__")
    pyplot.close("all")
    _check(capsys.readouterr().out, path, tmp_path)


@pytest.mark.slow
def test_an_example_runs_from_the_shell_without_a_display(tmp_path: Path) -> None:
    path = FROM_THE_SHELL
    environment = os.environ | {"EQDARTS_EXAMPLE_SECONDS": "1", "PYTHONPATH": str(ROOT)}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        environment.pop(name, None)
    command = [sys.executable, str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    _check(done.stdout, path, tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60
