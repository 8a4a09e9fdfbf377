"""Pictures of trajectories: what is drawn where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot

from eqdarts import ODERegressor
from eqdarts.dynamics import pictures
from eqdarts.dynamics.pictures import dynamics_pictures, plot_courses, plot_phases, plot_residuals_in_time
from eqdarts.dynamics.system import System


def test_each_state_has_its_measured_and_its_simulated_runs(fitted: ODERegressor) -> None:
    run = fitted.run_
    axes = plot_courses(run, run.courses)
    assert [ax.get_ylabel() for ax in axes] == ["S", "I"]
    line, dots = axes[0].lines[:2]
    assert np.array_equal(dots.get_ydata(), run.courses[0].measured.states[:, 0])
    there = np.interp(dots.get_xdata(), line.get_xdata(), line.get_ydata())
    assert np.abs(there - run.courses[0].fitted[:, 0]).max() < 1e-4
    pyplot.close(axes[0].figure)


def test_residuals_are_in_units_of_the_noise(fitted: ODERegressor) -> None:
    ax = plot_residuals_in_time(fitted.run_, fitted.run_.courses)
    rest = np.asarray(ax.lines[0].get_ydata())
    assert np.sqrt(np.mean(rest**2)) == pytest.approx(1.0, abs=0.1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["S", "I"]
    pyplot.close(ax.figure)


def test_the_flow_is_drawn_in_the_plane_of_two_states(fitted: ODERegressor) -> None:
    run = fitted.run_
    ax = plot_phases(run, run.courses)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("S", "I")
    assert len(ax.lines) == 4
    pyplot.close(ax.figure)


def test_only_what_the_record_has_is_drawn(fitted: ODERegressor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "picture", lambda caption, draw, wide=False: caption)
    run = fitted.run_
    assert len(dynamics_pictures(run)) == 3
    assert dynamics_pictures(replace(run, courses=())) == []
    in_time = System.parse({"S": "-0.4*time*S", "I": "0.4*S"}, time="time")
    assert len(dynamics_pictures(replace(run, system=in_time))) == 2
    one = dynamics_pictures(replace(run, courses=run.courses[:1]))
    assert "of the first 1 of 2 runs" in str(one[0])
