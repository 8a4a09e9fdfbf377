"""One table in every form in which people have it: command line and Python find the same law in it."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, read_table
from eqdarts.cli.command import main
from eqdarts.errors import EqdartsWarning
from eqdarts.tables.files import load_table
from eqdarts.tables.frames import prepare_frame
from eqdarts.tables.prepare import prepare

N = 24
HOURS = 6.0 * np.arange(N)
STAMPS = list(pd.date_range("2023-03-10", periods=N, freq="6h"))
KINDS = ["rough", "smooth"] * (N // 2)
SPEED = [1500.25 + 2 * k**2 for k in range(N)]
DEPTH = [3.0 * (h / 24) + 7.5 * (kind == "smooth") for h, kind in zip(HOURS, KINDS, strict=True)]
GUESS = "a*when + b*`surface=smooth`"
LAW = "depth = 15*`surface=smooth`/2 + 3*when"
GIVEN = {"search": "random", "primitives": "minimal", "random_state": 0, "guesses": [GUESS]}
TOLD = ["--target", "depth", "--search", "random", "--primitives", "minimal", "--seed", "0", "--guess", GUESS]


def _lines(separator: str, decimal: str, thousands: str = "", stamp: str = "%Y-%m-%d %H:%M") -> str:
    """Return the table as text: units in header and row, a gap, a bad cell, a column that says nothing."""

    def number(value: float) -> str:
        return f"{value:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)

    rows = [["when", "surface", "speed (m/s)", "site", "depth"], ["UTC", "", "", "", "mm"]]
    for k in range(N):
        speed = "?" if k == 4 else number(SPEED[k])
        depth = "lost" if k == 9 else number(DEPTH[k])
        rows.append([STAMPS[k].strftime(stamp), KINDS[k], speed, "A", depth])
    return "".join(separator.join(row) + "\n" for row in rows)


FORMS = {
    "table.csv": _lines(",", ".").encode(),
    "table.tsv": _lines("\t", ".", ",").encode(),
    "semicolons.csv": _lines(";", ",", ".").encode("utf-16"),
    "spaces.csv": _lines(";", ",", "\u202f").encode(),
    "bars.csv": _lines("|", ".", stamp="%d/%m/%Y %H:%M").encode(),
    "table.csv.gz": gzip.compress(_lines(",", ".").encode()),
}


def _same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True), check_exact=True)


def _check(path: str, raw: pd.DataFrame | None = None) -> None:
    """Check that a file gives the same numbers by the command line, by read_table, and as a DataFrame of text."""
    cli = prepare(load_table(path), "depth")
    assert list(cli.X) == ["when", "surface=smooth", "speed"]
    kept = [k for k in range(N) if k not in (4, 9)]
    expected = np.column_stack([HOURS / 24, np.array(KINDS) == "smooth", SPEED])[kept]
    np.testing.assert_allclose(cli.X, expected, rtol=1e-15)
    np.testing.assert_allclose(cli.y, np.array(DEPTH)[kept], rtol=1e-15)
    assert cli.columns.units == {"when": "d", "speed": "m/s", "depth": "mm"}
    for frame in (read_table(path), raw):
        if frame is not None:
            ready = prepare_frame(frame.drop(columns="depth"), frame["depth"])
            assert ready is not None
            _same(ready.X, cli.X)
            assert ready.y.tolist() == cli.y.tolist()
            assert ready.columns.columns == cli.columns.columns or frame is not raw


@pytest.fixture(autouse=True)
def _without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.cli.fit.PICTURES", {})


def _check_law(path: Path, raw: pd.DataFrame | None = None) -> None:
    """Check that a file gives the same fit by the command line, by read_table, and as a DataFrame of text."""
    assert main(["fit", str(path), *TOLD, "--quiet", "--out", str(path.parent)]) == 0
    cli = DARTSRegressor.load(path.parent / "run.json")
    assert cli.equation_.format() == LAW
    for frame in (read_table(path), raw):
        if frame is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EqdartsWarning)
                model = DARTSRegressor(**GIVEN).fit(frame.drop(columns="depth"), frame["depth"])
                predicted = cli.predict(frame)
                np.testing.assert_array_equal(model.predict(frame), predicted)
            assert model.equations_.equals(cli.equations_)
            assert model.columns_.drop(columns="column").equals(cli.columns_.drop(columns="column"))
            assert model.inference().n_rows == cli.inference().n_rows == N - 1  # the gap in speed costs no row


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_table_gives_the_same_numbers_and_the_same_law(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    separators = {"table.csv": ",", "table.tsv": "\t", "spaces.csv": ";", "bars.csv": "|", "table.csv.gz": ","}
    raw = pd.read_csv(path, sep=separators[name]) if name in separators else None
    _check(str(path), raw)
    _check_law(path, raw)


def test_a_workbook_gives_the_same_numbers_and_the_same_law(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in _lines(";", ".").splitlines():
        when, surface, speed, site, depth = line.split(";")
        when = pd.Timestamp(when).to_pydatetime() if when.startswith("2023") else when
        numbers = [float(cell) if cell.replace(".", "").isdigit() else cell for cell in (speed, depth)]
        book.active.append([when, surface, numbers[0], site, numbers[1]])
    book.save(tmp_path / "table.xlsx")
    _check(str(tmp_path / "table.xlsx"))
    _check_law(tmp_path / "table.xlsx")


def test_command_line_and_python_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_bytes(FORMS["semicolons.csv"])
    assert main(["fit", "table.csv", *TOLD, "--out", "."]) == 0
    out, err = capsys.readouterr()
    assert LAW in out
    for note in (
        "Numbers are read with the decimal sign ',', and '.' between thousands.",
        "when: days since 2023-03-10.",
        "surface: 1 or 0: surface=smooth; rough where all are 0.",
        "Left out: 'site' (the same in all rows: A).",
        "Treated as missing in column 'depth', not a number: 'lost' in line 12.",
        "The law is chosen without 2 of 24 rows, which have missing values: 1 in 'speed', 1 in 'depth'.",
    ):
        assert f"eqdarts: {note}\n" in err
    table = read_table("table.csv")
    with pytest.warns(EqdartsWarning) as warned:
        model = DARTSRegressor(**GIVEN).fit(table.drop(columns="depth"), table["depth"])
    assert {str(one.message) for one in warned} < {line.removeprefix("eqdarts: ") for line in err.splitlines()}
    cli = DARTSRegressor.load("run.json")
    assert cli.equation_.format() == model.equation_.format() == LAW
    assert json.loads(Path("equation.json").read_text())["columns"] == json.loads(json.dumps(cli.run_.columns.record()))

    Path("new.csv").write_text("surface,when\nsmooth,2023-03-12\nrough,2023-03-11T12:00\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    assert capsys.readouterr().out == "depth\n13.5\n4.5\n"
    new = pd.read_csv("new.csv")
    for one in (cli, model):
        np.testing.assert_allclose(one.predict(new.assign(**{"speed (m/s)": 0})), [13.5, 4.5])
