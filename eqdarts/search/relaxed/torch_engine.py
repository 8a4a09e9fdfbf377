"""Losses and derivatives of all restarts by torch: on any device, and for functions without compiled code.

Axes: R restarts, K coefficients, A logits, Q coefficients, N rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eqdarts._typing import Array, Ints
from eqdarts.search.relaxed.engine import Evaluation
from eqdarts.search.relaxed.steps import Bilevel, training_loss
from eqdarts.search.relaxed.supernet_values import hidden_values, output_weights, predictions

__all__ = ["TorchEngine"]


@dataclass(frozen=True)
class TorchEngine:
    """A supernet on training and validation rows, on the device and in the type of `problem`."""

    problem: Bilevel

    def _placed(self, values: Array) -> Tensor:
        like = self.problem.y_train
        return torch.as_tensor(values, dtype=like.dtype, device=like.device)

    def evaluate(self, w: Array, alpha: Array, temperature: float, wanted: int = 2) -> Evaluation:
        """Return losses, and gradients: none (0), those of the training loss (1), or those of both losses (2)."""
        problem = self.problem
        w_, alpha_ = (self._placed(v).requires_grad_(wanted > 0) for v in (w, alpha))
        z = hidden_values(problem.net, w_, alpha_, problem.both, temperature)
        n = len(problem.y_train)
        c = output_weights(z[..., :n], problem.y_train, problem.weight_train)
        # the output weights minimise the training loss: its gradient does not see them move
        losses = problem.train_loss(z, c.detach()), problem.validate(z, c)
        by = np.zeros((2, *w.shape)), np.zeros((2, *alpha.shape))
        for k in range(wanted):
            found = torch.autograd.grad(losses[k].sum(), (w_, alpha_), retain_graph=True)
            for place, gradient in zip(by, found, strict=True):
                place[k] = gradient.double().cpu().numpy()
        loss = torch.stack(losses).detach().double().cpu().numpy()
        return Evaluation(loss, c.detach().double().cpu().numpy(), *by)

    def curvature(self, w: Array, alpha: Array, temperature: float, along: Array) -> tuple[Array, Array]:
        """Return what the gradients of the training loss, in `w` and in `alpha`, change by along `along` (R, K)."""
        w_, alpha_ = (self._placed(v).requires_grad_() for v in (w, alpha))
        loss = training_loss(self.problem, w_, alpha_, temperature, envelope=False)
        (slope,) = torch.autograd.grad(loss.sum(), w_, create_graph=True)
        found = torch.autograd.grad((slope * self._placed(along)).sum(), (w_, alpha_))
        by_w, by_alpha = (gradient.double().cpu().numpy() for gradient in found)
        return by_w, by_alpha

    def gauss_newton(self, w: Array, alpha: Array, temperature: float) -> tuple[Array, Ints, Ints]:
        """Return the Gauss-Newton matrices (R, K, K) of the training loss, the output weights projected out."""
        problem = self.problem
        w_, alpha_ = self._placed(w).requires_grad_(), self._placed(alpha)
        z = hidden_values(problem.net, w_, alpha_, problem.train, temperature)
        c = output_weights(z.detach(), problem.y_train, problem.weight_train)
        value = predictions(z, c)
        rows = torch.eye(value.shape[1], dtype=value.dtype, device=value.device)[:, None].expand(-1, len(w), -1)
        (jacobian,) = torch.autograd.grad(value, w_, rows, is_grads_batched=True)  # (N, R, K)
        root = problem.weight_train.double().sqrt()[None, :, None]
        columns = jacobian.transpose(0, 1).double() * root
        output = torch.cat((z.detach(), torch.ones_like(z[:, :1])), dim=1).mT.double() * root
        basis, _ = torch.linalg.qr(output)
        columns = columns - basis @ (basis.mT @ columns)
        matrices = (2 * columns.mT @ columns).cpu().numpy()
        R, K = w.shape
        return matrices, np.tile(np.arange(K), (R, 1)), np.full(R, K)

    def hidden(self, w: Array, alpha: Array) -> Array:
        """Return the hidden nodes' values (R, H, N) at temperature one."""
        problem = self.problem
        with torch.inference_mode():
            z = hidden_values(problem.net, self._placed(w), self._placed(alpha), problem.both)
        # where the same rows train and validate, they are there once
        z = z if z.shape[-1] > len(problem.y_train) else torch.cat((z, z), dim=-1)
        return z.double().cpu().numpy()
