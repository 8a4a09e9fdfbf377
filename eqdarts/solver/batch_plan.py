"""The plan of a batch: which rows of which buffer every group of edges and nodes reads and writes.

Buffers hold rows of N values. *values*: inputs, results of unary functions, nodes. *reverse*: a row of zeros,
the seed of the outputs, adjoints of nodes, contributions of edges to the adjoints of their sources, and columns of
the Jacobian. *adjoints*: adjoints of the results of unary functions. Groups hold views of the buffers, made once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts._typing import Ints
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import LINEAR, Primitive

__all__ = ["Level", "Plan", "Reduce", "Target", "Unary", "tables"]


# Columns of the node table and of the edge table.
GRAPH, LEVEL, PRODUCT, CONSTANT, DEGREE, OUTPUT = range(6)
NODE, SOURCE, HIDDEN, CODE, NEUTRAL, WEIGHT, FIRST = range(7)
ZEROS, SEED = 0, 1  # rows of the reverse buffer

_CODES: dict[tuple[object, ...], int] = {}
_ROWS: list[Primitive] = [LINEAR]


def _code(primitive: Primitive) -> int:
    """Number primitives in the order in which this process meets them; 0 is linear.

    A name is not enough to know one by: a user may write a function again and keep its name. Copies, as another process
    receives them, share the function that `value` is, and so the number.
    """
    if primitive is LINEAR:
        return 0
    key = primitive.name, id(primitive.value), primitive.inner, primitive.shape
    code = _CODES.get(key)
    if code is None:
        code = _CODES[key] = len(_ROWS)
        _ROWS.append(primitive)  # which keeps the function, so that no other can have its id
    return code


def tables(graph: Graph) -> tuple[Ints, Ints]:
    """Return the graph's node table (nodes, 6) and edge table (edges, 7), kept with the graph."""
    cached: tuple[Ints, Ints] | None = graph.__dict__.get("_tables")
    if cached is not None:
        return cached
    nodes, edges = [], []
    d, levels = graph.n_inputs, graph.levels
    last = len(graph.nodes) - 1
    for j, (node, slots) in enumerate(graph.slots()):
        nodes.append((0, levels[j], node.aggregator == "product", slots.constant, len(node.edges), j == last))
        for edge, own in zip(node.edges, slots.edges, strict=True):
            hidden = edge.source >= d
            source = edge.source - d if hidden else edge.source
            edges.append((j, source, hidden, _code(edge.primitive), own.neutral, own.weight, own.first))
    cached = np.array(nodes, dtype=np.int64), np.array(edges, dtype=np.int64).reshape(-1, 7)
    graph.__dict__["_tables"] = cached
    return cached


@dataclass
class Unary:
    """Edges that apply one primitive: all edges that read inputs, or the edges of one level that read hidden nodes."""

    primitive: Primitive
    source: Tensor  # (E,) rows of the values
    x: Tensor | None  # (E, N) the sources themselves, where they are inputs
    out: Tensor  # (E, N) view of the values
    inner: tuple[tuple[str, Tensor], ...]  # name and view (E, 1) of the loaded coefficients
    shape: tuple[Tensor, ...]  # views (E, 1)
    columns: tuple[Tensor, ...]  # views (E, N) of the reverse buffer for inner, then shape coefficients
    contribution: Tensor | None  # view (E, N) of the reverse buffer for the adjoints of hidden sources
    adjoint: Tensor  # (E,) rows of the adjoints


@dataclass
class Target:
    """The places for the adjoints of some edge values of a group of nodes."""

    edges: Tensor  # numbers of the edges within the group
    nodes: Tensor  # numbers of their nodes within the group
    out: Tensor  # view of the reverse buffer (linear edges) or of the adjoints (unary functions)


@dataclass
class Reduce:
    """Nodes of one level with one aggregator and degree."""

    product: bool
    degree: int
    out: Tensor  # (n, N) view of the values
    values: Tensor  # (n * degree,) rows of the values
    weights: Tensor  # (n, degree, 1) view of the loaded coefficients, of a sum
    constants: Tensor  # (n, 1) view of the loaded coefficients; 0 or 1 where there is none
    delta: Tensor  # (n, N) view of the reverse buffer
    weight_columns: Tensor  # (n, degree, N) view of the reverse buffer, of a sum
    constant_columns: Tensor | None  # (n, N) view of the reverse buffer, of a product
    targets: list[Target]


