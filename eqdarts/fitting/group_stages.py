"""The stages of a fit with groups: search for forms -> share or not each constant -> choose -> record.

The search for a form sees no groups (`eqdarts.fitting.group_views`): a refit by groups of every graph would cost too
much. All forms that the searches have found are then fitted to all groups, each with those constants shared that make
its description shortest (`eqdarts.fitting.group_choice`), and the front is made of these laws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import GroupConstants, RowGroups, names_of_own, row_groups
from eqdarts.equation.names import used_names
from eqdarts.errors import FormulaError
from eqdarts.expression.build import rebuild, symbol, with_values
from eqdarts.expression.readable import readable
from eqdarts.failures import Failures
from eqdarts.fitting.front import MOST_ROWS, Entry
from eqdarts.fitting.group_choice import Choice, Length, choose, promising, quick_length
from eqdarts.fitting.group_forms import GroupForm, extended, factored, forms_of, forms_of_guesses, in_turns, look_alikes
from eqdarts.fitting.group_views import GroupView, group_views
from eqdarts.fitting.group_waves import MOST_WAVES, doubtful_waves, may_repeat, n_waves, rates_of_waves
from eqdarts.fitting.known import contradicts, obeying
from eqdarts.fitting.progress import Callback, Watch, watched
from eqdarts.fitting.run import Run
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.stages import Stages
from eqdarts.fitting.table import Table
from eqdarts.fitting.without_graphs import Ranked, run_without_graphs
from eqdarts.history import SearchHistory, with_totals
from eqdarts.selection import BIT, CRITERIA, Candidate, select
from eqdarts.solver.grouped import GroupedProblem

__all__ = ["fit_groups"]

T = TypeVar("T")

SEARCHING = 0.55  # share of the time limit after which the searches end
REFITS_TO_COMPARE = 100  # about the refits that these take in each view
COMPARING = 0.62  # share after which no laws are made that look like those found
SCREENING, CHOOSING = 0.75, 0.92  # shares after which forms are no longer compared, and no longer fitted
FILLING = 0.94  # share after which no short laws are added to the front
EXACT = 1e-9  # root mean square residual, as a share of that of y, of an exact law
SAME = 1e-4  # share of the loss by which a longer law must be better to be shown
HOPELESS = 12.0  # nats behind the best law from which on a form is not changed any more
MOST_CHOSEN = 16  # forms whose shared constants are chosen by fits
MOST_FACTORED = 6  # forms of sums that are tried with a common factor
MOST_EXTENDED = 4  # forms that are tried with one more constant
MOST_GROUPS_OF_POLES = 12


def fit_groups(
    table: Table,
    groups: RowGroups,
    settings: FitSettings,
    rng: np.random.Generator,
    *,
    partial: RowGroups | None = None,
    callback: Callback | None = None,
    shows_bar: bool = False,
    began: float | None = None,
) -> Run:
    """Search for the law of a table, of which some constants may differ between groups of rows.

    Parameters
    ----------
    table : Table
    groups : RowGroups
        The group of each row.
    settings : FitSettings
    rng : numpy.random.Generator
        The only source of randomness.
    partial : RowGroups, optional
        The group of each row with a gap, see `Table.partial`.
    callback, shows_bar, began
        As for `eqdarts.fitting.stages.fit_table`.
    """
    began = now() if began is None else began
    with watched(callback, shows_bar, settings.search) as (watch, seconds):
        fit = _GroupFit(*_rows(table, groups, rng), settings, rng, began + seconds, watch, len(table.y))
        return fit.run(partial)


def _rows(table: Table, groups: RowGroups, rng: np.random.Generator) -> tuple[Table, RowGroups]:
    """Return the rows with weight, at most 10,000: as many of each group as possible."""
    rows = np.arange(len(table.y)) if table.weight is None else np.flatnonzero(table.weight > 0)
    if len(rows) > MOST_ROWS:
        rows = rng.permutation(rows)
        place = groups.place[rows]
        order = np.argsort(place, kind="stable")
        rank = np.empty(len(rows), dtype=np.intp)
        starts = np.flatnonzero(np.diff(place[order], prepend=-1))
        rank[order] = np.arange(len(rows)) - np.repeat(starts, np.diff([*starts, len(rows)]))
        rows = np.sort(rows[np.argsort(rank, kind="stable")[:MOST_ROWS]])
    if len(rows) == len(table.y):
        return table, groups
    return replace(table.part(rows), partial=table.partial), groups.of(rows)


@dataclass(frozen=True, eq=False)
class _Law:
    """A form with its constants chosen, written as an equation."""

    form: GroupForm
    choice: Choice
    equation: Equation
    candidate: Candidate


@dataclass
class _GroupFit:
    """One fit with groups; see `fit_groups`."""

    table: Table
    groups: RowGroups
    settings: FitSettings
    rng: np.random.Generator
    began: float
    watch: Watch
    n_all: int

    def __post_init__(self) -> None:
        self.failures = Failures()
        self.callback = self.watch.callback
        self.shortest = math.inf  # of the laws so far

    def run(self, partial: RowGroups | None = None) -> Run:
        """Search, share constants, and choose; `partial` has the groups of the rows with gaps."""
        import sympy  # noqa: F401  (here, so that an interrupt need not wait for it)

        forms, history = self._forms()
        laws = _in_names_of_guesses(self._laws(forms))
        # What the user knows of a column has no meaning without that column.
        again = self._with_gaps(laws, partial) if partial is not None and not self.table.knowledge else None
        return self._recorded(laws, history) if again is None else again[0]._recorded(again[1], history)

    def _with_gaps(self, laws: Sequence[_Law], partial: RowGroups) -> tuple[_GroupFit, list[_Law]] | None:
        """Return the fit to all rows that the best law can use, without the columns that have gaps there, and its laws.

        None if these are the rows that there were before.
        """
        front, lengths = self._front(laws)
        best = front[int(np.argmin(lengths))]
        table, used = self.table, used_names(best.equation.expr, self.table.names)
        rows = table.complete_in(used)
        if table.partial is None or not len(rows):
            return None
        known = table.partial.X[rows].T
        names = tuple(name for name, column in zip(table.names, known, strict=True) if np.isfinite(column).all())
        wide = table.with_partial(used).of_columns(names)
        labels = [*self.groups.label_of_rows, *partial.of(rows).label_of_rows]
        own = _rows(wide, row_groups(labels, self.groups.by), self.rng)
        again = replace(self, table=own[0], groups=own[1], n_all=self.n_all + len(rows))
        found: list[_Law] = []
        for law in (best, *(law for law in front if law is not best)):
            if set(used_names(law.equation.expr, table.names)) <= set(names) and (not found or self._has_time(1.0)):
                theta, n_new = law.choice.theta, len(own[1].labels) - len(self.groups.labels)
                start = np.column_stack([theta, np.repeat(np.median(theta, axis=1)[:, None], n_new, axis=1)])
                found += again._chosen(replace(law.form, starts=(start,)))
        return (again, _in_names_of_guesses(found)) if found else None

    # --- forms ---

    def _forms(self) -> tuple[list[GroupForm], SearchHistory]:
        """Return the forms of the guesses and of all searches, and the course of the searches."""
        views = group_views(self.table, self.groups)
        settings = self.settings
        whole = [views[0].table, *(v.table for v in views[3:] if v.table.names == self.table.names)]
        forms = forms_of_guesses(settings, whole)
        entries: list[list[Entry]] = []
        histories: list[SearchHistory] = []
        spent = 0.0
        for view in views:
            spent += view.share
            found, history = self._searched(view, spent)
            entries.append(found)
            histories.append(history)
            if history.stop_reason in ("interrupt", "callback") or self.watch.interrupts.seen:
                break
            if history.stop_reason == "exact" and self._has_exact(found):
                return [*forms, *forms_of(in_turns(entries))], with_totals(history, histories)
        n_refits = sum(history.n_refits for history in histories)
        for view, found in zip(views, list(entries), strict=False):
            n_refits += REFITS_TO_COMPARE
            if self._has_time(COMPARING) and n_refits <= settings.max_refits:
                alike = partial(look_alikes, found, view.table, settings.primitives, self.rng)
                entries.append(self._attempt(alike) or [])
        return [*forms, *forms_of(in_turns(entries))], with_totals(histories[0], histories)

    def _searched(self, view: GroupView, until: float) -> tuple[list[Entry], SearchHistory]:
        """Return what a search in a view finds, which ends at the share `until` of the time for searching."""
        settings, limit = self.settings, self.settings.time_limit
        began = now()
        if limit is not None:
            # Time that earlier searches have left is for the later ones.
            limit = max(until * SEARCHING * limit - (began - self.began), 0.5 * view.share * SEARCHING * limit)
        refits = max(round(view.share * settings.max_refits), 1)
        own = replace(settings, time_limit=limit, max_refits=refits, guesses=None)
        if (callback := self.callback) is not None:
            # The caller hears of the whole fit: its share goes on where that of the search before has ended.
            self.watch.callback = lambda now: callback(replace(now, share=until - view.share * (1 - now.share)))
        return Stages(view.table, own, self.rng, began, self.watch).laws()

    def _has_exact(self, entries: Sequence[Entry]) -> bool:
        """Whether one of the equations that a search in a view has found is exact in all groups."""
        best = min(entries, key=lambda entry: entry.candidate.loss)
        for form in forms_of([best]):
            constants = len(form.names) * len(self.groups.labels)
            quick = self._attempt(partial(self._quick, form)) if 2 * constants < len(self.table.y) else None
            if quick is not None and self._problem(form).grams(quick[1][None]).squares.sum() <= self._rounding:
                return True
        return False

    # --- laws ---

    @cached_property
    def _total_weight(self) -> float:
        return float(len(self.table.y) if self.table.weight is None else self.table.weight.sum())

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """The mean square and the variance of y."""
        y, weight = self.table.y, self.table.weight
        return float(np.average(y**2, weights=weight)), float(
            np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
        )

    @cached_property
    def _rounding(self) -> float:
        """Squares up to which a law is exact."""
        return EXACT**2 * self._total_weight * self._scale[0]

    def _candidate(self, form: GroupForm, squares: float, own: NDArray[np.bool_], complexity: int) -> Candidate:
        """Return the properties by which a form with its own and shared constants is judged."""
        n_groups, n_own = len(self.groups.labels), int(own.sum())
        # Which constants differ is told by a bit for each. Those that do are known from the rows of one group only,
        # and need fewer digits.
        grouping = BIT * len(own) - 0.5 * n_groups * n_own * math.log(n_groups)
        n_constants = len(own) - n_own + n_groups * n_own
        loss = squares / self._total_weight
        return Candidate(
            complexity, n_constants, loss, form.structure, noise=self.table.noise, tuning=grouping, kept=form.kept
        )

    def _length(self, form: GroupForm, squares: float, own: NDArray[np.bool_]) -> float:
        if not math.isfinite(squares):
            return math.inf
        criterion = CRITERIA[self.settings.selection].stand_in
        found = self._candidate(form, squares, own, self._symbols(form))
        return criterion.length(found, self.table.n_rows, self.table.X.shape[1], *self._scale) + found.tuning

    def _length_of(self, form: GroupForm) -> Length:
        """Return ``length(squares, own)`` for a form; infinite if a curve that does not repeat has waves of its own."""
        if form.kept or self._may_repeat:
            return partial(self._length, form)
        rates = rates_of_waves(form.formula, form.names, self.table.names)
        return lambda squares, own: math.inf if (own & rates).any() else self._length(form, squares, own)

    @cached_property
    def _may_repeat(self) -> bool:
        """Whether the curves of the groups may be waves."""
        return may_repeat(self.table, self.groups)

    def _symbols(self, form: GroupForm) -> int:
        return Equation(form.formula, self.table.names).complexity if form.structure is None else 1

    def _problem(self, form: GroupForm) -> GroupedProblem:
        return GroupedProblem(
            form.formula, form.names, self.table.columns, self.table.y, self.groups.place, self.table.weight
        )

    def _laws(self, forms: Sequence[GroupForm]) -> list[_Law]:
        """Return the forms with their constants chosen: those that are kept, and those that promise most."""
        if not self._may_repeat:
            plain = [form for form in forms if form.kept or n_waves(form.formula) <= MOST_WAVES]
            forms = plain or forms
        screened = self._screened(forms, SCREENING)
        common = [other for *_, form in screened[:MOST_FACTORED] if (other := factored(form)) is not None]
        screened += self._screened(common, CHOOSING)
        screened.sort(key=lambda row: (not row[2].kept, *row[:2]))
        laws: list[_Law] = []
        n_kept = sum(form.kept for *_, form in screened)
        for k, (*_, form) in enumerate(screened[: MOST_CHOSEN + n_kept]):
            if laws and not form.kept and not self._has_time(CHOOSING):
                laws += self._short_ones([other for *_, other in screened[k:]])
                break
            laws += self._chosen(form)
        for law in sorted(laws, key=lambda law: law.choice.length)[:MOST_EXTENDED]:
            for form in self._attempt(partial(self._extended, law)) or ():
                if self._has_time(CHOOSING):
                    laws += self._chosen(form)
        return laws

    def _short_ones(self, forms: Sequence[GroupForm]) -> list[_Law]:
        """Return laws of a few more forms, the shortest first, so that the front does not end with the time."""
        laws: list[_Law] = []
        for form in sorted(forms, key=lambda form: len(form.names)):
            if self._has_time(FILLING):
                laws += self._chosen(form, quickly=True)
        return laws

    def _screened(self, forms: Sequence[GroupForm], until: float) -> list[tuple[bool, float, GroupForm]]:
        """Return whether forms contradict what is known, about their lengths, and the forms; the best ones first."""
        screened: list[tuple[bool, float, GroupForm]] = []
        for form in forms:
            if screened and not form.kept and not self._has_time(until):
                break
            quick = self._attempt(partial(self._quick, form))
            if quick is not None:
                known = self._contradicts(form, quick[1])
                screened.append((known, quick[0], replace(form, starts=(quick[1], *form.starts))))
        return sorted(screened, key=lambda row: (not row[2].kept, *row[:2]))

    def _contradicts(self, form: GroupForm, theta: Array) -> bool:
        """Return whether a form contradicts what is known with the constants (K, L) of the first groups."""
        if not self.table.knowledge:
            return False
        columns = theta.reshape(len(form.names), -1).T[:MOST_GROUPS_OF_POLES]
        values = (dict(zip(form.names, map(float, own), strict=True)) for own in columns)
        laws = (Equation(with_values(form.formula, own), self.table.names) for own in values)
        return any(contradicts(law, self.table) for law in laws)

    def _quick(self, form: GroupForm) -> tuple[float, Array] | None:
        return quick_length(self._problem(form), form.starts, self._length_of(form))

    def _extended(self, law: _Law) -> list[GroupForm] | None:
        return extended(law.form, law.choice.theta, self._problem(law.form), self.table.columns)

    def _chosen(self, form: GroupForm, quickly: bool = False) -> list[_Law]:
        """Return the law of a form, as a list; an empty one if its numbers cannot be written."""
        law: _Law | None = self._attempt(partial(self._law, form, quickly))
        return [] if law is None else [law]

    def _law(self, form: GroupForm, quickly: bool) -> _Law:
        length = self._length_of(form)
        if quickly:
            choice = promising(self._problem(form), form.starts[0], length)
        else:
            choice = choose(self._problem(form), form.starts, length, self._is_worth_more)
        if choice.squares > self._rounding:  # on exact rows a fit that has not converged is not hopeless
            self.shortest = min(self.shortest, choice.length)
        equation = self._written(form, choice)
        candidate = self._candidate(form, choice.squares, choice.own, equation.complexity)
        candidate = replace(candidate, tuning=candidate.tuning + self._tuning(form, choice))
        return _Law(form, choice, equation, self._on_range(candidate, equation))

    def _is_worth_more(self, length: float) -> bool:
        """Whether there is time for another choice of a form whose best one has this length, and it may be chosen."""
        return self._has_time(CHOOSING) and length < self.shortest + HOPELESS

    def _tuning(self, form: GroupForm, choice: Choice) -> float:
        """Return what constants cost beyond the usual where their terms are larger than y; see `tuning_prices`."""
        gram = self._problem(form).grams(choice.theta[None]).gram[0]
        told = np.einsum("lkk->kl", gram) * choice.theta**2  # (K, L) squares of the effects
        weight = self._total_weight * self._scale[0]
        of_groups = np.bincount(self.groups.place, self.table.weight) * self._scale[0]
        own = np.sqrt(told[choice.own] / of_groups)
        shared = np.sqrt(told[~choice.own].sum(axis=1) / weight)
        return float(np.log(np.maximum(own, 1.0)).sum() + np.log(np.maximum(shared, 1.0)).sum())

    def _written(self, form: GroupForm, choice: Choice) -> Equation:
        """Return the law as an equation."""
        import sympy

        own = [name for name, mark in zip(form.names, choice.own, strict=True) if mark]
        given = [form.own_names[name] for name in own if name in form.own_names]
        names = names_of_own(len(own), self.groups.by, self.table.names, given)
        values: dict[str, object] = dict(zip(own, map(symbol, names), strict=True))
        for name, mark, numbers in zip(form.names, choice.own, choice.theta, strict=True):
            if not mark:
                values[name] = sympy.Float(float(numbers[0]))
        expr = readable(rebuild(form.formula, {symbol(name): value for name, value in values.items()}))
        table = tuple(map(tuple, choice.theta[choice.own].T.tolist()))
        by_group = GroupConstants(self.groups.by, self.groups.labels, tuple(names), table) if own else None
        return self.table.told(Equation(expr, self.table.names, self.table.target, groups=by_group))

    def _on_range(self, candidate: Candidate, equation: Equation) -> Candidate:
        """Return the candidate with a pole of the equation of any group, as far as one is known, or doubtful waves."""
        labels = self.groups.labels if equation.groups is not None else self.groups.labels[:1]
        for label in labels[:MOST_GROUPS_OF_POLES]:
            if pole := self.table.pole(equation.of_group(label)):
                return replace(candidate, pole=pole)
        doubts = doubtful_waves(equation, self.table, self.groups)
        return replace(candidate, wave=doubts[0], n_waves=len(doubts)) if doubts else candidate

    def _attempt(self, compute: Callable[[], T | None]) -> T | None:
        """Return ``compute()``, or None after a numerical error or where a formula cannot be written."""

        def attempt() -> T | None:
            try:
                return compute()
            except FormulaError:
                return None

        return self.failures.attempt("constants by group", attempt, lambda: None)

    def _has_time(self, until: float) -> bool:
        """Whether less than the share `until` of the time limit is spent, and nobody has interrupted."""
        limit = self.settings.time_limit
        return not self.watch.interrupts.seen and (limit is None or now() - self.began < until * limit)

    # --- the record ---

    def _recorded(self, laws: Sequence[_Law], history: SearchHistory) -> Run:
        table = self.table
        free, lengths = self._front(laws)
        without = min(zip((law.equation for law in free), lengths, strict=True), key=lambda pair: pair[1])
        allowed = obeying([law.equation for law in laws], table)
        shown, lengths = self._front([laws[k] for k in allowed] or laws)
        equations = tuple(self._with_digits(law.equation) for law in shown)
        front = Ranked(equations, [law.candidate for law in shown], lengths, without)
        own = equations[front.chosen].groups
        words = [front.in_words(self.settings, history.n_refits, table.n_rows)]
        words.append(f"No constant differs between the groups of {self.groups.by}." if own is None else own.in_words())
        left_out = {**history.left_out, **self.failures.left_out}
        whole = replace(history, left_out=left_out)
        return run_without_graphs(front, table, self.settings, whole, words, self.n_all, groups=self.groups)

    def _front(self, laws: Sequence[_Law]) -> tuple[list[_Law], list[float]]:
        """Return the Pareto front of laws, and the lengths by which they are ranked."""
        criterion = CRITERIA[self.settings.selection].stand_in.name
        given = self.table.n_rows, self.table.X.shape[1], *self._scale, criterion
        front, lengths = select([law.candidate for law in laws], *given)
        best, lowest = front[int(np.argmin(lengths))], math.inf
        shown: list[tuple[_Law, float]] = []
        for k, length in zip(front, lengths, strict=True):
            # A form with a common factor or with a huge constant may be the same law as a shorter one.
            if k == best or laws[k].candidate.kept or laws[k].candidate.loss < (1 - SAME) * lowest:
                shown.append((laws[k], length))
                lowest = min(lowest, laws[k].candidate.loss)
        return [law for law, _ in shown], [length for _, length in shown]

    def _with_digits(self, equation: Equation) -> Equation:
        """Return the equation printed with as many digits as the rows need."""
        if equation.groups is None:
            return equation.with_digits(self.table.X, self.table.y, self.table.weight)
        own = equation.groups.columns(self.groups.label_of_rows, self.table.X)
        wide = np.column_stack([self.table.X, *own.values()])
        flat = equation.with_own_as_inputs().with_digits(wide, self.table.y, self.table.weight)
        return replace(equation, digits=flat.digits)


def _in_names_of_guesses(laws: Sequence[_Law]) -> list[_Law]:
    """Return the laws without those that are guesses too: the guess has the names that the user gave its constants."""
    shortest: dict[tuple[int, int, str], float] = {}
    for law in laws:
        if (nats := law.candidate.structure) is not None:
            shortest[_mark(law)] = min(nats, shortest.get(_mark(law), nats))
    guessed = {_mark(law) for law in laws if law.candidate.kept}
    found = []
    for law in laws:
        if law.candidate.kept and _mark(law) in shortest:
            # A guess that a search writes shorter is as short as that.
            found.append(replace(law, candidate=replace(law.candidate, structure=shortest[_mark(law)])))
        elif law.candidate.kept or _mark(law) not in guessed:
            found.append(law)
    return found


def _mark(law: _Law) -> tuple[int, int, str]:
    """Return what two ways to write one law have in common."""
    return law.candidate.complexity, law.candidate.n_coefficients, f"{law.candidate.loss:.6e}"
