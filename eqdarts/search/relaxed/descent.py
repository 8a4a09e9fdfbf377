"""The bilevel descent of all restarts: coefficients down the training loss, alpha down the validation loss.

Axes: R restarts, K coefficients, A logits, E edges, M primitives without the absent one, H hidden nodes.
"""

from __future__ import annotations

import numpy as np
import torch

from eqdarts._typing import Array
from eqdarts.search.relaxed.active import shrink
from eqdarts.search.relaxed.engine import weights
from eqdarts.search.relaxed.hypergradient import Differentiable, Inner, implicit, second_order, solve_inner
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.supernet import Supernet, keep_in_domain

__all__ = ["Adam", "Descent"]

NATS_PER_SYMBOL = 2.0
ALPHA_BETAS, W_BETAS = (0.5, 0.999), (0.9, 0.999)


class Adam:
    """Adam on rows that share nothing: each is clipped by its own norm; one with a gradient not finite stands still.

    Parameters
    ----------
    parameters : ndarray of shape (R, K)
        Updated in place.
    betas : tuple of float
    clip : float
        Largest norm of a row's gradient.
    """

    def __init__(self, parameters: Array, betas: tuple[float, float], clip: float = 1.0) -> None:
        self.parameters = parameters
        self.betas = betas
        self.clip = clip
        self.mean, self.square = np.zeros_like(parameters), np.zeros_like(parameters)
        self.count = 0

    def step(self, gradient: Array, rate: float) -> None:
        """Move against `gradient` (R, K) with learning rate `rate`."""
        with np.errstate(all="ignore"):
            norm = np.linalg.norm(gradient, axis=1, keepdims=True)
            alive = np.isfinite(norm)
            gradient = np.where(alive, gradient * (self.clip / np.maximum(norm, self.clip)), 0.0)
        self.count += 1
        first, second = self.betas
        self.mean += (1 - first) * (gradient - self.mean)
        self.square *= second
        self.square += (1 - second) * gradient * gradient
        size = np.sqrt(self.square / (1 - second**self.count)) + 1e-8
        self.parameters -= np.where(alive, self.mean / size * (rate / (1 - first**self.count)), 0.0)


class Descent:
    """All restarts on their way.

    Parameters
    ----------
    net : Supernet
    engine : Differentiable
        Gives losses and derivatives.
    w, alpha : ndarray of shape (R, K), (R, A)
        Updated in place.
    low, high : ndarray of shape (D,)
        The ranges of the inputs.
    n_validation : int
    options : RelaxedOptions
    """

    def __init__(
        self,
        net: Supernet,
        engine: Differentiable,
        w: Array,
        alpha: Array,
        ranges: tuple[Array, Array],
        n_validation: int,
        options: RelaxedOptions,
    ) -> None:
        self.net = net
        self.engine = engine
        self.options = options
        self.alpha = alpha
        self.n_validation = n_validation
        self.temperature = options.temperature_at(0.0)
        self.n_left = len(net.primitives) + 1  # choices on each edge, at most
        self._ranges = tuple(map(torch.as_tensor, ranges))
        self.w = self._allowed(w)
        self._damping = np.full(len(w), 1e-3)
        self._by_w = Adam(self.w, W_BETAS, options.clip)
        self._by_alpha = Adam(alpha, ALPHA_BETAS, options.clip)
        self._price = np.array([0.0, *(1.0 + p.complexity for p in net.primitives)]) * NATS_PER_SYMBOL * options.price

    def _allowed(self, w: Array) -> Array:
        """Move coefficients (R, K) into their bounds, in place: no row of data may leave a domain."""
        np.clip(w, -self.net.bounds, self.net.bounds, out=w)
        keep_in_domain(self.net, torch.from_numpy(w), *self._ranges)
        return w

    def is_due(self, progress: float) -> bool:
        """Whether fewer choices than now may be left when a share `progress` of the steps is done."""
        return self.options.choices_at(progress) < self.n_left

    def step(self, progress: float) -> None:
        """Take one step of w on the training rows, and one of alpha on the validation rows."""
        options = self.options
        self.temperature = options.temperature_at(progress)
        if self.is_due(progress):
            self.n_left = options.choices_at(progress)
            shrink(self.net, self.alpha, self.n_left)
        rate = options.rate_w_at(progress)
        if options.order == "implicit":
            inner = Inner(self.w, self._damping)
            given = self.alpha, self.temperature, options.ridge
            inner = solve_inner(self.engine, inner, *given, options.n_inner, self._allowed)
            self.w[...], self._damping = inner
            loss, gradient = implicit(self.engine, self.w, *given)
        else:
            loss, gradient = self._stepped(rate)
        self._by_alpha.step(self._in_nats(loss, gradient), options.rate_alpha)

    def loss(self) -> Array:
        """Return the validation loss (R,) at the present temperature, NaN where it is not finite."""
        loss = self.engine.evaluate(self.w, self.alpha, self.temperature, 0).loss[1]
        return np.where(np.isfinite(loss), loss, np.nan)

    def _stepped(self, rate: float) -> tuple[Array, Array]:
        """Take one step of w; return the validation loss (R,) and its gradient (R, A)."""
        both = self.options.order == "first"
        at = self.engine.evaluate(self.w, self.alpha, self.temperature, 2 if both else 1)
        loss, gradient = at.loss[1], at.by_alpha[1]
        if not both:
            loss, gradient = second_order(self.engine, self.w, self.alpha, self.temperature, rate, at.by_w[0])
        self._by_w.step(at.by_w[0], rate)
        # a step may move an end of a domain onto the rows, where alpha would see a slope that is not there
        self._allowed(self.w)
        return loss, gradient

    def _in_nats(self, loss: Array, gradient: Array) -> Array:
        """Return the gradient (R, A) of n / 2 log loss plus the price of the symbols that a mixture has on average."""
        with np.errstate(all="ignore"):
            total = 0.5 * self.n_validation * gradient / np.maximum(loss, 1e-30)[:, None]
        p, _ = weights(self.net, self.alpha, self.temperature)
        price = p * (self._price - (p * self._price).sum(axis=-1, keepdims=True)) / self.temperature
        total[:, : -self.net.n_hidden] += price.reshape(len(p), -1)
        return total
