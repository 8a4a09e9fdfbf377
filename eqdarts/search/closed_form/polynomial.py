"""Where the smooth model is exact, the law is a polynomial behind an outer function: its terms, written as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array, Ints
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import fixed_power
from eqdarts.search.closed_form.outer import behind
from eqdarts.search.least_squares import least_squares
from eqdarts.search.problem import Problem
from eqdarts.search.smooth import Smooth, exponents_up_to, outer

__all__ = ["Term", "polynomial_node", "polynomial_start", "sum_of_monomials"]

Term = tuple[Ints | Array, float]  # exponents of the sources, and weight

EXACT = 1e-16  # loss of a smooth model that is the law
_NEGLIGIBLE = 1e-7  # share of the amplitude below which a term is not there
_MOST_TERMS = 14


def polynomial_start(problem: Problem, smooth: Smooth) -> Start | None:
    """Return the polynomial as a start of a refit; None if the model is not exact, or has too many terms."""
    if smooth.loss > EXACT or smooth.form is None:
        return None
    name, sign, degree = smooth.form
    exponents = exponents_up_to(problem.n_inputs, degree)
    rows = problem.wide
    with np.errstate(all="ignore"):
        target = outer()[name].transform(sign * rows.y)
    design = np.stack([np.prod(rows.X**row, axis=1) for row in exponents], axis=1)
    size = np.sqrt(np.mean(design**2, axis=0))
    sound = np.isfinite(target) & np.isfinite(design).all(1)
    for _ in range(2):  # once to see which terms are there, once with these alone
        solution = least_squares(design[sound] / size, target[sound])
        there = np.abs(solution) > _NEGLIGIBLE * np.sqrt(np.mean(target[sound] ** 2))
        exponents, design = exponents[there], design[:, there]
        size, solution = size[there], solution[there]
    if not 1 <= len(exponents) <= _MOST_TERMS:
        return None
    draft = Draft(problem.n_inputs, [])
    terms = list(zip(exponents, (solution / size).tolist(), strict=True))
    inside = sum_of_monomials(draft, range(problem.n_inputs), terms)
    return behind(name, sign, inside, problem.n_inputs, draft.nodes).prune().build()


def polynomial_node(draft: Draft, sources: Sequence[int], terms: Sequence[Term]) -> int:
    """Add the sum of monomials to the draft; return where it is."""
    node = sum_of_monomials(draft, sources, terms)
    return draft.insert(len(draft.nodes), node)


def sum_of_monomials(draft: Draft, sources: Sequence[int], terms: Sequence[Term]) -> DraftNode:
    """Return the sum of products of powers of `sources`, (exponents, weight) each; the draft gets what it reads."""
    edges, constant = [], None
    for row, weight in terms:
        powers = [DraftEdge(s, fixed_power(Fraction(float(p)))) for s, p in zip(sources, row, strict=True) if p]
        if not powers:
            constant = weight
        elif len(powers) == 1:
            edges.append(DraftEdge(powers[0].source, powers[0].primitive, weight))
        else:
            source = draft.insert(len(draft.nodes), DraftNode("product", powers))
            edges.append(DraftEdge(source, LINEAR, weight))
    return DraftNode("sum", edges, constant)
