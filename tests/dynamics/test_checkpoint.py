"""A fit that was interrupted goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdarts import EqdartsWarning, ODERegressor
from eqdarts.dynamics import by_state
from eqdarts.dynamics.by_state import Clock, How, searched_states
from eqdarts.dynamics.checkpoint import CHECKPOINT_FILE, DynamicsCheckpoint
from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.stages import slope_table
from tests.dynamics.systems import data, problem, runs
from tests.dynamics.test_by_state import random_laws

SETTINGS: dict[str, Any] = {"primitives": "default"}


def _searched(how: How) -> list[list[tuple[str, float]]]:
    own = problem(0.02, 14)
    tables = [slope_table(own.smooth, k, True) for k in (0, 1)]
    rng, clock = np.random.default_rng(0), Clock(0.0, None)
    found = searched_states(own, tables, [[], []], ODERegressor()._settings(), rng, clock, how)
    return [[(one.law.equation.format(17), one.length) for one in ones] for ones in found]


def _kept(folder: Path, settings: dict[str, Any] = SETTINGS) -> DynamicsCheckpoint:
    return DynamicsCheckpoint(folder, data(0.02, 14), settings)


def test_an_interrupted_fit_goes_on_and_finds_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random_laws(monkeypatch)
    whole = _searched(How())
    screen = by_state.screen

    def interrupted(own: Any, k: int, *rest: Any) -> list[Screened]:
        if k == 1:
            raise KeyboardInterrupt
        return screen(own, k, *rest)

    monkeypatch.setattr(by_state, "screen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _searched(How(checkpoint=_kept(tmp_path)))
    monkeypatch.setattr(by_state, "screen", screen)
    second = _kept(tmp_path)
    assert list(second.done) == [0]
    assert _searched(How(checkpoint=second)) == whole
    assert list(_kept(tmp_path).done) == [0, 1]


def test_a_fit_that_ended_or_has_other_settings_is_a_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random_laws(monkeypatch)
    first = _kept(tmp_path)
    found = _searched(How(checkpoint=first))
    other = _kept(tmp_path, {"primitives": "minimal"})
    assert other.done == {}
    assert [law.equation.format(17) for law in other.laws[0]] == [found[0][0][0]]
    # The laws of before are still there if this fit is interrupted too.
    assert len(_kept(tmp_path, {"primitives": "minimal"}).laws[0]) == 1
    first.finish()
    ended = _kept(tmp_path)
    assert ended.done == {}
    again = _searched(How(checkpoint=ended))
    assert again[0][0][0] == found[0][0][0]


def test_other_runs_and_damaged_files_are_said(tmp_path: Path) -> None:
    _kept(tmp_path)
    path = tmp_path / CHECKPOINT_FILE
    with pytest.raises(ValueError, match="must belong to the same runs"):
        ODERegressor().fit(runs(), t="time", trajectory="run", checkpoint=tmp_path)
    record = json.loads(path.read_text(encoding="utf-8"))
    for change in ({"laws": []}, {"laws": [[{}], []]}, {"done": None}, {"before": 3}):
        path.write_text(json.dumps({**record, **change}), encoding="utf-8")
        with pytest.raises(ValueError, match="cannot be read"):
            _kept(tmp_path)
    with pytest.raises(ValueError, match="must be a folder"):
        _kept(path / "below")


def test_a_full_disk_does_not_end_the_fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = _kept(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("eqdarts.dynamics.checkpoint.write_atomically", full)
    with pytest.warns(EqdartsWarning, match="No space left"):
        kept.finish()
