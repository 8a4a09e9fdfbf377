"""eqdarts predict: a line for each row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eqdarts.cli.command import main
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import GroupConstants
from eqdarts.expression.build import symbol
from tests.cli.commands import SOLAR_SYSTEM, refused, save_equation


def test_predict_tells_of_a_bad_cell_and_leaves_its_row_empty(capsys: pytest.CaptureFixture[str]) -> None:
    save_equation(Equation.parse("2*x", variables=["x"]))
    Path("new.csv").write_text("x\n1\n2 kg\n3\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == 'prediction\n2.0\n""\n6.0\n'
    assert "eqdarts: Treated as missing in column 'x', not a number: '2 kg' in line 3.\n" in err


def test_predict_prints_one_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    law = Equation.parse("3*x**1.5 + 0.1", variables=["z", "x"], target="y")
    save_equation(law)
    Path("new.csv").write_text("who,x\na,1\nb,2\nc,0.3\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "y"
    np.testing.assert_array_equal([float(line) for line in lines], law.predict({"x": [1.0, 2.0, 0.3]}))


def test_predict_keeps_rows_in_place_where_it_cannot_say(capsys: pytest.CaptureFixture[str]) -> None:
    save_equation(Equation.parse("log(x)", variables=["x"]))
    Path("new.csv").write_text("x,y\n1,1\n-1,1\n,1\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == 'prediction\n0.0\n""\n""\n'
    assert "2 of 3 row" in err
    assert err.count("\n") == 1


def test_predict_tells_of_rows_outside_the_range_of_the_fit(capsys: pytest.CaptureFixture[str]) -> None:
    save_equation(Equation.parse("2*x + z", variables=["x", "z"]).with_ranges({"x": (0.0, 1.0), "z": (0.0, 9.0)}))
    Path("new.csv").write_text("x,z\n0.5,1\n3,1\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == "prediction\n2.0\n7.0\n"
    assert "1 of 2 row(s) lie outside" in err
    assert "x: 0 to 1" in err
    assert err.count("\n") == 1


def test_predict_reads_the_groups_of_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    by_tree = GroupConstants("tree", (1, 2), ("a_tree",), ((3.0,), (5.0,)))
    save_equation(Equation(symbol("a_tree") * symbol("x"), ("x",), groups=by_tree))
    Path("new.csv").write_text("tree,x\n2,1\n1,2\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    assert capsys.readouterr().out == "prediction\n5.0\n6.0\n"
    Path("new.csv").write_text("tree,x\n7,1\n", encoding="utf-8")
    assert "Call adapt" in refused(capsys, ["predict", "equation.json", "new.csv"])


def test_predict_of_a_constant_has_as_many_lines_as_rows(capsys: pytest.CaptureFixture[str]) -> None:
    save_equation(Equation.parse("4.5", variables=["x"]))
    Path("new.csv").write_text("other,x\na,1\nb,2\n", encoding="utf-8")
    assert main(["predict", "equation.json", "new.csv"]) == 0
    assert capsys.readouterr().out == "prediction\n4.5\n4.5\n"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"not json", b"\xff\xfe", b'{"format": "eqdarts-equation"}'])
def test_a_file_that_is_no_equation_is_one_line(capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    Path("equation.json").write_bytes(content)
    assert "Got" in refused(capsys, ["predict", "equation.json", str(SOLAR_SYSTEM)])


def test_predict_names_the_column_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    save_equation(Equation.parse("2*semi_major_axis", variables=["semi_major_axis"]))
    assert "Did you mean 'semi_major_axis_au'?" in refused(capsys, ["predict", "equation.json", str(SOLAR_SYSTEM)])
    assert "cannot be read" in refused(capsys, ["predict", "absent.json", str(SOLAR_SYSTEM)])
