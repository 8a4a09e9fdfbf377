r"""Values of the relaxed supernet: hidden nodes by one tensor program, output weights in closed form.

The output is a linear combination of the hidden nodes and a constant; its weights solve a weighted least-squares
problem with a tiny ridge, differentiable in everything below (variable projection, Golub and Pereyra 1973).

Primitives without coefficients are evaluated once per source and serve all edges that leave it, those of the inputs
once for all steps; the others once per edge, all edges of a group in one tensor. Axes: R restarts, E edges, M
primitives without the absent edge, H hidden nodes, U users of a group of sources, S sources, D inputs, N rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.primitives.table import Primitive
from eqdarts.search.relaxed.supernet import LIMIT, Supernet

__all__ = ["RIDGES", "Rows", "hidden_values", "output_weights", "place_rows", "predictions"]

RIDGES = {torch.float32: 1e-8, torch.float64: 1e-12}


@dataclass(frozen=True)
class Rows:
    """Rows of data on the device: `x` (D, N); one and the primitives without coefficients of it, (D, 1 + M', N)."""

    x: Tensor
    constant: Tensor


class _Group(NamedTuple):
    """Edges that read together: U users of S sources.

    `mixing` (R, U, S, 2, M + 1) weighs the choices in a sum and in a product; `own` (R, U, S, n) are the coefficients
    of each adjustable primitive.
    """

    mixing: Tensor
    own: tuple[Tensor, ...]


def place_rows(net: Supernet, X: NDArray[np.float64], dtype: torch.dtype, device: str | torch.device) -> Rows:
    """Put rows X (N, D) on the device and evaluate there, once for all, what has no coefficients."""
    x = torch.as_tensor(np.ascontiguousarray(X.T), dtype=dtype, device=device)
    return Rows(x, _constant_values(net, x))


def hidden_values(net: Supernet, w: Tensor, alpha: Tensor, rows: Rows, temperature: float = 1.0) -> Tensor:
    """Return the hidden nodes' values z (R, H, N).

    Values and gradients are finite for finite parameters: arguments are moved into each primitive's domain and reach
    before the function is applied, and what leaves an edge or a node is clamped to `LIMIT`.

    Parameters
    ----------
    w : Tensor of shape (R, K)
    alpha : Tensor of shape (R, A)
    rows : Rows
    temperature : float
        Divides the logits.
    """
    product = torch.sigmoid(net.node_logits(alpha) / temperature).unsqueeze(-1).unbind(dim=1)  # H of (R, 1)
    first, *later = _groups(net, w, alpha, temperature)
    terms, factors = _read(net, first, rows.x[None, None], rows.constant)
    sums = [term + c for term, c in zip(terms, net.constants(w).unsqueeze(-1).unbind(dim=1), strict=True)]
    products, nodes = list(factors), []
    for k in range(net.n_hidden):
        z = torch.lerp(sums[k], products[k], product[k]).clamp(-LIMIT, LIMIT)  # (R, N)
        nodes.append(z)
        if k < len(later):
            terms, factors = _read(net, later[k], z[:, None, None], _constant_values(net, z[:, None]))
            for j, (term, factor) in enumerate(zip(terms, factors, strict=True), start=k + 1):
                sums[j], products[j] = sums[j] + term, products[j] * factor
    return torch.stack(nodes, dim=1)


def _groups(net: Supernet, w: Tensor, alpha: Tensor, temperature: float) -> list[_Group]:
    """Return the edges from all inputs, then those from each hidden node but the last."""
    R = len(w)
    D, H = net.n_inputs, net.n_hidden
    chosen = torch.softmax(net.edge_logits(alpha) / temperature, dim=-1)  # (R, E, M + 1)
    # an absent edge adds 0 to a sum and counts as 1 in a product
    in_sum = torch.nn.functional.pad(chosen[..., 1:] * net.weights(w), (1, 0))
    mixing = torch.stack((in_sum, chosen), dim=-2)[..., net.order]  # (R, E, 2, M + 1)
    # one split of each tensor, and no slices: the backward pass of a slice fills the whole tensor
    shapes = [(H, D), *((users, 1) for users in range(H - 1, 0, -1))]
    sizes = [users * sources for users, sources in shapes]
    parts = [torch.split(t, sizes, dim=1) for t in (mixing, *(net.coefficients(w, m) for m in net.adjustable))]
    groups = []
    for shape, (mixed, *own) in zip(shapes, zip(*parts, strict=True), strict=True):
        groups.append(_Group(mixed.view(R, *shape, 2, -1), tuple(c.view(R, *shape, -1) for c in own)))
    return groups


def _read(net: Supernet, group: _Group, x: Tensor, constant: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return the sum of terms and the product of factors that each user gets from the sources: U of (R, N) each.

    Parameters
    ----------
    x : Tensor of shape (R or 1, 1, S, N)
    constant : Tensor of shape (S, 1 + M', N), or (R, S, 1 + M', N)
    """
    shared, adjustable = torch.split(group.mixing, [1 + len(net.constant), len(net.adjustable)], dim=-1)
    axes = "rustm,smn->rustn" if constant.ndim == 3 else "rustm,rsmn->rustn"
    mixed = torch.einsum(axes, shared, constant)  # (R, U, S, 2, N)
    if net.adjustable:
        mixed = mixed + torch.matmul(adjustable, _adjustable_values(net, group, x))
    terms, factors = mixed.clamp(-LIMIT, LIMIT).unbind(dim=-2)  # (R, U, S, N)
    product, *more = factors.unbind(dim=2)
    for factor in more:
        product = product * factor
    return terms.sum(dim=2).unbind(dim=1), product.unbind(dim=1)


def _adjustable_values(net: Supernet, group: _Group, x: Tensor) -> Tensor:
    """Return (R, U, S, M'', N): the primitives with coefficients on every edge of the group."""
    shape = (*group.mixing.shape[:3], x.shape[-1])
    values = []
    for m, own in zip(net.adjustable, group.own, strict=True):
        primitive = net.primitives[m]
        columns = own.unsqueeze(-2).unbind(dim=-1)  # (R, U, S, 1) each
        n_inner = len(primitive.inner)
        u = primitive.inner_value(x, columns[:n_inner])
        values.append(_safe_value(primitive, u, net.reaches[m], columns[n_inner:]).expand(shape))
    return torch.stack(values, dim=-2)


def _constant_values(net: Supernet, x: Tensor) -> Tensor:
    """Return (..., S, 1 + M', N): one, and the primitives without coefficients, at sources x (..., S, N)."""
    values = [_safe_value(net.primitives[m], x, net.reaches[m], ()) for m in net.constant]
    return torch.stack([torch.ones_like(x), *values], dim=-2)


def _safe_value(primitive: Primitive, u: Tensor, reach: float, shape: Sequence[Tensor]) -> Tensor:
    """Return the primitive at `u` moved into its domain and reach: never a value or a gradient that is not finite."""
    u = primitive.domain.clamp(u)
    if math.isfinite(reach):
        u = u.clamp(-reach, reach)
    value: Tensor = primitive.value(u, *shape)
    return value


def output_weights(z: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    r"""Return the output weights c (R, H + 1), constant last: argmin of the weighted squared error plus a tiny ridge.

    The ridge is :math:`r \sum_i d_i c_i^2` with r tiny, by the type of the numbers, and :math:`d_i` the weighted mean
    square of column i: it does not depend on units, and keeps equal or constant hidden nodes from a singular system.
    Always solved in float64.

    Parameters
    ----------
    z : Tensor of shape (R, H, N)
    y, weight : Tensor of shape (N,)
    """
    columns = torch.cat((z, torch.ones_like(z[:, :1])), dim=1).double()
    weighted = columns * (weight / weight.sum()).double()
    gram = weighted @ columns.mT  # (R, H + 1, H + 1)
    size = gram.diagonal(dim1=1, dim2=2).clamp(min=1e-12).sqrt()
    scaled = gram / (size[:, :, None] * size[:, None, :])
    scaled = scaled + RIDGES[z.dtype] * torch.eye(scaled.shape[1], dtype=scaled.dtype, device=scaled.device)
    right = (weighted @ y.double()) / size
    solution: Tensor = torch.linalg.solve_ex(scaled, right.unsqueeze(-1)).result
    return (solution.squeeze(-1) / size).to(z.dtype)


def predictions(z: Tensor, c: Tensor) -> Tensor:
    """Return (R, N): the linear combination c (R, H + 1) of hidden values z (R, H, N) and the constant."""
    return torch.einsum("rh,rhn->rn", c[:, :-1], z) + c[:, -1:]
