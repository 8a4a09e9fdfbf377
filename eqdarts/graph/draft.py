"""Drafts: a graph with its coefficients, open to editing, and the pruning that ends every edit.

``Draft.from_graph(graph, coefficients)`` -> edits -> ``draft.prune().build()`` -> ``(graph, coefficients)``.
Pruning never changes the function that graph and coefficients represent, except that it may extend its domain
(x * x**-1 becomes 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eqdarts.graph.draft_terms import (
    LINEAR,
    NONE,
    DraftEdge,
    DraftNode,
    make_moves,
    merge_factors,
    merge_terms,
    moved_scale,
    moved_shift,
)
from eqdarts.graph.graph import Edge, Graph, Node

__all__ = ["Draft", "DraftEdge", "DraftNode", "prune"]


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
        """Return the node with source number `source`, or None for an input."""
        return self.nodes[source - self.n_inputs] if source >= self.n_inputs else None

    def users(self, source: int) -> Iterator[tuple[DraftNode, DraftEdge]]:
        """Yield every edge that reads `source`, with the node that it enters."""
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
        equal terms and powers of one source, and moves redundant scales into free coefficients.
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
            or self._fold_inner()
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
        """Merge one hidden node into its reader if the two are one operation."""
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
        """Merge `inner`, read by `node` through the linear `edge`, into `node`: same aggregator, or a single term."""
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
            return False  # the sum node is needed to write tanh(w x), without a shift
        for k, name in enumerate(names):
            if name == "shift" and shift is not None:
                edge.coefficients[k] += shift * (edge.coefficients[0] if "scale" in names else 1.0)
        if "scale" in names:
            edge.coefficients[0] *= scale
        inner.to_single_factor()
        return True

    def _bypass(self) -> bool:
        """Let the readers of a node that only passes on another source read that source."""
        for j, node in enumerate(self.nodes[:-1]):
            bare = not node.is_sum and node.constant is None and len(node.edges) == 1
            if bare and node.edges[0].primitive is LINEAR:
                for _, edge in self.users(self.n_inputs + j):
                    edge.source = node.edges[0].source
                self.remove(j)
                return True
        return False

    def _merge(self) -> bool:
        """Merge two edges of one node: equal functions in a sum, or powers of one source in a product."""
        for node in self.nodes:
            for k, first in enumerate(node.edges):
                for second in node.edges[k + 1 :]:
                    if first.source != second.source:
                        continue
                    merged = merge_terms(first, second) if node.is_sum else merge_factors(first, second)
                    if merged is None:
                        continue
                    node.edges = [e for e in node.edges if e is not first and e is not second]
                    node.edges[k:k] = [merged] if merged.primitive is not NONE else []
                    return True
        return False

    def _move_scales(self) -> bool:
        """Move the scale of a product, or of a sum of one term, into the edges that read it, if that is possible."""
        for j, inner in enumerate(self.nodes[:-1]):
            if inner.is_sum:
                scale = inner.edges[0].weight if len(inner.edges) == 1 and inner.constant is None else None
            else:
                scale = inner.constant
            users = list(self.users(self.n_inputs + j))
            if scale is None or (inner.is_sum and len(users) == 1 and users[0][1].primitive.inner):
                continue
            if not make_moves(users, [moved_scale(node, edge, scale) for node, edge in users]):
                continue
            for _, edge in users:
                if "scale" in edge.primitive.inner:
                    edge.coefficients[0] *= scale
            if inner.is_sum:
                inner.to_single_factor()
            inner.constant = None
            return True
        return False

    def _move_shifts(self) -> bool:
        """Move the constant of a sum out of the exponentials, its only readers: exp(a (c + u)) is exp(a c) exp(a u)."""
        for j, inner in enumerate(self.nodes[:-1]):
            users = list(self.users(self.n_inputs + j))
            if not inner.is_sum or inner.constant is None or any(edge.primitive.shift_out is None for _, edge in users):
                continue
            factors = [moved_shift(edge, inner.constant) for _, edge in users]
            if make_moves(users, [(factor, 0.0) if factor else None for factor in factors]):
                inner.constant = None
                return True
        return False

    def _write_single_term(self) -> bool:
        """Write c times one factor as the sum of one weighted term, so that it has only one form."""
        changed = False
        for node in self.nodes:
            if not node.is_sum and node.constant is not None and len(node.edges) == 1:
                node.edges[0].weight = node.constant
                node.aggregator, node.constant = "sum", None
                changed = True
        return changed

    def _fold_inner(self) -> bool:
        """Fold the inner map of a sum node's only reader into that node, because a graph cannot hold both."""
        changed = False
        for _, edge in self._edges():
            if not self._is_foldable(edge):
                continue
            inner, names = self.nodes[edge.source - self.n_inputs], edge.primitive.inner
            if "scale" in names:
                inner.scale(edge.coefficients[0])
            shift = edge.coefficients[names.index("shift")] if "shift" in names else 0.0
            if shift:
                inner.shift(shift)
            edge.coefficients[: len(names)] = edge.primitive.neutral
            changed = True
        return changed

    def _is_foldable(self, edge: DraftEdge) -> bool:
        """Whether `edge` has an inner map other than the identity, and is the only reader of a sum node."""
        names, source = edge.primitive.inner, edge.source - self.n_inputs
        if source < 0 or not names or not self.nodes[source].is_sum:
            return False
        idle = tuple(edge.coefficients[: len(names)]) == edge.primitive.neutral
        return not idle and len(list(self.users(edge.source))) == 1

    # --- back to a graph ---

    def build(self) -> tuple[Graph, tuple[float, ...]]:
        """Return the graph and its flat coefficient vector."""
        draft = self
        if any(self._is_foldable(edge) for _, edge in self._edges()):
            draft = self.copy()
            draft._fold_inner()
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


def prune(graph: Graph, coefficients: Sequence[float]) -> tuple[Graph, tuple[float, ...]]:
    """Return the pruned graph and its coefficients: the same function without redundant parts."""
    return Draft.from_graph(graph, coefficients).prune().build()
