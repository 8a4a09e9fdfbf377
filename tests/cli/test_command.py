"""The command line as a whole: its options, and real runs in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from eqdarts import __version__
from eqdarts.cli.command import main
from eqdarts.equation.equation import Equation
from eqdarts.estimator import DARTSRegressor
from eqdarts.fitting.checkpoint import CHECKPOINT_FILE
from tests.cli.commands import FIT, SOLAR_SYSTEM, refused, save_equation
from tests.places import ROOT


@pytest.mark.parametrize(
    ("text", "primitives"),
    [
        ("physics", "physics"),
        ("exp", ["exp"]),
        ("power[3/2]", ["power[3/2]"]),
        ("exp, power[3/2]", ["exp", "power[3/2]"]),
    ],
)
def test_primitives_are_a_preset_or_names(fake: list, no_pictures: None, text: str, primitives: object) -> None:
    assert main([*FIT, "--primitives", text]) == 0
    assert fake[0].given["primitives"] == primitives


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--target", "perod_days"], "Did you mean 'period_days'?"),
        (["--target", "body"], "must hold numbers"),
        (["--target", "period_days", "--features", "semi_axis"], "Did you mean 'semi_major_axis_au'?"),
        (["--target", "period_days", "--features", "a,,b"], "single commas"),
        (["--target", "period_days", "--time-limit", "-3"], "a positive number of seconds"),
        (["--target", "period_days", "--time-limit", "nan"], "a positive number of seconds"),
        (["--target", "period_days", "--time-limit", "soon"], "a positive number of seconds"),
        (["--target", "period_days", "--max-complexity", "2"], "at least 3"),
        (["--target", "period_days", "--seed", "-1"], "at least 0"),
        (["--target", "period_days", "--primitives", "expp"], "Did you mean 'exp'?"),
        (["--target", "period_days", "--primitives", "exp,lgo"], "Did you mean 'log'?"),
        (["--target", "period_days", "--search", "deep"], "invalid choice"),
        (["--target", "period_days", "--out", str(SOLAR_SYSTEM)], "cannot be written"),
        ([], "--target"),
    ],
)
def test_a_wrong_option_is_one_line(
    fake: list, capsys: pytest.CaptureFixture[str], arguments: list, expected: str
) -> None:
    assert expected in refused(capsys, ["fit", str(SOLAR_SYSTEM), *arguments])


def test_an_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice" in refused(capsys, ["fitt"])
    assert "required" in refused(capsys, [])


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"eqdarts {__version__}\n"


def _start(*arguments: str, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "eqdarts.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **more)


@pytest.mark.slow
def test_kepler_all_the_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is replaced but the clock: the search stops at a number of refits, slow machine or not."""
    by_count = partial(DARTSRegressor, time_limit=None, max_refits=100)
    monkeypatch.setattr("eqdarts.estimator.DARTSRegressor", by_count)
    given = ["--checkpoint", "kept", "--guess", "a*semi_major_axis_au**n", "--guess", "a*semi_major_axis_au + b"]
    given += ["--know", "increasing in semi_major_axis_au", "--know", "positive"]
    assert main([*FIT, "--search", "random", "--seed", "0", "--out", "kepler", *given]) == 0
    law = Equation.from_json(Path("kepler/equation.json").read_text(encoding="utf-8"))
    year, far = law.predict({"semi_major_axis_au": [1.0, 100.0]})
    assert year == pytest.approx(365.26, rel=2e-3)
    assert far / year == pytest.approx(1000)
    out, err = capsys.readouterr()
    assert f"\n{law.format()}\n" in out
    assert "eqdarts: exponent of semi_major_axis_au = 1.49944 became 3/2, in its 95 % interval" in err
    assert Path("kepler/graph.png").is_file()
    assert Path("kept/checkpoint.json").is_file()
    fitted = DARTSRegressor.load("kepler/run.json")
    assert fitted.equation_ == law
    assert fitted.knowledge == ["increasing in semi_major_axis_au", "positive"]
    assert "increasing in semi_major_axis_au: proved by interval arithmetic; positive: proved" in fitted.selection_


@pytest.mark.slow
def test_interrupt_keeps_the_best_so_far() -> None:
    limit = ("--time-limit", "1000", "--checkpoint", "begun")
    with _start(*FIT, *limit, "--out", "kept", start_new_session=True) as search:
        while not (Path("begun") / CHECKPOINT_FILE).exists():  # from here on there is something to keep
            assert search.poll() is None
            time.sleep(0.1)
        for _ in range(2):  # the terminal sends it, and so may make
            os.killpg(search.pid, signal.SIGINT)
            time.sleep(0.005)
        out, err = search.communicate(timeout=600)
    assert search.returncode == 0, err
    assert "Wrote to kept" in out


@pytest.mark.slow
def test_a_name_that_the_terminal_lacks_is_escaped() -> None:
    Path("greek.csv").write_text("θ\n1\n", encoding="utf-8")
    save_equation(Equation.parse("2*θ", variables=["θ"], target="ψ"))
    with _start("predict", "equation.json", "greek.csv") as predict:
        assert predict.communicate(timeout=600) == ("\\u03c8\n2.0\n", "")


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error() -> None:
    Path("long.csv").write_text("x\n" + "1\n" * 200_000, encoding="utf-8")
    save_equation(Equation.parse("2*x", variables=["x"]))
    with _start("predict", "equation.json", "long.csv") as predict:
        assert predict.stdout is not None
        assert predict.stderr is not None
        assert predict.stdout.readline() == "prediction\n"
        predict.stdout.close()
        assert predict.stderr.read() == ""
        assert predict.wait(30) == 0


def test_an_interrupt_before_anything_was_found_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("eqdarts.cli.fit.load_table", interrupted)
    assert main(["fit", "table.csv", "--target", "y"]) == 130
    assert capsys.readouterr().err == "eqdarts: interrupted.\n"


def test_a_file_as_checkpoint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("table.csv").write_text("x,y\n" + "".join(f"{k},{2 * k}\n" for k in range(20)), encoding="utf-8")
    line = refused(capsys, ["fit", "table.csv", "--target", "y", "--quiet", "--checkpoint", "table.csv"])
    assert "checkpoint must be a folder. Got table.csv" in line
