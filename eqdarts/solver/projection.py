r"""Variable projection: the coefficients in which a model is linear are solved for exactly at every evaluation.

With :math:`f = \sum_j c_j \phi_j(\alpha)`, the normal equations at :math:`(c, \alpha)` suffice to move c to its
optimum without a new evaluation: :math:`\delta = A_{cc}^{-1} b_c` lowers the sum of squares by
:math:`b_c^T \delta`. If a nonlinear coefficient acts through one term only, its column of the Jacobian is
proportional to that term's :math:`c_j`, so that the normal equations at :math:`c + \delta` follow by scaling rows and
columns (Golub, Pereyra 1973; the step that follows is Kaufman's 1975).

Axes: G models, K coefficients (padded).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.graph.graph import Graph

__all__ = ["LINEAR", "SEVERAL", "Projection", "multipliers", "multipliers_of"]

LINEAR, SEVERAL = -1, -2
SHORTEST, LONGEST = 1e-8, 1e8  # factors between which a linear coefficient may change
RIDGE = 1e-11  # relative, added to the diagonal so that a matrix that is singular except for rounding can be solved
CANCELLATION = 1e-10  # subtraction cannot give a sum of squares below this share of its largest parts


def multipliers(graphs: Sequence[Graph], columns: int) -> Tensor:
    """Return for each coefficient (G, K) the linear coefficient that multiplies its whole effect.

    The value is `LINEAR` (-1) for linear and padded coefficients and if the model has no linear coefficient. It is
    `SEVERAL` (-2) for a coefficient that acts through several linear ones.

    Parameters
    ----------
    graphs : sequence of Graph
    columns : int
        K, to which coefficients are padded.
    """
    out = np.full((len(graphs), columns), LINEAR, dtype=np.int64)
    for row, graph in zip(out, graphs, strict=True):
        own = multipliers_of(graph)
        row[: len(own)] = own
    return torch.from_numpy(out)


def multipliers_of(graph: Graph) -> NDArray[np.int64]:
    """Return the row (K,) of `multipliers` of one graph, kept with the graph."""
    cached: NDArray[np.int64] | None = graph.__dict__.get("_multipliers")
    if cached is not None:
        return cached
    out = np.full(graph.n_coefficients, LINEAR, dtype=np.int64)
    d, last = graph.n_inputs, len(graph.nodes) - 1
    through: list[set[int]] = [set() for _ in graph.nodes]  # linear coefficients through which each node acts
    for j in range(last, -1, -1):
        node, slots = graph.nodes[j], graph.layout[j]
        mine = [slots.constant] + [own.weight for own in slots.edges] if j < last else []
        out[[k for k in mine if k >= 0]] = _only(through[j])
        for edge, own in zip(node.edges, slots.edges, strict=True):
            by = through[j] if j < last else {own.weight if node.aggregator == "sum" else slots.constant}
            out[own.first : own.first + own.count] = _only(by)
            if edge.source >= d:
                through[edge.source - d] |= by
    graph.__dict__["_multipliers"] = out
    return out


def _only(through: set[int]) -> int:
    return SEVERAL if len(through) != 1 else next(iter(through))


class Projection(NamedTuple):
    """The coefficients that are solved for at every evaluation; axis 0 is G in every tensor."""

    linear: Tensor  # (G, K) 1 at linear coefficients
    rest: Tensor  # (G, K) 1 at all others and padded ones
    multiplier: Tensor  # (G, K) index of the coefficient whose growth the columns follow
    follows: Tensor  # (G, K) whether there is one
    possible: Tensor  # (G,) every coefficient has at most one multiplier, and some are linear

    @classmethod
    def plan(cls, linear: Tensor, multiplier: Tensor, dtype: torch.dtype) -> Projection:
        """Return the plan for models whose coefficients (G, K) are `linear` or follow `multiplier`."""
        possible = linear.any(1) & (multiplier > SEVERAL).all(1)
        return cls(linear.to(dtype), (~linear).to(dtype), multiplier.clamp(min=0), multiplier >= 0, possible)

    def select(self, rows: Tensor, k: int) -> Projection:
        """Return the plan of the models in `rows`, padded to `k` coefficients."""
        linear, rest, multiplier, follows = (tensor[rows][:, :k] for tensor in self[:4])
        return Projection(linear, rest, multiplier, follows, self.possible[rows])

    def solve(self, theta: Tensor, total: Tensor, matrix: Tensor, right: Tensor) -> tuple[Tensor, ...]:
        """Move to the best linear coefficients.

        Parameters
        ----------
        theta : Tensor of shape (G, K)
        total : Tensor of shape (G,)
            Sum of squared residuals.
        matrix, right : Tensor of shape (G, K, K) and (G, K)
            J^T J and J^T r.

        Returns
        -------
        tuple of Tensor
            The same four at the new coefficients. They are unchanged for a model for which the move is not safe:
            because of numbers that are not finite, a linear coefficient of zero, a singular matrix, or a loss lost to
            cancellation.
        """
        diagonal = matrix.diagonal(dim1=1, dim2=2)
        block = matrix * (self.linear.unsqueeze(2) * self.linear.unsqueeze(1))
        block.diagonal(dim1=1, dim2=2).add_(torch.addcmul(self.rest, self.linear, diagonal, value=RIDGE))
        factor, failed = torch.linalg.cholesky_ex(block)
        step = torch.cholesky_solve((right * self.linear).unsqueeze(2), factor)  # (G, K, 1)
        change = (step.mT @ matrix).squeeze(1)
        step = step.squeeze(2)
        left = total - (step * (2 * right - change)).sum(1)
        parts = (step.square() * diagonal).sum(1)
        factors = torch.where(self.follows, ((theta + step) / theta).gather(1, self.multiplier), 1.0)
        least, most = factors.abs().aminmax(dim=1)
        safe = (
            self.possible & (failed == 0) & (left > CANCELLATION * parts) & (least > SHORTEST) & (most < LONGEST)
        ).unsqueeze(1)
        factors = torch.where(safe, factors, 1.0)
        return (
            torch.where(safe, theta + step, theta),
            torch.where(safe.squeeze(1), left, total),
            matrix * (factors.unsqueeze(2) * factors.unsqueeze(1)),
            torch.where(safe, right - change, right) * factors,
        )
