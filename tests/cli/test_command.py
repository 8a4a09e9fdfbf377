"""The command line: what it prints and writes, and one line for everything that goes wrong."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts import __version__
from eqdarts.cli import output
from eqdarts.cli.command import main
from eqdarts.cli.notes import for_terminal
from eqdarts.cli.spreadsheets import name_from_cell
from eqdarts.equation.equation import Equation
from eqdarts.estimator import DARTSRegressor
from eqdarts.fitting.checkpoint import CHECKPOINT_FILE
from eqdarts.fitting.run import Run
from tests import fake_estimator
from tests.places import ROOT

SOLAR_SYSTEM = ROOT / "datasets" / "solar_system.csv"
FIT = ["fit", str(SOLAR_SYSTEM), "--target", "period_days"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.cli.fit.PICTURES", {})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[fake_estimator.DARTSRegressor]:
    """Put the stand-in in the estimator's place; the list holds those that were made."""
    made = []

    class Kept(fake_estimator.DARTSRegressor):
        def __init__(self, **given: object) -> None:
            super().__init__(**given)
            made.append(self)

    stand_in = type(sys)("eqdarts.estimator")
    stand_in.DARTSRegressor = Kept
    monkeypatch.setitem(sys.modules, "eqdarts.estimator", stand_in)
    return made


def _refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
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


# --- fit ---


def test_fit_prints_the_front_and_the_law(fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIT, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == "eqdarts: Left out, not numeric: 'body' (such as 'Mercury' in line 2).\n"
    lines = out.splitlines()
    assert lines[0] == "Pareto front of period_days, from 10 rows (* the chosen equation):"
    assert lines[2].split() == ["complexity", "loss", "R2", "equation"]
    members = lines[3:6]
    assert [line.lstrip().startswith("*") for line in members] == [False, False, True]
    column = lines[2].index("equation")
    texts = [equation.format(6).removeprefix("period_days = ") for equation in fake[0].front_]
    assert [line[column:] for line in members] == texts
    assert all(line[column - 2 : column] == "  " for line in members)
    assert members[0].split()[2] == "0.000000"
    assert 0.999 < float(members[2].split()[3]) < 1
    assert lines[7] == f"period_days = {texts[-1]}"
    assert lines[9].split() == ["coefficient", "estimate", "std.", "error", "95", "%", "interval"]
    found = fake[0].inference()
    for line, name, value, error in zip(lines[10:12], found.names, found.estimate, found.standard_error, strict=True):
        cells = line.split()
        assert cells[0] == name
        assert float(cells[1]) == pytest.approx(value, abs=error)
        assert float(cells[2]) == pytest.approx(error, rel=5e-3)
    assert lines[12] == ""


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


def test_fit_hands_the_options_on_and_leaves_the_defaults_to_the_estimator(fake: list, no_pictures: None) -> None:
    main([*FIT, "--quiet"])
    assert fake[0].given == {"verbose": 0}
    options = "--time-limit 2.5 --primitives exp,log --max-complexity 9 --search relaxed --seed 7"
    main([*FIT, *options.split()])
    assert fake[1].given == {
        "time_limit": 2.5,
        "primitives": ["exp", "log"],
        "max_complexity": 9,
        "search": "relaxed",
        "random_state": 7,
        "verbose": 0,
    }


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


def test_notes_are_single_lines_on_standard_error(
    fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("few.csv").write_text("x,who,y\n1,a,1\n2,b,4\n3,c,9\n", encoding="utf-8")
    assert main(["fit", "few.csv", "--target", "y"]) == 0
    err = capsys.readouterr().err
    assert "eqdarts: Left out, not numeric: 'who' (such as 'a' in line 2).\n" in err
    assert "eqdarts: Only 3 rows: the law may be a coincidence.\n" in err
    assert "features: x." in err
    assert all(line.startswith("eqdarts: ") for line in err.splitlines())


def test_fit_reads_standard_input(
    fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\ty\n1\t1\n2\t4\n")))
    assert main(["fit", "-", "--target", "y", "--quiet"]) == 0
    assert "Wrote to eqdarts-out/stdin: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a $ b", "<b>x</b>", "θ_0", "a,b", "lambda", "温度", " padded "])
def test_any_column_name_goes_all_the_way(
    fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    pd.DataFrame({name: [1.0, 2.0, 3.0], "target = y": [2.0, 4.0, 6.5]}).to_csv("table.csv", index=False)
    assert main(["fit", "table.csv", "--target", "target = y", "--quiet", "--out", "o"]) == 0
    capsys.readouterr()
    assert main(["predict", "o/equation.json", "table.csv"]) == 0
    predicted = pd.read_csv(io.StringIO(capsys.readouterr().out))
    np.testing.assert_allclose(predicted["target = y"], [2.0, 4.0, 6.5], rtol=0.05)


# --- what goes wrong ---


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
    assert expected in _refused(capsys, ["fit", str(SOLAR_SYSTEM), *arguments])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"x,y\n", "no rows"),
        (b"x,y\n1,2\n\xff,3\n", "line 3"),
        (b"x,y\n1,2\n,3\n", "--drop-missing"),
        (b"x,y\n1,1\n2,1\n", "must not be constant"),
    ],
)
def test_a_bad_table_is_one_line(fake: list, capsys: pytest.CaptureFixture[str], content: bytes, expected: str) -> None:
    Path("bad.csv").write_bytes(content)
    assert expected in _refused(capsys, ["fit", "bad.csv", "--target", "y", "--quiet"])


