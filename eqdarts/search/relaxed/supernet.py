r"""The relaxed DAG: every edge a softmax mixture of all primitives, every hidden node a mixture of sum and product.

Hidden node j reads all inputs and all earlier hidden nodes. With :math:`p_{em}` the softmax of an edge's logits and
:math:`\beta_j` the weight of "product" at a node,

.. math::
    z_j = (1-\beta_j)\Bigl(c_j + \sum_e \sum_m p_{em} w_{em} f_m(x_e)\Bigr)
        + \beta_j \prod_e \Bigl(p_{e0} + \sum_m p_{em} f_m(x_e)\Bigr),

where m = 0 is the absent edge. This module holds the structure and the parameters; `supernet_values` evaluates it.

Restarts are the leading axis of every tensor and never meet, so one tensor program trains them all. Axes: R restarts,
E edges, M primitives without the absent one, H hidden nodes, D inputs, N rows, K coefficients, A logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts._typing import Array
from eqdarts.primitives.domain import Domain
from eqdarts.primitives.table import NONE, Primitive

__all__ = [
    "LIMIT",
    "Supernet",
    "admissible",
    "affine",
    "initial_parameters",
    "keep_in_domain",
    "make_supernet",
    "reach",
]

T = TypeVar("T", Tensor, Array)

LIMIT = 1e4
"""No edge and no node puts out a larger magnitude; data are scaled to magnitude one."""
MARGIN = 2e-3
"""Arguments stay this far inside a domain, twice as far as `Domain.clamp` puts them."""
COEFFICIENT_LIMIT = 4.0
"""Inner and shape coefficients stay within this many times the largest initial one (or one)."""


@dataclass(frozen=True)
class Supernet:
    """The primitives of every edge, and the places of their parameters in the flat rows `w` (R, K) and `alpha` (R, A).

    Parameters
    ----------
    n_inputs : int
        D.
    n_hidden : int
        H.
    primitives : tuple of Primitive
        Without the absent edge, which every edge has in addition, as its choice number 0.
    bases : dict of str to Primitive
        The original rows of those made by `affine`, by their names.
    """

    n_inputs: int
    n_hidden: int
    primitives: tuple[Primitive, ...]
    bases: dict[str, Primitive] = field(default_factory=dict, compare=False)

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """(source, hidden node) of each edge: first those from inputs, by node; then from hidden nodes, by source."""
        D, H = self.n_inputs, self.n_hidden
        from_inputs = [(d, j) for j in range(H) for d in range(D)]
        return tuple(from_inputs + [(D + k, j) for k in range(H) for j in range(k + 1, H)])

    @property
    def groups(self) -> list[tuple[int, int]]:
        """(users, sources) of the edges that read all inputs, then of those that read each hidden node but the last."""
        H = self.n_hidden
        return [(H, self.n_inputs), *((users, 1) for users in range(H - 1, 0, -1))]

    @property
    def n_alpha(self) -> int:
        """Length of a row of `alpha`: the logits of E edges with M + 1 choices each, then of H nodes."""
        return len(self.edges) * (len(self.primitives) + 1) + self.n_hidden

    @cached_property
    def n_coefficients(self) -> int:
        """Length of a row of `w`: E x M weights, H constants, then E x n_coefficients of each primitive."""
        E = len(self.edges)
        return E * len(self.primitives) + self.n_hidden + E * sum(p.n_coefficients for p in self.primitives)

    @cached_property
    def constant(self) -> tuple[int, ...]:
        """Indices in `primitives` of those without coefficients: one value per source serves all its edges."""
        return tuple(m for m, p in enumerate(self.primitives) if p.n_coefficients == 0)

    @cached_property
    def order(self) -> list[int]:
        """The choices of an edge, those without coefficients first: absent, `constant`, `adjustable`."""
        return [0, *(m + 1 for m in (*self.constant, *self.adjustable))]

    @cached_property
    def adjustable(self) -> tuple[int, ...]:
        """Indices in `primitives` of those with coefficients: each edge has its own value."""
        return tuple(m for m, p in enumerate(self.primitives) if p.n_coefficients)

    def edge_logits(self, alpha: T) -> T:
        """Return the (R, E, M + 1) view of the edges' logits, of a tensor or array; choice 0 is the absent edge."""
        return alpha[:, : -self.n_hidden].reshape(len(alpha), len(self.edges), len(self.primitives) + 1)

    def node_logits(self, alpha: T) -> T:
        """Return the (R, H) view of the logits of "product" against "sum"."""
        return alpha[:, -self.n_hidden :]

    def weights(self, w: Tensor) -> Tensor:
        """Return the (R, E, M) view of the weights that primitives have in a sum."""
        E, M = len(self.edges), len(self.primitives)
        return w[:, : E * M].view(len(w), E, M)

    def constants(self, w: Tensor) -> Tensor:
        """Return the (R, H) view of the constants of the sums."""
        first = len(self.edges) * len(self.primitives)
        return w[:, first : first + self.n_hidden]

    def coefficients(self, w: Tensor, m: int) -> Tensor:
        """Return the (R, E, n_coefficients) view of the inner and shape coefficients of primitive `m`."""
        E = len(self.edges)
        before = sum(p.n_coefficients for p in self.primitives[:m])
        first = E * (len(self.primitives) + before) + self.n_hidden
        count = self.primitives[m].n_coefficients
        return w[:, first : first + E * count].view(len(w), E, count)

    @cached_property
    def reaches(self) -> tuple[float, ...]:
        """`reach` of each primitive."""
        return tuple(reach(p) for p in self.primitives)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Largest magnitude that each entry of a row of `w` may take, shape (K,)."""
        bounds = np.full(self.n_coefficients, LIMIT)
        row = torch.arange(self.n_coefficients)[None]
        for m in self.adjustable:
            largest = np.abs(np.array(self.primitives[m].initial)).max(axis=0)
            places = self.coefficients(row, m)[0].numpy()
            bounds[places] = COEFFICIENT_LIMIT * np.maximum(largest, 1.0)
        return bounds


def make_supernet(n_inputs: int, n_hidden: int, primitives: Sequence[Primitive]) -> Supernet:
    """Return the supernet of `primitives` and an `affine` row for each that has an end or a pole, but no inner map."""
    plain = tuple(p for p in primitives if p != NONE)
    bases = {affine(p): p for p in plain if not p.inner and p.domain != Domain()}
    return Supernet(n_inputs, n_hidden, (*plain, *bases), {row.name: p for row, p in bases.items()})


def affine(primitive: Primitive) -> Primitive:
    """Return f(a x + b; s) of a primitive f(x; s): where f has its end or pole makes another law, as in log(1 + x).

    In a graph it is two nodes; here one edge stands for both, so that a node is left for what else the law has.
    """
    starts = ((1.0, 0.3), (1.0, 1.0), (-1.0, 3.0))
    return replace(
        primitive,
        name=f"{primitive.name}(a x + b)",
        inner=("scale", "shift"),
        initial=tuple((*start, *row) for start in starts for row in primitive.initial),
        exponent=None,
        homogeneous=False,
    )


def reach(primitive: Primitive) -> float:
    """Return how far from zero a primitive's argument may go so that value and slope stay below `LIMIT`.

    Infinity if there is no such end up to 1e6; exponentials and powers have one.
    """
    u = torch.logspace(-1, 6, 141, dtype=torch.float64)
    shapes = {row[len(primitive.inner) :] for row in primitive.initial}
    ends = []
    for shape in sorted(shapes):
        coefficients = [torch.tensor(c, dtype=torch.float64) for c in shape]
        for sign in (1.0, -1.0):
            inside = primitive.domain.contains(sign * u)
            value, slope, _ = primitive.partials(primitive.domain.clamp(sign * u), *coefficients)
            tame = (value.abs() <= LIMIT) & (slope.abs() <= LIMIT) | ~inside
            # a pole inside the range (tan) is no end: what counts is the growth that never comes back
            last = int(tame.nonzero().max()) if bool(tame.any()) else 0
            ends.append(math.inf if last == len(u) - 1 else float(u[last]))
    return min(ends)


def admissible(net: Supernet, X: NDArray[np.float64]) -> Tensor:
    """Return (E, M + 1): which choices each edge may make for rows X (N, D).

    A primitive without inner coefficients may not read an input that leaves its domain; all else is possible.
    """
    x = torch.as_tensor(X)
    allowed = torch.ones(len(net.edges), len(net.primitives) + 1, dtype=torch.bool)
    for m, primitive in enumerate(net.primitives):
        if primitive.inner:
            continue
        inside = primitive.domain.contains(x).all(dim=0).tolist()
        for e, (source, _) in enumerate(net.edges):
            allowed[e, m + 1] = source >= net.n_inputs or inside[source]
    return allowed


def initial_parameters(
    net: Supernet, n_restarts: int, rng: np.random.Generator, allowed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draw `w` (R, K) and `alpha` (R, A), float64 on the CPU.

    Inner and shape coefficients are rows of each primitive's initial grid with 20 % jitter, weights and constants are
    standard normal, logits normal with deviation 0.5 so that restarts explore different architectures. The logits of
    choices that are not `allowed` (E, M + 1) are -infinity, and stay so.
    """
    R, E = n_restarts, len(net.edges)
    w = torch.as_tensor(rng.normal(size=(R, net.n_coefficients)))
    for m in net.adjustable:
        grid = np.array(net.primitives[m].initial)
        chosen = grid[rng.integers(len(grid), size=(R, E))]
        jitter = rng.normal(size=chosen.shape)
        net.coefficients(w, m).copy_(torch.as_tensor(chosen + 0.2 * np.maximum(np.abs(chosen), 0.5) * jitter))
    alpha = torch.as_tensor(0.5 * rng.normal(size=(R, net.n_alpha)))
    if allowed is not None:
        net.edge_logits(alpha).masked_fill_(~allowed, -math.inf)
    return w, alpha


def keep_in_domain(net: Supernet, w: Tensor, low: Tensor, high: Tensor) -> None:
    """Move in place the shifts of `affine` rows that read an input, so that no row of data leaves the domain's end.

    Parameters
    ----------
    w : Tensor of shape (R, K)
    low, high : Tensor of shape (D,)
        The ranges of the inputs.
    """
    D, H = net.n_inputs, net.n_hidden
    for m, primitive in enumerate(net.primitives):
        if primitive.name not in net.bases:
            continue
        own = net.coefficients(w, m)[:, : H * D].view(len(w), H, D, -1)
        scale, shift = own[..., 0], own[..., 1]
        ends = scale * low, scale * high
        if math.isfinite(primitive.domain.lower):
            shift.clamp_(min=primitive.domain.lower + MARGIN - torch.minimum(*ends))
        elif math.isfinite(primitive.domain.upper):
            shift.clamp_(max=primitive.domain.upper - MARGIN - torch.maximum(*ends))
