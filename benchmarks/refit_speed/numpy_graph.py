"""Values and Jacobian of one graph in plain numpy, what scipy is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eqdarts.graph.graph import Graph

Array = NDArray[np.float64]


def _power(u: Array, p: float) -> tuple[Array, Array, tuple[Array, ...]]:
    v = u**p
    return v, p * u ** (p - 1), (v * np.log(u),)


def _logistic(u: Array) -> tuple[Array, Array, tuple[Array, ...]]:
    v = 1 / (1 + np.exp(-u))
    return v, v * (1 - v), ()


NUMPY_PARTIALS: dict[str, Callable[..., tuple[Array, Array, tuple[Array, ...]]]] = {
    "linear": lambda u: (u, np.ones_like(u), ()),
    "power": _power,
    "reciprocal": lambda u: (1 / u, -1 / u**2, ()),
    "sqrt": lambda u: (np.sqrt(u), 0.5 / np.sqrt(u), ()),
    "square": lambda u: (u * u, 2 * u, ()),
    "cube": lambda u: (u * u * u, 3 * u * u, ()),
    "exp": lambda u: (np.exp(u), np.exp(u), ()),
    "log": lambda u: (np.log(u), 1 / u, ()),
    "sin": lambda u: (np.sin(u), np.cos(u), ()),
    "cos": lambda u: (np.cos(u), -np.sin(u), ()),
    "tanh": lambda u: (np.tanh(u), 1 - np.tanh(u) ** 2, ()),
    "logistic": _logistic,
}
for _q, _name in ((4, "power[4]"), (5, "power[5]"), (6, "power[6]"), (1.5, "power[3/2]"), (2.5, "power[5/2]"),
                  (3.5, "power[7/2]"), (-0.5, "power[-1/2]"), (-2, "power[-2]"), (-3, "power[-3]")):  # fmt: skip
    NUMPY_PARTIALS[_name] = lambda u, q=_q: (u**q, q * u ** (q - 1.0), ())


def values_and_jacobian(graph: Graph, theta: Array, X: Array) -> tuple[Array, Array]:
    """Return the prediction (n,) and Jacobian (n, K) of one graph, in numpy."""
    d = graph.n_inputs
    values = [X[:, i] for i in range(d)]
    kept = []
    for node, slots in graph.slots():
        edges = []
        for edge, own in zip(node.edges, slots.edges, strict=True):
            x = u = values[edge.source]
            coefficients = theta[own.first : own.first + own.count]
            inner = () if own.neutral else edge.primitive.inner
            scale = 1.0
            for name, c in zip(inner, coefficients, strict=False):
                u, scale = (u * c, c) if name == "scale" else (u + c, scale)
            v, slope, by_shape = NUMPY_PARTIALS[edge.primitive.name](u, *coefficients[len(inner) :])
            edges.append((x, v, slope, by_shape, inner, scale))
        constant = theta[slots.constant] if slots.constant >= 0 else float(node.aggregator == "product")
        z = np.full(len(X), constant)
        for (_, v, *_), own in zip(edges, slots.edges, strict=True):
            z = z + theta[own.weight] * v if node.aggregator == "sum" else z * v
        values.append(z)
        kept.append((edges, constant))
    delta = [np.zeros(len(X)) for _ in graph.nodes]
    delta[-1] = np.ones(len(X))
    jacobian = np.zeros((len(X), len(theta)))
    for j in range(len(graph.nodes) - 1, -1, -1):
        node, slots, (edges, constant) = graph.nodes[j], graph.layout[j], kept[j]
        if slots.constant >= 0:
            jacobian[:, slots.constant] = delta[j] * (
                np.prod([e[1] for e in edges], axis=0) if node.aggregator == "product" and edges else 1.0
            )
        for k, (edge, own) in enumerate(zip(node.edges, slots.edges, strict=True)):
            x, v, slope, by_shape, inner, scale = edges[k]
            if node.aggregator == "sum":
                jacobian[:, own.weight] = delta[j] * v
                adjoint = delta[j] * theta[own.weight]
            else:
                adjoint = delta[j] * constant
                for m, other in enumerate(edges):
                    if m != k:
                        adjoint = adjoint * other[1]
            flow = adjoint * slope
            for m, name in enumerate(inner):
                jacobian[:, own.first + m] = flow * x if name == "scale" else flow
            for m, derivative in enumerate(by_shape):
                jacobian[:, own.first + len(inner) + m] = adjoint * derivative
            if edge.source >= d:
                delta[edge.source - d] = delta[edge.source - d] + flow * scale
    return values[-1], jacobian
