"""From the relaxed supernet to discrete graphs: argmax and samples of alpha, output terms dropped one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.graph import Graph
from eqdarts.search.relaxed.engine import Rows
from eqdarts.search.relaxed.steps import shares
from eqdarts.search.relaxed.supernet import Supernet
from eqdarts.solver.batch import Batch
from eqdarts.solver.refit import refit

__all__ = [
    "Choices",
    "Discrete",
    "argmax_choices",
    "build_graph",
    "discretise",
    "one_hot",
    "refitted_loss",
    "sample_choices",
]

Proposal = tuple[Graph, tuple[float, ...]]
RIDGE = 1e-12  # of the output weights, as a share of each column's mean square


@dataclass(frozen=True)
class Choices:
    """B discrete architectures: `edge` (B, E) numbers each edge's choice (0: absent), `product` (B, H) is boolean."""

    edge: NDArray[np.int64]
    product: NDArray[np.bool_]


@dataclass(frozen=True)
class Discrete:
    """Discrete architectures with output weights: first all with their full output, then with one term fewer, ...

    Parameters
    ----------
    row : ndarray of shape (L,)
        The architecture (row of `Choices`) of each.
    c : ndarray of shape (L, H + 1)
        Output weights, constant last; exactly 0 where a term is dropped.
    loss : ndarray of shape (L,)
        Validation loss as a share of the target's variance.
    """

    row: NDArray[np.int64]
    c: Array
    loss: Array


def argmax_choices(net: Supernet, alpha: Array) -> Choices:
    """Return the most heavily weighted choice of every edge and node, one architecture a restart."""
    return Choices(net.edge_logits(alpha).argmax(axis=-1), net.node_logits(alpha) > 0)


def sample_choices(net: Supernet, alpha: Array, n_samples: int, rng: np.random.Generator) -> Choices:
    """Draw `n_samples` architectures a restart from softmax(alpha): (R n_samples, ...), restart by restart."""
    logits = np.repeat(net.edge_logits(alpha), n_samples, axis=0)
    # the largest of logit plus Gumbel noise is a draw from the softmax
    edge = (logits + rng.gumbel(size=logits.shape)).argmax(axis=-1)
    nodes = np.repeat(net.node_logits(alpha), n_samples, axis=0)
    return Choices(edge, nodes + rng.logistic(size=nodes.shape) > 0)


def one_hot(net: Supernet, choices: Choices) -> Array:
    """Return logits (B, A) with which the supernet is exactly the discrete architecture, at any temperature."""
    B = len(choices.edge)
    edges = np.full((B, len(net.edges), len(net.primitives) + 1), -math.inf)
    np.put_along_axis(edges, choices.edge[..., None], 0.0, axis=-1)
    return np.concatenate((edges.reshape(B, -1), np.where(choices.product, math.inf, -math.inf)), axis=1)


def discretise(problem: Rows, z: Array) -> Discrete:
    """Solve the output weights of discrete architectures; then drop the cheapest output term, one after another.

    Parameters
    ----------
    problem : Rows
        Targets and weights, the training rows first.
    z : ndarray of shape (B, H, N)
        Hidden values of each architecture.

    Returns
    -------
    Discrete
        H times B entries: all terms kept, one dropped, ..., one left.
    """
    losses, weights = [], []
    kept = np.ones(z.shape[:2], dtype=bool)  # (B, H)
    # shorter outputs by the way: each term that is dropped makes another proposal
    for size in range(z.shape[1], 0, -1):
        c, _, loss = _solve(problem, z, kept)
        weights.append(c)
        losses.append(loss)
        if size > 1:
            kept = _drop_cheapest(problem, z, kept)
    rows = np.tile(np.arange(len(z)), z.shape[1])
    return Discrete(rows, np.concatenate(weights), np.concatenate(losses))


