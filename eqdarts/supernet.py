r"""The relaxed DAG: every edge a softmax mixture of all primitives, every node a mixture of sum and product.

Hidden node j reads all inputs and all earlier hidden nodes. With :math:`p_{em}` the softmax of an edge's logits and
:math:`\\beta_j` the weight of "product" at a node,

.. math::
    z_j = (1-\\beta_j)\\Bigl(c_j + \\sum_e \\sum_m p_{em} w_{em} f_m(x_e)\\Bigr)
        + \\beta_j \\prod_e \\Bigl(p_{e0} + \\sum_m p_{em} f_m(x_e)\\Bigr),

where m = 0 is the absent edge. The output is a linear combination of the hidden nodes and a constant; its weights are the
ridge-regularised least-squares solution, differentiable in everything above (variable projection).

Restarts are the leading axis R of every tensor and never meet, so one tensor program trains them all. Axes: R restarts,
E edges, M primitives without the absent one, H hidden nodes, U hidden nodes that read a source, S sources, D inputs, N rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.primitives import Primitive

__all__ = [
    "Rows",
    "Supernet",
    "admissible",
    "hidden_values",
    "initial_parameters",
    "output_weights",
    "place_rows",
    "predictions",
    "reach",
]

LIMIT = 1e4
"""No edge and no node puts out a larger magnitude; data are scaled to magnitude one."""
COEFFICIENT_LIMIT = 4.0
"""Inner and shape coefficients stay within this many times the largest initial one (or one)."""
RIDGE = 1e-8


@dataclass(frozen=True)
class Supernet:
    """What is on which edge, and where its parameters lie in the flat rows `w` (R, K) and `alpha` (R, A).

    Parameters
    ----------
    n_inputs : int
        D.
    n_hidden : int
        H.
    primitives : tuple of Primitive
        Without the absent edge, which every edge has in addition, as its choice number 0.
    """

    n_inputs: int
    n_hidden: int
    primitives: tuple[Primitive, ...]

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """(source, hidden node) of each edge: first the inputs' edges node by node, then the hidden nodes' by source."""
        D, H = self.n_inputs, self.n_hidden
        from_inputs = [(d, j) for j in range(H) for d in range(D)]
        return tuple(from_inputs + [(D + k, j) for k in range(H) for j in range(k + 1, H)])

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

    def edge_logits(self, alpha: Tensor) -> Tensor:
        """Return the (R, E, M + 1) view of the edges' logits; choice 0 is the absent edge."""
        return alpha[:, : -self.n_hidden].unflatten(1, (len(self.edges), len(self.primitives) + 1))

    def node_logits(self, alpha: Tensor) -> Tensor:
        """Return the (R, H) view of the logits of "product" against "sum"."""
        return alpha[:, -self.n_hidden :]

    def weights(self, w: Tensor) -> Tensor:
        """Return the (R, E, M) view of the weights that primitives have in a sum."""
        E, M = len(self.edges), len(self.primitives)
        return w[:, : E * M].unflatten(1, (E, M))

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
        return w[:, first : first + E * count].unflatten(1, (E, count))

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


@dataclass(frozen=True)
class Rows:
    """Rows of data on the device: `x` (D, N), the `constant` primitives of them (D, M', N), and each primitive's reach."""

    x: Tensor
    constant: Tensor
    reaches: tuple[float, ...]


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


def place_rows(net: Supernet, X: NDArray[np.float64], dtype: torch.dtype, device: str | torch.device) -> Rows:
    """Put rows X (N, D) on the device and evaluate there, once for all, what has no coefficients."""
    x = torch.as_tensor(np.ascontiguousarray(X.T), dtype=dtype, device=device)
    reaches = tuple(reach(p) for p in net.primitives)
    return Rows(x, _constant_values(net, x, reaches), reaches)


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

    Inner and shape coefficients are rows of each primitive's initial grid with 20 % jitter, weights and constants standard
    normal, logits normal with deviation 0.5 so that restarts explore different architectures. The logits of choices that are
    not `allowed` (E, M + 1) are -infinity, and stay so.
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


