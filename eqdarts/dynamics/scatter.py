r"""How the errors of measured states depend on their values: the same everywhere, in proportion to them, or in between.

A measured value of a state whose trajectory has the value f there has a standard deviation :math:`s\,g(f)`, by one of
the kinds of `eqdarts.inference.noise`. A fit divides the residuals of a state by g over its geometric mean. The sum of
the logarithms of these is zero, so that the mean square of what is left alone tells the likelihood, as it does where
the errors are the same everywhere.

Axes: N rows, D states.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.dynamics.smoothing import Smooth, smooth_states
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.errors import closest, explain
from eqdarts.inference.noise import AUTO, EVIDENCE, FEWEST_ROWS, NOISES, Noise, evidence_of, noise_of

__all__ = ["checked_kinds", "scales", "settled", "sizes_of", "smooth_by_kind", "smooth_with"]

NEIGHBOURS = 2  # on each side, whose measured values tell the size of a state before it is smooth
LEAST_SHARE = 0.3  # of that size which a smooth value has at least
LEAST_OF_SMOOTH = 0.1  # share of the smooth size that g sees at least: a law may come near zero where a state does not
ROUNDS = 2  # of weights from smooth courses and of courses by the weights
EXACT = 1e-6  # noise as a share of the spread that has no kind


def checked_kinds(noise: Any, states: Sequence[str]) -> tuple[str, ...]:
    """Return the kind that is wanted for each state.

    Raises
    ------
    ValueError
        If one is not known.
    """
    kinds = (AUTO, *NOISES)
    given = dict(noise) if isinstance(noise, Mapping) else dict.fromkeys(states, noise)
    for state, kind in given.items():
        if state not in states:
            raise ValueError(explain("noise must be of states.", repr(state), closest(str(state), states)))
        if kind not in kinds:
            raise ValueError(explain("There is no such noise.", repr(kind), closest(str(kind), kinds)))
    return tuple(given.get(state, "constant") for state in states)


def smooth_by_kind(data: Trajectories, wanted: Sequence[str]) -> tuple[Smooth, tuple[Noise, ...]]:
    """Return the smooth courses with the weights of a kind for each state, and these kinds.

    "auto" is the kind by which a smooth course is most likely; another one than the same errors everywhere must be
    clearly better.
    """
    smooth = smooth_states(data)
    if all(kind == "constant" for kind in wanted):
        return smooth, ()
    asked = [kind for kind in NOISES if kind in wanted or AUTO in wanted]
    found = {kind: smooth_with([Noise(kind)] * len(data.states), data, smooth) for kind in asked}
    kinds = tuple(
        _most_likely(k, smooth, found) if kind == AUTO else replace(found[kind][1][k], by="user")
        for k, kind in enumerate(wanted)
    )
    return smooth_with(kinds, data, smooth)


def smooth_with(
    kinds: Sequence[Noise], data: Trajectories, smooth: Smooth | None = None
) -> tuple[Smooth, tuple[Noise, ...]]:
    """Return the smooth courses with the weights of kinds, and these with the sizes that the rows have around them.

    `smooth` are the courses by which the weights begin. Default: those by equal weights.
    """
    smooth = smooth_states(data) if smooth is None else smooth
    if all(noise.kind == "constant" for noise in kinds):
        return smooth, tuple(kinds)
    known = np.isfinite(data.values)
    for _ in range(ROUNDS):
        sizes = sizes_of(data, smooth.values)
        kinds = [settled(own, data.values[:, k], sizes[:, k]) for k, own in enumerate(kinds)]
        smooth = smooth_states(data, scales(kinds, sizes, known))
    return smooth, tuple(kinds)


def _most_likely(k: int, constant: Smooth, found: Mapping[str, tuple[Smooth, tuple[Noise, ...]]]) -> Noise:
    """Return the kind of state k that its smooth courses show."""
    data = constant.data
    y = data.values[:, k]
    known = np.isfinite(y)
    if known.sum() < FEWEST_ROWS or constant.noise[k] <= EXACT * data.spread[k]:
        return Noise()
    nats: dict[str, float] = {}
    for kind, (smooth, kinds) in found.items():
        if kind != "constant":
            saved = 0.5 * float(constant.cost[k] - smooth.cost[k])
            saved -= 0.5 * math.log(known.sum()) if NOISES[kind].has_share else 0.0
            # One value far off would look like a scatter that grows.
            nats[kind] = min(saved, evidence_of(kind, y[known], smooth.values[known, k], constant.values[known, k]))
            nats[kind] = nats[kind] if math.isfinite(kinds[k].size) else -math.inf
    best = max(nats, key=lambda kind: nats[kind])
    return replace(found[best][1][k], nats=nats[best]) if nats[best] > EVIDENCE else Noise()


def sizes_of(data: Trajectories, smooth: Array) -> Array:
    """Return the sizes (N, d) of the states at the rows: of the smooth values, which may come too near to zero."""
    near = [_of_neighbours(np.abs(part.states)) for part in data.parts]
    return np.maximum(np.abs(smooth), LEAST_SHARE * np.concatenate(near))


def _of_neighbours(size: Array) -> Array:
    """Return the means of the sizes (n, d) of measured values around each row; zero where nothing was measured."""
    known = np.isfinite(size)
    filled = np.where(known, size, 0.0)
    total, count = np.zeros_like(size), np.zeros_like(size)
    for shift in range(-NEIGHBOURS, NEIGHBOURS + 1):
        rows, others = slice(max(shift, 0), len(size) + min(shift, 0)), slice(max(-shift, 0), len(size) - max(shift, 0))
        total[rows] += filled[others]
        count[rows] += known[others]
    return total / np.maximum(count, 1)


def scales(kinds: Sequence[Noise], f: Array, known: Array, sizes: Array | None = None) -> Array:
    """Return g over its geometric mean (N, D) at the measured values, for states f (N, D)."""
    found = np.ones(f.shape)
    for k, noise in enumerate(kinds):
        if noise.kind != "constant" and known[:, k].any():
            own = np.abs(f[:, k]) if sizes is None else np.maximum(np.abs(f[:, k]), LEAST_OF_SMOOTH * sizes[:, k])
            log = np.log(NOISES[noise.kind].floored(own, noise.share))
            found[:, k] = np.exp(log - log[known[:, k]].mean())
    return found


def settled(noise: Noise, y: Array, f: Array) -> Noise:
    """Return the noise of the same kind with the size and the share that measured values y (N,) have around f (N,)."""
    known = np.isfinite(y) & np.isfinite(f)
    if not known.any():
        return noise
    return replace(noise_of(noise.kind, y[known], f[known])[0], nats=noise.nats, by=noise.by)
