"""Drafts: a graph together with its coefficients, open to editing, and the pruning that every edit ends with.

``Draft.from_graph(graph, coefficients)`` -> edits -> ``draft.prune().build()`` -> ``(graph, coefficients)``.
Pruning never changes the function that graph and coefficients stand for, except that it may extend its domain
(x * x**-1 becomes 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from eqdarts.graph import Aggregator, Edge, Graph, Node
from eqdarts.primitives import PRIMITIVES, Primitive, fixed_power

__all__ = ["Draft", "DraftEdge", "DraftNode", "prune"]

NONE, LINEAR, POWER = PRIMITIVES["none"], PRIMITIVES["linear"], PRIMITIVES["power"]


@dataclass
class DraftEdge:
    """An edge with its weight (one in a product) and all its coefficients: inner, then shape."""

    source: int
    primitive: Primitive
    weight: float = 1.0
    coefficients: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.coefficients and self.primitive.n_coefficients:
            self.coefficients = list(self.primitive.initial[0])

    def at(self, x: float) -> float:
        """Return the primitive's value at the number `x`, NaN outside its domain."""
        import torch

        value = self.primitive(torch.tensor(x, dtype=torch.float64), *self.coefficients)
        return float(value)

    def copy(self) -> DraftEdge:
        return DraftEdge(self.source, self.primitive, self.weight, list(self.coefficients))


@dataclass
class DraftNode:
    """A node with its constant; None where the constant is absent (0 in a sum, 1 in a product)."""

    aggregator: Aggregator
    edges: list[DraftEdge] = field(default_factory=list)
    constant: float | None = None

    @property
    def is_sum(self) -> bool:
        return self.aggregator == "sum"

    def scale(self, factor: float) -> None:
        """Multiply the node's value by `factor`."""
        if self.is_sum:
            for edge in self.edges:
                edge.weight *= factor
            if self.constant is not None:
                self.constant *= factor
        else:
            self.constant = factor * (1.0 if self.constant is None else self.constant)

    def shift(self, by: float) -> None:
        """Add `by` to the constant of a sum node."""
        self.constant = by + (self.constant or 0.0)

    def take(self, edge: DraftEdge, value: float) -> None:
        """Replace `edge`, whose function is constantly `value`, by its part of the constant."""
        self.edges = [e for e in self.edges if e is not edge]
        if self.is_sum:
            self.shift(edge.weight * value)
        else:
            self.scale(value)

    def move(self, edge: DraftEdge, factor: float, shift: float) -> None:
        """Make up for the function of `edge` having become (itself - shift) / factor."""
        if self.is_sum:
            if shift:
                self.shift(edge.weight * shift)
            edge.weight *= factor
        elif factor != 1.0:
            self.scale(factor)

    def to_single_factor(self) -> None:
        """Turn c + w f(x), the affine map having gone elsewhere, into the product of the one factor f(x)."""
        self.aggregator, self.constant, self.edges[0].weight = "product", None, 1.0


