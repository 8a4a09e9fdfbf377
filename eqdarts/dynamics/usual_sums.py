"""Sums of usual terms as further candidates: terms leave one after the other, by fits of integrated trajectories.

Slopes are least certain where a state changes fast, and there a search can miss a simple law. Here the slopes only give
the start: the few terms of each set that describe them best, and whole sets. Which term leaves next is decided by
standard errors from the measured values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, zip_longest

import numpy as np

from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.shooting import Fitted
from eqdarts.dynamics.sums import Sum, columns_of, fewer_terms, products, short_sums, sum_of
from eqdarts.dynamics.usual_terms import TermSet, polynomials, usual_terms
from eqdarts.dynamics.variants import collected, law_of
from eqdarts.expression.build import symbol
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import Primitive

__all__ = ["SHORT", "usual_laws"]

SHORT = {1: 3, 2: 5, 3: 6, 4: 5}  # number of terms of short polynomials, and how many of these are tried
OF_SET = {1: 1, 2: 2, 3: 2, 4: 2, 5: 2}  # the same of each other set
OTHERS = {1: 2, 2: 4, 3: 4, 4: 3, 5: 2}  # of all other sets together
OF_LONGER = 2  # of each larger number of terms
MOST_SETS = 15  # of these, those that describe the slopes best
FAR = 150.0  # nats behind, by the slopes, from which a short sum is not tried
CUT_DOWN = 3  # short sums that are the best as fitted, and whose terms leave
MOST_SUMS = 7
BEHIND = 5.0  # nats by which other sums may describe the slopes worse than polynomials
MOST_SHORT = 8  # terms of a short sum that is no polynomial
MOST_TERMS = 15  # a sum that needs more terms is not tried
SPARE = 2  # terms of a set that are not needed by the slopes, and leave by fits of trajectories
HIGHEST = 5  # degree of the polynomials whose terms leave by the slopes alone
MOST_HIGHER = 60  # terms of these
FEWEST_ROWS = 3  # for each term
STEPS = 8  # of a fit while terms leave


def usual_laws(
    problem: Problem, k: int, table: Table, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> list[Screened]:
    """Return sums of usual terms for the rate of state k, one for each number of terms that are left of a sum.

    Sums of few terms come first, then the polynomials, then what describes the slopes hardly worse than these.

    Parameters
    ----------
    problem : Problem
    k : int
    table : Table
        The rows of the search: its columns and slopes.
    primitives : sequence of Primitive
        Those of the search, for the prices of the forms.
    go_on : callable
        When it returns False, no further fit is begun.
    """
    if not go_on():
        return []
    whole = [sum_of(table, one.terms, one.design) for one in polynomials(table)]
    sets = list(usual_terms(table, primitives))
    laws = [one.law(problem.data.variables, primitives) for one in _short(table, whole, sets)]
    found = []
    for law in _different(laws):
        if go_on() and (fit := problem.fit_one(law, k, most_iterations=STEPS, settled=True)):
            found.append(_screened(fit, primitives))
    best = [one.law for one in sorted(found, key=lambda one: one.length)[:CUT_DOWN]]
    large = [one.law(problem.data.variables, primitives) for one in [*whole, *_long(table, whole, sets)][:MOST_SUMS]]
    for some in (*large[:1], *best, *large[1:]):
        found += _shorter(problem, k, some, primitives, go_on)
    return found


def _different(laws: Sequence[Law | None]) -> list[Law]:
    """Return each form once, with the coefficients of the first one."""
    found: dict[str, Law] = {}
    for law in laws:
        if law is not None:
            found.setdefault(law.key, law)
    return list(found.values())


def _screened(fit: tuple[Law, Fitted, float], primitives: Sequence[Primitive]) -> Screened:
    """Return a fitted law in its shortest form."""
    short = collected(fit[0], primitives)
    return Screened(short, float(fit[1].square[0]), fit[2] + short.structure - fit[0].structure)


def _short(table: Table, whole: Sequence[Sum], sets: Sequence[TermSet]) -> list[Sum]:
    """Return sums of few terms that describe the slopes best, some for each number of terms, the shortest first.

    Polynomials and other sums take turns: where slopes have errors, a sum of many kinds of terms can follow these.
    """
    n_rows = len(table.y)

    def length(one: Sum) -> float:
        return one.length(n_rows)

    simple = sorted(_short_polynomials(table, whole), key=length)
    always = {len(one.terms): one for one in reversed(simple)}.values()  # the best of each number of terms
    others = _short_others(table, sets)
    least = min(map(length, [*simple, *others]), default=0.0)
    both = [one for pair in zip_longest(simple, others) for one in pair if one is not None]
    return [one for one in both if length(one) <= least + FAR or one in always]


def _short_others(table: Table, sets: Sequence[TermSet]) -> list[Sum]:
    """Return sums of few terms of other sets, and what the slopes leave of large polynomials, the shortest first."""
    n_rows = len(table.y)
    found: list[Sum] = []
    for own in sorted(sets, key=lambda own: own.length(n_rows))[:MOST_SETS]:
        found += short_sums(table, own.terms, own.design, OF_SET)
        ways = _shortest(fewer_terms(table, own.terms, own.design), n_rows)
        found += [way for way in ways if len(way.terms) <= MOST_SHORT]
    different = {frozenset(one.terms): one for one in [*found, *_sparse_polynomials(table)]}
    by_size: dict[int, list[Sum]] = {}
    for one in sorted(different.values(), key=lambda one: one.length(n_rows)):
        by_size.setdefault(len(one.terms), []).append(one)
    some = [one for n, ones in by_size.items() if n <= MOST_TERMS for one in ones[: OTHERS.get(n, OF_LONGER)]]
    return sorted(some, key=lambda one: one.length(n_rows))


def _short_polynomials(table: Table, whole: Sequence[Sum]) -> Iterator[Sum]:
    """Yield short sums of terms of the largest polynomial that describe the slopes best, some for each number."""
    if whole:
        terms = max((one.terms for one in whole), key=len)
        yield from short_sums(table, terms, columns_of(table, terms), SHORT)


def _sparse_polynomials(table: Table) -> Iterator[Sum]:
    """Yield what the slopes leave of polynomials, also of such as have many terms."""
    for degree in range(2, HIGHEST + 1):
        n_terms = math.comb(len(table.names) + degree, degree)
        if n_terms > min(MOST_HIGHER, len(table.y) // FEWEST_ROWS):
            return
        terms = products(table.names, degree)
        yield from _shortest(fewer_terms(table, terms, columns_of(table, terms)), len(table.y))


def _shortest(ways: Iterable[Sum], n_rows: int, spare: int = 0) -> list[Sum]:
    """Return the shortest description of slopes among sums with fewer and fewer terms, and the next one.

    With `spare`, return the one that has so many terms more.
    """
    ways = list(ways)
    place = min(range(len(ways)), key=lambda place: ways[place].length(n_rows))
    return [ways[max(place - spare, 0)]] if spare else ways[place : place + 2]


def _long(table: Table, whole: Sequence[Sum], sets: Sequence[TermSet]) -> list[Sum]:
    """Return longer sums of other sets that describe the slopes hardly worse than the polynomials, the best first."""
    n_rows = len(table.y)
    least = min((one.length(n_rows) for one in whole), default=math.inf)
    near = sorted((one for one in sets if one.length(n_rows) <= least + BEHIND), key=lambda one: one.length(n_rows))
    sums = (_shortest(fewer_terms(table, one.terms, one.design), n_rows, SPARE) for one in near[:MOST_SUMS])
    return [one for some in sums for one in some if len(one.terms) <= MOST_TERMS]


def _shorter(
    problem: Problem, k: int, law: Law | None, primitives: Sequence[Primitive], go_on: Callable[[], bool]
) -> Iterator[Screened]:
    """Yield the sum fitted to the measured values, and what is left of it as terms leave."""
    laws = {} if law is None else {law.key: law}
    while laws and go_on():
        fits = [fit for law in laws.values() if (fit := problem.fit_one(law, k, most_iterations=STEPS, settled=True))]
        yield from (_screened(fit, primitives) for fit in fits)
        # Which term is not needed is not certain, so that two ways are followed.
        fits = sorted(fits, key=lambda fit: float(fit[1].square[0]))[:2]
        shorter = [_without_least(fit[0], fit[1], primitives) for fit in fits]
        some = [one for found, most in zip(shorter, (2, 1), strict=False) for one in found[:most]]
        laws = {one.key: one for one in some}


def _without_least(law: Law, fitted: Fitted, primitives: Sequence[Primitive]) -> list[Law]:
    """Return the sum without the term that the trajectories need least: one or two guesses; none of a single term."""
    import sympy

    terms = sympy.Add.make_args(law.equation.template)
    values = law.coefficients
    own = [[name for name in values if symbol(name) in term.free_symbols] for term in terms]
    if len(terms) < 2 or sum(map(len, own)) != len(values):
        return []
    places = {name: k for k, name in enumerate(values)}
    of_terms = []
    for names, term in zip(own, terms, strict=True):
        # Without the coefficient in front of it, a saturation is none.
        front = [name for name in names if symbol(name) in sympy.Mul.make_args(term)]
        of_terms.append([places[name] for name in front or names])
    numbers = {symbol(name): sympy.Float(value) for name, value in values.items()}
    parts = [term.xreplace(numbers) for term in terms]
    rests = (sympy.Add(*parts[:j], *parts[j + 1 :]) for j in _least(fitted, of_terms))
    laws = (law_of(rest, law.equation.variables, primitives) for rest in rests)
    return [one for one in laws if one is not None]


def _least(fitted: Fitted, terms: Sequence[Sequence[int]]) -> list[int]:
    """Return the term that is needed least, and one of the two that are needed least together, if it is another one.

    Of terms that can stand in for each other, the one that is not needed alone may be the true one.

    Parameters
    ----------
    fitted : Fitted
    terms : sequence of sequence of int
        The places of the coefficients of each term.
    """
    size = np.sqrt(np.square(fitted.information).sum(axis=0)) + 1e-300
    inverse = np.linalg.pinv(fitted.information / size, rcond=1e-9)
    covariance = inverse @ inverse.T
    theta = fitted.theta * size

    def need(*chosen: int) -> float:
        own = [place for j in chosen for place in terms[j]]
        if not all(terms[j] for j in chosen):
            return math.inf
        return float(theta[own] @ np.linalg.pinv(covariance[np.ix_(own, own)], rcond=1e-12) @ theta[own])

    alone = sorted(range(len(terms)), key=need)
    together = min(combinations(range(len(terms)), 2), key=lambda pair: need(*pair))
    return [alone[0], *(j for j in sorted(together, key=alone.index)[:1] if j != alone[0] and len(terms) > 2)]
