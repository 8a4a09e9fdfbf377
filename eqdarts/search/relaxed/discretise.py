"""From the relaxed supernet to discrete graphs: argmax and samples of alpha, output terms dropped one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.data import Data
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.graph import Graph
from eqdarts.search.relaxed.steps import Bilevel, shares
from eqdarts.search.relaxed.supernet import Supernet
from eqdarts.search.relaxed.supernet_values import hidden_values, output_weights, predictions
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


@dataclass(frozen=True)
class Choices:
    """B discrete architectures: `edge` (B, E) numbers each edge's choice (0: absent), `product` (B, H) is boolean."""

    edge: Tensor
    product: Tensor


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
    c: NDArray[np.float64]
    loss: NDArray[np.float64]


def argmax_choices(net: Supernet, alpha: Tensor) -> Choices:
    """Return the most heavily weighted choice of every edge and node, one architecture a restart."""
    return Choices(net.edge_logits(alpha).argmax(dim=-1), net.node_logits(alpha) > 0)


def sample_choices(net: Supernet, alpha: Tensor, n_samples: int, generator: torch.Generator) -> Choices:
    """Draw `n_samples` architectures a restart from softmax(alpha): (R n_samples, ...), restart by restart."""
    E, H = len(net.edges), net.n_hidden
    if n_samples == 0:
        return Choices(alpha.new_zeros((0, E), dtype=torch.int64), alpha.new_zeros((0, H), dtype=torch.bool))
    chances = torch.softmax(net.edge_logits(alpha).double(), dim=-1).flatten(0, 1).cpu()
    drawn = torch.multinomial(chances, n_samples, replacement=True, generator=generator)  # (R E, n_samples)
    edge = drawn.view(-1, E, n_samples).transpose(1, 2).flatten(0, 1)
    product = torch.sigmoid(net.node_logits(alpha).double()).cpu().repeat_interleave(n_samples, dim=0)
    uniform = torch.rand(len(product), H, generator=generator, dtype=torch.float64)
    return Choices(edge.to(alpha.device), (uniform < product).to(alpha.device))


def one_hot(net: Supernet, choices: Choices, dtype: torch.dtype) -> Tensor:
    """Return logits (B, A) with which the supernet is exactly the discrete architecture, at any temperature."""
    B, device = len(choices.edge), choices.edge.device
    edges = torch.full((B, len(net.edges), len(net.primitives) + 1), -math.inf, dtype=dtype, device=device)
    edges.scatter_(2, choices.edge[..., None], 0.0)
    signs = choices.product.to(dtype) * 2 - 1
    return torch.cat((edges.flatten(1), signs * math.inf), dim=1)


def discretise(problem: Bilevel, w: Tensor, choices: Choices) -> Discrete:
    """Solve the output weights of discrete architectures; then drop the cheapest output term, one after another.

    Parameters
    ----------
    w : Tensor of shape (B, K)
        Coefficients of each architecture; only the output weights change.

    Returns
    -------
    Discrete
        H times B entries: all terms kept, one dropped, ..., one left.
    """
    losses, weights = [], []
    with torch.inference_mode():
        z = hidden_values(problem.net, w, one_hot(problem.net, choices, w.dtype), problem.both)
        kept = torch.ones(z.shape[:2], dtype=torch.bool, device=z.device)  # (B, H)
        # shorter outputs by the way: each term that is dropped makes another proposal
        for size in range(problem.net.n_hidden, 0, -1):
            c, _ = _solve(problem, z, kept)
            weights.append(c)
            losses.append(problem.validate(z, c))
            if size > 1:
                kept = _drop_cheapest(problem, z, kept)
    rows = np.tile(np.arange(len(w)), problem.net.n_hidden)
    return Discrete(rows, torch.cat(weights).double().cpu().numpy(), torch.cat(losses).double().cpu().numpy())


def _solve(problem: Bilevel, z: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Return output weights (B, H + 1) that use only the `kept` terms (B, H), and the training loss (B,)."""
    train = torch.where(kept[..., None], z[..., : len(problem.y_train)], 0.0)
    c = output_weights(train, problem.y_train, problem.weight_train)
    mask = torch.cat((kept, kept.new_ones(len(kept), 1)), dim=1)
    c = torch.where(mask, c, 0.0)
    return c, (predictions(train, c) - problem.y_train).square() @ problem.weight_train


def _drop_cheapest(problem: Bilevel, z: Tensor, kept: Tensor) -> Tensor:
    """Return `kept` without the term whose absence raises the training loss least."""
    losses = []
    for h in range(kept.shape[1]):
        without = kept.clone()
        without[:, h] = False
        _, loss = _solve(problem, z, without)
        losses.append(torch.where(kept[:, h], loss.nan_to_num(nan=math.inf), math.inf))
    cheapest = torch.stack(losses, dim=1).argmin(dim=1, keepdim=True)
    return kept.scatter(1, cheapest, False)


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
