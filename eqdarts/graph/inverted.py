r"""A graph solved for one of its inputs: from z = g(y, x) to y = h(z, x).

Node by node from the output to the input, everything but the term that holds it goes to the other side: the other
terms of a sum are subtracted, the other factors of a product divided by, and a function is replaced by its inverse.
Where a function has several, such as the square, there is a solution for each branch. Where several terms hold the
input, they are solved as an equation in powers of one base, linear or quadratic: :math:`a u^2 + b u + c = 0`, with
a, b and c free of the input; a term over a sum, as in :math:`v u / (k + u)`, becomes one by multiplication.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from eqdarts.graph.draft import Draft
from eqdarts.graph.draft_terms import LINEAR, POWER, DraftEdge, DraftNode
from eqdarts.primitives.table import PRIMITIVES, fixed_power

__all__ = ["solved_for"]

RECIPROCAL = fixed_power(Fraction(-1))
SQRT, SQUARE = fixed_power(Fraction(1, 2)), fixed_power(Fraction(2))
MOST_BRANCHES = 8


@dataclass
class _Branch:
    """Nodes made so far, and two sources of the same value: `known` among these, `sought` in the given draft."""

    nodes: list[DraftNode]
    known: int
    sought: int
    n_inputs: int

    def add(self, node: DraftNode) -> int:
        """Add a node; return its source."""
        self.nodes.append(node)
        return self.n_inputs + len(self.nodes) - 1

    def reading(self, node: DraftNode, sought: int) -> _Branch:
        """Return the branch with another node, whose value is that of `sought`."""
        copy = _Branch(Draft(self.n_inputs, self.nodes).copy().nodes, 0, 0, self.n_inputs)
        copy.known, copy.sought = copy.add(node), sought
        return copy


def solved_for(draft: Draft, place: int) -> list[Draft]:
    """Return the draft solved for one of its inputs, a solution for each branch; none where it cannot be solved.

    Parameters
    ----------
    draft : Draft
    place : int
        The input. In the solutions it stands for the value of `draft`, and their value is what it was.

    Examples
    --------
    >>> a_square = Draft(2, [DraftNode("product", [DraftEdge(0, SQUARE), DraftEdge(1, LINEAR)])])
    >>> len(solved_for(a_square, 0)), len(solved_for(a_square, 1))
    (2, 1)
    """
    holding = _holding(draft, place)
    place_of: dict[int, int] = {i: i for i in range(draft.n_inputs)}
    nodes: list[DraftNode] = []
    for source, node in enumerate(draft.nodes, draft.n_inputs):
        if source not in holding:
            edges = [DraftEdge(place_of[e.source], e.primitive, e.weight, list(e.coefficients)) for e in node.edges]
            nodes.append(DraftNode(node.aggregator, edges, node.constant))
            place_of[source] = draft.n_inputs + len(nodes) - 1
    output = draft.n_inputs + len(draft.nodes) - 1
    if output not in holding:
        return []
    branches = [_Branch(nodes, place, output, draft.n_inputs)]
    solutions: list[Draft] = []
    while branches and len(branches) + len(solutions) <= MOST_BRANCHES:
        branch = branches.pop()
        if branch.sought != place:
            branches += _step(draft, branch, holding, place_of)
        elif branch.nodes:
            branch.add(DraftNode("sum", [DraftEdge(branch.known, LINEAR)]))
            solutions.append(Draft(draft.n_inputs, branch.nodes).prune())
    return solutions


def _holding(draft: Draft, place: int) -> set[int]:
    """Return the sources whose values depend on an input."""
    found = {place}
    for source, node in enumerate(draft.nodes, draft.n_inputs):
        if any(edge.source in found for edge in node.edges):
            found.add(source)
    return found


def _step(draft: Draft, branch: _Branch, holding: set[int], place_of: dict[int, int]) -> Iterator[_Branch]:
    """Yield the branches one node further."""
    node = draft.nodes[branch.sought - draft.n_inputs]
    split = _Split(draft, holding, place_of)
    inside, others = split.of(node)
    if len(inside) > 1:
        terms = split.equation(node, branch.known)
        yield from () if terms is None else _roots(branch, terms)
        return
    if node.is_sum:
        moved = [DraftEdge(e.source, e.primitive, -e.weight, e.coefficients) for e in others]
        constant = None if node.constant is None else -node.constant
        rest = DraftNode("sum", [DraftEdge(branch.known, LINEAR), *moved], constant)
    else:
        moved = [_divisor(branch, edge) for edge in others]
        rest = DraftNode("product", [DraftEdge(branch.known, LINEAR), *moved], _inverse(node.constant))
    rest.scale(_inverse(inside[0].weight))
    branch.known = branch.add(rest)
    yield from _inverted(branch, inside[0])


def _inverse(number: float | None) -> float:
    """Return one over a constant; of none it is one, and of zero zero."""
    return 1.0 if number is None else 1.0 / number if number else 0.0


def _divisor(branch: _Branch, edge: DraftEdge) -> DraftEdge:
    """Return one over a factor, as a factor."""
    exponent = edge.primitive.exponent_at(edge.coefficients)
    if isinstance(exponent, Fraction):
        return DraftEdge(edge.source, fixed_power(-exponent))
    if exponent is not None:
        return DraftEdge(edge.source, POWER, 1.0, [-exponent])
    return DraftEdge(branch.add(DraftNode("product", [edge])), RECIPROCAL)


def _inverted(branch: _Branch, edge: DraftEdge) -> Iterator[_Branch]:
    """Yield the branches behind the function of an edge, whose value is known."""
    primitive, known = edge.primitive, branch.known
    if primitive is LINEAR:
        branch.sought = edge.source
        yield branch
        return
    for outside in _inverses(edge):
        inner = dict(zip(primitive.inner, edge.coefficients, strict=False))
        scale, shift = inner.get("scale", 1.0), inner.get("shift", 0.0)
        if scale:
            read, constant = outside
            read.source, read.weight = known, read.weight / scale
            yield branch.reading(DraftNode("sum", [read], (constant - shift) / scale), edge.source)


def _inverses(edge: DraftEdge) -> Iterator[tuple[DraftEdge, float]]:
    """Yield the inverses of the function of an edge: an edge without a source, and a constant beside it."""
    exponent = edge.primitive.exponent_at(edge.coefficients)
    if isinstance(exponent, Fraction):
        yield DraftEdge(0, fixed_power(1 / exponent)), 0.0
        if exponent.numerator % 2 == 0:
            yield DraftEdge(0, fixed_power(1 / exponent), -1.0), 0.0
    elif exponent:
        yield DraftEdge(0, POWER, 1.0, [1.0 / exponent]), 0.0
    for way in edge.primitive.solved_by:
        row = PRIMITIVES[way.name]
        yield DraftEdge(0, row, way.weight, list(row.neutral)), way.constant


class _Term(NamedTuple):
    """weight times factors times the base to the power `exponent`."""

    base: int | None
    exponent: Fraction
    factors: tuple[DraftEdge, ...] = ()
    weight: float = 1.0


@dataclass
class _Split:
    """Takes nodes of a draft apart into what holds the input and what does not; `place_of` has the latter's sources."""

    draft: Draft
    holding: set[int]
    place_of: dict[int, int]

    def of(self, node: DraftNode) -> tuple[list[DraftEdge], list[DraftEdge]]:
        """Return the edges that hold the input, as they are, and the others, with their new sources."""
        others = [
            DraftEdge(self.place_of[e.source], e.primitive, e.weight, list(e.coefficients))
            for e in node.edges
            if e.source not in self.holding
        ]
        return [e for e in node.edges if e.source in self.holding], others

    def equation(self, node: DraftNode, known: int) -> list[_Term] | None:
        """Return terms in powers of one base whose sum is zero if the node has the value `known`; None for others."""
        value = DraftEdge(known, LINEAR)
        if node.is_sum:
            terms = [*self._terms(node), _Term(None, Fraction(0), (value,), -1.0)]
        else:
            inside, others = self.of(node)
            below = next((e for e in inside if e.primitive.exponent == -1 and self._is_sum(e.source)), None)
            if below is None or len(inside) != 2:
                return None
            above = next(e for e in inside if e is not below)
            # known = w f / S is the same as known S - w f = 0
            own = DraftNode("product", [above], -1.0 if node.constant is None else -node.constant)
            terms = [t._replace(factors=(*t.factors, value)) for t in self._terms(self.draft.node(below.source))]
            terms += [t._replace(factors=(*t.factors, *others)) for t in self._terms(own)]
        bases = {t.base for t in terms if t.exponent}
        return terms if len(bases) == 1 and None not in bases else None

    def _is_sum(self, source: int) -> bool:
        node = self.draft.node(source)
        return node is not None and node.is_sum

    def _terms(self, node: DraftNode | None) -> list[_Term]:
        """Return the terms of a sum, or the one that a product is; a base of None marks those that are no powers."""
        if node is None:
            return []
        inside, others = self.of(node)
        if not node.is_sum:
            constant = 1.0 if node.constant is None else node.constant
            own = [self._power(edge) for edge in inside]
            return [t._replace(factors=(*t.factors, *others), weight=constant * t.weight) for t in own]
        found = [self._power(edge) for edge in inside]
        found += [
            _Term(None, Fraction(0), (DraftEdge(e.source, e.primitive, 1.0, e.coefficients),), e.weight) for e in others
        ]
        return found + ([] if node.constant is None else [_Term(None, Fraction(0), (), node.constant)])

    def _power(self, edge: DraftEdge) -> _Term:
        """Return an edge that holds the input as a term: a power of its source, or of one factor of a product there."""
        node = self.draft.node(edge.source)
        if node is not None and edge.primitive is LINEAR and not node.is_sum:
            inside, others = self.of(node)
            if len(inside) == 1 and inside[0].primitive.exponent is not None:
                constant = 1.0 if node.constant is None else node.constant
                return _Term(inside[0].source, inside[0].primitive.exponent, tuple(others), edge.weight * constant)
        exponent = edge.primitive.exponent
        return _Term(None if exponent is None else edge.source, exponent or Fraction(1), (), edge.weight)


