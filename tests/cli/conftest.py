"""Every test of the command line works in an empty folder; some with a stand-in for the estimator."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import fake_estimator


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
