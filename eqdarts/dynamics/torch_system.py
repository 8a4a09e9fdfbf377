"""A system of differential equations as a torch module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from eqdarts.errors import explain
from eqdarts.export.torch_module import EquationModule

__all__ = ["SystemModule"]


class SystemModule(nn.Module):
    """The right-hand sides as one module with trainable coefficients, in the form that solvers for torch call.

    Made by `System.to_torch`.

    Parameters
    ----------
    sides : sequence of EquationModule
        One for each state; each reads the states, the inputs and the time.
    n_inputs : int
    n_velocities : int, default=0
        States at the end that are the rates of those at the beginning, for equations of second order.
    """

    def __init__(self, sides: Sequence[EquationModule[Any]], n_inputs: int, n_velocities: int = 0) -> None:
        super().__init__()
        self.n_inputs, self.n_velocities = n_inputs, n_velocities
        self.sides = nn.ModuleList(sides)

    def forward(self, t: Any, x: Tensor, u: Tensor | None = None) -> Tensor:
        """Return the rates (..., d) at times t, states (..., d) and inputs (..., q)."""
        if u is None and self.n_inputs:
            raise ValueError(explain("The right-hand sides need their inputs.", "u=None", "Give u."))
        time = torch.as_tensor(t, dtype=x.dtype).expand(x.shape[:-1])[..., None]
        given = torch.cat([x, time] if u is None else [x, u, time], dim=-1)
        sides = torch.stack([side(given) for side in self.sides], dim=-1)
        return torch.cat([x[..., x.shape[-1] - self.n_velocities :], sides], dim=-1)