def hidden_values(net: Supernet, w: Tensor, alpha: Tensor, rows: Rows, temperature: float = 1.0) -> Tensor:
    """Return the hidden nodes' values z (R, H, N).

    Values and gradients are finite for finite parameters: arguments are moved into each primitive's domain and reach before
    the function is applied, and what leaves an edge or a node is clamped to `LIMIT`.
    """
    D, H = net.n_inputs, net.n_hidden
    chosen = torch.softmax(net.edge_logits(alpha) / temperature, dim=-1)  # (R, E, M + 1)
    product = torch.sigmoid(net.node_logits(alpha) / temperature).unsqueeze(-1).unbind(dim=1)  # H of (R, 1)
    in_sum = torch.nn.functional.pad(chosen[..., 1:] * net.weights(w), (1, 0))  # an absent edge adds 0 ...
    mixing = torch.stack((in_sum, chosen), dim=-2)  # (R, E, 2, M + 1): ... and multiplies by its weight times 1
    coefficients = [net.coefficients(w, m) for m in net.adjustable]
    # one split for all groups of edges that read together: the inputs' edges, then those of each hidden node
    groups = [H * D, *range(H - 1, 0, -1)]
    mixings = mixing.split(groups, dim=1)
    owns = list(zip(*(c.split(groups, dim=1) for c in coefficients), strict=True)) or [()] * len(groups)

    def read(group: int, sources: int, x: Tensor, constant: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return the sum of terms, and the product of factors, that each user gets from the sources: U of (R, N) each."""
        shape = (-1, sources)
        own = [c.unflatten(1, shape) for c in owns[group]]
        values = _mix(net, mixings[group].unflatten(1, shape), own, x, constant, rows.reaches).clamp(-LIMIT, LIMIT)
        terms, factors = values.unbind(dim=-2)  # (R, U, S, N)
        return terms.sum(dim=2).unbind(dim=1), _product(factors.unbind(dim=2)).unbind(dim=1)

    terms, factors = read(0, D, rows.x[None, None], rows.constant[None])
    sums = [t + c for t, c in zip(terms, net.constants(w).unsqueeze(-1).unbind(dim=1), strict=True)]
    products, nodes = list(factors), []
    for k in range(H):
        z = torch.lerp(sums[k], products[k], product[k]).clamp(-LIMIT, LIMIT)
        nodes.append(z)
        if k < H - 1:
            terms, factors = read(k + 1, 1, z[:, None, None], _constant_values(net, z[:, None], rows.reaches))
            for j, term, factor in zip(range(k + 1, H), terms, factors, strict=True):
                sums[j], products[j] = sums[j] + term, products[j] * factor
    return torch.stack(nodes, dim=1)


def _product(factors: Sequence[Tensor]) -> Tensor:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _constant_values(net: Supernet, x: Tensor, reaches: Sequence[float]) -> Tensor:
    """Return (..., S, 1 + M', N): one, and the primitives without coefficients, at sources x (..., S, N)."""
    values = [_safe(net.primitives[m], x, reaches[m]) for m in net.constant]
    return torch.stack([torch.ones_like(x), *values], dim=-2)


def _safe(primitive: Primitive, u: Tensor, bound: float, *shape: Tensor) -> Tensor:
    u = primitive.domain.clamp(u)
    if math.isfinite(bound):
        u = u.clamp(-bound, bound)
    return primitive.value(u, *shape)


def _mix(
    net: Supernet, mixing: Tensor, coefficients: list[Tensor], x: Tensor, constant: Tensor, reaches: Sequence[float]
) -> Tensor:
    """Return the mixtures (R, U, S, 2, N) of all choices at sources x (R or 1, 1, S, N)."""
    for_constant, for_adjustable = mixing[..., net.order].split([1 + len(net.constant), len(net.adjustable)], dim=-1)
    mixed = torch.einsum("rustm,psmn->rustn", for_constant, constant)
    if not net.adjustable:
        return mixed
    values = []
    for m, own in zip(net.adjustable, coefficients, strict=True):
        primitive = net.primitives[m]
        columns = own.unsqueeze(-2).unbind(dim=-1)  # (R, U, S, 1) each
        n_inner = len(primitive.inner)
        u = primitive.inner_value(x, columns[:n_inner])
        values.append(_safe(primitive, u, reaches[m], *columns[n_inner:]).expand(*mixing.shape[:3], -1))
    return mixed + torch.matmul(for_adjustable, torch.stack(values, dim=-2))


def output_weights(z: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    r"""Return the output weights c (R, H + 1), constant last: argmin of the weighted squared error plus a tiny ridge.

    The ridge is :math:`10^{-8} \\sum_i d_i c_i^2` with :math:`d_i` the weighted mean square of column i, so it does not depend
    on units and keeps equal or constant hidden nodes apart from a singular system. Always solved in float64.

    Parameters
    ----------
    z : Tensor of shape (R, H, N)
    y, weight : Tensor of shape (N,)
        Weights of mean about one.
    """
    columns = torch.cat((z, torch.ones_like(z[:, :1])), dim=1).double()
    weighted = columns * (weight.double() / len(y))
    gram = weighted @ columns.transpose(1, 2)  # (R, H + 1, H + 1)
    size = gram.diagonal(dim1=1, dim2=2).clamp(min=1e-12).sqrt()
    scaled = gram / (size[:, :, None] * size[:, None, :])
    scaled = scaled + RIDGE * torch.eye(scaled.shape[1], dtype=scaled.dtype, device=scaled.device)
    right = (weighted @ y.double()) / size
    solution, _ = torch.linalg.solve_ex(scaled, right[..., None])
    return (solution[..., 0] / size).to(z.dtype)


def predictions(z: Tensor, c: Tensor) -> Tensor:
    """Return (R, N): the linear combination c (R, H + 1) of hidden values z (R, H, N) and the constant."""
    return torch.einsum("rh,rhn->rn", c[:, :-1], z) + c[:, -1:]
