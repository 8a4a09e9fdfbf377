"""What a report says of an equation, and the lines that make it again."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.fitting.run import Run
from eqdarts.report.words import column_table, command_line, inference_of, python_lines, words_of
from eqdarts.tables.columns import Column, Columns
from tests.report.runs import planets_run


def test_lines_that_reproduce_it_are_python(run: Run) -> None:
    weighted = replace(run, rows=FitRows(run.rows.X, run.rows.y, None, np.ones(len(run.rows.y)), 12), source=None)
    for lines in (python_lines(run), python_lines(weighted), python_lines(planets_run('a "b\\', "c'\n"))):
        compile(lines, "lines", "exec")
    assert "pd.read_csv('planets.csv')" in python_lines(run)
    assert "sigma=..." in python_lines(weighted)
    assert command_line(weighted) is None
    expected = "eqdarts fit planets.csv --target period --features semi_major_axis --seed 0"
    assert command_line(replace(run, changed=("random_state",))) == expected


def test_a_table_that_was_converted_is_read_as_it_was(run: Run) -> None:
    orbit = Column("semi_major_axis", "number", run.names, "au", header="semi_major_axis [au]")
    converted = replace(run, columns=Columns((orbit, Column("body", "text", why="such as 'Io'"))), changed=())
    lines = python_lines(converted)
    assert "from eqdarts import DARTSRegressor, read_table\n\ntable = read_table('planets.csv')" in lines
    assert "fit(table[['semi_major_axis']]" in lines
    assert "--features semi_major_axis" in (command_line(converted) or "")


def test_the_chosen_equation_has_profile_intervals_and_others_have_not(run: Run) -> None:
    for k in range(len(run.equations)):
        found = inference_of(run, k)
        assert found is not None
        words = words_of(run, k, found)
        assert ("profile likelihood" in words.header) == (k == run.chosen)
        assert [row[0] for row in words.coefficients] == list(found.names)
        assert all(len(row) == len(words.header) for row in words.coefficients)
        assert Equation.parse(words.text.partition(" = ")[2] or words.text, run.equations[k].variables)


def test_numbers_are_those_of_the_inference(run: Run) -> None:
    found = inference_of(run, run.chosen)
    assert found is not None
    words = words_of(run, run.chosen, found)
    figures = dict(words.figures)
    assert figures["rows"] == "12"
    assert figures["degrees of freedom"] == str(12 - found.rank)
    assert float(figures["residual standard error"]) == pytest.approx(found.sigma, rel=1e-3)
    for row, estimate, error in zip(words.coefficients, found.estimate, found.standard_error, strict=True):
        assert float(row[1]) == pytest.approx(estimate, abs=error)
        assert float(row[2]) == pytest.approx(error, rel=1e-2)


def test_without_standard_errors_there_are_estimates_and_a_caution(run: Run) -> None:
    words = words_of(run, run.chosen, None)
    assert words.header == ["coefficient", "estimate"]
    assert "gives no standard errors" in words.cautions[0]
    assert inference_of(replace(run, loss="absolute"), run.chosen) is None


def test_columns_say_whether_the_law_has_them(run: Run) -> None:
    header, cells = column_table(run)
    assert all(len(row) == len(header) for row in cells)
    assert [row[:2] for row in cells] == [["period", "target"], ["semi_major_axis", "in the law"]]
    assert [float(number) for number in cells[1][2:5]] == pytest.approx([0.4, 15.2, 30.0])
    constant = replace(run, chosen=0)
    assert column_table(constant)[1][1][1] == "not in the law"


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("a.csv", "pd.read_csv('a.csv')"),
        ("a.tsv", "pd.read_csv('a.tsv', sep=\"\\t\")"),
        ("a.PARQUET", "pd.read_parquet('a.PARQUET')"),
        ("-", "...  # the DataFrame of your rows"),
    ],
)
def test_a_file_is_read_as_what_it_is(run: Run, source: str, read: str) -> None:
    assert f"table = {read}" in python_lines(replace(run, source=source))


def test_a_command_quotes_what_a_shell_would_split(run: Run) -> None:
    spaced = replace(run, source="my planets.csv", names=("a, b",))
    command = command_line(spaced)
    assert command is not None
    assert shlex.split(command)[2] == "my planets.csv"
    assert shlex.split(command)[6] == '"a, b"'
    assert command_line(replace(run, source="-")) is None
    assert command_line(replace(run, changed=("n_jobs",))) is None
