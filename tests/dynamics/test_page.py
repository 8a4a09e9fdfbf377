"""The report of a fit to trajectories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics import page as of_page
from eqdarts.dynamics.page import dynamics_page
from eqdarts.dynamics.record import OfGroup
from eqdarts.dynamics.system import System
from eqdarts.inference.noise import Noise
from eqdarts.report.pictures import Picture


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_page, "dynamics_pictures", lambda run: [Picture("data:,", "a picture")] * bool(run.courses))


def test_the_page_has_system_coefficients_cautions_structure_and_rivals(fitted: ODERegressor, tmp_path: Path) -> None:
    fitted.report(tmp_path / "law.html")
    text = (tmp_path / "law.html").read_text(encoding="utf-8")
    for equation in fitted.equations_:
        assert replace(equation, target=None).mathml() in text
    assert all(f"<td>{name}</td>" in text for name in fitted.coefficients_.name)
    assert all(sentence in text for sentence in fitted.structure_)
    assert text.count('class="shown"') == len(fitted.states_)
    assert "a picture" in text
    assert "max_complexity=9, max_refits=15, primitives=&#39;minimal&#39;, random_state=0, time_limit=None)" in text
    assert "trajectory=..., states=[&#39;S&#39;, &#39;I&#39;]" in text


def test_a_saved_fit_has_the_same_page_and_an_older_file_says_what_it_lacks(
    fitted: ODERegressor, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "law.json")
    assert dynamics_page(ODERegressor.load(tmp_path / "law.json").run_) == dynamics_page(fitted.run_)
    assert "has no runs" in dynamics_page(replace(fitted.run_, courses=()))


def test_the_constants_of_each_group_are_a_table_and_the_noise_is_told(fitted: ODERegressor) -> None:
    own = OfGroup("<Ann>", "S", "c0", -0.41234, 0.01, -0.43, -0.39)
    run = replace(fitted.run_, groups=("<Ann>", "Bob"), by_group=(own,), scatter=(Noise("relative", 0.05), Noise()))
    text = dynamics_page(run)
    assert '<th scope="row">&lt;Ann&gt;</th><td>dS/dt</td><td>c0</td><td class="number">-0.412' in text
    assert "S: The scatter grows in proportion" in text
    assert "groups=...)" in text
    assert "Constants of each group" not in dynamics_page(fitted.run_)


def test_names_are_shown_as_they_stand(fitted: ODERegressor) -> None:
    run = replace(fitted.run_, system=replace(fitted.system_, states=("<b>S", "I\u202e")), structure=("a < b",))
    text = dynamics_page(run)
    assert "<b>" not in text
    assert "\u202e" not in text
    assert "a &lt; b" in text
    assert isinstance(run.system, System)
