"""The choice of a system: the laws of each state are screened one state at a time, and then fitted together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from eqdarts._typing import Array
from eqdarts.dynamics.laws import FLOOR, Law
from eqdarts.dynamics.problem import Problem, Tie
from eqdarts.dynamics.shooting import ACCURATE, Fitted
from eqdarts.dynamics.sums import length_of_slopes
from eqdarts.dynamics.variants import collected, exact_law, law_of, simpler_laws
from eqdarts.expression.program import evaluate
from eqdarts.fitting.front import Entry
from eqdarts.primitives.table import Primitive

__all__ = ["HOPELESS", "HORIZONS", "Chosen", "Screened", "choose", "laws_of_entries", "screen", "simplified"]

MOST_SCREENED = 40  # laws of a state that are integrated
LEAST_SCREENED = 8  # of these, whatever the time
LEAST_FINISHED = 4  # of the laws that are not far behind
MOST_TRIED = 14  # laws of a state that are tried in the system
MOST_ROUGH = 3  # further ones, if the smooth courses of the other states have errors
MOST_PAIRED = 6  # laws of each of two states that are tried together
NEAR = 60.0  # nats within which a law of one state is still tried in the system
HORIZONS = (40, 10)
TO_START = 15  # steps of a fit of the first systems
TO_FINISH, MOST_FINISHED = 12, 16  # further steps of laws that are not far behind, and how many of these
FAR = 150.0  # nats behind after a few steps
AS_SMOOTH = 2.0  # squared residuals, in units of the noise of the smooth courses, from which other fits begin
QUICK = 6  # steps after which a rival shows whether it comes near
HOPELESS = 40.0  # nats of a rival after these
EXACT = (10 * FLOOR) ** 2  # mean squared residual, as a share of the variance, that is exact
PRICE = 16.0  # nats of a coefficient of an exact law
SURE = 3  # coefficients of an exact law at most, beyond which it may be an expansion of the true one


@dataclass(frozen=True, eq=False)
class Screened:
    """A law of one state, fitted with the others smoothed."""

    law: Law
    square: float
    length: float


@dataclass(frozen=True, eq=False)
class Chosen:
    """A system that was fitted as a whole.

    Parameters
    ----------
    laws : tuple of Law
        One for each state.
    fitted : Fitted
    length : float
        Its description length in nats.
    problem : Problem
        With the horizon over which it was integrated.
    ties : tuple of (int, int, float)
        Coefficients that others determine, by their places among those of all states.
    rivals : tuple of (tuple of Law, float)
        All other systems that were fitted as a whole, and their description lengths, the shortest first.
    """

    laws: tuple[Law, ...]
    fitted: Fitted
    length: float
    problem: Problem
    ties: tuple[Tie, ...] = ()
    rivals: tuple[tuple[tuple[Law, ...], float], ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the measured values leave no doubt: few coefficients in each law, and whole runs without an error."""
        few = all(law.n_coefficients <= SURE for law in self.laws)
        return few and self.fitted.converged and self.problem.horizon is None and self.is_exact

    @property
    def is_exact(self) -> bool:
        """Whether residuals are as small as the errors of the integration."""
        return bool((self.fitted.square <= EXACT * np.square(self.problem.data.spread)).all())

    def behind(self, k: int, key: str) -> float | None:
        """Return by how many nats the description is longer at least with another law of state k; None if unknown."""
        both = [(self.laws, self.length), *self.rivals]
        of_other = [length for laws, length in both if laws[k].key == key]
        return max(min(of_other) - self.length, 0.0) if of_other else None