@dataclass
class Draft:
    """A graph under edit. Sources are numbered as in `Graph`: inputs first, then nodes in topological order."""

    n_inputs: int
    nodes: list[DraftNode]

    @classmethod
    def from_graph(cls, graph: Graph, coefficients: Sequence[float]) -> Draft:
        """Copy a graph and its flat coefficient vector, of length ``graph.n_coefficients``."""
        theta = [float(c) for c in coefficients]
        nodes = []
        for node, slots in graph.slots():
            edges = []
            for edge, own in zip(node.edges, slots.edges, strict=True):
                values = theta[own.first : own.first + own.count]
                if own.neutral:
                    values = [*edge.primitive.neutral, *values]
                weight = theta[own.weight] if own.weight >= 0 else 1.0
                edges.append(DraftEdge(edge.source, edge.primitive, weight, values))
            constant = theta[slots.constant] if slots.constant >= 0 else None
            nodes.append(DraftNode(node.aggregator, edges, constant))
        return cls(graph.n_inputs, nodes)

    def copy(self) -> Draft:
        return Draft(
            self.n_inputs,
            [DraftNode(n.aggregator, [e.copy() for e in n.edges], n.constant) for n in self.nodes],
        )

    def node(self, source: int) -> DraftNode | None:
        """Return the node that `source` names, or None for an input."""
        return self.nodes[source - self.n_inputs] if source >= self.n_inputs else None

    def users(self, source: int) -> Iterator[tuple[DraftNode, DraftEdge]]:
        """Yield every edge that reads `source`, with the node it enters."""
        for node in self.nodes:
            for edge in node.edges:
                if edge.source == source:
                    yield node, edge

    def insert(self, position: int, node: DraftNode) -> int:
        """Insert `node` before node `position`, renumber the sources, and return the new node's source number.

        The sources in `node` itself must be inputs or nodes before `position`.
        """
        place = self.n_inputs + position
        for _, edge in self._edges():
            if edge.source >= place:
                edge.source += 1
        self.nodes.insert(position, node)
        return place

    def remove(self, position: int) -> None:
        """Remove node `position`, which no edge reads, and renumber the sources."""
        place = self.n_inputs + position
        del self.nodes[position]
        for _, edge in self._edges():
            if edge.source > place:
                edge.source -= 1

    def _edges(self) -> Iterator[tuple[DraftNode, DraftEdge]]:
        for node in self.nodes:
            for edge in node.edges:
                yield node, edge

    # --- pruning ---

    def prune(self) -> Draft:
        """Simplify in place to a fixed point, without changing the function, and return self.

        Drops absent and unreachable parts, folds constants, flattens sums in sums and products in products, merges
        equal terms and powers of one source, and moves redundant scales to where they are free coefficients.
        """
        while (
            self._drop_unreachable()
            or self._drop_absent()
            or self._fold_constants()
            or self._bypass()
            or self._inline()
            or self._merge()
            or self._move_scales()
            or self._move_shifts()
            or self._write_single_term()
        ):
            pass
        return self

    def _drop_unreachable(self) -> bool:
        used = {self.n_inputs + len(self.nodes) - 1}
        for j in reversed(range(len(self.nodes))):
            if self.n_inputs + j in used:
                used.update(edge.source for edge in self.nodes[j].edges)
        unused = [j for j in range(len(self.nodes)) if self.n_inputs + j not in used]
        for j in reversed(unused):
            self.remove(j)
        return bool(unused)

    def _drop_absent(self) -> bool:
        changed = False
        for node in self.nodes:
            for edge in node.edges:
                if edge.primitive is NONE or (edge.weight == 0.0 and node.is_sum):
                    node.edges, changed = [e for e in node.edges if e is not edge], True
                elif edge.primitive.inner and edge.coefficients[0] == 0.0 and "scale" in edge.primitive.inner:
                    node.take(edge, edge.at(0.0))
                    changed = True
            if node.constant == (0.0 if node.is_sum else 1.0) and node.edges:
                node.constant, changed = None, True
            if not node.is_sum and node.constant == 0.0 and node.edges:
                node.edges, changed = [], True
        return changed

    def _fold_constants(self) -> bool:
        """Replace edges from nodes without edges by their value."""
        for j, inner in enumerate(self.nodes[:-1]):
            if inner.edges:
                continue
            value = (0.0 if inner.is_sum else 1.0) if inner.constant is None else inner.constant
            for node, edge in list(self.users(self.n_inputs + j)):
                node.take(edge, edge.at(value))
            self.remove(j)
            return True
        return False

    def _inline(self) -> bool:
        """Dissolve one hidden node into its user where the two are one operation."""
        for j, inner in enumerate(self.nodes[:-1]):
            users = list(self.users(self.n_inputs + j))
            if len(users) != 1:
                continue
            node, edge = users[0]
            if edge.primitive is LINEAR:
                done = self._inline_linear(node, edge, inner)
            else:
                done = self._inline_affine(edge, inner)
            if done:
                return True
        output = self.nodes[-1]
        absorbable = output.constant is None or not output.is_sum
        if len(output.edges) == 1 and output.edges[0].primitive is LINEAR and absorbable:
            below = self.node(output.edges[0].source)
            if below is not None:
                below.scale(output.edges[0].weight * (1.0 if output.constant is None else output.constant))
                self.remove(len(self.nodes) - 1)
                return True
        return False

    @staticmethod
    def _inline_linear(node: DraftNode, edge: DraftEdge, inner: DraftNode) -> bool:
        """Dissolve `inner`, read by `node` through the linear `edge`: same aggregator, or a single term."""
        same = inner.aggregator == node.aggregator
        if not same and (len(inner.edges) != 1 or (inner.is_sum and inner.constant is not None)):
            return False
        if node.is_sum:
            if inner.is_sum and inner.constant is not None:
                node.shift(edge.weight * inner.constant)
            factor = edge.weight if inner.is_sum or inner.constant is None else edge.weight * inner.constant
        else:
            if inner.is_sum:
                node.scale(inner.edges[0].weight)
                inner.edges[0].weight = 1.0
            elif inner.constant is not None:
                node.scale(inner.constant)
            factor = 1.0
        at = next(k for k, e in enumerate(node.edges) if e is edge)
        for e in inner.edges:
            e.weight *= factor
        node.edges[at : at + 1] = inner.edges
        inner.edges = []
        return True

    @staticmethod
    def _inline_affine(edge: DraftEdge, inner: DraftNode) -> bool:
        """Move the affine map of a node c + w f(x) into the inner coefficients of the only edge that reads it."""
        names = edge.primitive.inner
        if not names or not inner.is_sum or len(inner.edges) != 1:
            return False
        scale, shift = inner.edges[0].weight, inner.constant
        if (scale != 1.0 and "scale" not in names) or (shift is not None and "shift" not in names):
            return False
        if shift is None and "shift" in names and edge.coefficients[names.index("shift")] == 0.0:
            return False  # the sum node is how a graph writes tanh(w x): without the shift
        for k, name in enumerate(names):
            if name == "shift" and shift is not None:
                edge.coefficients[k] += shift * (edge.coefficients[0] if "scale" in names else 1.0)
        if "scale" in names:
            edge.coefficients[0] *= scale
        inner.to_single_factor()
        return True

    def _bypass(self) -> bool:
        """Let the readers of a node that is one other source, unchanged, read that source."""
        for j, node in enumerate(self.nodes[:-1]):
            bare = not node.is_sum and node.constant is None and len(node.edges) == 1
            if bare and node.edges[0].primitive is LINEAR:
                for _, edge in self.users(self.n_inputs + j):
                    edge.source = node.edges[0].source
                self.remove(j)
                return True
        return False

    def _merge(self) -> bool:
        """Merge two edges of one node that are one: equal functions in a sum, powers of one source in a product."""
        for node in self.nodes:
            for k, first in enumerate(node.edges):
                for second in node.edges[k + 1 :]:
                    if first.source != second.source:
                        continue
                    merged = _merge_terms(first, second) if node.is_sum else _merge_factors(first, second)
                    if merged is None:
                        continue
                    node.edges = [e for e in node.edges if e is not first and e is not second]
                    node.edges[k:k] = [merged] if merged.primitive is not NONE else []
                    return True
        return False

    def _move_scales(self) -> bool:
        """Move the scale of a product, or of a sum of one term, into the edges that read it, where that is possible."""
        for j, inner in enumerate(self.nodes[:-1]):
            if inner.is_sum:
                scale = inner.edges[0].weight if len(inner.edges) == 1 and inner.constant is None else None
            else:
                scale = inner.constant
            users = list(self.users(self.n_inputs + j))
            if scale is None or (inner.is_sum and len(users) == 1 and users[0][1].primitive.inner):
                continue
            moves = [_moved_scale(node, edge, scale) for node, edge in users]
            if any(move is None for move in moves):
                continue
            for (node, edge), move in zip(users, moves, strict=True):
                assert move is not None
                node.move(edge, *move)
                if "scale" in edge.primitive.inner:
                    edge.coefficients[0] *= scale
            if inner.is_sum:
                inner.to_single_factor()
            inner.constant = None
            return True
        return False

    def _move_shifts(self) -> bool:
        """Move the constant of a sum that only exponentials read out of them: exp(a (c + u)) is exp(a c) exp(a u)."""
        for j, inner in enumerate(self.nodes[:-1]):
            users = list(self.users(self.n_inputs + j))
            if not inner.is_sum or inner.constant is None or any(edge.primitive.name != "exp" for _, edge in users):
                continue
            factors = [_exp(edge.coefficients[0] * inner.constant) for _, edge in users]
            if all(factors):
                for (node, edge), factor in zip(users, factors, strict=True):
                    node.move(edge, factor, 0.0)
                inner.constant = None
                return True
        return False

    def _write_single_term(self) -> bool:
        """Write c times one factor as the sum of one weighted term, so that it has one form."""
        changed = False
        for node in self.nodes:
            if not node.is_sum and node.constant is not None and len(node.edges) == 1:
                node.aggregator, node.edges[0].weight, node.constant, changed = "sum", node.constant, None, True
        return changed

    # --- back to a graph ---

    def build(self) -> tuple[Graph, tuple[float, ...]]:
        """Return the graph and its flat coefficient vector."""
        draft = self._fold_neutral()
        graph = Graph(
            draft.n_inputs,
            tuple(
                Node(n.aggregator, tuple(Edge(e.source, e.primitive) for e in n.edges), n.constant is not None)
                for n in draft.nodes
            ),
        )
        theta: list[float] = []
        for node, slots in zip(draft.nodes, graph.layout, strict=True):
            if node.constant is not None:
                theta.append(node.constant)
            for edge, own in zip(node.edges, slots.edges, strict=True):
                if own.weight >= 0:
                    theta.append(edge.weight)
                theta.extend(edge.coefficients[len(edge.primitive.inner) if own.neutral else 0 :])
        return graph, tuple(theta)

    def _fold_neutral(self) -> Draft:
        """Return a draft in which the inner map of a sum node's only reader is the identity, folded into that node."""
        if not any(self._is_foldable(edge) for _, edge in self._edges()):
            return self
        draft = self.copy()
        for _, edge in draft._edges():
            if not draft._is_foldable(edge):
                continue
            inner, names = draft.nodes[edge.source - draft.n_inputs], edge.primitive.inner
            if "scale" in names:
                inner.scale(edge.coefficients[0])
            shift = edge.coefficients[names.index("shift")] if "shift" in names else 0.0
            if shift:
                inner.shift(shift)
            edge.coefficients[: len(names)] = edge.primitive.neutral
        return draft

    def _is_foldable(self, edge: DraftEdge) -> bool:
        """Whether `edge` has an inner map and is the only reader of a sum node."""
        if (
            edge.source < self.n_inputs
            or not edge.primitive.inner
            or not self.nodes[edge.source - self.n_inputs].is_sum
        ):
            return False
        return len(list(self.users(edge.source))) == 1


