"""eqdarts fit: what it prints, and one line for everything that goes wrong."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from eqdarts.cli.command import main
from eqdarts.cli.fit import _show_law
from eqdarts.errors import visible
from eqdarts.tables.spreadsheets import name_from_cell
from tests.cli.commands import FIT, refused
from tests.fits import grown, trees


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


def test_with_groups_the_front_says_all_rows_that_count(capsys: pytest.CaptureFixture[str]) -> None:
    model, (X, y) = grown(), trees()
    _show_law(model, SimpleNamespace(y=y[:5]))  # type: ignore[arg-type]  # the rows without gaps
    assert f"Pareto front of {y.name}, from {len(X)} rows" in capsys.readouterr().out


def test_fit_hands_the_options_on_and_leaves_the_defaults_to_the_estimator(fake: list, no_pictures: None) -> None:
    main([*FIT, "--quiet"])
    assert fake[0].given == {"verbose": 0}
    options = "--time-limit 2.5 --primitives exp,log --max-complexity 9 --search relaxed --seed 7 --no-snap"
    main([*FIT, *options.split()])
    assert fake[1].given == {
        "time_limit": 2.5,
        "primitives": ["exp", "log"],
        "max_complexity": 9,
        "search": "relaxed",
        "random_state": 7,
        "snap": False,
        "verbose": 0,
    }


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


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"x,y\n", "no rows"),
        (b"x,y\n1,2\n\xff,3\n", "line 3"),
        (b"x,y\n1,\n2,\n", "At least one row must be complete"),
        (b"x,y\n1,1\n2,1\n", "must not be constant"),
    ],
)
def test_a_bad_table_is_one_line(fake: list, capsys: pytest.CaptureFixture[str], content: bytes, expected: str) -> None:
    Path("bad.csv").write_bytes(content)
    assert expected in refused(capsys, ["fit", "bad.csv", "--target", "y", "--quiet"])


def test_a_path_that_cannot_be_read_is_one_line(fake: list, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such file" in refused(capsys, ["fit", "absent.csv", "--target", "y"])
    assert "directory" in refused(capsys, ["fit", ".", "--target", "y"])
    os.mkfifo("pipe")
    assert "regular file" in refused(capsys, ["fit", "pipe", "--target", "y"])


def test_missing_rows_can_be_dropped(fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("holes.csv").write_text("x,y\n1,2\n2,\n3,6\n4,8\n", encoding="utf-8")
    assert main(["fit", "holes.csv", "--target", "y", "--drop-missing"]) == 0
    out, err = capsys.readouterr()
    assert "The law is chosen without 1 of 4 rows" in err
    assert "from 3 rows" in out


def test_a_bad_cell_is_told_to_the_quiet_too(fake: list, no_pictures: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.csv").write_text("x,z,y\n1,1,2\n2,$3,4\n3,5,6\n4,6,8\n", encoding="utf-8")
    assert main(["fit", "bad.csv", "--target", "y", "--quiet"]) == 0
    assert capsys.readouterr().err == (
        "eqdarts: Treated as missing in column 'z', not a number: '$3' in line 3.\n"
        "eqdarts: The law is chosen without 1 of 4 rows, which have missing values: 1 in 'z'.\n"
    )


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
    assert visible(name) in law
    assert " = " in law
    assert main(["predict", "o/equation.json", "table.csv"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out)).columns[0]
    assert not written.startswith("=")
    assert name_from_cell(written) == f"{name} of y"