@dataclass
class Level:
    """One step of the sweeps."""

    unary: list[Unary]
    reduce: list[Reduce]
    deltas: Tensor  # (n, N) view of the reverse buffer: adjoints of the level's nodes
    # Known once the levels above are planned:
    first_user: Tensor = field(init=False)  # (n,) row of the reverse buffer that the first user contributes
    more_users: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # adjoints, contributions of later users


class Plan:
    """Buffers and groups of one batch.

    Parameters
    ----------
    nodes, edges : ndarray of int
        Tables of all graphs, sources of hidden edges numbered through the batch.
    counts : ndarray of int, shape (G,)
        Coefficients of each graph.
    columns : int
        K, to which coefficients are padded.
    inputs : Tensor of shape (D, N)
    """

    def __init__(self, nodes: Ints, edges: Ints, counts: Ints, columns: int, inputs: Tensor) -> None:
        self.nodes, self.edges = nodes, edges
        self.columns = columns
        self.device = inputs.device
        d, n = inputs.shape
        e, v = len(edges), len(nodes)
        k = int(counts.sum())
        self.values = inputs.new_empty((d + e + v, n))
        self.values[:d] = inputs
        self.reverse = inputs.new_zeros((2 + 2 * v + 2 * e + k, n))
        self.reverse[SEED] = 1.0
        self.adjoints = inputs.new_empty((e, n))
        self.loaded = inputs.new_empty((k + v, 1))
        # number of rows of each table that are used so far
        self.n_values, self.n_reverse = d, 2
        self.n_adjoints, self.n_loaded = 0, 0
        self._positions: list[Ints] = []
        self._zero_one = inputs.new_tensor([0.0, 1.0])
        self._n_flat = len(counts) * columns
        self.edge_graph = nodes[edges[:, NODE], GRAPH]
        self.is_linear = edges[:, CODE] == 0
        self.first_edge = np.searchsorted(edges[:, NODE], np.arange(v))
        self.node_row = np.zeros(v, dtype=np.int64)  # in the values
        self.value_row = np.zeros(e, dtype=np.int64)  # in the values
        self.adjoint_row = np.full(e, -1, dtype=np.int64)  # in the adjoints
        self.contribution_row = np.full(e, -1, dtype=np.int64)  # in the reverse buffer
        self.node_delta = np.zeros(v, dtype=np.int64)  # in the reverse buffer
        self.column_of = np.full(self._n_flat, ZEROS, dtype=np.int64)
        self._needs_adjoint = self._find_needs()
        self._adjoint_of: list[tuple[Unary, Ints]] = []
        self._build()

    def load(self, theta: Tensor) -> None:
        """Gather the coefficients `theta` (G, K) into the order in which the groups use them."""
        flat = torch.cat([theta.reshape(-1), self._zero_one])
        torch.index_select(flat, 0, self.positions, out=self.loaded.view(-1))

    # --- building ---

    def _build(self) -> None:
        e = self.edges
        inputs = np.flatnonzero(~self.is_linear & (e[:, HIDDEN] == 0))
        fixed = inputs[~self._needs_adjoint[inputs]]
        self.fixed = [self._unary(g, needed=False) for g in _groups(fixed, e[fixed, CODE])]
        moving = inputs[self._needs_adjoint[inputs]]
        self.from_inputs = [self._unary(g, needed=True) for g in _groups(moving, e[moving, CODE])]
        node_order = np.argsort(self.nodes[:, LEVEL], kind="stable")
        node_levels = self.nodes[node_order, LEVEL]
        edge_levels = self.nodes[e[:, NODE], LEVEL]
        edge_order = np.argsort(edge_levels, kind="stable")
        edge_levels = edge_levels[edge_order]
        self._ordered: list[Ints] = []  # the nodes of each level in the order of their adjoints
        self.levels = []
        for level in range(int(node_levels[-1]) + 1):
            members = node_order[slice(*np.searchsorted(node_levels, [level, level + 1]))]
            entering = edge_order[slice(*np.searchsorted(edge_levels, [level, level + 1]))]
            self.levels.append(self._level(members, entering))
        self._link_users()
        for unary, edges in self._adjoint_of:
            unary.adjoint = self._tensor(self.adjoint_row[edges])
        self.output_rows = self._tensor(self.node_row[self.nodes[:, OUTPUT] == 1])
        self.column_rows = self._tensor(self.column_of)
        self.positions = self._tensor(np.concatenate(self._positions or [np.zeros(0, dtype=np.int64)]))
        self.loaded = self.loaded[: self.n_loaded]

    def _find_needs(self) -> NDArray[np.bool_]:
        """Find the edges whose unary functions are differentiated: hidden source or own coefficients."""
        own = np.array([len(row.shape) for row in _ROWS])[self.edges[:, CODE]]
        inner = np.array([len(row.inner) for row in _ROWS])[self.edges[:, CODE]]
        free = own + np.where(self.edges[:, NEUTRAL] == 1, 0, inner)
        needs: NDArray[np.bool_] = ~self.is_linear & ((self.edges[:, HIDDEN] == 1) | (free > 0))
        return needs

    def _tensor(self, array: Ints) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _value_rows(self, count: int) -> tuple[int, Tensor]:
        a = self.n_values
        self.n_values += count
        return a, self.values[a : self.n_values]

    def _reverse_rows(self, count: int) -> tuple[int, Tensor]:
        a = self.n_reverse
        self.n_reverse += count
        return a, self.reverse[a : self.n_reverse]

    def _load_rows(self, positions: Ints) -> Tensor:
        self._positions.append(positions)
        a = self.n_loaded
        self.n_loaded += len(positions)
        return self.loaded[a : self.n_loaded]

    def _column(self, flat: Ints) -> Tensor:
        """Reserve the columns of the coefficients at flat positions `flat`."""
        a, view = self._reverse_rows(len(flat))
        self.column_of[flat] = np.arange(a, a + len(flat))
        return view

    def _unary(self, group: Ints, *, needed: bool) -> Unary:
        e, first = self.edges[group], self.edges[group, FIRST]
        primitive, hidden = _ROWS[e[0, CODE]], bool(e[0, HIDDEN])
        inner = () if e[0, NEUTRAL] else primitive.inner
        a, out = self._value_rows(len(group))
        self.value_row[group] = np.arange(a, a + len(group))
        source = self._tensor(self.node_row[e[:, SOURCE]] if hidden else e[:, SOURCE])
        base = self.edge_graph[group] * self.columns + first
        flat = [base + k for k in range(len(inner) + len(primitive.shape))]
        views = [self._load_rows(f) for f in flat]
        contribution = None
        if hidden:
            a, contribution = self._reverse_rows(len(group))
            self.contribution_row[group] = np.arange(a, a + len(group))
        unary = Unary(
            primitive, source, None if hidden else self.values.index_select(0, source), out,
            tuple(zip(inner, views, strict=False)), tuple(views[len(inner) :]),
            tuple(self._column(f) for f in flat), contribution, source,
        )  # fmt: skip
        if needed:
            self._adjoint_of.append((unary, group))
        return unary

    def _level(self, members: Ints, entering: Ints) -> Level:
        e, n = self.edges, self.nodes
        linear = entering[self.is_linear[entering]]
        from_hidden = e[linear, HIDDEN] == 1
        self.value_row[linear] = np.where(
            from_hidden, self.node_row[e[linear, SOURCE] * from_hidden], e[linear, SOURCE]
        )
        at = entering[~self.is_linear[entering] & (e[entering, HIDDEN] == 1)]
        unary = [self._unary(g, needed=True) for g in _groups(at, e[at, CODE], e[at, NEUTRAL])]
        groups = _groups(members, n[members, PRODUCT], n[members, DEGREE])
        start, deltas = self._reverse_rows(len(members))
        self._ordered.append(np.concatenate(groups))
        self.node_delta[self._ordered[-1]] = np.arange(start, start + len(members))
        reduce = [self._reduce(g) for g in groups]
        return Level(unary, reduce, deltas)

    def _reduce(self, group: Ints) -> Reduce:
        n = self.nodes[group]
        product, degree = bool(n[0, PRODUCT]), int(n[0, DEGREE])
        constant = n[:, CONSTANT] >= 0
        a, out = self._value_rows(len(group))
        self.node_row[group] = np.arange(a, a + len(group))
        edges = (self.first_edge[group][:, None] + np.arange(degree)).reshape(-1)  # (n * degree,)
        flat = n[:, GRAPH] * self.columns + n[:, CONSTANT]
        constants = self._load_rows(np.where(constant, flat, self._n_flat + product))
        a = int(self.node_delta[group[0]])
        delta = self.reverse[a : a + len(group)]
        columns = None
        if not product:
            self.column_of[flat[constant]] = np.arange(a, a + len(group))[constant]
        elif constant.any():
            b, columns = self._reverse_rows(len(group))
            self.column_of[flat[constant]] = np.arange(b, b + len(group))[constant]
        weights = weight_columns = constants
        if degree and not product:
            slots = self.edge_graph[edges] * self.columns + self.edges[edges, WEIGHT]
            weights = self._load_rows(slots).view(-1, degree, 1)
            weight_columns = self._column(slots).view(len(group), degree, -1)
        return Reduce(
            product, degree, out, self._tensor(self.value_row[edges]), weights, constants, delta, weight_columns,
            columns, self._targets(edges, degree),
        )  # fmt: skip

    def _targets(self, edges: Ints, degree: int) -> list[Target]:
        """Reserve rows for the adjoints of the edges that are read."""
        targets = []
        linear = np.flatnonzero(self.is_linear[edges] & (self.edges[edges, HIDDEN] == 1))
        if len(linear):
            a, out = self._reverse_rows(len(linear))
            self.contribution_row[edges[linear]] = np.arange(a, a + len(linear))
            targets.append(Target(self._tensor(linear), self._tensor(linear // degree), out))
        unary = np.flatnonzero(self._needs_adjoint[edges])
        if len(unary):
            a = self.n_adjoints
            self.n_adjoints += len(unary)
            self.adjoint_row[edges[unary]] = np.arange(a, self.n_adjoints)
            out = self.adjoints[a : self.n_adjoints]
            targets.append(Target(self._tensor(unary), self._tensor(unary // degree), out))
        return targets

    def _link_users(self) -> None:
        """Give each level the contributions whose sums are the adjoints of its nodes."""
        hidden = np.flatnonzero(self.edges[:, HIDDEN] == 1)
        source = self.edges[hidden, SOURCE]
        order = np.argsort(source, kind="stable")
        hidden, source = hidden[order], source[order]
        rank = np.arange(len(source)) - np.searchsorted(source, source)
        first = np.where(self.nodes[:, OUTPUT] == 1, SEED, ZEROS)  # zeros, for nodes without a reader
        first[source[rank == 0]] = self.contribution_row[hidden[rank == 0]]
        for level, members in zip(self.levels, self._ordered, strict=True):
            level.first_user = self._tensor(first[members])
        shared = rank > 0
        for k in range(1, int(rank.max(initial=0)) + 1):
            for number, level in enumerate(self.levels):
                later = shared & (rank == k) & (self.nodes[source, LEVEL] == number)
                if later.any():
                    rows = self._tensor(self.node_delta[source[later]])
                    level.more_users.append((rows, self._tensor(self.contribution_row[hidden[later]])))


def _groups(members: Ints, *keys: NDArray[np.generic]) -> list[Ints]:
    """Split `members` into runs of equal keys, in the order of the keys."""
    if not len(members):
        return []
    order = np.lexsort(tuple(reversed(keys)))
    changes = np.zeros(len(members) - 1, dtype=bool)
    for key in keys:
        ordered = key[order]
        changes |= ordered[1:] != ordered[:-1]
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), len(members)]
    ordered_members = members[order]
    return [ordered_members[a:b] for a, b in itertools.pairwise(bounds)]
