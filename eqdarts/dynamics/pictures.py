"""The pictures of a fit to trajectories: measured against simulated states, residuals, and the flow of two states."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqdarts._typing import Array
from eqdarts.dynamics.record import Course, DynamicsRun
from eqdarts.errors import EqdartsWarning
from eqdarts.plotting.style import axes_grid, new_axes, set_name, styled
from eqdarts.report.pictures import Picture, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["dynamics_pictures", "plot_courses", "plot_phases", "plot_residuals_in_time"]

MOST_RUNS = 6  # in one picture
FINE = 300  # times of a simulated course
BAND = 1.96  # standard deviations of measured values
GRID = 24  # arrows of the flow along each axis
PAGE_WIDTH, HEIGHT = 7.0, 2.4  # inches of a picture as wide as the page, and of one state in it
MARGIN = 0.08  # of the plane of both states around the measured values


def dynamics_pictures(run: DynamicsRun) -> list[Picture]:
    """Return the pictures of a report; none if the record has no runs."""
    courses = run.courses[:MOST_RUNS]
    if not courses:
        return []
    which = "" if len(courses) == run.n_runs else f", of the first {len(courses)} of {run.n_runs} runs"
    told = f"Measured states (dots), the fitted system (lines) and the band of 95 % of measurements{which}"
    found = [picture(told, lambda: plot_courses(run, courses), wide=len(run.system.states) > 1)]
    found.append(picture(f"Residuals: measured minus fitted{which}", lambda: plot_residuals_in_time(run, courses)))
    if _is_plane(run):
        found.append(picture("The flow of the system, and the measured runs", lambda: plot_phases(run, courses)))
    return found


@styled
def plot_courses(run: DynamicsRun, courses: Sequence[Course]) -> list[Axes]:
    """Draw each state over time: measured, and simulated from the fitted first states with a band.

    Parameters
    ----------
    run : DynamicsRun
    courses : sequence of Course
        Those that are shown, each in its own colour.
    """
    n_states = len(run.system.states)
    axes = axes_grid(n_states) if n_states == 1 else axes_grid(n_states, PAGE_WIDTH / min(n_states, 3), HEIGHT)
    paths = [_path(run, course) for course in courses]
    for k, (ax, state) in enumerate(zip(axes, run.system.states, strict=True)):
        for number, (course, (t, path)) in enumerate(zip(courses, paths, strict=True)):
            colour = f"C{number}"
            half = BAND * run.width(k, path[:, k])
            ax.fill_between(t, path[:, k] - half, path[:, k] + half, color=colour, alpha=0.2, linewidth=0)
            ax.plot(t, path[:, k], color=colour)
            ax.plot(course.measured.t, course.measured.states[:, k], ".", color=colour, markersize=3)
        set_name(ax.set_xlabel(""), run.system.time)
        set_name(ax.set_ylabel(""), state)
    return axes


@styled
def plot_residuals_in_time(run: DynamicsRun, courses: Sequence[Course]) -> Axes:
    """Draw measured minus fitted states over time, in units of their standard deviation."""
    ax = new_axes(None)
    for k in range(len(run.noise)):
        t = np.concatenate([course.measured.t for course in courses])
        fitted = np.concatenate([course.fitted[:, k] for course in courses])
        width = run.width(k, fitted)
        measured = np.concatenate([course.measured.states[:, k] for course in courses])
        rest = (measured - fitted) / np.where(width > 0, width, 1.0)
        ax.plot(t, rest, "os^Dv"[k % 5], color=f"C{k}", markersize=2.5, label=" ")
    ax.axhline(0, color="0.5", linewidth=0.6)
    set_name(ax.set_xlabel(""), run.system.time)
    ax.set_ylabel("residual / standard deviation")
    legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    for text, state in zip(legend.get_texts(), run.system.states, strict=True):
        set_name(text, state)
    return ax


@styled
def plot_phases(run: DynamicsRun, courses: Sequence[Course]) -> Axes:
    """Draw the flow of two states, and the measured runs."""
    ax = new_axes(None, 3.5, 3.0)
    values = np.concatenate([course.measured.states for course in courses])
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    rim = MARGIN * np.where(high > low, high - low, 1.0)
    across, up = np.meshgrid(*(np.linspace(*ends, GRID) for ends in zip(low - rim, high + rim, strict=True)))
    rates = run.system.rates(np.column_stack([across.ravel(), up.ravel()])).reshape(GRID, GRID, 2)
    if np.isfinite(rates).any():
        ax.streamplot(
            across, up, rates[:, :, 0], rates[:, :, 1], color="0.72", linewidth=0.6, arrowsize=0.7, density=0.8
        )
    for number, course in enumerate(courses):
        _, path = _path(run, course)
        ax.plot(*path.T, color=f"C{number}")
        ax.plot(*course.measured.states.T, ".", color=f"C{number}", markersize=3)
    ax.set(xlim=(low[0] - rim[0], high[0] + rim[0]), ylim=(low[1] - rim[1], high[1] + rim[1]))
    set_name(ax.set_xlabel(""), run.system.states[0])
    set_name(ax.set_ylabel(""), run.system.states[1])
    return ax


def _is_plane(run: DynamicsRun) -> bool:
    """Whether two states alone determine their rates."""
    used = {str(s) for equation in run.system.equations for s in equation.expr.free_symbols}
    return run.system.order == 1 and len(run.system.states) == 2 and used <= set(run.system.states)


def _path(run: DynamicsRun, course: Course) -> tuple[Array, Array]:
    """Return fine times and the simulated states there; the fitted states where the system was fitted over pieces."""
    part = course.measured
    if run.horizon is not None:
        return part.t, course.fitted
    t = np.union1d(np.linspace(part.t[0], part.t[-1], FINE), part.t)
    inputs = np.column_stack([np.interp(t, part.t, u) for u in part.inputs.T]) if run.system.inputs else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return t, run.system_of(part.group).simulate(course.fitted[0], t, inputs)
