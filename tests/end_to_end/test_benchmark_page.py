"""The page of the benchmarks adds up: with its tables, with the results behind them, and with the README."""

from __future__ import annotations

import csv
import re

import pytest

from tests.places import ROOT

FOLDER = ROOT / "benchmarks" / "recovery"


def _recovered(name: str, **where: str) -> tuple[int, int]:
    """Return how many runs of a file of results recovered their law, and how many there are."""
    with (FOLDER / "results" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row[key] == value for key, value in where.items())]
    return sum(row["recovered"] == "1" for row in rows), len(rows)


def _cell(suite: str, noise: str, method: str) -> str:
    """Return the cell of the table of suites."""
    lines = (FOLDER / "table.md").read_text(encoding="utf-8").splitlines()
    header, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    row = next(row for row in rows if row[:2] == [suite, noise])
    return row[header.index(method)]


def _words(path: str) -> str:
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def test_the_page_explains_its_sums_as_the_results_are() -> None:
    once, seeds, others = map(_recovered, ("feynman_60", "feynman_60_seeds", "others_60"))
    page, readme = _words("docs/benchmarks.md"), _words("README.md")
    assert f"{once[0]} of the {once[1]} Feynman laws" in page
    assert (
        f"The {once[0] + seeds[0]} of {once[1] + seeds[1]} runs above are these and {seeds[0]} of {seeds[1]} more"
        in page
    )
    assert _cell("feynman", "0", "eqdarts, 60 s").startswith(f"{once[0] + seeds[0]} of {once[1] + seeds[1]}")
    laws = [
        _cell(suite, "0", "eqdarts, 60 s").split(" of ")[1].split()[0]
        for suite in ("nguyen", "constant", "jin", "psych", "strogatz")
    ]
    assert f"The {others[1]} laws of the other five suites are {' + '.join(laws)}" in page
    assert sum(map(int, laws)) == others[1]
    assert f"{once[0] + seeds[0] + others[0]} of {once[1] + seeds[1] + others[1]}" in page
    assert f"| {once[0]} of {once[1]}; median" in readme
    assert f"| {others[0]} of {others[1]} |" in readme


def test_an_empty_cell_is_a_run_that_was_not_made() -> None:
    page = _words("docs/benchmarks.md")
    assert "An empty cell means that the method was not run on this suite at this noise." in page
    assert _cell("nguyen", "0", "pyoperon, 60 s") == ""
    assert _recovered("feynman_60_pyoperon", suite="nguyen") == (0, 0)


@pytest.mark.parametrize("noise", ["0.001", "0.01", "0.1"])
def test_the_readme_has_the_counts_under_noise(noise: str) -> None:
    found, n = _recovered("feynman_10_noise", noise=noise)
    assert _cell("feynman", noise, "eqdarts, 10 s").startswith(f"{found} of {n} ")
    counts = re.search(r"(\d+), (\d+) and (\d+) of 120\. Of the", _words("README.md"))
    assert counts is not None
    assert int(counts[("0.001", "0.01", "0.1").index(noise) + 1]) == found


def test_the_readme_has_the_counts_of_other_libraries() -> None:
    readme = _words("README.md")
    for name, words in (("pyoperon", "pyoperon"), ("gplearn", "gplearn"), ("autora", "autora-theorist-darts")):
        found, n = _recovered(f"feynman_60_{name}")
        assert re.search(rf"{words} [\d.]+: {found} of {n}\b", readme)
