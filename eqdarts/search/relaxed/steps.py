r"""The two losses of the bilevel optimisation, for all restarts at once.

The output weights c are eliminated in closed form on the training rows. So the training loss is
:math:`L(w, \alpha) = \min_c L_{train}(w, c, \alpha)`; by the envelope theorem its gradient is the partial one at the
minimising c. The validation loss uses the same c, which depends on w and :math:`\alpha` and is differentiated through.
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
    "Bilevel",
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

    def train_loss(self, z: Tensor, c: Tensor) -> Tensor:
        """Return the training loss (R,) of hidden values z (R, H, N), training rows first, and output weights c."""
        return (predictions(z[..., : len(self.y_train)], c) - self.y_train).square() @ self.weight_train

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
    return problem.train_loss(z, c)


def validation_loss(problem: Bilevel, w: Tensor, alpha: Tensor, temperature: float) -> Tensor:
    """Return the validation loss (R,) at the output weights that are best on the training rows.

    It depends on w and alpha through those weights too, and is differentiated through them.
    """
    z = hidden_values(problem.net, w, alpha, problem.both, temperature)
    c = output_weights(z[..., : len(problem.y_train)], problem.y_train, problem.weight_train)
    return problem.validate(z, c)