def _merge_terms(first: DraftEdge, second: DraftEdge) -> DraftEdge | None:
    """Return w1 f + w2 f as one edge, or None where the functions differ."""
    if first.primitive != second.primitive or first.coefficients != second.coefficients:
        return None
    merged = first.copy()
    merged.weight = first.weight + second.weight
    return merged


def _merge_factors(first: DraftEdge, second: DraftEdge) -> DraftEdge | None:
    """Return the product of two powers, or of two exponentials, of one source as one edge; None for other functions."""
    if first.primitive.name == second.primitive.name == "exp":
        merged = first.copy()
        merged.coefficients = [first.coefficients[0] + second.coefficients[0]]
        return merged
    exponents = [_exponent(first), _exponent(second)]
    if any(e is None for e in exponents):
        return None
    a, b = exponents
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        primitive = fixed_power(a + b) if a + b else NONE
        return DraftEdge(first.source, primitive)
    assert a is not None
    assert b is not None
    return DraftEdge(first.source, POWER, 1.0, [float(a) + float(b)])


def _exponent(edge: DraftEdge) -> Fraction | float | None:
    """Return the exponent of a power edge: a Fraction if fixed, a float if learned, None for other functions."""
    return edge.coefficients[0] if edge.primitive is POWER else edge.primitive.exponent


