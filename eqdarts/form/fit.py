"""The stages of a fit of a form: smooth functions -> formulas for them -> whole laws -> choose -> record.

The functions begin as smooth curves (`eqdarts.form.smooth`). Each is then searched as a table of its own, with weights.
The best formulas of all are put together and fitted as whole laws (`eqdarts.form.laws`), of which the shortest
description is chosen. Functions are searched a second time at what that law leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.data import draw_rows
from eqdarts.equation.bounded import checked_bounds
from eqdarts.equation.equation import Equation
from eqdarts.errors import explain
from eqdarts.fitting.by_loss import Reweighting
from eqdarts.fitting.choice import ExactForms, on_range, squared
from eqdarts.fitting.front import MOST_ROWS
from eqdarts.fitting.known import contradicts, is_broken, obeying
from eqdarts.fitting.progress import Callback, Watch, watched
from eqdarts.fitting.run import Run
from eqdarts.fitting.settings import FitSettings, until_constants
from eqdarts.fitting.stages import Stages
from eqdarts.fitting.table import Table
from eqdarts.fitting.without_graphs import Ranked, run_without_graphs
from eqdarts.form.laws import Formula, Law, laws_of_all, state_of, with_exact
from eqdarts.form.nested import parted
from eqdarts.form.read import Form, read_form
from eqdarts.form.smooth import FormProblem, State, smooth_state
from eqdarts.history import SearchHistory, with_totals
from eqdarts.inference.constants import Snap
from eqdarts.losses import loss_of, resolve_loss
from eqdarts.selection import CRITERIA, Candidate, select

__all__ = ["checked_form", "fit_form"]

LEAST_ROWS = 20
MOST_FORMS = 3  # formulas of each function that are put together with those of the others
LEAST_SLOPE = 1e-6  # share of the largest slope, below which a row says nothing of a function
SAME = 1e-12  # relative spread of equal weights
# Shares of the time limit until which laws are fitted, after the searches of each round: the second round sees what the
# first law leaves. The searches of a round have this share of its time.
UNTIL = (0.5, 0.95)
SEARCHING = 0.7
LEAST_SHARE = 0.3  # of its equal part of the limit, that a search gets at least
# Parameters that a fit of a form does not use, with their only value.
PLAIN = {"warm_start": False, "guesses": None, "checkpoint": None, "search": ("auto", "implicit", "random")}


def checked_form(given: Mapping[str, Any], table: Table) -> Form | None:
    """Return the form of an estimator's parameters, with "checkpoint" and "groups"; None if there is none.

    Raises
    ------
    ValueError
        If it cannot be read, or does not go with another parameter.
    """
    if given["form"] is None:
        if given["bounds"] is not None:
            todo = "Give form too; of a formula without unknown functions use Equation.parse(...).fit(bounds=...)."
            raise ValueError(explain("bounds are those of coefficients of a form.", repr(given["bounds"])[:80], todo))
        return None
    if not isinstance(given["form"], str):
        raise ValueError(explain("form must be text.", repr(given["form"])[:80], 'Try "f(x)*exp(-k*t)".'))
    form = read_form(given["form"], table.names, given["constants"] or ())
    if given["bounds"] is not None:
        checked_bounds(given["bounds"], form.coefficients)
    refused = [
        name for name, only in PLAIN.items() if given[name] not in (only if isinstance(only, tuple) else (only,))
    ]
    refused += ["groups"] if given["groups"] is not None else []
    refused += ["loss"] if loss_of(given["loss"]).logistic else []
    refused += ["noise"] if given["noise"] not in ("auto", "constant") else []
    if refused:
        name, got = refused[0], f"{refused[0]}={given[refused[0]]!r}"
        raise ValueError(explain(f"A form cannot be fitted with {name}.", got[:80], f"Leave out {name}."))
    if len(table.y) < LEAST_ROWS:
        raise ValueError(explain(f"A form needs at least {LEAST_ROWS} rows.", len(table.y), "Measure more."))
    return form


def fit_form(
    table: Table,
    form: Form,
    settings: FitSettings,
    rng: np.random.Generator,
    *,
    callback: Callback | None = None,
    shows_bar: bool = False,
    began: float | None = None,
) -> Run:
    """Search for the unknown functions of a form, and fit all of its coefficients.

    Parameters
    ----------
    table : Table
    form : Form
    settings : FitSettings
    rng : numpy.random.Generator
        The only source of randomness.
    callback, shows_bar, began
        As for `eqdarts.fitting.stages.fit_table`.

    Raises
    ------
    ValueError
        If no law of this form is defined at all rows.
    """
    began = now() if began is None else began
    own = draw_rows(
        np.arange(len(table.y)) if table.weight is None else np.flatnonzero(table.weight > 0), MOST_ROWS, rng
    )
    part = table if len(own) == len(table.y) else table.part(own)
    with watched(callback, shows_bar, settings.search) as (watch, seconds):
        return _FormFit(part, form, settings, rng, began + seconds, watch, len(table.y)).run()


@dataclass(frozen=True, eq=False)
class _Ranked:
    """A law of the front."""

    law: Law
    candidate: Candidate
    length: float


@dataclass
class _FormFit:
    """One fit of a form; see `fit_form`."""

    table: Table
    form: Form
    settings: FitSettings
    rng: np.random.Generator
    began: float
    watch: Watch
    n_all: int

    def __post_init__(self) -> None:
        self.histories: list[SearchHistory] = []
        self.callback = self.watch.callback
        self.n_searches = len(UNTIL) * len(self.form.functions)

    @cached_property
    def problem(self) -> FormProblem:
        """The form and its rows."""
        table = self.table
        constants = {name: np.full(len(table.y), value) for name, value in self.settings.constants.items()}
        weight = np.ones(len(table.y)) if table.weight is None else table.weight
        limits = checked_bounds(self.settings.bounds or {}, self.form.coefficients)
        return FormProblem(self.form, {**constants, **table.columns}, table.y, weight, limits, self.settings.loss)

    def run(self) -> Run:
        """Search, put together, and choose."""
        import sympy  # noqa: F401  (here, so that an interrupt need not wait for it)

        state = smooth_state(self.problem, self.rng)
        known: dict[str, list[Formula]] = {name: [] for name in self.form.functions}
        given = self.settings.bounds, self.settings.constants, self.table.names, self.table.target
        laws: dict[str, Law] = {}
        for until in UNTIL:
            for name in self.form.functions:
                known[name] = [*self._searched(name, state), *known[name]]
            more = laws_of_all(self.problem, given, known, state.coefficients, partial(self._has_time, until))
            laws = {**{str(law.equation.template): law for law in more}, **laws}
            if not laws:
                raise ValueError(
                    explain("No law of this form is defined at all rows.", repr(self.form.text), "Change the form.")
                )
            ranked = self._promising(list(laws.values()))
            state = state_of(ranked[0], self.problem)
            known = {name: [law.inner[name] for law in ranked[:MOST_FORMS]] for name in self.form.functions}
            if self.watch.interrupts.seen or self.histories[-1].stop_reason == "callback":
                break
        return self._recorded(list(laws.values()))

    # --- one function ---

    def _searched(self, name: str, state: State) -> list[Formula]:
        """Return formulas of one function in the names of its arguments, shortest description first."""
        table = None if self.watch.interrupts.seen else self._table_of(name, state)
        if table is None:
            return []
        began = now()
        entries, history = Stages(table, self._share(began), self.rng, began, self.watch).laws()
        self.histories.append(history)
        allowed = [e for e in entries if parted(e.equation, self.form.inside_of(name)) is not None]
        front, lengths = self._selected([entry.candidate for entry in allowed], table)
        order = sorted(range(len(front)), key=lambda k: lengths[k])[:MOST_FORMS]
        chosen = [allowed[front[k]] for k in order]
        return [Formula(one.equation, one.candidate.structure_in(table.X.shape[1])) for one in chosen]

    def _share(self, began: float) -> FitSettings:
        """Return the settings of the next search, and tell the caller's callback of the whole fit."""
        done, limit = len(self.histories), self.settings.time_limit
        if limit is not None:
            # The searches of a round share what is left of it, but for the fits of laws.
            own, place = divmod(done, len(self.form.functions))
            left = UNTIL[own] * limit - (began - self.began) - (1 - SEARCHING) * 0.5 * limit
            limit = max(left / (len(self.form.functions) - place), LEAST_SHARE * limit / self.n_searches)
        if (callback := self.callback) is not None:
            self.watch.callback = lambda now: callback(replace(now, share=(done + now.share) / self.n_searches))
        refits = max(self.settings.max_refits // self.n_searches, 1)
        return replace(self.settings, time_limit=limit, max_refits=refits, loss="squared", constants={})

    def _table_of(self, name: str, state: State) -> Table | None:
        """Return the table in which a function is searched; None if too few rows depend on it."""
        u, wanted, weight = self._wanted(name, state)
        fine = np.isfinite(wanted) & np.isfinite(u).all(axis=1) & (weight > LEAST_SLOPE**2 * weight.max())
        if fine.sum() < LEAST_ROWS:
            return None
        even = self.table.weight is None and np.ptp(weight[fine]) <= SAME * weight.max()
        own = None if even else weight[fine] / weight[fine].mean()
        return Table(u[fine], wanted[fine], own, self.form.names_of(name), name).counted()

    def _selected(self, candidates: Sequence[Candidate], table: Table) -> tuple[list[int], list[float]]:
        """Return the Pareto front of candidates, and the lengths by which they are ranked."""
        y, weight = table.y, table.weight
        mean_square = float(np.average(y**2, weights=weight))
        variance = float(np.average((y - np.average(y, weights=weight)) ** 2, weights=weight))
        criterion = CRITERIA[self.settings.selection].stand_in.name
        return select(candidates, table.n_rows, table.X.shape[1], mean_square, variance, criterion)

    def _wanted(self, name: str, state: State) -> tuple[Array, Array, Array]:
        """Return arguments (n, m), wanted values (n,) and weights (n,) of a function, from all of its calls."""
        calls = [call for call in self.form.calls if call.name == name]
        at = self.problem.arguments(state.coefficients)
        slopes = [np.where(np.isfinite(s := state.slopes[call.value]), s, 0.0) for call in calls]
        squares = np.sum([slope**2 for slope in slopes], axis=0)
        with np.errstate(all="ignore"):
            wanted = [
                state.values[call.value] + state.residual * slope / squares
                for call, slope in zip(calls, slopes, strict=True)
            ]
        weights = [slope**2 * state.weight for slope in slopes]
        arguments = np.concatenate([at[call.value] for call in calls])
        return arguments, np.concatenate(wanted), np.concatenate(weights)

    # --- whole laws ---

    def _candidate(self, law: Law) -> Candidate:
        """Return the properties by which a law is judged."""
        equation, table = law.equation, self.table
        loss = self.settings.loss
        if loss_of(loss).is_least_squares:
            return on_range(squared(equation, law.structure, table), equation, table)
        row = resolve_loss(loss, table.y, table.y - table.predicted(equation))
        rows = table.drawn(np.arange(len(table.y)))
        return on_range(Reweighting(row, table, rows).candidate(equation, law.structure), equation, table)

    def _front(self, laws: Sequence[Law]) -> list[_Ranked]:
        """Return the Pareto front of laws, simplest first."""
        candidates = [self._candidate(law) for law in laws]
        front, lengths = self._selected(candidates, self.table)
        return [_Ranked(laws[k], candidates[k], length) for k, length in zip(front, lengths, strict=True)]

    def _promising(self, laws: Sequence[Law]) -> list[Law]:
        """Return laws shortest first; those that contradict what is known come last."""
        front = self._front(laws)
        front.sort(key=lambda one: (contradicts(one.law.equation, self.table), one.length))
        return [one.law for one in front]

    def _recorded(self, laws: Sequence[Law]) -> Run:
        table, settings = self.table, self.settings
        free = min(self._front(laws), key=lambda one: one.length)
        allowed = obeying([law.equation for law in laws], table)
        shown = self._front([laws[k] for k in allowed] or laws)
        shown, snaps = self._exact(shown)
        digits = table.X, table.y, table.weight, loss_of(settings.loss)
        equations = tuple(table.told(one.law.equation).with_digits(*digits) for one in shown)
        candidates, lengths = [one.candidate for one in shown], [one.length for one in shown]
        front = Ranked(equations, candidates, lengths, (free.law.equation, free.length))
        history = with_totals(self.histories[-1], self.histories)
        words = [front.in_words(settings, history.n_refits, table.n_rows)]
        words += [] if table.units is None else table.units.in_words(equations[front.chosen])
        functions = self._functions(shown[front.chosen].law)
        return run_without_graphs(front, table, settings, history, words, self.n_all, functions=functions, snaps=snaps)

    def _exact(self, shown: list[_Ranked]) -> tuple[list[_Ranked], tuple[Snap, ...]]:
        """Return the front with exact constants in the chosen law, and what became exact."""
        chosen = min(range(len(shown)), key=lambda k: shown[k].length)
        old = shown[chosen]
        record = old.law.equation.fit_result_
        at_bounds = record is not None and record.at_bounds
        if not self.settings.snap or at_bounds or not loss_of(self.settings.loss).is_least_squares:
            return shown, ()
        latest = until_constants(self.began, self.settings.time_limit)
        rows, in_time = self.table.drawn(np.arange(len(self.table.y))), partial(self._has_time, latest)
        found = ExactForms(self.table, rows, self.settings.constants, in_time).of(old.law.equation)
        law = with_exact(old.law, found)
        candidate = self._candidate(law)
        broken = is_broken(law.equation, self.table) and not is_broken(old.law.equation, self.table)
        if not found.snaps or broken or not np.isfinite(candidate.loss):
            return shown, ()
        return [*shown[:chosen], replace(old, law=law, candidate=candidate), *shown[chosen + 1 :]], found.snaps

    def _has_time(self, until: float) -> bool:
        """Whether less than the share `until` of the time limit is spent, and nobody has interrupted."""
        limit = self.settings.time_limit
        return not self.watch.interrupts.seen and (limit is None or now() - self.began < until * limit)

    def _functions(self, law: Law) -> dict[str, Equation]:
        """Return what was found for each unknown function, those inside of others too."""
        found: dict[str, Equation] = {}
        for name, formula in law.inner.items():
            parts = parted(formula.equation, self.form.inside_of(name)) or {"": formula.equation}
            found |= {own or name: part for own, part in parts.items()}
        return found
