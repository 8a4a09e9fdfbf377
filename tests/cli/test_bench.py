"""eqdarts bench: a run, its table, and one line for bad arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eqdarts.benchmark.ode_suites import ODE_SUITES, load_odes
from eqdarts.cli import command as cli

ADAPTER = """
import json, sys
given = json.load(sys.stdin)
print(json.dumps({"equation": given["options"]["what"], "cpu_s": 1.5, "wall_s": 2.0, "peak_rss_mb": 3.0}))
"""


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    path = tmp_path / "own_adapter.py"
    path.write_text(ADAPTER)
    return path


@pytest.mark.slow
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
        (["nguyen", "--only", "I.12.1"], "No problem is selected"),
        (["nguyen", "--noise", "a"], "--seed and --noise must be numbers"),
        (["nguyen", "--option", "x"], "must be NAME=VALUE"),
        (["nguyen", "--method", "gp"], "There is no such method"),
        (["nguyen", "--method", "own", "--adapter", "own.py", "--regret"], "Only eqdarts itself can use"),
        (["odes", "--regret"], "Systems cannot be given"),
        (["odes", "--only", "64"], "No problem is selected"),
        (["reaction"], "Did you mean 'reactions'"),
        (["odes,nguyen"], "have different rows"),
        (["odes_strogatz,reactions", "--only", "1"], "No problem is selected"),
        (["nguyen", "--thinned"], "can be thinned"),
        (["--table", "missing.csv"], "missing.csv"),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


SYSTEMS = """
import json, sys
given = json.load(sys.stdin)
answer = {"Ethanol-bolus": ["-0.23*x_0/(0.08 + x_0)"], "van-der-Pol": ["10*(x_1 - x_0**3/3 + x_0)", "-0.1*x_0"]}
print(json.dumps({"systems": [answer[given["problem"]]], "version": "7", "cpu_s": 1.5}))
"""


@pytest.mark.slow
def test_systems_of_several_suites_run_and_are_tabulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter, out = tmp_path / "own_adapter.py", tmp_path / "own.csv"
    adapter.write_text(SYSTEMS)
    given = [
        "bench",
        "odes_strogatz, reactions",
        "--only",
        "ethanol-bolus,van-der-Pol",
        "--noise",
        "0,0.01",
        "--thinned",
    ]
    assert cli.main([*given, "--method", "own", "--adapter", str(adapter), "--out", str(out), "--quiet"]) == 0
    table = capsys.readouterr().out
    for suite in ("odes_strogatz", "reactions"):
        row = f"| {suite} | 0.01 | half | own, 60 s a state | 1 | 1 (100 %) | 1 (100 %) | 1 (100 %) | 1.5 | 0 |"
        assert row in table
    assert cli.main(["bench", "--table", str(out)]) == 0
    assert capsys.readouterr().out == table


def test_the_help_counts_the_systems(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["bench", "--help"])
    told = capsys.readouterr().out
    for suite in ODE_SUITES:
        assert f"{suite} ({len(load_odes(suite))}" in told
