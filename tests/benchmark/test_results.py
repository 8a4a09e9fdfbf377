"""A CSV of results that is added to."""

from __future__ import annotations

from pathlib import Path

import pytest

from eqdarts.benchmark.results import Results

COLUMNS, KEY = ("problem", "noise", "budget", "options", "value", "late"), ("problem", "noise", "budget", "options")
ROW = {"problem": "a", "noise": 0.0, "budget": 10.0, "options": {"b": 1}, "value": 1 / 3}


def test_rows_are_added_replaced_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "own.csv"
    table = Results(path, COLUMNS, KEY)
    table.add(ROW)
    table.add({**ROW, "problem": "b"})
    table.add({**ROW, "value": 2})
    assert path.read_text().splitlines()[1:] == ['a,0,10,"{""b"": 1}",2,', 'b,0,10,"{""b"": 1}",0.333333,']
    again = Results(path, COLUMNS, KEY)
    assert again.done[again.key_of(ROW)]["value"] == 2
    assert again.key_of({**ROW, "noise": "0.0"}) in again.done


def test_a_file_may_lack_only_later_columns(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("problem,noise,budget,options,value\na,0,1,{},3\n")
    with pytest.raises(ValueError, match="must have the columns"):
        Results(path, COLUMNS, KEY)
    Results(path, COLUMNS, KEY, ("late",))
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
