"""The stages of a fit to trajectories: smooth, search each state, screen, choose the system, say how certain it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import stats

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.dynamics.between import Between, between_runs
from eqdarts.dynamics.by_state import Clock, How, constant_law, searched_states, usual_of_states
from eqdarts.dynamics.choice import HOPELESS, Chosen, Screened, choose, simplified
from eqdarts.dynamics.guesses import Guess, about_guesses, read_guesses
from eqdarts.dynamics.known_parts import KnownPart, read_forms
from eqdarts.dynamics.laws import Law, length_of, sides_of
from eqdarts.dynamics.own_constants import WithOwn, has_room, with_own
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.rate_units import RateUnits
from eqdarts.dynamics.record import Coefficient, Course, DynamicsRun, OnFront, r_squared
from eqdarts.dynamics.scatter import smooth_by_kind, smooth_with
from eqdarts.dynamics.serial import Serial, serial_residuals
from eqdarts.dynamics.shooting import standard_errors
from eqdarts.dynamics.smoothing import Smooth
from eqdarts.dynamics.structure import conserved, shared, with_shared
from eqdarts.dynamics.system import System, speed_name
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.dynamics.words import about_data, about_fit, about_groups, about_rival_systems, about_runs
from eqdarts.equation.equation import Equation
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.table import Table
from eqdarts.solver.compiled import warm_up

__all__ = ["fit_dynamics", "slope_table"]

FOR_CHOICE, FOR_EXACT = 0.87, 1.0
FOR_GROUPS = 0.1  # of which constants differ between groups, in any case
LEAST_CHOICE = 0.1  # share of the limit that the choice has in any case
LEAST_ERROR = 0.05  # of the slope at a time, as a share of the median error
FEW_ROWS, FINE_ROWS = 60, 100  # with fewer rows the smooth courses are read at more times
MOST_ROWS = 5000  # on which laws are chosen
MOST_KEPT = 5000  # rows of whole runs that are kept for pictures
SECONDS_FOR_FEW = 20.0  # longest fit to a dozen times
DOZEN = 12
COVERAGE = 0.95
NOISELESS = 0.02  # noise as a share of the spread up to which no search may be needed
AT_ONCE = 0.1  # share of the limit for the choice without a search
MOST_NAMED = 10  # rivals of the whole system
CLEARLY = 0.01  # nats by which a second fit is better


def fit_dynamics(
    data: Trajectories,
    settings: FitSettings,
    rng: np.random.Generator,
    *,
    guesses: Mapping[str, Sequence[str]] | None = None,
    forms: Mapping[str, str] | None = None,
    units: RateUnits | None = None,
    autonomous: bool = True,
    noise: Sequence[str] | None = None,
    how: How | None = None,
) -> DynamicsRun:
    """Find the system of differential equations of measured trajectories.

    Parameters
    ----------
    data : Trajectories
    settings : FitSettings
        Those of the search for each state; the time limit is for the whole fit.
    rng : numpy.random.Generator
    guesses : mapping of str to sequence of str, optional
        For each state, formulas from which its search starts.
    forms : mapping of str to str, optional
        Known parts of the right-hand sides of some states.
    units : RateUnits, optional
    autonomous : bool, default=True
        If False, the time is an input of the right-hand sides.
    noise : sequence of str, optional
        For each state, how its errors depend on its value. Default: not at all.
    how : How, optional
        How the states are searched.
    """
    warm_up(lambda: None)  # compiling after an installation does not count
    clock = Clock(now(), _limit(settings.time_limit, len(data.t)))
    whole, data = data, data.few(MOST_ROWS, rng)
    smooth, kinds = smooth_by_kind(data, noise or ["constant"] * len(data.states))
    told = list(about_data(data, smooth))
    problem = Problem(data, smooth, units=units, kinds=kinds)
    tables = [slope_table(smooth, k, autonomous, units) for k in range(len(data.states))]
    given = read_guesses(guesses or {}, data.states, tables, settings)
    parts = read_forms(forms or {}, data.states, tables, settings)
    problem = replace(problem, fixed=tuple(k for k, part in enumerate(parts) if part is not None))
    screened, chosen = _searched(problem, tables, given, parts, settings, rng, clock, how or How())
    rivals, in_time = chosen.rivals, partial(clock.has_time, FOR_EXACT)
    chosen = simplified(chosen, settings.primitives, in_time, _errors)
    chosen = replace(with_shared(chosen, settings.primitives, in_time), rivals=rivals)
    problem = replace(problem, inflation=chosen.problem.inflation)
    if whole is not data:
        chosen = _on_all(chosen, whole, in_time)
        part = f"{len(chosen.problem.data.t)} of {len(whole.t)}"
        told.append(f"The laws were chosen on {len(data.t)} times; the last fit of their coefficients saw {part}.")
    grouped = with_own(chosen, clock.own_time(FOR_GROUPS, FOR_EXACT)) if _has_groups(whole) else None
    laws = (chosen if grouped is None else grouped.chosen).laws
    screened = [_with_law(problem, k, ones, law) for k, (ones, law) in enumerate(zip(screened, laws, strict=True))]
    found = _recorded(chosen.problem, screened, chosen, told, clock, settings, grouped)
    return replace(found, guesses=tuple(about_guesses(given, screened, chosen)))


def _searched(
    problem: Problem,
    tables: Sequence[Table],
    given: Sequence[Sequence[Guess]],
    parts: Sequence[KnownPart | None],
    settings: FitSettings,
    rng: np.random.Generator,
    clock: Clock,
    how: How,
) -> tuple[list[list[Screened]], Chosen]:
    """Return the laws of each state, and the system that is chosen of them."""
    usual = None
    data = problem.data
    if not any(parts) and (problem.smooth.noise <= NOISELESS * data.spread).all():
        usual = usual_of_states(problem, tables, given, settings, clock, how)
        simple = choose(problem, usual, clock.own_time(AT_ONCE, AT_ONCE))
        if simple is not None and simple.is_sure:
            return usual, simple
    screened = searched_states(problem, tables, given, settings, rng, clock, how, parts, usual)
    chosen = choose(problem, screened, clock.own_time(LEAST_CHOICE, FOR_CHOICE)) or _all_constant(problem)
    between = None if _has_groups(data) else _between(chosen)
    if between is None or between.inflation <= 1.0:
        return screened, chosen
    # Where runs differ, their rows say less about the law than their number.
    problem = replace(problem, inflation=between.inflation)
    screened = [[_priced(problem, k, one) for one in ones] for k, ones in enumerate(screened)]
    screened = [sorted(ones, key=lambda one: one.length) for ones in screened]
    return screened, choose(problem, screened, clock.own_time(LEAST_CHOICE, FOR_CHOICE)) or chosen


def _priced(problem: Problem, k: int, one: Screened) -> Screened:
    """Return a law of state k, fitted before, with its description length by another problem."""
    return replace(one, length=length_of(one.law, one.square, problem.measured, k) + problem.price(one.law, k))


def _limit(seconds: float | None, n_times: int) -> float | None:
    """Return the longest time of a fit: few times need little."""
    return seconds if seconds is None or n_times > DOZEN else min(seconds, SECONDS_FOR_FEW)


def _on_all(chosen: Chosen, data: Trajectories, go_on: Callable[[], bool]) -> Chosen:
    """Return the system with its coefficients fitted to all runs, if there is time for it."""
    if not go_on():
        return chosen
    problem = replace(chosen.problem, data=data, smooth=smooth_with(chosen.problem.kinds, data)[0])
    # Errors that depend on the states need their values first.
    fit = problem.fit_all(chosen.laws, chosen.ties, go_on, chosen.fitted.noise, 2 if problem.kinds else 1)
    if fit is None or not fit[1].converged:
        return chosen
    rivals = tuple((laws, length - chosen.length + fit[2]) for laws, length in chosen.rivals)
    return Chosen(*fit, problem, chosen.ties, rivals)


def slope_table(smooth: Smooth, k: int, autonomous: bool, units: RateUnits | None = None) -> Table:
    """Return the rows of a search for state k: states and inputs, and its slope with weights by their errors."""
    data = smooth.data
    times = [part.t for part in data.parts]
    if len(data.t) < FEW_ROWS:  # the same courses at more times, since the search holds rows back
        share = max(FINE_ROWS // len(data.parts), 3)
        times = [np.linspace(t[0], t[-1], max(len(t), share)) for t in times]
    slope = smooth.at(times, data.order)[:, k]
    error = smooth.slope_errors(times, data.order)[:, k]
    error = np.sqrt(error**2 + (LEAST_ERROR * float(np.median(error))) ** 2)
    weight = (error.min() / error) ** 2 if error.min() > 0 else np.ones_like(error)
    columns = [smooth.flow_at(times)]
    names = [*data.states, *data.velocities, *data.inputs]
    inputs = [
        np.column_stack([np.interp(t, part.t, u) for u in part.inputs.T])
        for t, part in zip(times, data.parts, strict=True)
        if data.inputs
    ]
    columns += [np.concatenate(inputs)] if inputs else []
    if not autonomous:
        columns.append(np.concatenate(times)[:, None])
        names.append(data.time)
    table = Table(np.concatenate(columns, axis=1), slope, weight, tuple(names), None)
    return table if units is None else replace(table, target=units.targets[k], units=units.columns[k])


def _with_law(problem: Problem, k: int, ones: list[Screened], law: Law) -> list[Screened]:
    """Return the laws of state k with the chosen one, to which the others are compared.

    From the coefficients of the whole system it may be fitted better than it was before.
    """
    fit = problem.fit_one(law, k)
    before = next((one.length for one in ones if one.law.key == law.key), math.inf)
    if fit is None or fit[2] > before - CLEARLY:
        return ones
    return [*(one for one in ones if one.law.key != law.key), Screened(law, float(fit[1].square[0]), fit[2])]


def _all_constant(problem: Problem) -> Chosen:
    """Return the system of constant rates, for trajectories that no other law could be fitted to."""
    fit = problem.fit_all([constant_law(problem, k) for k in range(len(problem.data.states))])
    assert fit is not None  # a constant is defined everywhere
    return Chosen(*fit, problem)


def _recorded(
    problem: Problem,
    screened: Sequence[Sequence[Screened]],
    chosen: Chosen,
    told: list[str],
    clock: Clock,
    settings: FitSettings,
    grouped: WithOwn | None = None,
) -> DynamicsRun:
    data = problem.data
    chosen = chosen if grouped is None else _with_shared_rivals(grouped.chosen, chosen)
    laws, fitted = chosen.laws, chosen.fitted
    equations = tuple(_finished(law, state, problem) for law, state in zip(laws, data.states, strict=True))
    system = System(equations, data.states, data.inputs, data.time, data.order)
    fronts = tuple(_front(ones, law, k, chosen) for k, (ones, law) in enumerate(zip(screened, laws, strict=True)))
    run = DynamicsRun(
        system,
        fronts,
        tuple(_coefficients(chosen, equations, None if grouped is None else grouped.mean_errors())),
        tuple(fitted.noise.tolist()),
        r_squared(data.values, fitted.states[:, : len(data.states)]),
        _structure(chosen, equations, grouped),
        (),
        len(data.t),
        len(data.parts),
        fitted.freedom,
        chosen.problem.horizon,
        now() - clock.began,
        settings.given,
        courses=_courses(problem, fitted.states),
        scatter=fitted.kinds,
        groups=tuple(dict.fromkeys(part.group for part in data.parts)) if _has_groups(data) else (),
        by_group=() if grouped is None else tuple(grouped.rows()),
    )
    told += _about(run, chosen, grouped is not None)
    return replace(run, cautions=tuple(told))


def _about(run: DynamicsRun, chosen: Chosen, is_grouped: bool) -> Iterator[str]:
    """Yield what the reader must know of the fit, and of the system that comes nearest."""
    between, serial = (None, None) if is_grouped else _dependence(chosen)
    yield from about_runs(None if between is None else between.p_value)
    yield from about_fit(run, chosen.problem.smooth, chosen.fitted.converged, serial)
    yield from about_rival_systems(run.system, list(_rivals(run.system, chosen)))


def _rivals(system: System, chosen: Chosen) -> Iterator[tuple[System, float]]:
    """Yield the rivals of the whole system, with the nats by which they are longer."""
    for laws, length in chosen.rivals[:MOST_NAMED]:
        yield replace(system, equations=tuple(law.equation for law in laws)), length - chosen.length


def _has_groups(data: Trajectories) -> bool:
    return any(part.group for part in data.parts)


def _structure(chosen: Chosen, equations: Sequence[Equation], grouped: WithOwn | None) -> tuple[str, ...]:
    """Return sentences on shared terms, conserved quantities, units, and constants that differ between groups."""
    data, units = chosen.problem.data, chosen.problem.units
    told = [*shared(chosen), *conserved(chosen), *([] if units is None else units.in_words(equations))]
    if _has_groups(data):
        told += about_groups(
            data, [] if grouped is None else list(grouped.rows()), grouped.shorter if grouped else 0.0, has_room(chosen)
        )
    return tuple(told)


def _between(chosen: Chosen) -> Between | None:
    """Return the errors from the scatter between the runs, if they differ; pieces of runs are none."""
    return between_runs(chosen.fitted) if chosen.problem.horizon is None else None


def _serial(chosen: Chosen) -> Serial | None:
    """Return how the residuals follow each other; those of an exact fit are errors of the integration."""
    return None if chosen.is_exact else serial_residuals(chosen.problem.data, chosen.fitted.states)


def _dependence(chosen: Chosen) -> tuple[Between | None, Serial | None]:
    """Return how the runs differ, and if they do not, how the residuals follow each other."""
    between = _between(chosen)
    return between, None if between is not None else _serial(chosen)


def _courses(problem: Problem, states: Array) -> tuple[Course, ...]:
    """Return the first runs with their fitted states, as many as do not have too many rows."""
    found = zip(problem.data.parts, problem.runs, strict=True)
    return tuple(Course(part, states[rows]) for part, rows in found if rows.stop <= MOST_KEPT)


def _finished(law: Law, state: str, problem: Problem) -> Equation:
    """Return the equation of a law with its target and the ranges of its inputs."""
    data = problem.data
    box = {name: (float(column.min()), float(column.max())) for name, column in problem.columns.items()}
    found = replace(law.equation, target=speed_name(state, data.time, data.order)).with_ranges(box)
    return found if problem.units is None else problem.units.told(found, data.states.index(state))


def _with_shared_rivals(own: Chosen, shared: Chosen) -> Chosen:
    """Return the system with own constants, and with the rivals that were tried with shared ones alone."""
    tried = {tuple(law.key for law in laws) for laws, _ in own.rivals}
    others = [
        (laws, own.length + length - shared.length)
        for laws, length in shared.rivals
        if tuple(law.key for law in laws) not in tried
    ]
    return replace(own, rivals=tuple(sorted((*own.rivals, *others), key=lambda rival: rival[1])))


def _front(ones: Sequence[Screened], law: Law, k: int, chosen: Chosen) -> tuple[OnFront, ...]:
    """Return the laws of state k that fit better than all simpler ones, and the chosen one."""
    problem, square = chosen.problem, float(chosen.fitted.square[k])
    rows: list[OnFront] = []
    best = math.inf
    for one in sorted(ones, key=lambda one: (one.law.equation.complexity, one.square)):
        if one.law.key == law.key and any(row.chosen for row in rows):
            continue
        if one.law.key == law.key:
            rows.append(OnFront(_finished(law, problem.data.states[k], problem), square, 0.0, True))
        elif one.square < best:
            equation = _finished(one.law, problem.data.states[k], problem)
            rows.append(OnFront(equation, one.square, _behind(one, ones, law, k, chosen), False))
        best = min(best, one.square)
    if not any(row.chosen for row in rows):
        rows.append(OnFront(_finished(law, problem.data.states[k], problem), square, 0.0, True))
    return tuple(rows)


def _behind(one: Screened, ones: Sequence[Screened], law: Law, k: int, chosen: Chosen) -> float:
    """Return by how many nats the description is longer with another law of state k."""
    of_system = chosen.behind(k, one.law.key)
    if of_system is not None:
        return of_system
    own = next((other for other in ones if other.law.key == law.key), ones[0])
    alone = one.length - own.length
    # A law that follows the smooth courses of the other states can be far from these states themselves.
    return alone if alone > 0 else HOPELESS * (len(chosen.laws) > 1)


def _coefficients(
    chosen: Chosen, equations: Sequence[Equation], errors: tuple[Array, Array] | None = None
) -> list[Coefficient]:
    """Return the coefficients with standard errors and intervals from the slopes of the integrated trajectories.

    `errors` are the standard errors of all coefficients and their freedom where these come from elsewhere.
    """
    if errors is None:
        between, serial = _dependence(chosen)
        spread, freedom = _errors(chosen), float(chosen.fitted.freedom)
        if between is not None:
            spread, freedom = _errors(chosen, between.information), float(between.freedom)
        elif serial is not None:
            spread, freedom = spread * math.sqrt(serial.inflation), freedom / serial.inflation
        errors = spread, np.full(len(spread), freedom)
    t = stats.t.ppf(0.5 + COVERAGE / 2, np.maximum(errors[1], 1))
    rows = []
    place = 0
    for equation, state, law in zip(equations, chosen.problem.data.states, chosen.laws, strict=True):
        units = equation.check_units(numbers=True).units if equation.units else {}
        own = {}
        for name, value in law.coefficients.items():
            error, half = float(errors[0][place]), float(t[place] * errors[0][place])
            own[name] = Coefficient(state, name, value, error, value - half, value + half, str(units.get(name, "")))
            place += 1
        rows += [own[name] for name in law.equation.coefficients]
    return rows


def _errors(chosen: Chosen, information: Array | None = None) -> Array:
    """Return the standard errors of all coefficients; infinite where the trajectories do not determine one."""
    information = chosen.fitted.information if information is None else information
    spread = sides_of(chosen.laws, chosen.problem.data.states, chosen.problem.known, chosen.ties).spread
    return standard_errors(information, spread)