def laws_of_entries(entries: Sequence[Entry], n_rows: int) -> list[Law]:
    """Return the laws that a search has written, the most promising first, each form once.

    Promising are the shortest descriptions of the slopes, and the best law of each size.
    """
    finite = [entry for entry in entries if math.isfinite(entry.candidate.loss)]

    def length(entry: Entry) -> float:
        c = entry.candidate
        return length_of_slopes(c.loss, c.n_coefficients, n_rows) + (c.structure or 0.0)

    smallest: dict[int, Entry] = {}
    for entry in sorted(finite, key=lambda entry: entry.candidate.loss):
        smallest.setdefault(entry.candidate.complexity, entry)
    small = [smallest[size] for size in sorted(smallest)]
    short = sorted(finite, key=length)
    found: dict[str, Law] = {}
    for pair in zip(short, [*small, *short[: len(short) - len(small)]], strict=False):
        for entry in pair:
            law = Law(replace(entry.equation, target=None), float(entry.candidate.structure or 0.0))
            found.setdefault(law.key, law)
    return list(found.values())


def screen(
    problem: Problem, k: int, laws: Sequence[Law], go_on: Callable[[], bool], begun: Sequence[Screened] = ()
) -> list[Screened]:
    """Fit the laws of state k with the other states smoothed, the shortest description first.

    `begun` are laws to which a few steps were already given.
    """
    fresh = _fitted(problem, k, laws[:MOST_SCREENED], QUICK, go_on)
    found = sorted([*begun, *fresh], key=lambda one: one.length)
    # Those that are far behind after a few steps stay there.
    near = [one.law for one in _near(found, FAR)][:MOST_FINISHED] if go_on() else []
    finished = _fitted(problem, k, near, TO_FINISH, go_on, LEAST_FINISHED)
    known = {one.law.key for one in finished}
    return sorted([*finished, *(one for one in found if one.law.key not in known)], key=lambda one: one.length)


def _fitted(
    problem: Problem,
    k: int,
    laws: Sequence[Law],
    most_iterations: int,
    go_on: Callable[[], bool],
    least: int = LEAST_SCREENED,
) -> list[Screened]:
    found: list[Screened] = []
    for tried, law in enumerate(laws):
        if tried >= least and not go_on():
            break
        fit = problem.fit_one(law, k, most_iterations=most_iterations)
        if fit is not None:
            found.append(Screened(fit[0], float(fit[1].square[0]), fit[2]))
    return sorted(found, key=lambda one: one.length)


def choose(problem: Problem, screened: Sequence[Sequence[Screened]], go_on: Callable[[], bool]) -> Chosen | None:
    """Choose the laws of all states together.

    The laws of one state after the other are replaced by rivals, as long as the description of the system gets shorter.
    Where the system cannot be integrated over whole runs, it is fitted over short horizons.
    """
    best = None
    for horizon in (None, *HORIZONS):
        best = _start(replace(problem, horizon=horizon), screened, go_on) or best
        if best is not None and (best.fitted.converged or not go_on()):
            break
    if best is None:
        return None
    seen = {_key(best.laws): best}
    changed = True
    while changed and go_on():
        before = best
        for place, law in _singles(problem, screened):
            best = _with_rival(best, {place: law}, seen, go_on)
        if best is before:
            for pair in _pairs(screened):
                best = _with_rival(best, pair, seen, go_on)
        changed = best is not before
    others = {id(one): (one.laws, one.length) for one in seen.values() if one is not best}.values()
    return replace(best, rivals=tuple(sorted(others, key=lambda other: other[1])))


def _with_rival(
    best: Chosen, rival: Mapping[int, Law], seen: dict[tuple[str, ...], Chosen], go_on: Callable[[], bool]
) -> Chosen:
    """Return the system with other laws for some states if its description is shorter, and itself otherwise."""
    laws = [rival.get(k, law) for k, law in enumerate(best.laws)]
    if not go_on() or _key(laws) in seen or not _is_hopeful(best, laws):
        return best
    return _tried(best, laws, seen) or best


