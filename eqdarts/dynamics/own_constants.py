r"""Constants that differ between groups of runs, such as people in whom a drug is measured.

The form of the system is known. All coefficients are shared at first. Then one after the other gets a value for each
group, that one first which makes the description of the measured values shorter than any other, until none makes it
shorter; and those that are no longer needed are shared again.

The constants of the groups are priced as draws from a population, see `eqdarts.dynamics.population`: groups that differ
little cost little. Coefficients that are tied to an own one follow it.

Axes: M intervals, D states, A coefficients of one group, P free ones of all groups, G groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from eqdarts._typing import Array
from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.flow import Formula, Sides
from eqdarts.dynamics.laws import FLOOR, Law, sides_of
from eqdarts.dynamics.population import Population, population
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.record import OfGroup
from eqdarts.dynamics.shooting import Fitted, Shots, fit_shots, standard_errors

__all__ = ["GroupSides", "WithOwn", "has_room", "with_own"]

GROUP = "(group)"  # the name of a signal that is the place of a row's group
MOST_NUMBERS = 3e7  # in the slopes of all rows
LEAST_SEEN = 1e-9  # singular value, as a share of the largest, of what runs determine
MOST_RIVALS = 3
COVERAGE = 0.95
CLEARLY = 3.0  # nats by which another form is shorter, odds of 20 to 1


class GroupSides(Sides):
    """The right-hand sides of several states, with coefficients of which some differ between groups.

    Parameters
    ----------
    formulas, states, signals, ties
        As for `Sides`. The last signal is the place of the group.
    own : sequence of int
        Places among the free coefficients of those with a value for each group.
    n_groups : int
    """

    def __init__(
        self,
        formulas: Sequence[Formula],
        states: Sequence[str],
        signals: Sequence[str],
        ties: Sequence[tuple[int, int, float]],
        own: Sequence[int],
        n_groups: int,
    ) -> None:
        super().__init__(formulas, states, [*signals, GROUP], ties)
        self.own, self.n_groups = tuple(own), n_groups
        free = super().start
        self._shared = [k for k in range(len(free)) if k not in own]
        n_shared = len(self._shared)
        # From the free coefficients of all groups to the coefficients of each.
        self.of_group = np.zeros((n_groups, len(self.spread), n_shared + len(own) * n_groups))
        self.of_group[:, :, :n_shared] = self.spread[:, self._shared]
        for j, k in enumerate(own):
            for g in range(n_groups):
                self.of_group[g, :, n_shared + j * n_groups + g] = self.spread[:, k]
        self._start = np.concatenate([free[self._shared], np.repeat(free[list(own)], n_groups)])

    @property
    def n_coefficients(self) -> int:
        """P, the free coefficients of all groups together."""
        return len(self._start)

    @property
    def start(self) -> Array:
        """The free coefficients (P,) that the formulas have, the same for all groups."""
        return np.array(self._start)

    def values(self, x: Array, signals: Array, theta: Array) -> Array:
        """Return the right-hand sides (M, D) at states (M, D) and signals (M, Q)."""
        given = self._given(x, signals, theta)
        found = np.empty((len(x), len(self.formulas)))
        for k, program in enumerate(self._programs):
            found[:, k] = program.value(given[k])
        return found

    def slopes(self, x: Array, signals: Array, theta: Array) -> tuple[Array, Array]:
        """Return the right-hand sides (M, D), and their slopes (M, D, D + P) in states and coefficients."""
        n_rows, n_states = x.shape
        given = self._given(x, signals, theta)
        value = np.empty((n_rows, n_states))
        local = np.zeros((n_rows, n_states, len(self.spread)))
        slope = np.zeros((n_rows, n_states, n_states + self.n_coefficients))
        for k, program in enumerate(self._programs):
            first, last = int(self.places[k]), int(self.places[k + 1])
            both = np.zeros((n_rows, n_states + last - first))
            program.into(given[k], value[:, k], both)
            slope[:, k, :n_states] = both[:, :n_states]
            local[:, k, first:last] = both[:, n_states:]
        n_shared = len(self._shared)
        slope[:, :, n_states : n_states + n_shared] = local @ self.spread[:, self._shared]
        rows, group = np.arange(n_rows), signals[:, -1].astype(np.intp)
        for j, k in enumerate(self.own):
            column = n_states + n_shared + j * self.n_groups + group
            slope[rows, :, column] = local @ self.spread[:, k]
        return value, slope

    def _given(self, x: Array, signals: Array, theta: Array) -> list[dict[str, Array]]:
        """Return what each formula needs: columns, and its coefficients at each row."""
        columns, local = self._columns(x, signals), (self.of_group @ theta).T[:, signals[:, -1].astype(np.intp)]
        return [
            columns | dict(zip(formula.names, local[int(self.places[k]) : int(self.places[k + 1])], strict=True))
            for k, formula in enumerate(self.formulas)
        ]


@dataclass(frozen=True, eq=False)
class WithOwn:
    """A system with constants that differ between groups.

    Parameters
    ----------
    chosen : Chosen
        The system with the means over the groups, and the fit with the values of each. Its rivals have constants of
        each group too.
    labels : tuple of str
    own : tuple of int
        Places of the coefficients that differ, among those of all states.
    values, errors : ndarray of shape (G, A)
        The coefficients of each group, and their standard errors.
    mean, error : ndarray of shape (A,)
        The coefficients of the system, and their standard errors; of those that differ they are of the population.
    shorter : float
        Nats by which the description is shorter than with shared constants.
    """

    chosen: Chosen
    labels: tuple[str, ...]
    own: tuple[int, ...]
    values: Array
    errors: Array
    mean: Array
    error: Array
    shorter: float

    def mean_errors(self) -> tuple[Array, Array]:
        """Return the standard errors (A,) of the coefficients, and their degrees of freedom."""
        freedom = np.full(len(self.error), float(self.chosen.fitted.freedom))
        freedom[list(self.own)] = len(self.labels) - 1
        return self.error, freedom

    def rows(self) -> Iterator[OfGroup]:
        """Yield the own constants of each group."""
        t = float(stats.t.ppf(0.5 + COVERAGE / 2, max(self.chosen.fitted.freedom, 1)))
        pairs = zip(self.chosen.problem.data.states, self.chosen.laws, strict=True)
        names = [(state, name) for state, law in pairs for name in law.coefficients]
        for g, label in enumerate(self.labels):
            for k in self.own:
                value, error = float(self.values[g, k]), float(self.errors[g, k])
                yield OfGroup(label, *names[k], value, error, value - t * error, value + t * error)


def with_own(chosen: Chosen, go_on: Callable[[], bool]) -> WithOwn | None:
    """Return the system with the constants that differ between the groups of its runs; None if all are shared.

    Where constants are shared, a wrong form can make up for their differences. So the rivals that came nearest are
    tried too, and one of them is taken if it is clearly shorter.
    """
    labels = tuple(dict.fromkeys(part.group for part in chosen.problem.data.parts))
    if len(labels) < 2 or not has_room(chosen):
        return None
    first = _Trials(chosen, labels)
    tried = [(first, first.best(go_on))]
    for laws, _ in chosen.rivals[:MOST_RIVALS]:
        fit = chosen.problem.fit_all(laws) if go_on() else None
        if fit is not None and fit[1].converged >= chosen.fitted.converged:
            trials = _Trials(Chosen(*fit, chosen.problem), labels)
            tried.append((trials, trials.best(go_on)))
    # A rival that hardly differs leaves the form as it is.
    best, own = min(tried, key=lambda one: one[0].length(one[1]) + CLEARLY * (one[0] is not first))
    rivals = tuple((trials.chosen.laws, trials.length(other)) for trials, other in tried if trials is not best)
    return best.finished(own, first.length(()), rivals) if own else None


def has_room(chosen: Chosen) -> bool:
    """Whether the slopes in the constants of all groups are no more numbers than memory should hold."""
    data = chosen.problem.data
    n_groups, width = len({part.group for part in data.parts}), len(data.states) * data.order
    n_free = sum(law.n_coefficients for law in chosen.laws)
    return len(data.t) * width * (width + n_free * n_groups) <= MOST_NUMBERS


class _Trials:
    """The fits with some own constants, each made once."""

    def __init__(self, chosen: Chosen, labels: tuple[str, ...]) -> None:
        self.chosen, self.labels = chosen, labels
        self.shots = _with_groups(chosen.problem, labels)
        self.n_free = len(_sides(chosen, (), 1).free)
        self.form = sum(law.structure + chosen.problem.price(law, k) for k, law in enumerate(chosen.laws))
        self.known: dict[tuple[int, ...], tuple[GroupSides, Fitted | None, float]] = {}

    def best(self, go_on: Callable[[], bool]) -> tuple[int, ...]:
        """Return the own constants with the shortest description."""
        best: tuple[int, ...] = ()
        changed = True
        while changed:
            more = [tuple(sorted((*best, k))) for k in range(self.n_free) if k not in best]
            # The first round is whole in any case: it says whether the groups differ at all.
            found = min((own for own in more if not best or go_on()), key=self.length, default=best)
            changed = self.length(found) < self.length(best)
            best = found if changed else best
            fewer = [tuple(k for k in best if k != other) for other in best[:-1]] if changed and go_on() else []
            best = min([best, *fewer], key=self.length)
        return best

    def length(self, own: tuple[int, ...]) -> float:
        """Return the description length with own constants; infinite if it cannot be fitted."""
        return self._fit(own)[2]

    def _fit(self, own: tuple[int, ...]) -> tuple[GroupSides, Fitted | None, float]:
        if own not in self.known:
            sides = _sides(self.chosen, own, len(self.labels))
            noise = np.concatenate([self.chosen.fitted.noise, self.chosen.problem.error_of_velocities])
            fitted = fit_shots(sides, self.shots, noise)
            length = math.inf
            if fitted is not None and np.isfinite(fitted.square).all():
                is_worse = self.chosen.fitted.converged and not fitted.converged
                length = math.inf if is_worse else self._length(sides, fitted)
            self.known[own] = sides, fitted, length
        return self.known[own]

    def _length(self, sides: GroupSides, fitted: Fitted) -> float:
        """Return the nats of the residuals, of the coefficients and of the form."""
        problem = self.chosen.problem
        measured = problem.measured
        n_values = float(measured.n_values.sum())
        spare = max(fitted.freedom, 0.5)
        total = self.form + 0.5 * spare
        for k in range(len(problem.data.states)):
            n, variance = float(measured.n_values[k]), float(measured.variance[k])
            square = max(float(fitted.square[k]), FLOOR**2 * (variance or float(measured.mean_square[k])), 1e-300)
            shift = k + (problem.data.order - 1) * len(problem.data.states)
            free = [j for j, place in enumerate(sides.free) if sides.places[shift] <= place < sides.places[shift + 1]]
            total += 0.5 * n * (math.log(square) + math.log(max(n_values / spare, 1.0)))
            total += 0.5 * len(free) * math.log(1 + n * (1 + variance / square))
        if not sides.own:
            return total
        people = self._population(sides, fitted)
        # Which constants differ costs a bit, and the variance of each is a coefficient.
        price = len(sides.own) * (math.log(2) + 0.5 * math.log(1 + n_values))
        return math.inf if people is None else total + price + people.nats

    def _population(self, sides: GroupSides, fitted: Fitted) -> Population | None:
        """Return the population of the own constants; None if the runs of a group do not determine them."""
        n_groups, n_own = len(self.labels), len(sides.own)
        size = np.sqrt(np.square(fitted.information).sum(axis=0))
        if not (size > 0).all():
            return None
        _, singular, right = np.linalg.svd(fitted.information / size, full_matrices=False)
        if len(singular) < len(size) or singular[-1] < LEAST_SEEN * singular[0]:
            return None
        root = right / singular[:, None] / size  # its square is the covariance
        # In the order of groups, and then of their constants.
        order = np.arange(n_own * n_groups).reshape(n_own, n_groups).T.ravel() + len(size) - n_own * n_groups
        joint = (root[:, order].T @ root[:, order]).reshape(n_groups, n_own, n_groups, n_own)
        known = fitted.information[:, order].reshape(-1, n_groups, n_own)
        covariance = np.asarray(np.linalg.inv(np.einsum("pgi,pgj->gij", known, known)))
        return population(fitted.theta[order].reshape(n_groups, n_own), covariance, joint)

    def finished(
        self, own: tuple[int, ...], shared: float, rivals: tuple[tuple[tuple[Law, ...], float], ...]
    ) -> WithOwn | None:
        """Return the system with these own constants.

        `shared` are the nats of the one that has none, and `rivals` other laws with own constants and their nats.
        """
        sides, fitted, length = self._fit(own)
        assert fitted is not None  # its length is finite
        n_states = len(self.chosen.problem.data.states)
        fitted = replace(
            fitted,
            noise=fitted.noise[:n_states],
            square=fitted.square[:n_states],
            kinds=fitted.kinds[:n_states],
        )
        values = sides.of_group @ fitted.theta
        errors = np.array([standard_errors(fitted.information, spread) for spread in sides.of_group])
        people = self._population(sides, fitted)
        assert people is not None
        spread = np.abs(sides.spread[:, list(own)])
        differ = np.flatnonzero(spread.sum(axis=1))
        mean, error = np.array(values[0]), np.array(errors[0])
        mean[differ] = (sides.spread[:, list(own)] @ people.mean)[differ]
        error[differ] = (spread @ people.error)[differ]
        ends = np.cumsum([law.n_coefficients for law in self.chosen.laws])[:-1]
        pairs = zip(self.chosen.laws, np.split(mean, ends), strict=True)
        laws = tuple(moved for law, own_mean in pairs if (moved := law.with_coefficients(own_mean)) is not None)
        if len(laws) < len(self.chosen.laws):
            return None
        found = replace(self.chosen, laws=laws, fitted=fitted, length=length, rivals=rivals)
        return WithOwn(
            found, self.labels, tuple(differ.tolist()), values, errors, mean, error, self.length(()) - length
        )


def _sides(chosen: Chosen, own: Sequence[int], n_groups: int) -> GroupSides:
    data = chosen.problem.data
    usual = sides_of(chosen.laws, data.states, chosen.problem.known, chosen.ties, data.velocities)
    return GroupSides(usual.formulas, usual.states, usual.signals, chosen.ties, own, n_groups)


def _with_groups(problem: Problem, labels: Sequence[str]) -> Shots:
    """Return the rows with the place of their group as a further signal."""
    places = np.concatenate(
        [np.full(len(part.t), labels.index(part.group), dtype=np.float64) for part in problem.data.parts]
    )
    shots = problem.shots

    def signals(rows: NDArray[np.intp], t: Array) -> Array:
        return np.column_stack([shots.signals(rows, t), places[rows]])

    return replace(shots, signals=signals)
