"""Losses and gradients of all restarts by compiled code, for primitives that have a kernel.

Axes: R restarts, E edges, M primitives without the absent one, H hidden nodes, N rows (training rows first), K
coefficients, A logits, Q coefficients that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array, Ints
from eqdarts.data import Data
from eqdarts.primitives.table import LINEAR
from eqdarts.search.relaxed.steps import shares
from eqdarts.search.relaxed.supernet import Supernet

__all__ = ["Engine", "Evaluation", "Rows", "make_engine", "place_target", "warm_up", "weights"]

JACOBIAN = 3  # the code for it
STEP = 1e-4  # of differences of gradients, in the largest coefficient
DOMAIN_MARGIN = 1e-3  # as `Domain.clamp` has it


class Rows(NamedTuple):
    """Targets (N,) and weights (N,), the training rows first: losses are shares of the target's variance."""

    y: Array
    weight: Array
    n_train: int


class Evaluation(NamedTuple):
    """Losses of restarts, and their gradients where they were asked for; the training rows first.

    Parameters
    ----------
    loss : ndarray of shape (2, R)
    c : ndarray of shape (R, H + 1)
        Output weights, constant last: the best on the training rows.
    by_w : ndarray of shape (2, R, K)
    by_alpha : ndarray of shape (2, R, A)
    """

    loss: Array
    c: Array
    by_w: Array
    by_alpha: Array


class _Sweep(NamedTuple):
    """What the compiled code reads and writes: see `eqdarts.search.relaxed.kernels.sweep`."""

    p: Array
    beta: Array
    loss: Array
    c: Array
    z: Array
    by_w: Array
    by_p: Array
    by_beta: Array
    jacobian: Array
    places: Ints
    counts: Ints


@dataclass(frozen=True)
class Engine:
    """A supernet on training and validation rows, as the compiled code sees it.

    Parameters
    ----------
    net : Supernet
    X : ndarray of shape (D, N)
    y, weight : ndarray of shape (N,)
    n_train : int
    codes : ndarray of int, shape (M, 6)
        Operation; first coefficient of edge 0, and how many each edge has; whether it has a scale, a shift, a shape.
    limits : ndarray of shape (M, 5)
        Ends of the domain, distance from zero, reach, fixed power.
    sources, readers : ndarray of int, shape (E,)
    """

    net: Supernet
    X: Array
    y: Array
    weight: Array
    n_train: int
    codes: Ints
    limits: Array
    sources: Ints
    readers: Ints

    def choices(self, alpha: Array) -> Ints:
        """Return the primitives that each edge has left, (R, E, T), -1 in the slots beyond them."""
        left = np.isfinite(self.net.edge_logits(alpha)[..., 1:])
        most = max(int(left.sum(axis=-1).max()), 1)
        order = np.argsort(~left, axis=-1, kind="stable")[..., :most]
        return np.where(np.take_along_axis(left, order, axis=-1), order, -1)

    def evaluate(self, w: Array, alpha: Array, temperature: float, wanted: int = 2) -> Evaluation:
        """Return losses, and gradients: none (0), those of the training loss (1), or those of both losses (2)."""
        found = self._sweep(w, alpha, temperature, wanted)
        p, beta = found.p, found.beta
        by_edges = p * (found.by_p - (p * found.by_p).sum(axis=-1, keepdims=True)) / temperature
        by_nodes = beta * (1 - beta) * found.by_beta / temperature
        by_alpha = np.concatenate((by_edges.reshape(2, len(w), -1), by_nodes), axis=-1)
        return Evaluation(found.loss, found.c, found.by_w, by_alpha)

    def gauss_newton(self, w: Array, alpha: Array, temperature: float) -> tuple[Array, Ints, Ints]:
        """Return the Gauss-Newton matrices (R, Q, Q) of the training loss, and their places in `w`: (R, Q), (R,).

        What the output weights can do is projected out.
        """
        found = self._sweep(w, alpha, temperature, JACOBIAN)
        n = self.n_train
        root = np.sqrt(self.weight[:n])
        columns = found.jacobian[..., :n] * root
        output = np.concatenate((found.z[..., :n], np.ones((len(w), 1, n))), axis=1) * root
        basis = np.linalg.qr(output.swapaxes(1, 2))[0]  # (R, N, H + 1)
        columns -= (columns @ basis) @ basis.swapaxes(1, 2)
        return 2 * columns @ columns.swapaxes(1, 2), found.places, found.counts

    def hidden(self, w: Array, alpha: Array) -> Array:
        """Return the hidden nodes' values (R, H, N) at temperature one."""
        return self._sweep(w, alpha, 1.0, 0).z

    def _sweep(self, w: Array, alpha: Array, temperature: float, wanted: int) -> _Sweep:
        """Run the compiled code, one restart after the other."""
        from eqdarts.search.relaxed import kernels

        R, H = len(w), self.net.n_hidden
        E, N = len(self.sources), len(self.y)
        p, beta = weights(self.net, alpha, temperature)
        choice = self.choices(alpha)
        Q = 0
        if wanted == JACOBIAN:
            Q = H + int(np.where(choice >= 0, 1 + self.codes[choice, 2], 0).sum(axis=(1, 2)).max())
        found = _Sweep(
            p, beta, np.zeros((2, R)), np.empty((R, H + 1)), np.empty((R, H, N)), np.zeros((2, *w.shape)),
            np.zeros((2, *p.shape)), np.zeros((2, *beta.shape)), np.zeros((R, Q, N)),
            np.zeros((R, Q), dtype=np.int64), np.zeros(R, dtype=np.int64),
        )  # fmt: skip
        kernels.sweep(
            self.X, self.y, self.weight, self.n_train, self.sources, self.readers, choice, p, beta,
            np.ascontiguousarray(w), self.codes, self.limits, kernels.workspace(E, choice.shape[2], H, N),
            *found[2:], wanted,
        )  # fmt: skip
        return found

    def curvature(self, w: Array, alpha: Array, temperature: float, along: Array) -> tuple[Array, Array]:
        """Return what the gradients of the training loss, in `w` (R, K) and in `alpha` (R, A), change by along `along`.

        These are products with second derivatives, by central differences of exact gradients in `w` (R, K).
        """
        size = np.abs(along).max(axis=1, keepdims=True)
        h = STEP / np.maximum(size, 1e-300)
        ahead = self.evaluate(w + h * along, alpha, temperature, 1)
        behind = self.evaluate(w - h * along, alpha, temperature, 1)
        return (ahead.by_w[0] - behind.by_w[0]) / (2 * h), (ahead.by_alpha[0] - behind.by_alpha[0]) / (2 * h)


