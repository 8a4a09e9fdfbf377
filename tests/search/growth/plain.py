"""A graph evaluated the plain way, by autograd, and graphs with rows to evaluate it at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft
from tests.helpers import Array
from tests.strategies import graphs, inputs

Change = Callable[[torch.Tensor], torch.Tensor]


N_ROWS = 20


def number(c: float) -> torch.Tensor:
    return torch.tensor(c, dtype=torch.float64)


@dataclass
class Plain:
    """A plain forward pass whose every intermediate value is a leaf of torch's autograd graph, or can be changed."""

    draft: Draft
    X: Array
    changes: dict[tuple[str, int, int], Change] = field(default_factory=dict)
    tensors: dict[tuple[str, int, int], torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = [torch.tensor(x, requires_grad=True) for x in self.X.T.copy()]
        self.inputs = columns[:]
        for j, node in enumerate(self.draft.nodes):
            neutral = 0.0 if node.is_sum else 1.0
            value = torch.full((len(self.X),), neutral if node.constant is None else node.constant, dtype=torch.float64)
            for k, edge in enumerate(node.edges):
                x = self._keep("argument", j, k, columns[edge.source])
                term = edge.primitive(x, *(number(c) for c in edge.coefficients))
                term = self._keep("term", j, k, edge.weight * term)
                value = value + term if node.is_sum else value * term
            columns.append(self._keep("node", j, -1, value))
        self.columns, self.prediction = columns, columns[-1]

    def _keep(self, kind: str, j: int, k: int, tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor * 1.0  # an argument is a tensor of its own, not the source that other edges read too
        if (kind, j, k) in self.changes:
            tensor = self.changes[kind, j, k](tensor)
        if tensor.requires_grad:
            tensor.retain_grad()
        self.tensors[kind, j, k] = tensor
        return tensor

    def backward(self) -> Plain:
        if self.prediction.requires_grad:
            self.prediction.sum().backward()
        return self

    def adjoint(self, kind: str, j: int, k: int) -> Array:
        gradient = self.tensors[kind, j, k].grad
        return np.zeros(len(self.X)) if gradient is None else gradient.numpy()

    def sound(self) -> NDArray[np.bool_]:
        """Rows where nothing on the way is undefined, or so large that rounding is all that is left."""
        everything = [*self.tensors.values(), *(t.grad for t in self.tensors.values() if t.grad is not None)]
        return np.all([(t.detach().abs() < 1e8).numpy() for t in everything], axis=0)


def assert_rows_close(found: Array, expected: Array, rows: NDArray[np.bool_], rtol: float = 1e-9) -> None:
    largest = np.abs(expected[rows]).max(initial=1.0)
    np.testing.assert_allclose(found[rows], expected[rows], rtol=rtol, atol=rtol * largest)


@st.composite
def cases(draw: st.DrawFn, primitives: str = "default") -> tuple[Draft, Array]:
    graph, coefficients = draw(graphs(primitives=primitives))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    numbers = np.array(coefficients) * rng.uniform(0.8, 1.2, len(coefficients))
    return Draft.from_graph(graph, list(numbers)).prune(), draw(inputs(graph.n_inputs, n_rows=N_ROWS))
