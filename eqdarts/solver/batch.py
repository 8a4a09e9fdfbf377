r"""Many different graphs as one tensor program: values, and by one reverse sweep the Jacobian of every graph.

The nodes of all graphs are ordered by level. Within a level, edges are grouped by primitive and nodes by aggregator and
degree, so that each group is one gather, one tensor operation and one contiguous write. With :math:`z` the output of a
graph and :math:`\delta_j = \partial z / \partial z_j` the adjoint of node j, one value per row, the reverse sweep gives

.. math:: \partial z / \partial w_e = \delta_j f_e, \qquad
          \partial z / \partial \theta_e = \delta_j\, w_e\, \partial f_e / \partial \theta_e,

for a sum node, and the product of the other factors in place of :math:`w_e` for a product node: all coefficients of all
graphs in one pass (Griewank, Walther 2008, chapter 3).

Axes: G graphs, K coefficients (padded), N rows, D inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts._typing import Ints
from eqdarts.graph.graph import Graph
from eqdarts.solver.batch_plan import (
    CONSTANT,
    GRAPH,
    HIDDEN,
    NODE,
    OUTPUT,
    SOURCE,
    WEIGHT,
    Plan,
    Reduce,
    Unary,
    tables,
)

__all__ = ["Batch", "Evaluation"]


class Evaluation(NamedTuple):
    """Values and derivatives of a batch.

    Parameters
    ----------
    prediction : Tensor of shape (G, N)
    jacobian : Tensor of shape (G, K, N)
        Derivative in each coefficient; zero in padded ones. The next evaluation reuses the tensor.
    """

    prediction: Tensor
    jacobian: Tensor


class _Partials(NamedTuple):
    """Kept from the forward sweep: inner scale (E, 1), source (E, N), df/du (E, N), df/dshape (E, N) each."""

    x: Tensor
    scale: Tensor | None
    slope: Tensor
    by_shape: tuple[Tensor, ...]


class _Terms(NamedTuple):
    """Kept from the forward sweep: edge values (n, degree, N); of a product, the bare product (n, N) too."""

    terms: Tensor
    product: Tensor | None


class Batch:
    """A batch of graphs compiled for one set of rows.

    Parameters
    ----------
    graphs : sequence of Graph
        Graphs with the same `n_inputs`.
    X : Tensor of shape (N, D)
        The rows. All results have its dtype and device.
    """

    def __init__(self, graphs: Sequence[Graph], X: Tensor) -> None:
        parts = [tables(graph) for graph in graphs]
        node_counts = np.array([len(nodes) for nodes, _ in parts])
        edge_counts = np.array([len(edges) for _, edges in parts])
        nodes = np.concatenate([nodes for nodes, _ in parts])
        edges = np.concatenate([edges for _, edges in parts])
        nodes[:, GRAPH] = np.repeat(np.arange(len(graphs)), node_counts)
        offset = np.repeat(np.cumsum(node_counts) - node_counts, edge_counts)
        edges[:, NODE] += offset
        edges[:, SOURCE] += edges[:, HIDDEN] * offset
        self._compile(nodes, edges, np.array([graph.n_coefficients for graph in graphs]), X.T.contiguous())

    def subset(self, keep: Tensor) -> Batch:
        """Return the batch of the graphs for which the boolean tensor `keep` (G,) is true."""
        kept = keep.cpu().numpy()
        node_kept = kept[self._nodes[:, GRAPH]]
        renumbered = np.cumsum(node_kept) - 1
        nodes, edges = self._nodes[node_kept], self._edges[node_kept[self._edges[:, NODE]]]
        nodes[:, GRAPH] = (np.cumsum(kept) - 1)[nodes[:, GRAPH]]
        edges[:, NODE] = renumbered[edges[:, NODE]]
        hidden = edges[:, HIDDEN] == 1
        edges[hidden, SOURCE] = renumbered[edges[hidden, SOURCE]]
        batch = Batch.__new__(Batch)
        batch._compile(nodes, edges, self._counts[kept], self._inputs)
        return batch

    def _compile(self, nodes: Ints, edges: Ints, counts: Ints, inputs: Tensor) -> None:
        self._nodes, self._edges = nodes, edges
        self._counts = counts
        self._inputs = inputs
        self.n_graphs = len(counts)
        self.n_columns = max(int(counts.max(initial=0)), 1)
        self.n_coefficients = torch.as_tensor(counts, device=inputs.device)
        self.linear = torch.as_tensor(self._linear(), device=inputs.device)
        with torch.inference_mode():
            self._plan = Plan(nodes, edges, counts, self.n_columns, inputs)
            self._jacobian = inputs.new_empty((self.n_graphs * self.n_columns, inputs.shape[1]))
            for unary in self._plan.fixed:
                unary.out.copy_(unary.primitive.value(unary.x))

    def _linear(self) -> NDArray[np.bool_]:
        """Return the coefficients (G, K) in which the outputs are linear: weights and constant of the output node."""
        linear = np.zeros((self.n_graphs, self.n_columns), dtype=bool)
        output = self._nodes[:, OUTPUT] == 1
        constants = output & (self._nodes[:, CONSTANT] >= 0)
        linear[self._nodes[constants, GRAPH], self._nodes[constants, CONSTANT]] = True
        weighted = output[self._edges[:, NODE]] & (self._edges[:, WEIGHT] >= 0)
        linear[self._nodes[self._edges[weighted, NODE], GRAPH], self._edges[weighted, WEIGHT]] = True
        return linear

    # --- evaluation ---

    def pad(self, coefficients: Sequence[Sequence[float]]) -> Tensor:
        """Return one flat coefficient vector per graph as a tensor (G, K), padded with zeros."""
        theta = self._inputs.new_zeros((self.n_graphs, self.n_columns))
        for row, values in zip(theta, coefficients, strict=True):
            row[: len(values)] = torch.as_tensor(values, dtype=theta.dtype)
        return theta

    def predict(self, theta: Tensor) -> Tensor:
        """Return the values (G, N) of the graphs at coefficients `theta` (G, K)."""
        with torch.inference_mode():
            self._plan.load(theta)
            for unary in self._plan.from_inputs:
                self._apply(unary, differentiate=False)
            for level in self._plan.levels:
                for unary in level.unary:
                    self._apply(unary, differentiate=False)
                for reduce in level.reduce:
                    self._aggregate(reduce)
            return self._plan.values.index_select(0, self._plan.output_rows)

    def evaluate(self, theta: Tensor) -> Evaluation:
        """Return the values (G, N) and the Jacobian (G, K, N) at coefficients `theta` (G, K)."""
        with torch.inference_mode():
            plan = self._plan
            plan.load(theta)
            from_inputs = [self._apply(unary, differentiate=True) for unary in plan.from_inputs]
            saved = []
            for level in plan.levels:
                partials = [self._apply(unary, differentiate=True) for unary in level.unary]
                saved.append((partials, [self._aggregate(reduce) for reduce in level.reduce]))
            for level, (partials, terms) in zip(reversed(plan.levels), reversed(saved), strict=True):
                level.deltas.copy_(plan.reverse.index_select(0, level.first_user))
                for rows, contributions in level.more_users:
                    plan.reverse.index_add_(0, rows, plan.reverse.index_select(0, contributions))
                for reduce, kept in zip(level.reduce, terms, strict=True):
                    self._distribute(reduce, kept)
                for unary, derivatives in zip(level.unary, partials, strict=True):
                    self._differentiate(unary, derivatives)
            for unary, derivatives in zip(plan.from_inputs, from_inputs, strict=True):
                self._differentiate(unary, derivatives)
            torch.index_select(plan.reverse, 0, plan.column_rows, out=self._jacobian)
            prediction = plan.values.index_select(0, plan.output_rows)
            return Evaluation(prediction, self._jacobian.view(self.n_graphs, self.n_columns, -1))

    def _apply(self, unary: Unary, *, differentiate: bool) -> _Partials:
        """Apply one primitive to its sources and write the values; keep the derivatives for the reverse sweep."""
        x = self._plan.values.index_select(0, unary.source) if unary.x is None else unary.x  # (E, N)
        u, scale = x, None
        for name, coefficient in unary.inner:
            if name == "scale":
                u, scale = u * coefficient, coefficient
            else:
                u = u + coefficient
        if not differentiate:
            unary.out.copy_(unary.primitive.value(u, *unary.shape))
            return _Partials(x, scale, x, ())
        value, slope, by_shape = unary.primitive.partials(u, *unary.shape)
        unary.out.copy_(value)
        return _Partials(x, scale, slope, by_shape)

    def _aggregate(self, reduce: Reduce) -> _Terms:
        """Sum or multiply the edges of a group of nodes and write the values."""
        out = reduce.out
        if reduce.degree == 0:
            out.copy_(reduce.constants.expand_as(out))
            return _Terms(out, torch.ones_like(out) if reduce.product else None)
        terms = self._plan.values.index_select(0, reduce.values).view(len(out), reduce.degree, -1)
        if not reduce.product:
            torch.addcmul(reduce.constants, terms[:, 0], reduce.weights[:, 0], out=out)
            for k in range(1, reduce.degree):
                out.addcmul_(terms[:, k], reduce.weights[:, k])
            return _Terms(terms, None)
        product = terms[:, 0]
        for k in range(1, reduce.degree):
            product = product * terms[:, k]
        torch.mul(product, reduce.constants, out=out)
        return _Terms(terms, product)

    def _distribute(self, reduce: Reduce, kept: _Terms) -> None:
        """Write the columns of a group's constants and weights, and the adjoints of its edges' values."""
        delta = reduce.delta  # (n, N)
        if reduce.product:
            if reduce.constant_columns is not None:
                assert kept.product is not None
                torch.mul(delta, kept.product, out=reduce.constant_columns)
            if reduce.targets:
                others = _products_of_others(kept.terms, delta * reduce.constants).view(-1, delta.shape[1])
                for target in reduce.targets:
                    torch.index_select(others, 0, target.edges, out=target.out)
        elif reduce.degree:
            torch.mul(kept.terms, delta.unsqueeze(1), out=reduce.weight_columns)
            for target in reduce.targets:
                weights = reduce.weights.view(-1, 1).index_select(0, target.edges)
                torch.mul(delta.index_select(0, target.nodes), weights, out=target.out)

    def _differentiate(self, unary: Unary, kept: _Partials) -> None:
        """Write the columns of a primitive's coefficients and the adjoints that it passes to its sources."""
        adjoint = self._plan.adjoints.index_select(0, unary.adjoint)  # (E, N)
        columns = iter(unary.columns)
        if unary.inner or unary.contribution is not None:
            flow = adjoint * kept.slope
            for name, _ in unary.inner:
                if name == "scale":
                    torch.mul(flow, kept.x, out=next(columns))
                else:
                    next(columns).copy_(flow)
            if unary.contribution is not None:
                if kept.scale is None:
                    unary.contribution.copy_(flow)
                else:
                    torch.mul(flow, kept.scale, out=unary.contribution)
        for derivative in kept.by_shape:
            torch.mul(adjoint, derivative, out=next(columns))


def _products_of_others(terms: Tensor, delta: Tensor) -> Tensor:
    """Return delta times the product of all terms but one, for each term: (n, degree, N). Zeros are safe."""
    degree = terms.shape[1]
    out = torch.empty_like(terms)
    before = delta
    for k in range(degree):
        out[:, k] = before
        if k + 1 < degree:
            before = before * terms[:, k]
    after = terms[:, degree - 1]
    for k in range(degree - 2, -1, -1):
        out[:, k] *= after
        if k > 0:
            after = after * terms[:, k]
    return out
