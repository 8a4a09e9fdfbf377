"""The search and the screening of each state: one state after the other, or several at the same time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import joblib
import numpy as np

from eqdarts.clock import now
from eqdarts.dynamics.checkpoint import DynamicsCheckpoint
from eqdarts.dynamics.choice import HORIZONS, Screened, laws_of_entries, screen
from eqdarts.dynamics.guesses import Guess
from eqdarts.dynamics.known_parts import KnownPart, laws_of_form
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.dynamics.usual_sums import usual_laws
from eqdarts.equation.equation import Equation
from eqdarts.fitting.progress import Callback
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.stages import laws_of
from eqdarts.fitting.table import Table

__all__ = ["Clock", "How", "constant_law", "searched_states", "usual_of_states"]

FOR_USUAL = 0.3  # share of the time limit, where no search may be needed
FOR_SEARCH = 0.4  # share of the time limit
FOR_SCREENING = 0.72  # share after which the screening ends
FOLLOWED = 0.5  # share of the variance that residuals of a course that is followed have at most
FIRST = 3  # laws of a search that show whether whole runs can be followed


@dataclass(frozen=True, eq=False)
class Clock:
    """The time of a fit: when it began, and its limit in seconds."""

    began: float
    limit: float | None

    def has_time(self, share: float) -> bool:
        """Whether less than a share of the limit is spent."""
        return self.limit is None or now() - self.began < share * self.limit

    def own_time(self, share: float, until: float) -> Callable[[], bool]:
        """Return whether there is time: until a share of the limit, and for a share of it from now on in any case."""
        own = Clock(now(), self.limit)
        return lambda: self.has_time(until) or own.has_time(share)


@dataclass(frozen=True, eq=False)
class How:
    """How states are searched.

    Parameters
    ----------
    n_jobs : int, optional
        Workers of joblib's active backend, which search states at the same time. Default: one state after the other, in
        this process.
    callback, shows_bar
        As for `eqdarts.fitting.stages.fit_table`; with workers the bar counts states, and there is no callback.
    checkpoint : DynamicsCheckpoint, optional
    before : sequence of sequence of Law
        For each state, laws that are fitted in any case, unless its form is known.
    """

    n_jobs: int | None = None
    callback: Callback | None = None
    shows_bar: bool = False
    checkpoint: DynamicsCheckpoint | None = None
    before: Sequence[Sequence[Law]] = ()

    def known(self, k: int) -> list[Law]:
        """Return the laws of state k with which its search begins."""
        kept = [] if self.checkpoint is None else self.checkpoint.laws[k]
        return [*(self.before[k] if self.before else ()), *kept]


@dataclass(frozen=True, eq=False)
class _Work:
    """The search of state k, in turn number `turn` of `n_turns`, which share the time."""

    problem: Problem
    k: int
    table: Table
    guesses: Sequence[Guess]
    settings: FitSettings
    rng: np.random.Generator
    turn: int
    n_turns: int
    known: Sequence[Law] = ()
    part: KnownPart | None = None
    usual: Sequence[Screened] | None = None

    def done(self, clock: Clock, callback: Callback | None = None, shows_bar: bool = False) -> list[Screened]:
        """Return the laws of the state, fitted to its measured values, the shortest description first."""
        data, settings = self.problem.data, self.settings
        settings = replace(settings, guesses=[guess.text for guess in self.guesses] or None)
        if clock.limit is not None:
            settings = replace(settings, time_limit=FOR_SEARCH * clock.limit / self.n_turns)
        watching: dict[str, Any] = {"callback": callback, "shows_bar": shows_bar}
        if self.part is not None:
            found = laws_of_form(self.part, self.table, settings, self.rng, **watching)
        else:
            entries, _ = laws_of(self.table, settings, self.rng, **watching)
            found = [*(guess.law for guess in self.guesses), *self.known, *laws_of_entries(entries, len(self.table.y))]
        laws = [_in_all(law, data) for law in found]
        # What the states before took too long does not come off the time of this one.
        own_share = (FOR_SCREENING - FOR_SEARCH) / self.n_turns
        until = clock.own_time(own_share, FOR_SCREENING * (self.turn + 1) / self.n_turns)
        return _screened(self, laws, until)


def searched_states(
    problem: Problem,
    tables: Sequence[Table],
    guesses: Sequence[Sequence[Guess]],
    settings: FitSettings,
    rng: np.random.Generator,
    clock: Clock,
    how: How,
    parts: Sequence[KnownPart | None] | None = None,
    usual: Sequence[Sequence[Screened]] | None = None,
) -> list[list[Screened]]:
    """Return the laws of each state, fitted to its measured values.

    Each state has a generator of its own, so that without a time limit the result depends neither on the number of
    workers nor on which states a checkpoint has.

    Parameters
    ----------
    problem : Problem
    tables : sequence of Table
        The smooth slopes of each state.
    guesses : sequence of sequence of Guess
    settings : FitSettings
    rng : numpy.random.Generator
    clock : Clock
    how : How
    parts : sequence of (KnownPart or None), optional
        The known parts of the states.
    usual : sequence of sequence of Screened, optional
        The result of `usual_of_states`, so that sums of usual terms are not fitted again.
    """
    n = len(tables)
    found = {} if how.checkpoint is None else dict(how.checkpoint.done)
    missing = [k for k in range(n) if k not in found]
    n_turns = len(missing)
    if how.n_jobs is not None and missing:
        n_turns = -(-n_turns // min(joblib.effective_n_jobs(how.n_jobs), n_turns))
    rngs = [rng, *rng.spawn(n - 1)]
    works = [
        _Work(
            problem,
            k,
            tables[k],
            guesses[k],
            settings,
            rngs[k],
            turn,
            n_turns,
            how.known(k),
            parts[k] if parts else None,
            usual[k] if usual else None,
        )
        for turn, k in enumerate(missing)
    ]
    for work, ones in zip(works, _results(works, clock, how), strict=True):
        found[work.k] = ones
        if how.checkpoint is not None:
            how.checkpoint.keep(work.k, ones)
    return [found[k] for k in range(n)]


def usual_of_states(
    problem: Problem,
    tables: Sequence[Table],
    guesses: Sequence[Sequence[Guess]],
    settings: FitSettings,
    clock: Clock,
    how: How,
) -> list[list[Screened]]:
    """Return sums of usual terms, guesses and laws that are known for each state, without a search."""
    found, n = [], len(tables)
    for k, table in enumerate(tables):
        go_on = clock.own_time(FOR_USUAL / n, FOR_USUAL * (k + 1) / n)
        laws = [_in_all(law, problem.data) for law in (*(guess.law for guess in guesses[k]), *how.known(k))]
        usual = usual_laws(problem, k, table, settings.primitives, go_on)
        found.append(_or_constant(problem, k, screen(problem, k, laws, go_on, usual)))
    return found


def _results(works: Sequence[_Work], clock: Clock, how: How) -> Iterable[list[Screened]]:
    """Return an iterator over the laws of each state, in their order."""
    if how.n_jobs is None or not works:
        return (work.done(clock, how.callback, how.shows_bar) for work in works)
    tasks = (joblib.delayed(_in_worker)(replace(work, turn=0), clock.limit) for work in works)
    found: Iterable[list[Screened]] = joblib.Parallel(n_jobs=how.n_jobs, return_as="generator")(tasks)
    if not how.shows_bar:
        return found
    # Imported where it is needed: in a notebook without widgets tqdm.auto warns that its bar is plain text.
    from tqdm.auto import tqdm

    shown: Iterable[list[Screened]] = tqdm(found, total=len(works), unit="state", leave=False)
    return shown


def _in_worker(work: _Work, limit: float | None) -> list[Screened]:
    """Search one state; the clock of another process is another one."""
    return work.done(Clock(now(), limit))


def _screened(work: _Work, laws: Sequence[Law], until: Callable[[], bool]) -> list[Screened]:
    """Return the laws of a state, and sums of usual terms, fitted to its measured values."""
    k = work.k
    own = _followed(work.problem, k, laws[:FIRST])
    usual = work.usual if own is work.problem else None
    if usual is None:  # sums of usual terms do not have a form that is known
        usual = usual_laws(own, k, work.table, work.settings.primitives, until) if work.part is None else []
    return _or_constant(own, k, screen(own, k, laws, until, usual))


def _or_constant(problem: Problem, k: int, ones: list[Screened]) -> list[Screened]:
    """Return the laws, or a constant if none is defined on the smooth courses."""
    return ones or [Screened(constant_law(problem, k), math.inf, math.inf)]


def _followed(problem: Problem, k: int, laws: Sequence[Law]) -> Problem:
    """Return the problem of whole runs, or of short pieces where some promising laws follow only these.

    So it is where the smooth courses of the other states have large errors, though one law is true.
    """
    short = replace(problem, horizon=HORIZONS[-1])

    def follows(own: Problem) -> bool:
        fits = (own.fit_one(law, k) for law in laws)
        least = FOLLOWED * float(problem.measured.variance[k])
        return any(fit is not None and fit[1].converged and fit[1].square[0] < least for fit in fits)

    return problem if follows(problem) or not follows(short) else short


def _in_all(law: Law, data: Trajectories) -> Law:
    """Return the law as one in all that a right-hand side may contain."""
    return replace(law, equation=replace(law.equation, variables=data.variables))


def constant_law(problem: Problem, k: int) -> Law:
    """Return the law of state k that its rate is constant."""
    data = problem.data
    slope = float(np.mean(problem.smooth.at([part.t for part in data.parts], data.order)[:, k]))
    return Law(Equation.parse(repr(slope), data.variables), 0.0)
