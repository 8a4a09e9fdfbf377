"""The mutants of the benchmark can still be made: the text that each changes occurs once."""

from __future__ import annotations

import runpy

from tests.places import ROOT


def test_each_mutant_changes_one_place() -> None:
    mutants = runpy.run_path(str(ROOT / "benchmarks" / "hardening" / "mutants.py"))["MUTANTS"]
    found = {m.what: (ROOT / "eqdarts" / m.file).read_text(encoding="utf-8").count(m.old) for m in mutants}
    assert {what: n for what, n in found.items() if n != 1} == {}
    assert all((ROOT / path).exists() for m in mutants for path in m.tests.split() if path.startswith("tests/"))
