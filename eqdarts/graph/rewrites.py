"""Rewrites: shorter forms of the same function, found by moving powers of an input in and out of sums.

A reduction by scale leaves forms such as x sqrt(1 + (y / x)**2); moving x into the root gives sqrt(x**2 + y**2). The
rewrites are valid for positive inputs. Every result is refitted, so that an invalid form shows by its loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES, fixed_power

SQUARE = PRIMITIVES["square"]
_MOST_TERMS = 4

__all__ = ["expanded", "shortened"]


def shortened(draft: Draft) -> Draft:
    """Move powers into and out of sums while the equation, or else the graph, gets shorter; the draft is pruned."""
    size = _size(draft)
    while True:
        others = (*_distributed(draft), *_collected(draft))
        best = min(((_size(d), k, d) for k, d in enumerate(others)), default=None)
        if best is None or best[0] >= size:
            return draft
        size, draft = best[0], best[2]


def _size(draft: Draft) -> tuple[int, int]:
    """Return the number of symbols and of nodes."""
    return draft.build()[0].complexity, len(draft.nodes)


def _distributed(draft: Draft) -> Iterator[Draft]:
    """Yield the draft with one power of a product as a product of powers, or one power moved into a sum.

    A power s**p beside a sum S**k goes into the sum as s**(p / k) in each of its terms.
    """
    for j, node in enumerate(draft.nodes):
        if node.is_sum:
            yield from _with_factors(draft, j)
            continue
        for a, outer in enumerate(node.edges):
            inner = draft.node(outer.source)
            if inner is not None and len(factors := _factors(draft, outer)) > 1:
                yield _inlined(draft, j, a, factors)
            k = outer.primitive.exponent
            if inner is None or not inner.is_sum or not k or len(list(draft.users(outer.source))) > 1:
                continue
            for b, factor in enumerate(node.edges):
                p = factor.primitive.exponent
                if b != a and p and factor.source < outer.source:
                    yield _move(draft, j, a, b, Fraction(p) / Fraction(k))


def _with_factors(draft: Draft, j: int) -> Iterator[Draft]:
    """Yield the draft with one term of sum `j`, a power of a product, as a product of powers."""
    for k, edge in enumerate(draft.nodes[j].edges):
        if edge.primitive is not LINEAR and len(factors := _factors(draft, edge)) > 1:
            opened = draft.copy()
            product = DraftNode("product", [factor.copy() for factor in factors])
            place = opened.insert(j, product)
            opened.nodes[j + 1].edges[k] = DraftEdge(place, LINEAR, edge.weight)
            yield opened.prune()


def _collected(draft: Draft) -> Iterator[Draft]:
    """Yield the draft with a power that all terms of a sum have taken out of it."""
    for j, node in enumerate(draft.nodes):
        if not node.is_sum or node.constant is not None or len(node.edges) < 2:
            continue
        terms = [_factors(draft, edge) for edge in node.edges]
        powers = [{e.source: Fraction(e.primitive.exponent) for e in term if e.primitive.exponent} for term in terms]
        for source in sorted(set.intersection(*(set(own) for own in powers))):
            for exponent in sorted({own[source] for own in powers}):
                yield _taken_out(draft, j, terms, source, exponent)


def _taken_out(draft: Draft, j: int, terms: list[list[DraftEdge]], source: int, exponent: Fraction) -> Draft:
    """Write sum `j` as a power of `source` times the sum of what is left of its `terms`, lists of factors."""
    apart = draft.copy()
    left = DraftNode("sum", [])
    position = j
    for edge, term in zip(draft.nodes[j].edges, terms, strict=True):
        factors = [factor.copy() for factor in term]
        power = next(e for e in factors if e.source == source and e.primitive.exponent)
        rest = Fraction(power.primitive.exponent or 0) - exponent
        factors = [e for e in factors if e is not power] + ([DraftEdge(source, fixed_power(rest))] if rest else [])
        if factors:
            left.edges.append(DraftEdge(apart.insert(position, DraftNode("product", factors)), LINEAR, edge.weight))
            position += 1
        else:
            left.shift(edge.weight)
    inside = DraftEdge(apart.insert(position, left), LINEAR)
    # readers of the old sum read the product in its place
    apart.nodes[position + 1] = DraftNode("product", [inside, DraftEdge(source, fixed_power(exponent))])
    return apart.prune()


def _inlined(draft: Draft, j: int, k: int, factors: list[DraftEdge]) -> Draft:
    """Replace edge `k` of product `j`, which reads a product with other readers, by `factors`."""
    opened = draft.copy()
    opened.nodes[j].edges[k : k + 1] = factors
    return opened.prune()


def _move(draft: Draft, j: int, a: int, b: int, exponent: Fraction) -> Draft:
    moved = draft.copy()
    node = moved.nodes[j]
    source = node.edges[b].source
    position = node.edges[a].source - moved.n_inputs
    del node.edges[b]
    inner = moved.nodes[position]
    power = fixed_power(exponent)
    for term in range(len(inner.edges)):
        edge = inner.edges[term]
        inside = _factors(moved, edge)
        place = moved.insert(position, DraftNode("product", [*inside, DraftEdge(source, power)]))
        position += 1
        inner.edges[term] = DraftEdge(place, LINEAR, edge.weight)
    if inner.constant is not None:
        inner.edges.append(DraftEdge(source, power, inner.constant))
        inner.constant = None
    return moved.prune()


def _factors(draft: Draft, edge: DraftEdge) -> list[DraftEdge]:
    """Return the function of `edge` as factors: a power of a product of powers gives each power separately."""
    inner, outer = draft.node(edge.source), edge.primitive.exponent
    if inner is not None and not inner.is_sum and inner.constant is None and outer:
        exponents = [e.primitive.exponent for e in inner.edges]
        if all(exponents):
            return [
                DraftEdge(e.source, fixed_power(Fraction(p) * Fraction(outer)))
                for e, p in zip(inner.edges, exponents, strict=True)
                if p is not None
            ]
    return [DraftEdge(edge.source, edge.primitive, 1.0, edge.coefficients)]


def expanded(draft: Draft) -> Draft | None:
    """Expand squares of sums inside sums and merge equal terms; None if there are no such squares."""
    opened = draft.copy()
    found = False
    while (place := _square_of_sum(opened)) is not None:
        _multiply_out(opened, *place)
        opened.prune()
        found = True
    if not found:
        return None
    _share_equal_products(opened)
    return opened.prune()


def _square_of_sum(draft: Draft) -> tuple[int, int] | None:
    for j, node in enumerate(draft.nodes):
        for k, edge in enumerate(node.edges):
            inner = draft.node(edge.source)
            small = inner is not None and inner.is_sum and len(inner.edges) <= _MOST_TERMS
            if node.is_sum and small and edge.primitive is SQUARE and len(list(draft.users(edge.source))) == 1:
                return j, k
    return None


def _multiply_out(draft: Draft, j: int, k: int) -> None:
    """Expand w (c + a f + b g + ...)**2, which is edge `k` of sum `j`, into terms of that sum."""
    node = draft.nodes[j]
    square = node.edges.pop(k)
    inner = draft.nodes[square.source - draft.n_inputs]
    c = inner.constant or 0.0
    position = j
    if c:
        node.shift(square.weight * c * c)
        node.edges += [
            DraftEdge(e.source, e.primitive, 2 * square.weight * c * e.weight, list(e.coefficients))
            for e in inner.edges
        ]
    for a, first in enumerate(inner.edges):
        for second in inner.edges[a:]:
            weight = square.weight * first.weight * second.weight * (1.0 if first is second else 2.0)
            factors = [DraftEdge(e.source, e.primitive, 1.0, list(e.coefficients)) for e in (first, second)]
            place = draft.insert(position, DraftNode("product", factors))
            position += 1
            node.edges.append(DraftEdge(place, LINEAR, weight))


def _share_equal_products(draft: Draft) -> None:
    """Let the readers of equal products read one of them."""
    seen: dict[str, int] = {}
    for j, node in enumerate(draft.nodes[:-1]):
        if node.is_sum:
            continue
        key = str((node.constant, sorted((e.source, e.primitive.name, e.coefficients) for e in node.edges)))
        source = seen.setdefault(key, draft.n_inputs + j)
        for _, edge in draft.users(draft.n_inputs + j):
            edge.source = source
