"""Commands that the tests of the command line give, and how they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from eqdarts.cli.command import main
from eqdarts.equation.equation import Equation
from tests.places import ROOT

SOLAR_SYSTEM = ROOT / "datasets" / "solar_system.csv"
FIT = ["fit", str(SOLAR_SYSTEM), "--target", "period_days"]


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run the command line, check that it ends with status 2 and one line on standard error, and return the line."""
    try:
        status = main(arguments)
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    return err


def save_equation(equation: Equation) -> None:
    Path("equation.json").write_text(equation.to_json(), encoding="utf-8")