def place_target(data: Data) -> Rows:
    """Return targets and weights of the training and the validation rows."""
    rows = np.concatenate([data.train, data.validation])
    weight = np.concatenate([shares(data, data.train), shares(data, data.validation)])
    return Rows(np.ascontiguousarray(data.y[rows]), weight, len(data.train))


def weights(net: Supernet, alpha: Array, temperature: float) -> tuple[Array, Array]:
    """Return softmax(alpha) of the edges (R, E, M + 1), and the weight of "product" at the nodes (R, H)."""
    logits = net.edge_logits(alpha) / temperature
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p, 1.0 / (1.0 + np.exp(-np.clip(net.node_logits(alpha) / temperature, -500, 500)))


def warm_up() -> None:
    """Load the compiled code; the first time after an installation it is compiled."""
    net = Supernet(1, 1, (LINEAR,))
    x = np.array([[0.5], [1.0], [2.0]])
    data = Data(x, x[:, 0], np.ones(3), np.array([0, 1]), np.array([2]), np.ones(1), 1.0)
    engine = make_engine(net, data)
    if engine is not None:
        w, alpha = np.ones((1, net.n_coefficients)), np.zeros((1, net.n_alpha))
        engine.evaluate(w, alpha, 1.0)


def make_engine(net: Supernet, data: Data) -> Engine | None:
    """Return the engine; None if a primitive has no kernel, or there is no place for compiled code."""
    from eqdarts.solver.compiled import has_place
    from eqdarts.solver.kernels import OPERATIONS

    if not has_place():
        return None
    codes, limits = [], []
    first = len(net.edges) * len(net.primitives) + net.n_hidden
    for primitive, reach in zip(net.primitives, net.reaches, strict=True):
        if primitive.kernel is None:
            return None
        domain, inner = primitive.domain, primitive.inner
        count = primitive.n_coefficients
        has = ("scale" in inner, "shift" in inner, bool(primitive.shape))
        codes.append((OPERATIONS[primitive.kernel.name], first, count, *has))
        away = DOMAIN_MARGIN if not domain.zero and domain.lower < 0 else 0.0
        ends = domain.lower + DOMAIN_MARGIN, domain.upper - DOMAIN_MARGIN
        limits.append((*ends, away, min(reach, 1e300), primitive.kernel.power))
        first += len(net.edges) * count
    X = np.ascontiguousarray(np.asarray(data.X[np.concatenate([data.train, data.validation])]).T)
    sources, readers = np.array(net.edges, dtype=np.int64).reshape(-1, 2).T
    table = np.array(codes, dtype=np.int64), np.array(limits, dtype=np.float64)
    return Engine(
        net, X, *place_target(data), *table,
        np.ascontiguousarray(sources), np.ascontiguousarray(readers),
    )  # fmt: skip
