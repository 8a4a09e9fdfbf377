r"""Closed-form gains: by how much each candidate part would lower the loss, all coefficients solved anew.

With residual r, an orthonormal basis Q of the columns of the Jacobian, and d the change of the prediction per unit of
strength of the candidate, the Gauss-Newton model of the re-optimised loss falls by

.. math:: \frac{(r_\perp \cdot d_\perp)^2}{\lVert d_\perp \rVert^2}, \qquad v_\perp = v - Q Q^T v,

at the strength :math:`s = r_\perp \cdot d_\perp / \lVert d_\perp \rVert^2` (implicit function theorem; this is the
derivative of the outer problem with the inner one solved). At a site with value v and adjoint :math:`\delta` a
feature f enters as v + s f with :math:`d = \delta f`, as v (1 + s f / k)^k with :math:`d = \delta v f`, whatever k is,
and as v u^s with :math:`d = \delta v \log u`.

Axes: N rows, K coefficients, M features, S sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.growth.features import Features
from eqdarts.search.growth.moves import COST, Move, merit
from eqdarts.search.growth.sites import Linearised, Site
from eqdarts.search.svd import svd

__all__ = ["Proposal", "basis", "closed_form", "propose"]

_INDEPENDENT = 1e-6  # share of a direction's square that the coefficients there must leave of it


@dataclass(frozen=True, eq=False)
class Proposal:
    """A move and the share of the loss that it leaves, by the Gauss-Newton model."""

    move: Move
    left: float

    def merit(self) -> float:
        """Return the fall of log loss per added symbol."""
        return merit(self.left, self.move.symbols)


def basis(jacobian: Array) -> Array:
    """Return an orthonormal basis (N, rank) of the columns of the Jacobian (N, K); zero columns do not matter."""
    norms = np.linalg.norm(jacobian, axis=0)
    columns = jacobian[:, np.isfinite(norms) & (norms > 0)]
    if not columns.shape[1]:
        return np.zeros((len(jacobian), 0))
    columns = columns / np.linalg.norm(columns, axis=0)
    found = svd(columns)
    return np.asarray(found.left[:, found.values > 1e-7 * found.values[0]])


def closed_form(values: Array, squares: Array, multipliers: Array, residual: Array, q: Array) -> tuple[Array, Array]:
    """Return gain and strength (M, S) of features `values` (M, N) entering with `multipliers` (S, N)."""
    s, n = multipliers.shape
    k = q.shape[1]
    right = np.empty((n, s * (k + 1)))
    right[:, :s] = (multipliers * residual).T
    right[:, s:] = (multipliers.T[:, :, None] * q[:, None, :]).reshape(n, s * k)
    products = values @ right  # (M, S (K + 1))
    total = squares @ (multipliers * multipliers).T  # (M, S)
    inside = (products[:, s:].reshape(len(values), s, k) ** 2).sum(2)
    left = total - inside
    usable = np.asarray(left > _INDEPENDENT * total)
    left = np.where(usable, left, 1.0)
    strength = np.where(usable, products[:, :s] / left, 0.0)
    return np.where(usable, products[:, :s] * strength, 0.0), strength


def propose(
    lin: Linearised, residual: Array, sqrt_weight: Array, parts: Features, logs: Features, n_inputs: int, count: int
) -> list[Proposal]:
    """Return the `count` moves with the highest merit.

    Parameters
    ----------
    lin : Linearised
    residual : ndarray of shape (N,)
    sqrt_weight : ndarray of shape (N,)
    parts : Features
        Enter as terms and in factors.
    logs : Features
        Their values are logarithms of what is raised to a power.
    n_inputs : int
    count : int
    """
    # what the coefficients that are there can do is projected out: gains are those beyond it
    q = basis(lin.jacobian * sqrt_weight[:, None])
    r = residual * sqrt_weight
    r = r - q @ (q.T @ r)
    total = float(r @ r)  # what is left once all coefficients are solved anew
    if not np.isfinite(total) or total == 0.0:
        return []
    squares, log_squares = parts.values**2, logs.values**2
    found: list[Proposal] = []
    adding = [site for site in lin.sites if site.adds]
    multiplying = [site for site in lin.sites if site.multiplies]
    by_kind = (
        ("add", adding, parts, squares, [s.adjoint for s in adding]),
        ("multiply", multiplying, parts, squares, [s.adjoint * s.value for s in multiplying]),
        ("power", multiplying, logs, log_squares, [s.adjoint * s.value for s in multiplying]),
    )
    for kind, sites, candidates, squared, directions in by_kind:
        if not sites or not len(candidates):
            continue
        multipliers = np.stack(directions) * sqrt_weight
        sound = np.isfinite(multipliers).all(axis=1, keepdims=True)
        multipliers = np.where(sound, multipliers, 0.0)
        gain, strength = closed_form(candidates.values, squared, multipliers, r, q)
        limits = np.array([n_inputs + site.node for site in sites])
        # a graph has no cycles: a feature may not read the node that it enters, nor a later one
        gain[candidates.newest[:, None] >= limits] = 0.0
        found += _best(kind, sites, candidates, gain / total, strength, count)
    found.sort(key=lambda p: -p.merit())
    return found[:count]


def _best(
    kind: str, sites: list[Site], candidates: Features, gain: Array, strength: Array, count: int
) -> list[Proposal]:
    """Return the `count` pairs of feature and site with the highest merit, of those with any gain."""
    cost = candidates.symbols + COST[kind]
    flat = (-np.log(np.clip(1 - gain, 1e-12, 1.0)) / cost[:, None]).ravel()
    count = min(count, len(flat))
    top = np.argpartition(-flat, count - 1)[:count]
    found = []
    for place in top[flat[top] > 0]:
        m, s = divmod(int(place), len(sites))
        move = Move(sites[s], kind, candidates.recipe(m), float(strength[m, s]))  # type: ignore[arg-type]
        found.append(Proposal(move, 1.0 - float(gain[m, s])))
    return found