def _singles(problem: Problem, screened: Sequence[Sequence[Screened]]) -> Iterator[tuple[int, Law]]:
    """Yield the laws that come near, with the places of their states, and those that may if the others are exact."""
    for k, ones in enumerate(screened):
        keys = [one.law.key for one in ones]
        forms = [one for place, one in enumerate(ones) if keys.index(keys[place]) == place]
        near = [*_near(forms)[:MOST_TRIED], *_roughly(problem, k, forms)[:MOST_ROUGH]]
        yield from ((k, one.law) for one in dict.fromkeys(near))


def _roughly(problem: Problem, k: int, ones: Sequence[Screened]) -> list[Screened]:
    """Return the laws of state k by their descriptions where the errors of the smooth courses of others count for none.

    A law that is true cannot follow these errors, and one of more coefficients can.
    """
    data = problem.data
    shares = np.delete(problem.smooth.noise / np.where(data.spread > 0, data.spread, 1.0), k)
    error = float(np.square(shares.max(initial=0.0) * data.spread[k]))
    n_values = float(problem.measured.n_values[k])

    def length(one: Screened) -> float:
        return one.length + 0.5 * n_values * math.log(max(error / max(one.square, 1e-300), 1.0))

    return sorted(ones, key=length)


def _pairs(screened: Sequence[Sequence[Screened]]) -> Iterator[dict[int, Law]]:
    """Yield laws of two states that may be better together while neither is better alone."""
    for k, j in combinations(range(len(screened)), 2):
        for one, other in product(_near(screened[k])[:MOST_PAIRED], _near(screened[j])[:MOST_PAIRED]):
            yield {k: one.law, j: other.law}


def simplified(
    best: Chosen, primitives: Sequence[Primitive], go_on: Callable[[], bool], errors: Callable[[Chosen], Array]
) -> Chosen:
    """Return the system after its laws were cut down, and its coefficients made exact, where it gets shorter by it.

    ``errors(chosen)`` -> standard errors of all coefficients.
    """
    columns = best.problem.columns
    fixed = best.problem.fixed
    laws = [law if k in fixed else _without_idle(best.problem, k, law, primitives) for k, law in enumerate(best.laws)]
    if any(law is not own for law, own in zip(laws, best.laws, strict=True)):
        rest = _with_laws(best, laws, math.inf)
        # Residuals as small as the errors of the integration tell no terms.
        least = np.square(ACCURATE * best.problem.data.spread)
        if rest is not None and (rest.length < best.length or (rest.fitted.square <= least).all()):
            best = rest
    found: Chosen | None = best
    while found is not None:
        best = found
        variants = (
            [*best.laws[:k], simpler, *best.laws[k + 1 :]]
            for k, law in enumerate(best.laws)
            if k not in fixed
            for simpler in simpler_laws(law, columns, primitives)
        )
        found = next((better for laws in variants if go_on() and (better := _tried(best, laws))), None)
    return _exact(best, go_on, errors)


def _without_idle(problem: Problem, k: int, law: Law, primitives: Sequence[Primitive]) -> Law:
    """Return the law of state k without terms that move it by less than the error of its integration."""
    import sympy

    terms = sympy.Add.make_args(sympy.expand_mul(law.equation.expr, deep=False))
    if len(terms) < 2:
        return law
    data = problem.data
    step = sum(float(part.t[-1] - part.t[0]) for part in data.parts) / max(len(data.t) - len(data.parts), 1)
    place = k + (data.order - 1) * len(data.states)
    least = ACCURATE * float(problem.shots.floor[place]) / FLOOR / step
    sizes = [np.abs(evaluate(term, problem.columns, len(data.t))) for term in terms]
    kept = [term for term, size in zip(terms, sizes, strict=True) if not float(np.nanmean(size)) <= least]
    rest = law_of(sympy.Add(*kept), data.variables, primitives) if 0 < len(kept) < len(terms) else None
    return law if rest is None else collected(rest, primitives)


