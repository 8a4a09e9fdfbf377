"""The files of a fit: all there, whole, and not lost by what comes in between."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from eqdarts.cli import output
from eqdarts.cli.command import main
from eqdarts.equation.equation import Equation
from eqdarts.fitting.run import Run
from eqdarts.tables.columns import Columns
from tests.cli.commands import FIT
from tests.fits import grown, trees


@pytest.mark.slow
def test_fit_writes_the_files_that_it_names(fake: list, capsys: pytest.CaptureFixture[str]) -> None:
    main([*FIT, "--quiet"])
    folder, names = capsys.readouterr().out.splitlines()[-1].removeprefix("Wrote to ").split(": ")
    assert folder == str(Path("eqdarts-out") / "solar_system")
    tables, pages = ["equation.json", "run.json", "equations.csv", "equation.tex"], ["law.html"]
    pictures = ["front.png", "fit.png", "graph.png", "alpha.png"]
    expected = [*tables, *pictures, *pages]
    assert names.split(", ") == expected
    assert sorted(expected) == sorted(os.listdir(folder))
    ages = [Path(folder, name).stat().st_mtime_ns for name in expected]
    assert ages == sorted(ages)
    table = pd.read_csv(Path(folder, "equations.csv"))
    assert table.columns.tolist() == ["complexity", "loss", "score", "equation", "latex", "chosen"]
    assert Equation.from_json(Path(folder, "equation.json").read_text(encoding="utf-8")) == fake[0].equation_
    tex = Path(folder, "equation.tex").read_text(encoding="utf-8")
    assert fake[0].equation_.latex() in tex
    assert tex.count("{") == tex.count("}")
    for name in pictures:
        assert Path(folder, name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_fit_with_groups_draws_each_and_has_no_graph() -> None:
    model, (X, y) = grown(), trees()
    found = output.Found(model, Columns(X[["age"]], y), "trees.csv")
    assert output._graph_picture(found) is None
    assert output._fit_picture(found).startswith(b"\x89PNG")
    assert "% f_tree has a value for each tree." in output._tex(found)


@pytest.mark.slow
def test_fit_without_a_relaxed_stage_draws_the_evidence(fake: list, capsys: pytest.CaptureFixture[str]) -> None:
    main([*FIT, "--search", "random", "--out", "here"])
    assert "alpha.png" in capsys.readouterr().out
    assert Path("here/alpha.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_fit_of_a_constant_says_that_there_is_no_alpha(fake: list, capsys: pytest.CaptureFixture[str]) -> None:
    main([*FIT, "--search", "random", "--max-complexity", "3", "--out", "here"])
    out, err = capsys.readouterr()
    assert "alpha.png is not written" in err
    assert "alpha.png" not in out
    assert not Path("here/alpha.png").exists()


FILES = ("equation.json", "run.json", "equations.csv", "equation.tex", "front.png", "fit.png", "graph.png", "law.html")


def _old(folder: str) -> None:
    Path(folder).mkdir()
    for name in FILES:
        Path(folder, name).write_text("old", encoding="utf-8")


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the last bytes of a picture in the place of each, and of a page."""
    for name in output.PICTURES:
        content = "</html>\n" if name == "law.html" else b"IEND\xaeB`\x82"
        monkeypatch.setitem(output.PICTURES, name, lambda _, content=content: content)


def _contents(folder: str) -> dict[str, bool]:
    """Return for every file whether it is an old one, after a check that each is whole."""
    assert set(os.listdir(folder)) - {"alpha.png"} == set(FILES)  # nothing half written lies beside them
    old = {name: Path(folder, name).read_bytes() == b"old" for name in FILES}
    if not old["equation.json"]:
        Equation.from_json(Path(folder, "equation.json").read_text(encoding="utf-8"))
    if not old["run.json"]:
        Run.from_json(Path(folder, "run.json").read_text(encoding="utf-8"))
    assert all(old[n] or Path(folder, n).read_bytes().endswith(b"IEND\xaeB`\x82") for n in FILES if n.endswith("png"))
    assert old["law.html"] or Path(folder, "law.html").read_text(encoding="utf-8").endswith("</html>\n")
    return old


def test_what_is_replaced_is_said_before_the_search_even_to_the_quiet(
    fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FIT, "--quiet", "--out", "o"]) == 0
    assert "earlier" not in capsys.readouterr().err
    Path("o/alpha.png").touch()
    assert main([*FIT, "--quiet", "--out", "o"]) == 0
    said, kept = capsys.readouterr().err.splitlines()[1:]
    names = "equation.json, run.json, equations.csv, equation.tex, alpha.png"
    assert said == f"eqdarts: o holds earlier files, which will be replaced: {names}."
    assert kept == "eqdarts: Unchanged files of an earlier fit in o: alpha.png."


@pytest.mark.parametrize("fails_at", range(9))
def test_a_full_disk_leaves_the_earlier_files(
    fake: list, quick_pictures: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fails_at: int
) -> None:
    _old("o")
    written = []

    def fsync(_: int) -> None:
        if len(written) == fails_at:
            raise OSError(28, "No space left on device")
        written.append(1)

    monkeypatch.setattr(os, "fsync", fsync)
    assert main([*FIT, "--quiet", "--out", "o"]) == 2
    out, err = capsys.readouterr()
    assert "period_days = " in out
    assert "std. error" in out
    assert "cannot be written. Got o/" in err
    assert "No space left on device" in err
    n_written = fails_at - (fails_at == 8)  # the eighth is alpha.png, which the earlier fit had not
    assert list(_contents("o").values()) == [*[False] * n_written, *[True] * (len(FILES) - n_written)]


@pytest.mark.parametrize("where", ["equation.json", "run.json", "coefficients", "front.png", "graph.png", "law.html"])
def test_an_interrupt_after_the_law_loses_nothing_that_is_quick(
    fake: list, quick_pictures: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    def interrupted(make: Callable[..., object]) -> Callable[..., object]:
        def then_make(*given: object) -> object:
            os.kill(os.getpid(), signal.SIGINT)
            return make(*given)

        return then_make

    _old("o")
    for rows in (output.DATA, output.PICTURES):
        if where in rows:
            monkeypatch.setitem(rows, where, interrupted(rows[where]))
    if where == "coefficients":
        monkeypatch.setattr("eqdarts.cli.fit.coefficient_table", interrupted(lambda _: "std. error"))
    assert main([*FIT, "--out", "o"]) == 0
    out, err = capsys.readouterr()
    assert "\nperiod_days = " in out
    assert "Interrupted. Run eqdarts report o to write the page." in err
    assert "Traceback" not in err
    drawn = FILES[4:].index(where) if where in FILES[4:] else 0
    assert list(_contents("o").values()) == [*[False] * (4 + drawn), *[True] * (4 - drawn)]
    assert "Unchanged files of an earlier fit in o: " in err
    assert ("std. error" in out) == (where in FILES[4:])


def test_a_reader_that_leaves_does_not_lose_the_files(fake: list, no_pictures: None) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    before = os.dup(1)
    os.dup2(writing, 1)
    try:
        out = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), line_buffering=True)
        with out, pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            assert main([*FIT, "--quiet", "--out", "o"]) == 0
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writing)
    assert Path("o/equation.json").is_file()
