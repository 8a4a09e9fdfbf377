r"""Evidence for each primitive on each edge of a finished graph: alpha, with the inner problem solved.

On one edge at a time every primitive replaces the graph's own, all coefficients are refitted, and the description
length L in nats is computed by the BIC or another criterion of `eqdarts.selection`. The weight of primitive
m on edge e is

.. math:: \alpha_{em} = \frac{\exp(-L_{em})}{\sum_{m'} \exp(-L_{em'})},

which for the BIC, where L is half of it, approximates the posterior probability (Raftery 1995). A graph is a fixed
point of the outer problem if no single swap makes it shorter: the primitive with the largest weight on every edge is
the graph's own.

Axes: E edges, M primitives, N rows, D inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqdarts.arrays import spread
from eqdarts.data import moments
from eqdarts.graph.draft import Draft, DraftEdge
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import NONE, Primitive
from eqdarts.search.growth.moves import without_edge
from eqdarts.search.problem import Rows
from eqdarts.selection import CRITERIA, Candidate, structure_length
from eqdarts.solver.refit import refit_in_parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Evidence", "close_rivals", "evidence", "neighbours"]

SCREENED_ROWS = 200
SCREENING = (20, 1e-3)  # iterations and tolerance
THOROUGH = (60, 1e-10)
MOST_STARTS = 4  # number of rows of a primitive's grid that are tried
MOST_NUMBERS = 2**22  # numbers in the Jacobian (G, K, N) of one batch
FIRST_CONSTANT = 0.01  # from which an added constant is fitted; zero would be no constant
MARGIN = 0.01  # nats that a swap must save, because two primitives may be the same function


@dataclass(frozen=True, eq=False)
class Evidence:
    """Weights of the primitives on the edges of one graph.

    Parameters
    ----------
    edges : tuple of str
        Labels such as ``"x -> h1"``, length E; the last node has the target's name.
    primitives : tuple of str
        Names, length M; "none" is the absent edge.
    weights : ndarray of shape (E, M)
        Each row sums to 1.
    own : tuple of str
        The primitive that the graph has on each edge.
    better : FittedGraph or None
        The graph with the swap that shortens the description most, refitted; None if there is none.
    """

    edges: tuple[str, ...]
    primitives: tuple[str, ...]
    weights: NDArray[np.float64]
    own: tuple[str, ...]
    better: FittedGraph | None

    def as_table(self) -> pd.DataFrame:
        """Return the weights with a row for each edge and a column for each primitive."""
        import pandas as pd

        return pd.DataFrame(self.weights, index=pd.Index(self.edges, name="edge"), columns=list(self.primitives))


@dataclass(frozen=True)
class _Swap:
    """One start of one primitive on one edge."""

    edge: int
    primitive: str
    start: Start


def evidence(
    member: FittedGraph,
    rows: Rows,
    primitives: Sequence[Primitive],
    names: Sequence[str],
    target: str = "y",
    criterion: str = "bic",
) -> Evidence:
    """Weigh every primitive on every edge of a fitted graph.

    Parameters
    ----------
    member : FittedGraph
        Its graph and coefficients. Refits start from these, and from the grid of the new primitive.
    rows : Rows
        Inputs and target scaled to magnitude one, and weights.
    primitives : sequence of Primitive
        The primitives for an edge; absence and the primitives of the graph are added to them.
    names : sequence of str
        Names of the D inputs.
    target : str
    criterion : str
        A key of `eqdarts.selection.CRITERIA` that needs no rows held back.
    """
    graph = member.graph
    own = [edge.primitive for node in graph.nodes for edge in node.edges]
    choices = tuple({row.name: row for row in (NONE, *primitives, *own)}.values())
    swaps = list(_swaps(member, choices))
    # the graph itself is refitted too: it must have the same rows and limits as what it is compared with
    fits = _best(swaps, rows)
    unchanged = _refit([(graph, member.coefficients)], rows, THOROUGH)[0]
    length = _length_on(rows, primitives, criterion)
    lengths = np.full((len(own), len(choices)), math.inf)
    column = {row.name: m for m, row in enumerate(choices)}
    for (e, name), fit in fits.items():
        lengths[e, column[name]] = length(fit)
    at_rest = length(unchanged)
    lengths[np.arange(len(own)), [column[row.name] for row in own]] = at_rest
    # a shorter swap says that the search has not ended at a fixed point: the caller may go on from it
    shortest = min(fits, key=lambda key: length(fits[key]), default=None)
    better = None
    if shortest is not None and length(fits[shortest]) < at_rest - MARGIN:
        fit = fits[shortest]
        better = FittedGraph(fit.graph, fit.coefficients, fit.loss)
    return Evidence(
        _labels(graph, names, target),
        tuple(row.name for row in choices),
        _softmax(-lengths),
        tuple(row.name for row in own),
        better,
    )


def neighbours(member: FittedGraph, rows: Rows, primitives: Sequence[Primitive]) -> list[FittedGraph]:
    """Return the refitted graphs that differ from a fitted graph in the primitive of one edge, or by its absence."""
    return list(_best(list(_swaps(member, (NONE, *primitives))), rows).values())


def close_rivals(
    member: FittedGraph, rows: Rows, primitives: Sequence[Primitive], within: float, criterion: str = "bic"
) -> list[FittedGraph]:
    """Return the neighbours of a fitted graph, and of it with a constant added, that are hardly longer or shorter.

    Parameters
    ----------
    member, rows, primitives, criterion
        As in `evidence`.
    within : float
        Nats by which a rival may be longer.
    """
    length = _length_on(rows, primitives, criterion)
    draft = Draft.from_graph(member.graph, member.coefficients)
    starts = [(member.graph, member.coefficients)]
    if draft.nodes[-1].is_sum and draft.nodes[-1].constant is None:
        draft.nodes[-1].constant = FIRST_CONSTANT
        starts.append(draft.build())
    own = _refit(starts, rows, THOROUGH)
    most = min(map(length, own)) + within
    found = [*own[1:], *(near for one in own for near in neighbours(one, rows, primitives))]
    return sorted((one for one in found if length(one) <= most), key=length)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row of (E, M); -inf gets no weight."""
    if not logits.size:
        return logits
    highest = logits.max(axis=1, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(highest), highest, 0.0))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _labels(graph: Graph, names: Sequence[str], target: str) -> tuple[str, ...]:
    """Return a label for each edge; edges between the same two nodes are numbered."""
    nodes = [f"h{j + 1}" for j in range(len(graph.nodes) - 1)]
    sources = [*names, *nodes]
    labels: list[str] = []
    for node, name in zip(graph.nodes, [*nodes, target], strict=True):
        for edge in node.edges:
            label = f"{sources[edge.source]} -> {name}"
            count = sum(other.split(" (")[0] == label for other in labels)
            labels.append(f"{label} ({count + 1})" if count else label)
    return tuple(labels)


