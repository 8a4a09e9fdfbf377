"""Moves: edits of a draft that let a feature or a power product in at a site, and edits that take parts away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import fixed_power
from eqdarts.search.growth.features import Feature, insert_feature
from eqdarts.search.growth.sites import Linearised, Site

__all__ = [
    "COST",
    "FACTOR_EXPONENTS",
    "Move",
    "add",
    "apply",
    "deletions",
    "merit",
    "multiply",
    "simple_exponents",
    "without_edge",
    "without_negligible",
    "wrap",
    "wraps",
]


COST = {"add": 3, "multiply": 5, "power": 3}  # symbols that a move adds beside its feature, about
FACTOR_EXPONENTS = (Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-1, 2))


@dataclass(frozen=True, eq=False)
class Move:
    """A feature with its strength at a site: v + s f, v (1 + s f / k)**k, or v u**s with u the feature's argument."""

    site: Site
    kind: Literal["add", "multiply", "power"]
    feature: Feature
    strength: float

    @property
    def symbols(self) -> int:
        """Symbols that the move adds to the equation, about."""
        return self.feature.symbols + COST[self.kind]


def merit(left: float, symbols: float) -> float:
    """Return the fall of log loss per added symbol, for the share `left` of the loss."""
    return float((-np.log(min(max(left, 1e-12), 1.0)) + 1e-3) / symbols)


def apply(draft: Draft, move: Move, exponent: Fraction = FACTOR_EXPONENTS[0]) -> Start:
    """Return the draft after `move`, pruned; `exponent` is k of a factor (1 + s f / k)**k."""
    edited, site = draft.copy(), move.site
    j = site.node
    edge, added = insert_feature(edited, j, move.feature)
    j += added
    if move.kind == "add":
        edge.weight = move.strength
        add(edited, j, site, edge)
    elif move.kind == "multiply":
        edge.weight = move.strength / float(exponent)
        source = edited.insert(j, DraftNode("sum", [edge], 1.0))
        multiply(edited, j + 1, site, DraftEdge(source, fixed_power(exponent)))
    else:
        multiply(edited, j, site, DraftEdge(edge.source, POWER, 1.0, [move.strength]))
    return edited.prune().build()


def add(draft: Draft, j: int, site: Site, edge: DraftEdge) -> None:
    """Add `edge` to the site's value; its node stands at position `j` now."""
    node = draft.nodes[j]
    if site.kind != "node":
        reader = node.edges[site.edge]
        reader.source = draft.insert(j, DraftNode("sum", [DraftEdge(reader.source, LINEAR), edge]))
    elif node.is_sum:
        node.edges.append(edge)
    else:
        wrap(draft, j, DraftNode("sum", [DraftEdge(draft.n_inputs + j, LINEAR), edge]))


def multiply(draft: Draft, j: int, site: Site, *factors: DraftEdge) -> None:
    """Multiply the site's value by `factors`; its node stands at position `j` now."""
    node = draft.nodes[j]
    if site.kind == "node":
        if node.is_sum:
            wrap(draft, j, DraftNode("product", [DraftEdge(draft.n_inputs + j, LINEAR), *factors]))
        else:
            node.edges.extend(factors)
        return
    edge = node.edges[site.edge]
    if site.kind == "term":
        inside = DraftEdge(edge.source, edge.primitive, 1.0, edge.coefficients)
        source = draft.insert(j, DraftNode("product", [inside, *factors]))
        node.edges[site.edge] = DraftEdge(source, LINEAR, edge.weight)
    else:
        edge.source = draft.insert(j, DraftNode("product", [DraftEdge(edge.source, LINEAR), *factors]))


def wrap(draft: Draft, j: int, wrapper: DraftNode) -> None:
    """Insert `wrapper`, which reads node `j`, behind it, and let it be read in its stead."""
    source = draft.n_inputs + j
    readers = [edge for _, edge in draft.users(source)]
    place = draft.insert(j + 1, wrapper)
    for edge in readers:
        edge.source = place


