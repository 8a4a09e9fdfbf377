"""Graphs as the plain tables that compiled code takes, and the two things that are done with them."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts._lazy import Loading
from eqdarts._typing import Array, Ints
from eqdarts.errors import EqdartsWarning
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR
from eqdarts.solver.batch import Batch
from eqdarts.solver.projection import multipliers_of

__all__ = ["can_compile", "has_place", "predict_all", "refit_compiled", "warm_up"]

MOST_ROWS = 10_000  # tensor operations are as quick beyond, and compiled code hears of no interrupt
MOST_WORK = 2_000_000  # rows times steps of one call: a fraction of a second

LONG = 2.5  # seconds after which loading is seen to be compiling


def warm_up(tell: Callable[[], None], more: Callable[[], None] = lambda: None) -> None:
    """Load the compiled code; the first time after an installation it is compiled, and `tell` is called meanwhile.

    numba keeps the machine code beside the package, or otherwise in the user's cache folder. If it can write to
    neither, every process would compile again, so tensor operations replace compiled code. `more` loads other code.

    Warns
    -----
    EqdartsWarning
        Once in a process, if machine code cannot be kept.
    """
    if not has_place():
        _warn_of_no_place()
        return
    with Loading() as loading:

        def compiles() -> None:
            loading.end()  # a compiler does make garbage
            tell()

        timer = threading.Timer(LONG, compiles)
        timer.daemon = True
        timer.start()
        try:
            graph = Graph(1, (Node("sum", (Edge(0, LINEAR),)),))
            X = torch.ones((2, 1), dtype=torch.float64)
            refit_compiled([graph], torch.ones((1, 1), dtype=torch.float64), X, X[:, 0], None, (1, 1e-3, 1))
            predict_all([graph], [(1.0,)], X)
            more()
        finally:
            timer.cancel()


@cache
def has_place() -> bool:
    """Return whether machine code can be kept from one process to the next."""
    import eqdarts.solver.kernels_refit  # noqa: F401  (its functions are told of when it is imported)
    from eqdarts.solver.kernels import UNKEPT

    return not UNKEPT


@cache
def _warn_of_no_place() -> None:
    warnings.warn(
        "Compiled code cannot be kept, because neither the package folder nor your cache folder is writable. The "
        "search continues without it, several times slower. Set NUMBA_CACHE_DIR to a writable folder.",
        EqdartsWarning,
        stacklevel=3,
    )


class _Program(NamedTuple):
    """One graph: the tables of `eqdarts.solver.kernels`, and which coefficients are linear or follow which others."""

    nodes: Ints
    edges: Ints
    powers: Array
    linear: NDArray[np.bool_]
    multiplier: Ints


def can_compile(graphs: Sequence[Graph], X: Tensor) -> bool:
    """Return whether compiled code can take the graphs: only primitives with kernels, float64 on a CPU, few rows."""
    if X.dtype != torch.float64 or X.device.type != "cpu" or len(X) > MOST_ROWS or not has_place():
        return False
    return all(_program(graph) is not None for graph in graphs)


def _program(graph: Graph) -> _Program | None:
    """Return the graph's tables, kept with the graph; None if it has a primitive without a kernel."""
    if "_program" not in graph.__dict__:
        graph.__dict__["_program"] = _make_program(graph)
    program: _Program | None = graph.__dict__["_program"]
    return program


def _make_program(graph: Graph) -> _Program | None:
    from eqdarts.solver.kernels import OPERATIONS

    nodes: list[tuple[int, ...]] = []
    edges: list[tuple[int, ...]] = []
    powers: list[float] = []
    linear = np.zeros(graph.n_coefficients, dtype=np.bool_)
    for node, slots in graph.slots():
        nodes.append((len(edges), len(node.edges), node.aggregator == "product", slots.constant))
        for edge, own in zip(node.edges, slots.edges, strict=True):
            kernel = edge.primitive.kernel
            if kernel is None:
                return None
            inner = () if own.neutral else edge.primitive.inner
            places = {name: own.first + k for k, name in enumerate(inner)}
            shape = own.first + len(inner) if edge.primitive.shape else -1
            code = OPERATIONS[kernel.name]
            edges.append((code, edge.source, own.weight, places.get("scale", -1), places.get("shift", -1), shape))
            powers.append(kernel.power)
    slots = graph.layout[-1]
    linear[[k for k in (slots.constant, *(own.weight for own in slots.edges)) if k >= 0]] = True
    return _Program(
        np.array(nodes, dtype=np.int64).reshape(-1, 4), np.array(edges, dtype=np.int64).reshape(-1, 6),
        np.array(powers, dtype=np.float64), linear, multipliers_of(graph),
    )  # fmt: skip


