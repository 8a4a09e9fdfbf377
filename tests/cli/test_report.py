"""eqdarts report: the page of a fit again, from what the fit left in a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eqdarts.cli.command import main
from eqdarts.fitting.run import PAGE_FILE, RUN_FILE
from eqdarts.report.page import report_page
from tests.cli.commands import refused
from tests.report.runs import planets_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / RUN_FILE).write_text(planets_run().to_json(), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_page_is_that_of_the_fit(folder: Path) -> None:
    assert main(["report", str(folder)]) == 0
    run = planets_run()
    # A file has no trajectories of the architecture weights.
    kept = replace(run, history=replace(run.history, alpha=None))
    assert (folder / PAGE_FILE).read_text(encoding="utf-8") == report_page(kept)


def test_the_page_goes_where_it_is_told_with_units(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("eqdarts.report.page.report_page", lambda run, units: f"{run.target} {units}</html>")
    assert (
        main(["report", str(folder), "--out", str(folder / "b.html"), "--units", "period=d", "--units", "a=b=c"]) == 0
    )
    assert capsys.readouterr().out == f"Wrote {folder / 'b.html'}\n"
    assert (folder / "b.html").read_text(encoding="utf-8") == "period {'period': 'd', 'a=b': 'c'}</html>"
    assert not (folder / PAGE_FILE).exists()


@pytest.mark.parametrize("unit", ["period", "=d", "period="])
def test_a_unit_without_its_column_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], unit: str) -> None:
    assert "--units must be COLUMN=UNIT" in refused(capsys, ["report", str(folder), "--units", unit])


@pytest.mark.parametrize("content", [None, b"{}", b"\xff\xfe"], ids=["nothing", "no run", "no text"])
def test_a_folder_without_a_run_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    (folder / RUN_FILE).unlink()
    if content is not None:
        (folder / RUN_FILE).write_bytes(content)
    assert refused(capsys, ["report", str(folder)])