def without_edge(draft: Draft, j: int, k: int) -> Start:
    """Return the draft without edge `k` of node `j` and what only it read, pruned."""
    edited = draft.copy()
    node = edited.nodes[j]
    del node.edges[k]
    if not node.edges and node.constant is None:
        node.constant = 1.0
    return edited.prune().build()


def deletions(draft: Draft) -> Iterator[Start]:
    """Yield the draft without each of its edges, constants and shifts in turn, pruned."""
    for j, node in enumerate(draft.nodes):
        for k, edge in enumerate(node.edges):
            yield without_edge(draft, j, k)
            if edge.primitive.is_of_affine and edge.coefficients[1]:
                yield _without_shift(draft, j, k)
        if node.constant is not None and node.edges:
            edited = draft.copy()
            edited.nodes[j].constant = None
            yield edited.prune().build()


def _without_shift(draft: Draft, j: int, k: int) -> Start:
    """Return the draft with f(w x) in the place of f(w x + b), which is edge `k` of node `j`, pruned."""
    edited = draft.copy()
    edge = edited.nodes[j].edges[k]
    source = edited.insert(j, DraftNode("sum", [DraftEdge(edge.source, LINEAR, edge.coefficients[0])]))
    edge.source = source
    edge.coefficients[:2] = edge.primitive.neutral
    return edited.prune().build()


def without_negligible(draft: Draft, lin: Linearised, allowance: float) -> Draft:
    """Return the draft without the terms and constants of sums, and powers near zero, that hardly matter.

    A part is dropped if dropping it changes the prediction, to first order, by less than `allowance` in mean square.
    """
    kept = draft.copy()
    dropped = False
    for site in lin.sites:
        if site.kind != "node":
            continue
        node, delta = kept.nodes[site.node], site.adjoint
        if node.is_sum:
            if node.constant is not None and node.edges and np.mean(delta**2) * node.constant**2 < allowance:
                node.constant, dropped = None, True
            small = [np.mean((delta * term) ** 2) < allowance for term in lin.terms[site.node]]
            if any(small) and not all(small):
                node.edges = [e for e, drop in zip(node.edges, small, strict=True) if not drop]
                dropped = True
        else:
            for k, edge in enumerate(list(node.edges)):
                if edge.primitive is POWER and len(node.edges) > 1:
                    with np.errstate(all="ignore"):
                        change = delta * site.value * np.log(lin.terms[site.node][k])
                    if np.mean(change**2) < allowance:
                        node.edges, dropped = [e for e in node.edges if e is not edge], True
    return kept.prune() if dropped else draft


def simple_exponents(draft: Draft) -> Iterator[Start]:
    """Yield the draft with each learned exponent, and then all of them, fixed at the nearest half-integer."""
    places = [
        (j, k)
        for j, node in enumerate(draft.nodes)
        for k, edge in enumerate(node.edges)
        if edge.primitive is POWER and abs(edge.coefficients[0]) < 6.25
    ]
    for chosen in [[place] for place in places] + ([places] if len(places) > 1 else []):
        snapped = draft.copy()
        for j, k in chosen:
            edge = snapped.nodes[j].edges[k]
            exponent = Fraction(round(2 * edge.coefficients[0]), 2)
            if exponent:
                snapped.nodes[j].edges[k] = DraftEdge(edge.source, fixed_power(exponent), edge.weight)
        yield snapped.prune().build()


def wraps(draft: Draft) -> Iterator[Start]:
    """Yield the draft with each sum raised to a learned power that starts at one."""
    for j, node in enumerate(draft.nodes):
        if node.is_sum and len(node.edges) + (node.constant is not None) > 1:
            edited = draft.copy()
            wrap(edited, j, DraftNode("product", [DraftEdge(draft.n_inputs + j, POWER, 1.0, [1.0])]))
            yield edited.prune().build()