def _programs(graphs: Sequence[Graph]) -> list[_Program]:
    return [program for program in map(_program, graphs) if program is not None]


class _Pack(NamedTuple):
    """The tables of several graphs one after the other, and where each begins."""

    nodes: Ints
    edges: Ints
    powers: Array
    node_starts: Ints
    edge_starts: Ints
    counts: Ints


def _pack(programs: Sequence[_Program]) -> _Pack:
    return _Pack(
        np.concatenate([p.nodes for p in programs]),
        np.concatenate([p.edges for p in programs]),
        np.concatenate([p.powers for p in programs]),
        np.cumsum([0, *(len(p.nodes) for p in programs)]),
        np.cumsum([0, *(len(p.edges) for p in programs)]),
        np.array([len(p.linear) for p in programs]),
    )


def refit_compiled(
    graphs: Sequence[Graph],
    start: Tensor,
    X: Tensor,
    y: Tensor,
    sqrt_weight: Tensor | None,
    limits: tuple[int, float, int],
) -> tuple[Array, Array, Ints, Ints]:
    """Refit graphs from `start` (G, K).

    Parameters
    ----------
    graphs : sequence of Graph
        All such that `can_compile`.
    start : Tensor of shape (G, K)
    X, y : Tensor of shape (N, D), and (N,) or (G, N)
    sqrt_weight : Tensor of shape (N,), optional
    limits : tuple of (int, float, int)
        Iterations, tolerance, patience.

    Returns
    -------
    coefficients, loss, iterations, status : arrays of shape (G, K), (G,), (G,), (G,)
    """
    from eqdarts.solver.kernels_refit import refit_graphs

    g, k = start.shape
    theta = np.array(start.numpy(), dtype=np.float64, order="C")
    loss = np.empty(g)
    iterations = np.empty(g, dtype=np.int64)
    status = np.empty(g, dtype=np.int64)
    columns, targets = np.ascontiguousarray(X.numpy().T), np.ascontiguousarray(y.numpy()).reshape(-1, len(X))
    root = np.ones(len(X)) if sqrt_weight is None else np.ascontiguousarray(sqrt_weight.numpy())
    portion = max(MOST_WORK // (len(X) * limits[0]), 1)
    for a in range(0, g, portion):
        part = slice(a, min(a + portion, g))
        programs = _programs(graphs[part])
        linear, multiplier = np.zeros((len(programs), k), dtype=np.bool_), np.full((len(programs), k), -1)
        for row, program in enumerate(programs):
            linear[row, : len(program.linear)] = program.linear
            multiplier[row, : len(program.linear)] = program.multiplier
        most = max(len(p.nodes) for p in programs), max(1, *(len(p.edges) for p in programs))
        own = targets[part] if len(targets) > 1 else targets
        results = loss[part], iterations[part], status[part]
        refit_graphs(*_pack(programs), linear, multiplier, theta[part], columns, own, root, *most, *limits, *results)
    for row, graph in zip(theta, graphs, strict=True):
        row[graph.n_coefficients :] = 0.0
    return theta, loss, iterations, status


def predict_all(graphs: Sequence[Graph], coefficients: Sequence[Sequence[float]], X: Tensor) -> Tensor:
    """Return the values (G, N) of graphs at their coefficients on X (N, D)."""
    if not can_compile(graphs, X):
        batch = Batch(graphs, X)
        return batch.predict(batch.pad(coefficients))
    from eqdarts.solver.kernels import predict_graphs

    programs = _programs(graphs)
    theta = np.zeros((len(graphs), max(1, *(len(p.linear) for p in programs))))
    for row, values in zip(theta, coefficients, strict=True):
        row[: len(values)] = values
    out = np.empty((len(graphs), len(X)))
    predict_graphs(*_pack(programs), theta, np.ascontiguousarray(X.numpy().T), out)
    return torch.from_numpy(out)
