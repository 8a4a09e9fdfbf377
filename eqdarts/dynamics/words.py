"""What trajectories cannot tell, in sentences; and the summary of a fit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from eqdarts.dynamics.record import DynamicsRun, OfGroup, OnFront
from eqdarts.dynamics.serial import Serial
from eqdarts.dynamics.smoothing import Smooth
from eqdarts.dynamics.system import System, speed_name
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.equation.equation import Equation
from eqdarts.errors import visible
from eqdarts.inference.summary import CAVEAT, rounded

__all__ = ["about_data", "about_fit", "about_groups", "about_rival_systems", "about_runs", "form_of", "summary"]

WIDTH = 88
FEW_TIMES = 12
STILL = 3.0  # times the noise: a state that moves less is at rest
ROUGH = 0.35  # noise as a share of the spread above which the course is hardly seen
MISFIT = 2.0  # times the noise of the smooth course: a system that leaves more misses something
WIDE = 1.0  # standard error as a share of the estimate above which a coefficient is not determined
MOST_RIVALS = 3
CLOSE = 3.0  # nats within which another form is named


def about_data(data: Trajectories, smooth: Smooth) -> Iterator[str]:
    """Yield what these trajectories cannot tell, before any search."""
    if data.left_out:
        yield f"Left out: {len(data.left_out)} run(s) with too few times, such as {data.left_out[0]!r}."
    n_times = len(data.t)
    if n_times < FEW_TIMES:
        yield f"Only {n_times} times: many laws fit as few, and the law may be a coincidence."
    values = data.values
    for k, name in enumerate(data.states):
        moved = float(np.nanmax(smooth.values[:, k]) - np.nanmin(smooth.values[:, k]))
        size = float(np.nanmax(np.abs(values[:, k])))
        if moved <= max(STILL * smooth.noise[k], 1e-9 * size):
            yield (
                f"{name} hardly moves: its changes are no larger than its noise, so that these runs say where it "
                "rests and not how fast it gets there."
            )
        elif smooth.noise[k] > ROUGH * data.spread[k]:
            yield (
                f"The measured values of {name} look like noise of {smooth.noise[k] / data.spread[k]:.0%} of its "
                "spread: it moves faster than it was sampled, or the measurements are poor. Its law is not certain."
            )


def about_fit(run: DynamicsRun, smooth: Smooth, converged: bool, serial: Serial | None = None) -> Iterator[str]:
    """Yield what the reader must know of the fit."""
    if not converged:
        yield (
            "The fit of the whole system has not converged: its coefficients and their errors are preliminary, and "
            "simulated runs may leave the measured ones."
        )
    if run.horizon is not None:
        yield (
            f"The system could not be fitted over whole runs, as if it were chaotic; it was fitted over pieces of "
            f"{run.horizon} intervals."
        )
    for state, noise, before in zip(run.system.states, run.noise, smooth.noise.tolist(), strict=True):
        spread = smooth.data.spread[run.system.states.index(state)]
        if noise > max(MISFIT * before, 1e-3 * float(spread)):
            yield (
                f"The trajectories of {state} leave residuals of {noise:.3g}, while the measured values scatter by "
                f"{before:.3g} only: the system misses something."
            )
    if serial is not None:
        yield (
            f"Residuals at neighbouring times are alike (correlation {serial.correlation:.2f}): the system misses "
            f"something, or errors last longer than from one time to the next. Standard errors take {run.n_rows} "
            f"times for {run.n_rows / serial.inflation:.0f} independent ones, and so do comparisons of forms."
        )
    inflation = 1.0 if serial is None else serial.inflation
    for state, ones in zip(run.system.states, run.front, strict=True):
        yield from _about_rivals(run.system.left(state), ones, CLOSE * inflation)
    for row in run.coefficients:
        if not row.standard_error <= WIDE * abs(row.estimate):
            left = run.system.left(row.state)
            yield (
                f"{row.name} of {left} is not determined by these runs: {row.estimate:.3g} with a standard "
                f"error of {row.standard_error:.2g}."
            )


def about_runs(p_value: float | None) -> Iterator[str]:
    """Yield a sentence if runs do not share their constants, with the p-value of that they do."""
    if p_value is not None:
        yield (
            f"The runs differ by more than their noise (p = {p_value:.1g}): each may have constants of its own, or the "
            "law misses something. Standard errors are from the scatter between the runs."
        )


def about_groups(data: Trajectories, rows: Sequence[OfGroup], shorter: float, was_looked: bool = True) -> Iterator[str]:
    """Yield a sentence for each constant that differs between groups, or one that none does.

    Parameters
    ----------
    data : Trajectories
    rows : sequence of OfGroup
    shorter : float
        Nats by which the description is shorter with these.
    was_looked : bool, default=True
        Whether the rows and groups were few enough.
    """
    if not was_looked:
        yield "The rows and groups are too many for constants of each group: all constants are shared. Give fewer rows."
    elif not rows:
        n_groups = len({part.group for part in data.parts})
        yield f"All constants are shared by the {n_groups} groups: own ones would not make the description shorter."
    for state, name in dict.fromkeys((row.state, row.name) for row in rows):
        own = [row for row in rows if (row.state, row.name) == (state, name)]
        least, most = (key(own, key=lambda row: row.estimate) for key in (min, max))
        yield (
            f"{name} of {speed_name(state, data.time, data.order)} differs between the {len(own)} groups: from "
            f"{rounded(least.estimate, least.standard_error)} ({least.group}) to "
            f"{rounded(most.estimate, most.standard_error)} ({most.group})."
        )
    if rows:
        yield f"With the same constants for all groups the description would be {shorter:.1f} nats longer."


def about_rival_systems(system: System, others: Sequence[tuple[System, float]]) -> Iterator[str]:
    """Yield a sentence on the system that comes nearest, if its description is hardly longer.

    Parameters
    ----------
    system : System
    others : sequence of (System, float)
        Systems that were fitted as a whole, and the nats by which their descriptions are longer.
    """
    if len(system.states) < 2:  # rivals of the only equation are told already
        return
    own = list(map(form_of, system.equations))
    near = [other for other in others if other[1] < CLOSE and list(map(form_of, other[0].equations)) != own]
    if near:
        rival, longer = min(near, key=lambda other: other[1])
        yield (
            f"These runs do not tell the system from another one: {rival.format().replace(chr(10), ', ')} has a "
            f"description that is only {max(longer, 0.0):.1f} nats longer as a whole."
        )


def _about_rivals(left: str, ones: Sequence[OnFront], close: float) -> Iterator[str]:
    """Yield a sentence if another form fits nearly as well; the chosen one multiplied out is no other form."""
    own = next(form_of(one.equation) for one in ones if one.chosen)
    near = [one for one in ones if not one.chosen and one.score < close and form_of(one.equation) != own]
    if near:
        rival = min(near, key=lambda one: one.score)
        shown = f"{left} = {replace(rival.equation, target=None).format()}"
        yield (
            f"These runs hardly tell forms of {left} apart: {shown} has a description that is only "
            f"{max(rival.score, 0.0):.1f} nats longer."
        )


def form_of(equation: Equation) -> frozenset[str]:
    """Return the terms of an equation without their factors."""
    import sympy

    terms = sympy.Add.make_args(sympy.expand(equation.expr))
    return frozenset(str(term.as_coeff_Mul()[1]) for term in terms)


def summary(run: DynamicsRun, coverage: float = 0.95) -> str:
    """Return a text table: the system, its fit, coefficients with intervals, rivals and cautions."""
    sections = [
        run.system.format().split("\n"),
        _figures(run),
        _coefficients(run, coverage),
        _rivals(run),
        _listed("guesses", run.guesses),
        _listed("structure", run.structure),
        _listed("noise", run.scatter_in_words()),
        _listed("warnings", run.cautions),
    ]
    rule = "-" * WIDTH
    body = f"\n{rule}\n".join("\n".join(lines) for lines in sections if lines)
    lines = ["=" * WIDTH, *body.split("\n"), "=" * WIDTH, *textwrap.wrap(CAVEAT, WIDTH)]
    return "\n".join(map(visible, lines))


def _figures(run: DynamicsRun) -> list[str]:
    lines = [f"{run.n_rows} times in {run.n_runs} run(s); {run.freedom} degrees of freedom"]
    lines += [
        f"{state:<14}R2 of the trajectories {r2:.6f}, residual standard deviation {noise:.4g}"
        for state, r2, noise in zip(run.system.states, run.r_squared, run.noise, strict=True)
    ]
    return lines


def _coefficients(run: DynamicsRun, coverage: float) -> list[str]:
    if not run.coefficients:
        return []
    lines = [f"{'coefficient':<18}{'estimate':>14}{'std. error':>13}{f'{100 * coverage:g} % interval':>30}"]
    for row in run.coefficients:
        ends = f"{rounded(row.low, row.standard_error)} .. {rounded(row.high, row.standard_error)}"
        name = f"{run.system.left(row.state)}: {row.name}"
        unit = f"  {row.unit}" if row.unit else ""
        lines.append(
            f"{name:<18}{rounded(row.estimate, row.standard_error):>14}{row.standard_error:>13.3g}{ends:>30}{unit}"
        )
    return lines


def _rivals(run: DynamicsRun) -> list[str]:
    lines: list[str] = []
    for state, ones in zip(run.system.states, run.front, strict=True):
        others = sorted((one for one in ones if not one.chosen), key=lambda one: one.score)[:MOST_RIVALS]
        for one in others:
            shown = f"{run.system.left(state)} = {replace(one.equation, target=None).format()}"
            shown = shown if len(shown) <= WIDTH - 16 else shown[: WIDTH - 19] + "..."
            lines.append(f"{one.score:>9.1f} nats   {shown}")
    return ["rivals: longer by", *lines] if lines else []


def _listed(title: str, items: Sequence[str]) -> list[str]:
    lines = [line for item in items for line in textwrap.wrap(item, WIDTH, initial_indent="- ", subsequent_indent="  ")]
    return [title, *lines] if lines else []