def _solve(problem: Rows, z: Array, kept: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return output weights (B, H + 1) of the `kept` terms (B, H), and both losses (B,): of training, of validation."""
    n = problem.n_train
    mask = np.concatenate((kept, np.ones((len(kept), 1), dtype=bool)), axis=1)
    columns = np.concatenate((z, np.ones_like(z[:, :1])), axis=1) * mask[..., None]
    weighted = columns[..., :n] * problem.weight[:n]
    gram = weighted @ columns[..., :n].swapaxes(1, 2)
    diagonal = np.einsum("bhh->bh", gram)
    diagonal += np.where(mask, RIDGE * np.maximum(diagonal, 1e-12 * problem.weight[:n].sum()), 1.0)
    c = np.linalg.solve(gram, (weighted @ problem.y[:n])[..., None])[..., 0] * mask
    squared = (np.einsum("bh,bhn->bn", c, columns) - problem.y) ** 2 * problem.weight
    return c, squared[:, :n].sum(axis=1), squared[:, n:].sum(axis=1)


def _drop_cheapest(problem: Rows, z: Array, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `kept` without the term whose absence raises the training loss least."""
    losses = []
    for h in range(kept.shape[1]):
        without = kept.copy()
        without[:, h] = False
        _, loss, _ = _solve(problem, z, without)
        losses.append(np.where(kept[:, h], np.nan_to_num(loss, nan=math.inf), math.inf))
    left = kept.copy()
    left[np.arange(len(kept)), np.stack(losses, axis=1).argmin(axis=1)] = False
    return left


def build_graph(
    net: Supernet, edge: NDArray[np.int64], product: NDArray[np.bool_], w: NDArray[np.float64], c: NDArray[np.float64]
) -> Proposal | None:
    """Return one discrete architecture as a pruned graph with its coefficients; None if a coefficient is not finite.

    Parameters
    ----------
    edge : ndarray of shape (E,)
    product : ndarray of shape (H,)
    w : ndarray of shape (K,)
    c : ndarray of shape (H + 1,)
    """
    row = torch.as_tensor(w)[None]
    weights, constants = net.weights(row)[0].numpy(), net.constants(row)[0].numpy()
    own = {m: net.coefficients(row, m)[0].numpy() for m in net.adjustable}
    nodes: list[DraftNode] = []
    sources = list(range(net.n_inputs))
    # an affine argument, one edge of the supernet, becomes a node of its own before the node that reads it
    for j in range(net.n_hidden):
        node = DraftNode("product") if product[j] else DraftNode("sum", constant=float(constants[j]))
        for e, (source, reader) in enumerate(net.edges):
            m = int(edge[e]) - 1
            if reader != j or m < 0:
                continue
            primitive, coefficients = net.primitives[m], own[m][e].tolist() if m in own else []
            place = sources[source]
            if primitive.name in net.bases:
                scale, shift, *coefficients = coefficients
                nodes.append(DraftNode("sum", [DraftEdge(place, LINEAR, scale)], shift))
                primitive, place = net.bases[primitive.name], net.n_inputs + len(nodes) - 1
            node.edges.append(DraftEdge(place, primitive, float(weights[e, m]) if node.is_sum else 1.0, coefficients))
        nodes.append(node)
        sources.append(net.n_inputs + len(nodes) - 1)
    terms = [DraftEdge(s, LINEAR, float(k)) for s, k in zip(sources[net.n_inputs :], c[:-1], strict=True) if k != 0.0]
    nodes.append(DraftNode("sum", terms, float(c[-1])))
    graph, theta = Draft(net.n_inputs, nodes).prune().build()
    return (graph, theta) if all(map(math.isfinite, theta)) else None


def refitted_loss(data: Data, graphs: Sequence[Proposal | None]) -> NDArray[np.float64]:
    """Refit graphs on the training rows; return each one's validation loss as a share of the target's variance.

    NaN where there is no graph, or it is undefined on a row.
    """
    losses = np.full(len(graphs), np.nan)
    found = [(r, *proposal) for r, proposal in enumerate(graphs) if proposal is not None]
    if not found:
        return losses
    places, structures, starts = zip(*found, strict=True)
    X, y, weight = (torch.as_tensor(values) for values in (data.X[:], data.y, shares(data, data.validation)))
    train, held_back = torch.as_tensor(data.train), torch.as_tensor(data.validation)
    fits = refit(structures, starts, X[train], y[train], torch.as_tensor(data.weight)[train])
    batch = Batch(structures, X[held_back])
    theta = batch.pad([fit.coefficients for fit in fits])
    losses[list(places)] = ((batch.predict(theta) - y[held_back]).square() @ weight).numpy()
    return losses