def _moved_scale(node: DraftNode, edge: DraftEdge, scale: float) -> tuple[float, float] | None:
    """Return (factor, shift) such that f(scale u) = factor f(u) + shift in `node`, or None if there are none.

    An edge with an inner scale takes the scale itself: (1, 0).
    """
    if "scale" in edge.primitive.inner:
        return 1.0, 0.0
    if edge.primitive.name == "abs":
        return abs(scale), 0.0
    if edge.primitive.name == "log" and node.is_sum and scale > 0.0:
        return 1.0, math.log(scale)
    exponent = _exponent(edge)
    is_integer = isinstance(exponent, Fraction) and exponent.denominator == 1
    if exponent is None or (scale <= 0 and not is_integer):
        return None
    try:
        factor = scale ** (int(exponent) if is_integer else float(exponent))
    except (OverflowError, ZeroDivisionError):
        return None
    return (factor, 0.0) if math.isfinite(factor) and factor != 0.0 else None


def _exp(exponent: float) -> float:
    """Return e to the `exponent`, or 0 where that is not a finite number."""
    return math.exp(exponent) if exponent < 700.0 else 0.0


def prune(graph: Graph, coefficients: Sequence[float]) -> tuple[Graph, tuple[float, ...]]:
    """Return the pruned graph and its coefficients: the same function with nothing superfluous."""
    return Draft.from_graph(graph, coefficients).prune().build()
