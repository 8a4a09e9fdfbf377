"""Rows, noise and values that tests of several rooms use."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy
import torch
from numpy.typing import NDArray

from eqdarts.expression.build import symbol
from eqdarts.graph.graph import Aggregator, Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.solver.batch import Batch

Array = NDArray[np.float64]

# Parameters of an estimator that ends by a count of refits, in about a second.
QUICK: dict[str, Any] = {"search": "random", "max_refits": 256, "time_limit": None, "random_state": 0}


def rows(n: int = 60, d: int = 2, low: float = 0.5, high: float = 3.0, seed: int = 0) -> Array:
    """Return n rows of d positive inputs, of shape (n, d)."""
    return np.random.default_rng(seed).uniform(low, high, (n, d))


def noise(n: int = 60, seed: int = 1) -> Array:
    """Return n normal values."""
    return np.random.default_rng(seed).normal(size=n)


def edge(source: int, name: str) -> Edge:
    """Return an edge by the name of its primitive."""
    return Edge(source, PRIMITIVES[name])


def node(aggregator: Aggregator, *edges: Edge, constant: bool = False) -> Node:
    return Node(aggregator, edges, constant)


def primitive_names(graph: Graph) -> set[str]:
    return {edge.primitive.name for node in graph.nodes for edge in node.edges}


def predict(start: tuple[Graph, tuple[float, ...]], X: Array) -> Array:
    """Return the values (n,) of a graph with its coefficients at rows X of shape (n, d)."""
    graph, coefficients = start
    batch = Batch([graph], torch.from_numpy(X))
    return batch.predict(batch.pad([coefficients]))[0].numpy()


def lambdified(expr: sympy.Expr, columns: dict[str, Array]) -> Array:
    """Return the values of an expression by sympy's own code generation."""
    names = sorted(columns)
    function = sympy.lambdify([symbol(name) for name in names], expr, modules=["scipy", "numpy"])
    with np.errstate(all="ignore"):
        values = np.asarray(function(*(columns[name] for name in names)), dtype=np.float64)
    return np.broadcast_to(values, len(columns[names[0]]))


def load_script(path: Path, name: str) -> ModuleType:
    """Return a script of the checkout, which is in no package, as the module `name`."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
