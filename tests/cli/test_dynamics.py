"""eqdarts dynamics: the system first, errors in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from eqdarts import ODERegressor
from eqdarts.cli.command import main
from tests.cli.commands import refused
from tests.dynamics.conftest import fitted  # noqa: F401
from tests.dynamics.systems import runs


def _write() -> None:
    runs(0.02, 20).to_csv("runs.csv", index=False)


def test_the_system_comes_first_and_the_fit_is_kept(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fitted: ODERegressor,  # noqa: F811
) -> None:
    _write()
    asked: dict[str, object] = {}

    def fit(self: ODERegressor, X: object, **columns: object) -> None:
        asked.update(self.get_params(), **columns)
        self._keep(fitted.run_)

    monkeypatch.setattr(ODERegressor, "fit", fit)
    monkeypatch.setattr("eqdarts.dynamics.page.dynamics_pictures", lambda run: [])
    given = ["dynamics", "runs.csv", "--time", "time", "--trajectory", "run", "--states", "S,I"]
    given += ["--out", "out", "--seed", "3", "--not-autonomous", "--order", "2", "--units", "S=kg", "--noise", "both"]
    given += ["--groups", "run", "--checkpoint", "kept", "--form", "S = f(S) - k*I"]
    assert main([*given, "--quiet"]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith(fitted.system_.format())
    assert (asked["random_state"], asked["autonomous"], asked["order"]) == (3, False, 2)
    assert (asked["noise"], asked["groups"], asked["checkpoint"]) == ("both", "run", "kept")
    assert asked["form"] == {"S": "f(S) - k*I"}
    assert (asked["states"], asked["trajectory"], asked["units"]) == (["S", "I"], "run", {"S": "kg"})
    assert ODERegressor.load(Path("out") / "run.json").summary() in out
    page = Path("out") / "law.html"
    first = page.read_text(encoding="utf-8")
    assert "Differential equations of S, I" in first
    page.unlink()
    assert main(["report", "out"]) == 0
    assert page.read_text(encoding="utf-8") == first


def test_errors_are_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    _write()
    assert "must increase within a trajectory" in refused(capsys, ["dynamics", "runs.csv", "--time", "time", "--quiet"])
    assert "the column" in refused(capsys, ["dynamics", "runs.csv", "--time", "tim", "--quiet"])
    assert "name a state" in refused(capsys, ["dynamics", "runs.csv", "--time", "time", "--form", "f(S)", "--quiet"])
