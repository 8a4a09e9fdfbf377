"""Fits that are watched and interrupted."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor, EqdartsWarning, FitProgress, JsonLog
from eqdarts.fitting.progress import Interrupts
from tests import helpers
from tests.kill_child import table

QUICK: dict[str, Any] = helpers.QUICK | {"max_refits": 300}


def test_the_callback_sees_the_front_and_can_stop_the_fit() -> None:
    seen: list[FitProgress] = []

    def callback(progress: FitProgress) -> bool:
        seen.append(progress)
        return True

    model = DARTSRegressor(**QUICK).fit(*table(80), callback=callback)
    assert model.history_.stop_reason == "callback"
    assert model.history_.n_refits < 300
    (progress,) = seen
    assert 0 <= progress.share < 1
    assert progress.n_refits == 1
    assert progress.front.columns.tolist() == ["complexity", "loss", "equation"]
    assert progress.equation == progress.front["equation"].iloc[-1]
    y = table(80)[1]
    assert progress.loss == pytest.approx(float(np.var(y)), rel=0.5)
    assert "seconds" in repr(progress)


def test_the_callback_of_several_searches_is_called_between_them() -> None:
    parallel = QUICK | {"max_refits": 100, "n_jobs": 1, "n_searches": 4}
    model = DARTSRegressor(**parallel).fit(*table(80), callback=lambda progress: True)
    assert model.history_.stop_reason == "callback"
    assert 25 <= model.history_.n_refits < 60


def test_an_exception_in_the_callback_is_the_caller_s() -> None:
    model = DARTSRegressor(**QUICK)

    def callback(_: FitProgress) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        model.fit(*table(80), callback=callback)
    assert not hasattr(model, "equation_")


@pytest.mark.slow
def test_json_lines_tell_the_course_of_a_fit(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        DARTSRegressor(**QUICK | {"max_refits": 20}, loss="huber").fit(
            *table(80), callback=JsonLog(tmp_path / "fit.jsonl")
        )
    lines = [json.loads(line) for line in (tmp_path / "fit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 1
    assert set(lines[0]) == {"seconds", "share", "n_refits", "loss", "equation"}


def test_an_interrupt_ends_one_stage_and_skips_the_rest() -> None:
    def interrupted() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
        return "done"

    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        assert interrupts.stage(lambda: "first", lambda: "without") == "first"
        assert interrupts.has_time()
        assert interrupts.stage(interrupted, lambda: "without") == "without"
        os.kill(os.getpid(), signal.SIGINT)  # the second is remembered, and that is all
        assert interrupts.stage(lambda: "third", lambda: "without") == "without"
        assert interrupts.count == 2
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_the_signal_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def run() -> None:
        with Interrupts() as interrupts:
            seen.append((signal.getsignal(signal.SIGINT), interrupts.stage(lambda: 1, lambda: 2)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(before, 1)]


def interrupted_at(part: str, monkeypatch: pytest.MonkeyPatch) -> DARTSRegressor:
    """Return a fit with an interrupt as `part` of its stages begins, which it has said and which it survived."""
    from eqdarts.fitting import searches, stages

    module = stages if hasattr(stages, part) else searches
    original = getattr(module, part)

    def interrupting(*given: Any, **named: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return original(*given, **named)

    monkeypatch.setattr(module, part, interrupting)
    with pytest.warns(EqdartsWarning, match="Interrupted"):
        model = DARTSRegressor(**QUICK).fit(*table(80))
    assert model.history_.stop_reason == "interrupt"
    assert np.isfinite(model.predict(table(80)[0])).all()
    return model


@pytest.mark.parametrize("stage", ["refit_front", "write_all", "structure_of", "snap_chosen"])
def test_an_interrupt_after_the_search_keeps_the_result(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = interrupted_at(stage, monkeypatch)
    assert model.summary()
    assert model.structure_ == ()


@pytest.mark.parametrize("part", ["starts_of_guesses", "search"])
def test_an_interrupt_before_the_first_equation_keeps_the_constant(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_at(part, monkeypatch)
