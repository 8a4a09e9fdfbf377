"""Forms of laws, collected from searches and guesses, whose constants may then be shared or differ between groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.data import Scales, draw_rows
from eqdarts.equation.equation import Equation
from eqdarts.equation.to_graph import graph_of_formula
from eqdarts.errors import FormulaError
from eqdarts.evidence.edges import close_rivals
from eqdarts.expression.build import product, rebuild, symbol
from eqdarts.fitting.choice import price_all, write_all
from eqdarts.fitting.front import Entry
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.starts import fitted_guess
from eqdarts.fitting.table import Table
from eqdarts.graph.two_valued import is_straight_in
from eqdarts.primitives.table import Primitive
from eqdarts.search.problem import Rows
from eqdarts.selection import ALPHABET, BIT, structure_length
from eqdarts.solver.grouped import GroupedProblem

__all__ = ["GroupForm", "extended", "factored", "forms_of", "forms_of_guesses", "in_turns", "look_alikes"]

MOST_STARTS = 4
LEAST_TERMS = 2
ALIKE = 6.0  # nats that a law may be longer than another one that it looks like
MOST_ALIKE = 4
MOST_ROWS = 1000  # on which laws are compared for that
IN_SPAN = 1e-6  # share of a direction outside those of the constants, below which the form has that freedom already
EXTRA = "extra"  # name of the constant that an extension adds


@dataclass(frozen=True, eq=False)
class GroupForm:
    """A form: a formula with named constants, and values to start from.

    Parameters
    ----------
    formula : sympy.Expr
    names : tuple of str
        The K constants.
    starts : tuple of ndarray of shape (K,) or (K, L)
    structure : float or None
        Nats of its graph; None for a typed formula, whose symbols are counted.
    kept : bool
        Whether it is on the front in any case.
    own_names : tuple of str
        Names of the constants if the user gave them; otherwise empty.
    """

    formula: Expr
    names: tuple[str, ...]
    starts: tuple[Array, ...]
    structure: float | None = None
    kept: bool = False
    own_names: Mapping[str, str] = field(default_factory=dict)


def factored(form: GroupForm) -> GroupForm | None:
    """Return a sum of terms with a common factor before it, a*(1 + q*exp(c*x)) for a + b*exp(c*x).

    It is the same form, but its size alone can then differ between groups. None for other forms.
    """
    coefficients = []
    terms: Sequence[Expr] = form.formula.args if form.formula.is_Add else []
    for term in terms:
        factors = term.args if term.is_Mul else (term,)
        own = [f.name for f in factors if f.is_Symbol and f.name in form.names]
        own = [name for name in own if sum(symbol(name) in other.free_symbols for other in terms) == 1]
        coefficients.append(own[0] if own else "")
    if len(terms) < LEAST_TERMS or not all(coefficients) or form.own_names:
        return None
    first, *others = coefficients
    rest = terms[0] / symbol(first)
    for term in terms[1:]:
        rest = rest + term
    places = [form.names.index(name) for name in others]
    starts = []
    for given in form.starts:
        start, size = given.copy(), given[form.names.index(first)]
        start[places] = start[places] / np.where(size == 0, 1.0, size)
        starts.append(start)
    structure = None if form.structure is None else form.structure + BIT
    return replace(form, formula=product(symbol(first), rest), starts=tuple(starts), structure=structure, kept=False)


def in_turns(found: Sequence[Sequence[Entry]]) -> list[Entry]:
    """Return the equations of several searches: the most promising one of each, then the second of each, and so on.

    So the forms of all searches are compared, even if the time is up before all forms are.
    """
    ordered = [sorted(entries, key=_length) for entries in found]
    return [entry for turn in zip_longest(*ordered) for entry in turn if entry is not None]


def look_alikes(
    entries: Sequence[Entry], table: Table, primitives: Sequence[Primitive], rng: np.random.Generator
) -> list[Entry]:
    """Return laws that fit the rows of a search about as well as its best one, and differ from it by one function.

    The search keeps the best law of each length. Others that are as good there may fit the groups better.
    """
    plain = [entry for entry in entries if entry.data.seen_as is None and math.isfinite(entry.candidate.loss)]
    if not plain:
        return []
    best = min(plain, key=_length)
    data, few = best.data, draw_rows(np.arange(len(best.data.y)), MOST_ROWS, rng)
    rows = Rows(data.X[few], data.y[few], data.weight[few])
    two_valued = [i for i, column in enumerate(rows.X.T) if len(np.unique(column)) <= 2]
    close = close_rivals(best.member, rows, primitives, ALIKE)
    known = {entry.member.graph.key for entry in plain}
    new = [one for one in close if one.graph.key not in known and is_straight_in(one.graph, two_valued)]
    return price_all(write_all(new[:MOST_ALIKE], data, table), data, table, primitives)


def _length(entry: Entry) -> float:
    """Return about the description length of an equation at the rows of its search."""
    candidate, n = entry.candidate, len(entry.data.y)
    misfit = 0.5 * n * math.log(max(candidate.loss, 1e-300)) if math.isfinite(candidate.loss) else math.inf
    return misfit + 0.5 * candidate.n_coefficients * math.log(n) + (candidate.structure or 0.0)


def forms_of(entries: Iterable[Entry]) -> list[GroupForm]:
    """Return the different forms of equations that searches have found, each with the coefficients of all of them."""
    found: dict[Any, GroupForm] = {}
    for entry in entries:
        formula, values = entry.equation.template, entry.equation.coefficients
        start = np.array(list(values.values()))
        known = found.get(formula)
        structure = entry.candidate.structure
        if known is None:
            found[formula] = GroupForm(formula, tuple(values), (start,), structure, entry.candidate.kept)
        elif len(known.starts) < MOST_STARTS:
            found[formula] = replace(known, starts=(*known.starts, start), kept=known.kept or entry.candidate.kept)
    return list(found.values())


def forms_of_guesses(settings: FitSettings, tables: Sequence[Table]) -> list[GroupForm]:
    """Return the user's guesses as they wrote them, fitted to each of the tables: all rows, and single groups.

    Raises
    ------
    ValueError
        If a guess cannot be read, or is undefined at some rows.
    """
    forms = []
    for guess in settings.guesses or ():
        fits = [fitted_guess(guess, table, settings.constants) for table in tables]
        first = fits[0]
        starts = tuple(np.array(list(fit.coefficients.values())) for fit in fits)
        names = tuple(first.coefficients)
        own = {name: name for name in names} if first.formula is not None else {}
        structure = _structure(first, tables[0], settings)
        forms.append(GroupForm(first.template, names, starts, structure, kept=True, own_names=own))
    return forms


def _structure(equation: Equation, table: Table, settings: FitSettings) -> float | None:
    """Return the nats of the structure of a typed equation, by its graph; None if it has none."""
    scales = Scales(np.ones(len(table.names)), 1.0, np.zeros(len(table.names)))
    try:
        graph, _ = graph_of_formula(equation.template, equation.coefficients, table.names, scales)
    except FormulaError:
        return None
    return structure_length(graph, settings.primitives)


def extended(form: GroupForm, theta: Array, problem: GroupedProblem, columns: Mapping[str, Array]) -> list[GroupForm]:
    """Return the form with one more constant: a term, a factor, or an input that is shifted or stretched.

    A constant that the form has already is not added: its direction lies in the span of the slopes of the others.

    Parameters
    ----------
    form : GroupForm
    theta : ndarray of shape (K, L)
        The constants of each group.
    problem : GroupedProblem
        Of the form.
    columns : mapping of str to ndarray of shape (n,)
        The inputs of the rows.
    """
    name = EXTRA
    while symbol(name) in form.formula.free_symbols:
        name += "_"
    extra, inputs = symbol(name), [symbol(x) for x in columns if symbol(x) in form.formula.free_symbols]
    found = [(form.formula + extra, 0.0), (product(extra, form.formula), 1.0)]
    for x in inputs:
        found.append((rebuild(form.formula, {x: x - extra}), 0.0))
        found.append((rebuild(form.formula, {x: product(extra, x)}), 1.0))
    price = 2 * math.log(ALPHABET + len(columns))
    structure = None if form.structure is None else form.structure + price
    forms = []
    for formula, neutral in found:
        start = np.concatenate([theta, np.full((1, theta.shape[1]), neutral)])
        if _is_new(problem.of(formula, (*form.names, name)), start):
            forms.append(GroupForm(formula, (*form.names, name), (start,), structure))
    return forms


def _is_new(wider: GroupedProblem, start: Array) -> bool:
    """Whether the last constant moves predictions in a direction in which the others cannot."""
    _, jacobian = wider.slopes(start[None])
    slopes = jacobian[0]
    if not np.isfinite(slopes).all():
        return False
    for first, last in zip(wider.first, [*wider.first[1:], len(wider.y)], strict=True):
        part = slopes[:, first:last]
        norm = np.linalg.norm(part, axis=1)
        if norm[-1] == 0 or last - first <= len(wider.names):
            continue
        basis, _ = np.linalg.qr((part[:-1] / np.where(norm[:-1] > 0, norm[:-1], 1.0)[:, None]).T)
        new = part[-1] / norm[-1]
        if np.linalg.norm(new - basis @ (basis.T @ new)) > IN_SPAN:
            return True
    return False