# --- swaps ---


def _swaps(member: FittedGraph, choices: Sequence[Primitive]) -> Iterator[_Swap]:
    """Yield the starts of every other primitive on every edge."""
    draft = Draft.from_graph(member.graph, member.coefficients)
    e = 0
    for j, node in enumerate(draft.nodes):
        for k, edge in enumerate(node.edges):
            for primitive in choices:
                if primitive is NONE:
                    yield _Swap(e, NONE.name, without_edge(draft, j, k))
                elif primitive != edge.primitive:
                    yield from (
                        _Swap(e, primitive.name, _put(draft, j, k, primitive, c)) for c in _grid(edge, primitive)
                    )
            e += 1


def _grid(edge: DraftEdge, primitive: Primitive) -> list[tuple[float, ...]]:
    """Return starting coefficients: those of the primitive's grid, and those of the edge if they fit."""
    grid = list(primitive.initial[:MOST_STARTS])
    if edge.coefficients and (primitive.inner, primitive.shape) == (edge.primitive.inner, edge.primitive.shape):
        grid.append(tuple(edge.coefficients))
    return grid


def _put(draft: Draft, j: int, k: int, primitive: Primitive, coefficients: Sequence[float]) -> Start:
    edited = draft.copy()
    edge = edited.nodes[j].edges[k]
    edited.nodes[j].edges[k] = DraftEdge(edge.source, primitive, edge.weight, list(coefficients))
    return edited.build()


# --- refits and lengths ---


def _best(swaps: Sequence[_Swap], rows: Rows) -> dict[tuple[int, str], FittedGraph]:
    """Refit the best start of each primitive on each edge to convergence."""
    n = len(rows.y)
    few = spread(n, SCREENED_ROWS)
    # a few steps on a few rows tell which start of a primitive leads anywhere
    screened = _refit([swap.start for swap in swaps], Rows(rows.X[few], rows.y[few], rows.weight[few]), SCREENING)
    best: dict[tuple[int, str], FittedGraph] = {}
    for swap, fit in zip(swaps, screened, strict=True):
        key = swap.edge, swap.primitive
        if key not in best or fit.loss < best[key].loss:
            best[key] = fit
    able = {key: fit for key, fit in best.items() if math.isfinite(fit.loss)}
    fits = _refit([(fit.graph, fit.coefficients) for fit in able.values()], rows, THOROUGH)
    return dict(zip(able, fits, strict=True))


def _refit(starts: Sequence[Start], rows: Rows, limits: tuple[int, float]) -> list[FittedGraph]:
    iterations, tolerance = limits
    return refit_in_parts(starts, *rows.tensors, MOST_NUMBERS, max_iterations=iterations, tolerance=tolerance)


def _length_on(rows: Rows, primitives: Sequence[Primitive], criterion: str) -> Callable[[FittedGraph], float]:
    """Return the description length on the rows as a function of a fit."""
    n, d = rows.X.shape
    mean_square, variance = moments(rows.y, rows.weight)

    def length(fit: FittedGraph) -> float:
        graph = fit.graph
        if not math.isfinite(fit.loss):
            return math.inf
        candidate = Candidate(graph.complexity, graph.n_coefficients, fit.loss, structure_length(graph, primitives))
        return CRITERIA[criterion].length(candidate, float(n), d, mean_square, variance)

    return length
