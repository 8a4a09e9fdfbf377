"""The shipped datasets are what their README says."""

from __future__ import annotations

import csv
import re

import pytest

from tests.places import DATASETS

ROWS = [
    [cell.strip() for cell in line.strip("|\n ").split("|")]
    for line in (DATASETS / "README.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| `.*\.csv`", line)
]
LISTED = {row[0].strip("`"): row for row in ROWS}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_readme_lists_every_file_once() -> None:
    assert sorted(LISTED) == sorted(path.name for path in DATASETS.glob("*.csv"))
    assert len(LISTED) == len(ROWS)


@pytest.mark.parametrize("name", sorted(LISTED))
def test_file_matches_its_row(name: str) -> None:
    _, n_rows, columns, _, _ = LISTED[name]
    header, *rows = list(csv.reader((DATASETS / name).read_text(encoding="utf-8").splitlines()))
    assert len(rows) == int(n_rows)
    assert header == re.findall(r"`([^`]+)`", columns)
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.parametrize("name", sorted(LISTED))
def test_measured_columns_are_numbers_and_labels_are_declared(name: str) -> None:
    described = re.findall(r"`([^`]+)` \(([^)]*(?:\([^)]*\))?)\)", LISTED[name][2])
    rows = list(csv.DictReader((DATASETS / name).read_text(encoding="utf-8").splitlines()))
    assert [column for column, _ in described] == list(rows[0])
    for column, unit in described:
        if unit not in ("label", "name"):
            assert all(_is_number(row[column]) for row in rows), column


@pytest.mark.parametrize("name", sorted(LISTED))
def test_every_source_is_given(name: str) -> None:
    number = re.search(r"\[(\d+)\]", LISTED[name][3])
    assert number is not None
    origin = (DATASETS / "README.md").read_text(encoding="utf-8").split("## Origin")[1]
    assert re.search(rf"^{number[1]}\. ", origin, re.MULTILINE)
