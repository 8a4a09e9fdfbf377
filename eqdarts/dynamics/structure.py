r"""The structure of a system: terms that states share, and quantities that are conserved.

A flux that leaves one state and enters another is one term with two signs. Terms of the same form whose coefficients
are in a simple ratio are tied, and the tied coefficient is counted once; the tie is kept if the description of the
system gets shorter. A combination :math:`\sum_k w_k x_k` is conserved if all terms of :math:`\sum_k w_k f_k` cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Tie
from eqdarts.dynamics.system import speed_name
from eqdarts.dynamics.variants import law_of
from eqdarts.expression.written import text, write
from eqdarts.primitives.table import Primitive

__all__ = ["conserved", "shared", "with_shared"]

RATIOS = (-1.0, 1.0, -2.0, 2.0, -0.5, 0.5)
NEAR = 0.25  # largest relative difference of a ratio that is tried
SAME = 1e-6  # difference that counts as none
MOST_TERMS = 8
LARGEST_WEIGHT = 6


@dataclass(frozen=True, eq=False)
class _Term:
    """A term of a sum: its coefficient, the place of that among all coefficients, and the rest."""

    state: int
    place: int | None  # None where the coefficient is exact
    value: float
    rest: Expr


def with_shared(chosen: Chosen, primitives: Sequence[Primitive], go_on: Callable[[], bool]) -> Chosen:
    """Return the system with terms that are shared between states tied, if its description gets shorter by it."""
    if len(chosen.laws) < 2:
        return chosen
    best = chosen
    starts = [(chosen, _ties(chosen.laws))]
    if (wide := _expanded(chosen, primitives)) is not None:
        starts.append((wide, _ties(wide.laws)))
    for start, ties in [*starts, *_opposite(chosen, primitives)]:
        if not ties or not go_on():
            continue
        fit = start.problem.fit_all(start.laws, ties, noise=start.fitted.noise)
        if fit is not None and fit[1].converged >= chosen.fitted.converged and fit[2] < best.length:
            best = Chosen(*fit, start.problem, tuple(ties))
    return best


def _opposite(chosen: Chosen, primitives: Sequence[Primitive]) -> Iterator[tuple[Chosen, list[Tie]]]:
    """Yield the systems in which one state loses all that another one gains, or one term of that."""
    import sympy

    for k, j in permutations(range(len(chosen.laws)), 2):
        if k in chosen.problem.fixed:
            continue
        source = chosen.laws[j]
        terms = sympy.Add.make_args(source.equation.expr)
        for expr in dict.fromkeys((source.equation.expr, *terms)):
            copy = law_of(-expr, source.equation.variables, primitives)
            if copy is None or not expr.free_symbols or copy.key == chosen.laws[k].key:
                continue
            # The form is known: what it costs is only to say which term of which state it is.
            price = math.log(2 * len(chosen.laws) * (1 + len(terms)))
            laws = (*chosen.laws[:k], replace(copy, structure=price), *chosen.laws[k + 1 :])
            ties = _copied(laws, k, j)
            if ties is not None:
                yield replace(chosen, laws=laws), ties


def _copied(laws: Sequence[Law], k: int, j: int) -> list[Tie] | None:
    """Return ties of all coefficients of law k to those of law j that have the same size, and of terms elsewhere."""
    first = np.cumsum([0, *(law.n_coefficients for law in laws)]).tolist()
    ties: list[Tie] = []
    for n, value in enumerate(laws[k].formula.start):
        for m, other in enumerate(laws[j].formula.start):
            if math.isclose(abs(value), abs(other), rel_tol=1e-9):
                ties.append((first[k] + n, first[j] + m, math.copysign(1.0, value * other)))
                break
        else:
            return None
    busy = {place for tie in ties for place in tie[:2]}
    return [*ties, *(tie for tie in _ties(laws) if not busy & set(tie[:2]))]


def shared(chosen: Chosen) -> Iterator[str]:
    """Yield a sentence for each term that two states share."""
    data = chosen.problem.data
    states = data.states
    terms, forms = _terms(chosen.laws)
    for form in forms:
        own = [term for term in terms if term.rest == form]
        for one, other in combinations(own, 2):
            ratio = other.value / one.value if one.value else 0.0
            if one.state == other.state or min(abs(ratio - r) for r in RATIOS) > SAME:
                continue
            shown = text(write(form), 4)
            shown = f"({shown})" if form.is_Add else shown
            if ratio < 0 and data.order == 1:
                down, up = (one, other) if one.value < 0 else (other, one)
                rate = abs(up.value / down.value)
                more = "" if abs(rate - 1) < SAME else f" at {rate:g} times the rate"
                yield f"{abs(down.value):.4g}*{shown} leaves {states[down.state]} and enters {states[up.state]}{more}"
            else:
                size = "the same" if abs(ratio - 1) < SAME else f"{ratio:g} times the"
                names = [speed_name(states[term.state], data.time, data.order) for term in (one, other)]
                yield f"{names[1]} has {size} term {one.value:.4g}*{shown} of {names[0]}"


def conserved(chosen: Chosen) -> Iterator[str]:
    """Yield a sentence for each combination of states that is conserved, in a system of first order."""
    states = chosen.problem.data.states
    terms, forms = _terms(chosen.laws)
    if not forms or chosen.problem.data.order > 1:
        return
    matrix = np.zeros((len(forms), len(states)))
    for term in terms:
        matrix[forms.index(term.rest), term.state] += term.value
    scale = np.abs(matrix).max() or 1.0
    for weights in _null(matrix / scale):
        values = chosen.fitted.states @ weights
        shown = " + ".join(
            name if weight == 1 else f"{weight:g}*{name}"
            for name, weight in zip(states, weights, strict=True)
            if weight
        )
        shown = shown.replace("+ -", "- ")
        moved = float(np.median([values[run].mean() for run in chosen.problem.runs]))
        yield f"{shown} is constant (about {moved:.4g})"


def _null(matrix: Array) -> Iterator[Array]:
    """Yield null vectors with small whole numbers: of pairs of states first, then of all."""
    n = matrix.shape[1]
    seen: list[Array] = []
    for size in range(1, n + 1):
        for own in combinations(range(n), size):
            part = matrix[:, own]
            _, singular, right = np.linalg.svd(part)
            null = right[int((singular > SAME).sum()) :]
            if len(null) != 1 or (np.abs(null[0]) < SAME).any():
                continue
            least = null[0] / np.abs(null[0]).min() * np.sign(null[0][0])
            if np.abs(least - np.round(least)).max() > 1e-4 or np.abs(least).max() > LARGEST_WEIGHT:
                continue
            weights = np.zeros(n)
            weights[list(own)] = np.round(least)
            if np.linalg.matrix_rank(np.array([*seen, weights])) > len(seen):
                seen.append(weights)
                yield weights


def _expanded(chosen: Chosen, primitives: Sequence[Primitive]) -> Chosen | None:
    """Return the system with products of sums multiplied out."""
    import sympy

    laws: list[Law] = []
    for law in chosen.laws:
        expr = sympy.expand(law.equation.expr)
        if len(sympy.Add.make_args(expr)) > MOST_TERMS:
            return None
        wide = law_of(expr, law.equation.variables, primitives)
        # The same law in another form: it costs no more than the shorter of both.
        if wide is not None and wide.key != law.key:
            law = replace(wide, structure=min(wide.structure, law.structure))
        laws.append(law)
    if all(new is old for new, old in zip(laws, chosen.laws, strict=True)):
        return None
    return replace(chosen, laws=tuple(laws))


def _terms(laws: Sequence[Law]) -> tuple[list[_Term], list[Expr]]:
    """Return the terms of all laws whose rest has no coefficient, and their different rests."""
    import sympy

    found: list[_Term] = []
    first = 0
    for k, law in enumerate(laws):
        values = law.coefficients
        places = {name: first + j for j, name in enumerate(values)}
        symbols = {sympy.Symbol(name, real=True): name for name in values}
        for term in sympy.Add.make_args(law.equation.template):
            own = [s for s in term.free_symbols if s in symbols]
            factors = sympy.Mul.make_args(term)
            leading = [s for s in own if s in factors]
            if len(own) == 1 and len(leading) == 1:
                rest = sympy.Mul(*(f for f in factors if f is not leading[0]))
                sign, rest = rest.as_coeff_Mul()
                name = symbols[leading[0]]
                found.append(_Term(k, places[name], float(sign) * values[name], rest))
            elif not own:
                number, rest = term.as_coeff_Mul()
                found.append(_Term(k, None, float(number), rest))
            else:
                numbers = {s: sympy.Float(values[name]) for s, name in symbols.items()}
                number, rest = term.xreplace(numbers).as_coeff_Mul()
                found.append(_Term(k, None, float(number), rest))
        first += len(values)
    return found, list(dict.fromkeys(term.rest for term in found))


def _ties(laws: Sequence[Law]) -> list[Tie]:
    """Return ties between terms of the same form in different states whose coefficients are in a simple ratio."""
    terms, forms = _terms(laws)
    ties: list[Tie] = []
    for form in forms:
        own = [term for term in terms if term.rest == form and term.place is not None]
        for one, other in zip(own[:1] * len(own[1:]), own[1:], strict=True):
            if one.state == other.state or not one.value:
                continue
            ratio = other.value / one.value
            nearest = min(RATIOS, key=lambda r: abs(r - ratio))
            if abs(nearest - ratio) < NEAR * abs(nearest) and one.place is not None and other.place is not None:
                ties.append((other.place, one.place, nearest))
    return ties
