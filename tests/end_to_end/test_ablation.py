"""The parts of the search that the ablation switches off."""

from __future__ import annotations

import pkgutil

import pytest

from tests.helpers import load_script
from tests.places import ROOT


def test_every_part_of_the_ablation_is_there_to_be_switched_off_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "recovery"))  # as for a script that runs there
    module = load_script(ROOT / "benchmarks" / "recovery" / "ablation.py", "ablation")
    for part, changes in module.PARTS.items():
        before = [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
        with module.switched_off(f"without {part}") as parameters:
            during = [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
        assert not parameters
        assert all(a is not b for a, b in zip(before, during, strict=True))
        assert before == [pkgutil.resolve_name(f"{owner}.{name}") for owner, name, _ in changes]
    with module.switched_off("random") as parameters:
        assert parameters == {"search": "random"}