def _roots(branch: _Branch, terms: list[_Term]) -> Iterator[_Branch]:
    """Yield the branches behind a sum of powers of one base that is zero: of two powers, or of three evenly spaced."""
    exponents = sorted({t.exponent for t in terms})
    base = next(t.base for t in terms if t.exponent)
    gaps = {high - low for low, high in pairwise(exponents)}
    if base is None or len(gaps) != 1 or len(exponents) > 3:
        return
    sums = [_total(branch, [t for t in terms if t.exponent == p]) for p in exponents]
    edge = DraftEdge(base, fixed_power(gaps.pop()))
    divided = DraftEdge(sums[-1], RECIPROCAL)
    if len(sums) == 2:
        branch.known = branch.add(DraftNode("product", [DraftEdge(sums[0], LINEAR), divided], -1.0))
        yield from _inverted(branch, edge)
        return
    # c + b u + a u**2 = 0: u = (-b +- sqrt(b**2 - 4 a c)) / 2a
    product = branch.add(DraftNode("product", [DraftEdge(sums[0], LINEAR), DraftEdge(sums[2], LINEAR)], -4.0))
    inside = branch.add(DraftNode("sum", [DraftEdge(sums[1], SQUARE), DraftEdge(product, LINEAR)]))
    for sign in (1.0, -1.0):
        above = DraftNode("sum", [DraftEdge(sums[1], LINEAR, -1.0), DraftEdge(inside, SQRT, sign)])
        found = branch.reading(above, base)
        found.known = found.add(DraftNode("product", [DraftEdge(found.known, LINEAR), divided.copy()], 0.5))
        yield from _inverted(found, edge)


def _total(branch: _Branch, terms: list[_Term]) -> int:
    """Add the sum of terms, without their power of the base; return its source."""
    edges, constant = [], 0.0
    for term in terms:
        if not term.factors:
            constant += term.weight
        elif len(term.factors) == 1:
            edges.append(replace(term.factors[0], weight=term.weight))
        else:
            edges.append(
                DraftEdge(branch.add(DraftNode("product", [f.copy() for f in term.factors])), LINEAR, term.weight)
            )
    return branch.add(DraftNode("sum", edges, constant or None))