def _exact(best: Chosen, go_on: Callable[[], bool], errors: Callable[[Chosen], Array]) -> Chosen:
    """Return the system with coefficients that became whole numbers or halves, one after the other."""
    found: Chosen | None = best
    while found is not None:
        best, found = found, None
        spread = iter(errors(best).tolist())
        for k, law in enumerate(best.laws):
            for name in law.coefficients:
                exact = exact_law(law, name, next(spread))
                if exact is None or found is not None or not go_on():
                    continue
                found = _tried(best, [*best.laws[:k], exact, *best.laws[k + 1 :]])
    return best


def _start(problem: Problem, screened: Sequence[Sequence[Screened]], go_on: Callable[[], bool]) -> Chosen | None:
    """Return the best of a few systems: of laws that may be true, the simplest near ones, the shortest, and mixtures.

    With the other states smoothed, a law can follow their errors, and lead the system astray; a simple one seldom does.
    """
    simple = [min(_near(ones), key=lambda one: one.law.structure + PRICE * one.law.n_coefficients) for ones in screened]
    short = [ones[0] for ones in screened]
    rough = [_roughly(problem, k, ones)[0] for k, ones in enumerate(screened)]
    mixed = [[*simple[:k], short[k], *simple[k + 1 :]] for k in range(len(screened))]
    best: Chosen | None = None
    tried: set[tuple[str, ...]] = set()
    for ones in (rough, simple, short, *mixed):
        laws = [one.law for one in ones]
        if _key(laws) in tried or (best is not None and (best.is_exact or not go_on())):
            continue
        tried.add(_key(laws))
        fit = problem.fit_all(laws, most_iterations=TO_START)
        found = None if fit is None else Chosen(*fit, problem)
        if found is not None and (best is None or _rank(found) < _rank(best)):
            best = found
    return best


def _rank(chosen: Chosen) -> tuple[bool, float]:
    return not chosen.fitted.converged, chosen.length


def _near(ones: Sequence[Screened], nats: float = NEAR) -> list[Screened]:
    return [one for one in ones if one.length <= ones[0].length + nats]


def _tried(best: Chosen, laws: Sequence[Law], seen: dict[tuple[str, ...], Chosen] | None = None) -> Chosen | None:
    """Return the system with other laws if its description is shorter; note it in `seen` in any case.

    What was given up after a few steps is noted as the best one.
    """
    if seen is not None:
        seen[_key(laws)] = best
    found = _with_laws(best, laws, best.length + HOPELESS)
    if seen is not None and found is not None:
        seen[_key(laws)] = found
    return found if found is not None and found.length < best.length else None


def _with_laws(best: Chosen, laws: Sequence[Law], longest: float) -> Chosen | None:
    """Return the system with other laws; None if after a few steps it is longer than a limit, or does not converge."""
    noise, start = best.fitted.noise, _start_of(best)
    quick = best.problem.fit_all(laws, noise=noise, rounds=1, most_iterations=QUICK, start=start)
    if quick is None or quick[2] > longest:
        return None
    start = quick[1].states if quick[1].converged else start
    fit = best.problem.fit_all(quick[0], noise=noise, start=start)
    return None if fit is None or (best.fitted.converged and not fit[1].converged) else Chosen(*fit, best.problem)


def _start_of(best: Chosen) -> Array | None:
    """Return the states of a system that follows the measured values no worse than the smooth courses; None if not."""
    fitted, noise = best.fitted, best.problem.smooth.noise
    return fitted.states if fitted.converged and (fitted.square <= AS_SMOOTH * np.square(noise)).all() else None


def _is_hopeful(best: Chosen, laws: Sequence[Law]) -> bool:
    """Whether other laws could make the description shorter: an exact system leaves only simpler ones."""
    return not best.is_exact or _price(laws) < _price(best.laws)


def _price(laws: Sequence[Law]) -> float:
    return sum(law.structure + PRICE * law.n_coefficients for law in laws)


def _key(laws: Sequence[Law]) -> tuple[str, ...]:
    return tuple(law.key for law in laws)
