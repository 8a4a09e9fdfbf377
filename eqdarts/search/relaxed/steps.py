r"""The two steps of the bilevel optimisation, for all restarts at once.

The inner problem is solved half exactly: the output weights c are eliminated in closed form on the training rows, the
other coefficients w follow Adam. So the training loss is :math:`L(w, \alpha) = \min_c L_{train}(w, c, \alpha)`; by the
envelope theorem its gradient is the partial one at the minimising c. The validation loss uses the same c, which depends
on :math:`\alpha` and is differentiated through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.data import Data
from eqdarts.search.relaxed.supernet import Supernet
from eqdarts.search.relaxed.supernet_values import Rows, hidden_values, output_weights, place_rows, predictions

__all__ = [
    "Adam",
    "Bilevel",
    "alpha_gradient",
    "coefficient_gradient",
    "make_bilevel",
    "shares",
    "training_loss",
    "validation_loss",
]


@dataclass(frozen=True)
class Bilevel:
    """The supernet and the rows of the two problems, on one device in one dtype.

    Parameters
    ----------
    net : Supernet
    train, both : Rows
        Training rows; training rows followed by validation rows (only once where the two are the same rows).
    y_train, weight_train : Tensor of shape (n,)
    y_validation, weight_validation : Tensor of shape (v,)
        Weights divided by their sum and by the variance of the target, so that losses are shares of it.
    """

    net: Supernet
    train: Rows
    both: Rows
    y_train: Tensor
    weight_train: Tensor
    y_validation: Tensor
    weight_validation: Tensor

    def validate(self, z: Tensor, c: Tensor) -> Tensor:
        """Return the validation loss (R,) of hidden values z (R, H, N) on the rows `both` and output weights c."""
        n = len(self.y_train)
        held_back = z[..., n:] if z.shape[-1] > n else z
        return (predictions(held_back, c) - self.y_validation).square() @ self.weight_validation


def make_bilevel(net: Supernet, data: Data, dtype: torch.dtype, device: str | torch.device) -> Bilevel:
    """Place training and validation rows of `data` for the two problems."""

    def place(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=dtype, device=device)

    train, validation = data.train, data.validation
    both = train if np.array_equal(train, validation) else np.concatenate([train, validation])
    return Bilevel(
        net,
        place_rows(net, data.X[train], dtype, device),
        place_rows(net, data.X[both], dtype, device),
        place(data.y[train]),
        place(shares(data, train)),
        place(data.y[validation]),
        place(shares(data, validation)),
    )


def shares(data: Data, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the weights of `rows` with which a sum of squared residuals is a share of the target's variance."""
    weight = data.weight[rows]
    if weight.sum() <= 0:  # all rows held back may have weight zero: then they count alike
        weight = np.ones(len(rows))
    # a constant target has no variance to speak of: its mean square takes the place
    variance = data.variance if data.variance > 1e-12 * float(np.mean(data.y**2)) else float(np.mean(data.y**2)) or 1.0
    return np.asarray(weight / (weight.sum() * variance), dtype=np.float64)


def training_loss(problem: Bilevel, w: Tensor, alpha: Tensor, temperature: float, *, envelope: bool = True) -> Tensor:
    """Return the training loss (R,) at the best output weights, as a share of the target's variance.

    Parameters
    ----------
    envelope : bool, default=True
        Hold the output weights fixed in the backward pass: they minimise the loss, so first derivatives are the same.
        Second derivatives need False.
    """
    z = hidden_values(problem.net, w, alpha, problem.train, temperature)
    c = output_weights(z.detach() if envelope else z, problem.y_train, problem.weight_train)
    return (predictions(z, c) - problem.y_train).square() @ problem.weight_train


def validation_loss(problem: Bilevel, w: Tensor, alpha: Tensor, temperature: float) -> Tensor:
    """Return the validation loss (R,) at the output weights that are best on the training rows.

    It depends on w and alpha through those weights too, and is differentiated through them.
    """
    z = hidden_values(problem.net, w, alpha, problem.both, temperature)
    c = output_weights(z[..., : len(problem.y_train)], problem.y_train, problem.weight_train)
    return problem.validate(z, c)


def coefficient_gradient(problem: Bilevel, w: Tensor, alpha: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the training loss (R,) and its gradient in w (R, K)."""
    w = w.detach().requires_grad_(True)
    loss = training_loss(problem, w, alpha.detach(), temperature)
    (gradient,) = torch.autograd.grad(loss.sum(), w)
    return loss.detach(), gradient


def alpha_gradient(
    problem: Bilevel, w: Tensor, alpha: Tensor, temperature: float, order: int = 1, rate: float = 0.0
) -> tuple[Tensor, Tensor]:
    r"""Return the validation loss (R,) and its gradient in alpha (R, A).

    First order takes w as the inner solution. Second order takes
    :math:`w' = w - \xi\nabla_w L_{train}(w, \alpha)` and differentiates through that step:

    .. math:: \nabla_\alpha L_{val}(w', \alpha)
              - \xi \nabla^2_{\alpha, w} L_{train}(w, \alpha)\, \nabla_{w'} L_{val}(w', \alpha),

    the product with the mixed Hessian by a second backward pass. (The finite difference of Liu et al. 2018, section
    2.3, costs the same here, and is far off where a primitive bends sharply.)

    Parameters
    ----------
    order : {1, 2}
    rate : float
        :math:`\xi`; only for the second order.
    """
    w, alpha = w.detach(), alpha.detach().requires_grad_(True)
    if order == 2:
        w = w.requires_grad_(True)
        loss = training_loss(problem, w, alpha, temperature, envelope=False)
        (gradient,) = torch.autograd.grad(loss.sum(), w, create_graph=True)
        w = w - rate * gradient
    loss = validation_loss(problem, w, alpha, temperature)
    (gradient,) = torch.autograd.grad(loss.sum(), alpha)
    return loss.detach(), gradient


class Adam:
    """Adam on rows that share nothing: each is clipped by its own norm; one with a gradient not finite stands still.

    Parameters
    ----------
    parameters : Tensor of shape (R, K)
        Updated in place.
    betas : tuple of float
    clip : float
        Largest norm of a row's gradient.
    bounds : Tensor of shape (K,), optional
        Largest magnitude of each parameter.
    """

    def __init__(
        self, parameters: Tensor, betas: tuple[float, float], clip: float = 1.0, bounds: Tensor | None = None
    ) -> None:
        self.parameters = parameters
        self.betas = betas
        self.clip = clip
        self.bounds = bounds
        self.mean, self.square = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.count = 0

    def step(self, gradient: Tensor, rate: float) -> None:
        """Move against `gradient` (R, K) with learning rate `rate`."""
        norm = gradient.norm(dim=1, keepdim=True)
        alive = torch.isfinite(norm)
        gradient = torch.where(alive, gradient * (self.clip / norm.clamp(min=self.clip)), 0.0)
        self.count += 1
        first, second = self.betas
        self.mean.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        size = (self.square / (1 - second**self.count)).sqrt_().add_(1e-8)
        move = self.mean / size * (-rate / (1 - first**self.count))
        self.parameters.add_(torch.where(alive, move, 0.0))
        if self.bounds is not None:
            self.parameters.clamp_(-self.bounds, self.bounds)