def test_a_path_that_cannot_be_read_is_one_line(fake: list, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such file" in _refused(capsys, ["fit", "absent.csv", "--target", "y"])
    assert "directory" in _refused(capsys, ["fit", ".", "--target", "y"])
    os.mkfifo("pipe")
    assert "regular file" in _refused(capsys, ["fit", "pipe", "--target", "y"])


def test_missing_rows_can_be_dropped(fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("holes.csv").write_text("x,y\n1,2\n2,\n3,6\n4,8\n", encoding="utf-8")
    assert main(["fit", "holes.csv", "--target", "y", "--drop-missing"]) == 0
    out, err = capsys.readouterr()
    assert "Dropped 1 of 4 rows" in err
    assert "from 3 rows" in out


def test_a_bad_cell_is_told_to_the_quiet_too(fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.csv").write_text("x,z,y\n1,1,2\n2,$3,4\n3,5,6\n4,6,8\n", encoding="utf-8")
    refused = _refused(capsys, ["fit", "bad.csv", "--target", "y", "--quiet"])
    assert "1 missing in 'z' (treated as missing, not a number: '$3' in line 3)" in refused
    assert main(["fit", "bad.csv", "--target", "y", "--quiet", "--drop-missing"]) == 0
    assert capsys.readouterr().err == (
        "eqdarts: Treated as missing in column 'z', not a number: '$3' in line 3.\n"
        "eqdarts: Dropped 1 of 4 rows: they have missing values.\n"
    )


def test_predict_tells_of_a_bad_cell_and_leaves_its_row_empty(capsys: pytest.CaptureFixture[str]) -> None:
    _save(Equation.parse("2*x", variables=["x"]))
    Path("new.csv").write_text("x\n1\n2 kg\n3\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == 'prediction\n2.0\n""\n6.0\n'
    assert "eqdarts: Treated as missing in column 'x', not a number: '2 kg' in line 3.\n" in err


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "=1+cmd|'/C calc'!A0"])
def test_a_hostile_name_is_plain_text_on_a_terminal_and_no_formula(
    fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    table = pd.DataFrame({name: [1.0, 2.0, 3.0], f"{name} of y": [2.0, 4.0, 6.5]})
    table.to_csv("table.csv", index=False)
    assert main(["fit", "table.csv", "--target", f"{name} of y", "--out", "o"]) == 0
    out, err = capsys.readouterr()
    assert all(line.isprintable() for line in (out + err).splitlines())
    law = out.splitlines()[7]
    assert for_terminal(name) in law
    assert " = " in law
    assert main(["predict", "o/equation.json", "table.csv"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out)).columns[0]
    assert not written.startswith("=")
    assert name_from_cell(written) == f"{name} of y"


# --- files are whole ---

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


def test_an_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice" in _refused(capsys, ["fitt"])
    assert "required" in _refused(capsys, [])


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"eqdarts {__version__}\n"


# --- predict ---


def _save(equation: Equation) -> None:
    Path("equation.json").write_text(equation.to_json(), encoding="utf-8")


def test_predict_prints_one_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    law = Equation.parse("3*x**1.5 + 0.1", variables=["z", "x"], target="y")
    _save(law)
    Path("new.csv").write_text("who,x\na,1\nb,2\nc,0.3\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "y"
    np.testing.assert_array_equal([float(line) for line in lines], law.predict({"x": [1.0, 2.0, 0.3]}))


def test_predict_keeps_rows_in_place_where_it_cannot_say(capsys: pytest.CaptureFixture[str]) -> None:
    _save(Equation.parse("log(x)", variables=["x"]))
    Path("new.csv").write_text("x,y\n1,1\n-1,1\n,1\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == 'prediction\n0.0\n""\n""\n'
    assert "2 of 3 row" in err
    assert err.count("\n") == 1


def test_predict_tells_of_rows_outside_the_range_of_the_fit(capsys: pytest.CaptureFixture[str]) -> None:
    _save(Equation.parse("2*x + z", variables=["x", "z"]).with_ranges({"x": (0.0, 1.0), "z": (0.0, 9.0)}))
    Path("new.csv").write_text("x,z\n0.5,1\n3,1\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == "prediction\n2.0\n7.0\n"
    assert "1 of 2 row(s) lie outside" in err
    assert "x: 0 to 1" in err
    assert err.count("\n") == 1


def test_predict_of_a_constant_has_as_many_lines_as_rows(capsys: pytest.CaptureFixture[str]) -> None:
    _save(Equation.parse("4.5", variables=["x"]))
    Path("new.csv").write_text("other,x\na,1\nb,2\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    assert capsys.readouterr().out == "prediction\n4.5\n4.5\n"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"not json", b"\xff\xfe", b'{"format": "eqdarts-equation"}'])
def test_a_file_that_is_no_equation_is_one_line(capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    Path("equation.json").write_bytes(content)
    assert "Got" in _refused(capsys, ["predict", "equation.json", str(SOLAR_SYSTEM)])


def test_predict_names_the_column_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    _save(Equation.parse("2*semi_major_axis", variables=["semi_major_axis"]))
    assert "Did you mean 'semi_major_axis_au'?" in _refused(capsys, ["predict", "equation.json", str(SOLAR_SYSTEM)])
    assert "cannot be read" in _refused(capsys, ["predict", "absent.json", str(SOLAR_SYSTEM)])


# --- the real thing ---


def _start(*arguments: str, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "eqdarts.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **more)


@pytest.mark.slow
def test_kepler_all_the_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is replaced but the clock: the search stops at a number of refits, slow machine or not."""
    by_count = partial(DARTSRegressor, time_limit=None, max_refits=300)
    monkeypatch.setattr("eqdarts.estimator.DARTSRegressor", by_count)
    given = ["--checkpoint", "kept", "--guess", "a*semi_major_axis_au**n", "--guess", "a*semi_major_axis_au + b"]
    assert main([*FIT, "--search", "random", "--seed", "0", "--out", "kepler", *given]) == 0
    law = Equation.from_json(Path("kepler/equation.json").read_text(encoding="utf-8"))
    year, far = law.predict({"semi_major_axis_au": [1.0, 100.0]})
    assert year == pytest.approx(365.26, rel=1e-3)
    assert far / year == pytest.approx(1000)
    out, err = capsys.readouterr()
    assert f"\n{law.format(6)}\n" in out
    assert "eqdarts: exponent of semi_major_axis_au = 1.50268 became 3/2, OUTSIDE" in err
    assert Path("kepler/graph.png").is_file()
    assert Path("kept/checkpoint.json").is_file()
    assert DARTSRegressor.load("kepler/run.json").equation_ == law


@pytest.mark.slow
def test_interrupt_keeps_the_best_so_far() -> None:
    limit = ("--time-limit", "100", "--checkpoint", "begun")
    with _start(*FIT, *limit, "--out", "kept", start_new_session=True) as search:
        while not (Path("begun") / CHECKPOINT_FILE).exists():  # from here on there is something to keep
            assert search.poll() is None
            time.sleep(0.1)
        os.killpg(search.pid, signal.SIGINT)
        out, err = search.communicate(timeout=120)
    assert search.returncode == 0, err
    assert "Wrote to kept" in out


def test_a_name_that_the_terminal_lacks_is_escaped() -> None:
    Path("greek.csv").write_text("θ\n1\n", encoding="utf-8")
    _save(Equation.parse("2*θ", variables=["θ"], target="ψ"))
    with _start("predict", "equation.json", "greek.csv") as predict:
        assert predict.communicate(timeout=60) == ("\\u03c8\n2.0\n", "")


def test_a_reader_that_leaves_is_no_error() -> None:
    Path("long.csv").write_text("x\n" + "1\n" * 200_000, encoding="utf-8")
    _save(Equation.parse("2*x", variables=["x"]))
    with _start("predict", "equation.json", "long.csv") as predict:
        assert predict.stdout is not None
        assert predict.stderr is not None
        assert predict.stdout.readline() == "prediction\n"
        predict.stdout.close()
        assert predict.stderr.read() == ""
        assert predict.wait(30) == 0
