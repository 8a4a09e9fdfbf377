"""Matching pursuit: a target as a sum of features, chosen one by one, all weights solved for at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.growth.features import Feature, Features
from eqdarts.search.growth.gains import basis, closed_form
from eqdarts.search.least_squares import least_squares

__all__ = ["draw", "pursue", "slope_along", "weighted", "without_holes"]

PURSUED = 6  # terms at most
TOP = 60  # features of highest merit that each term is drawn from
_EXACT = 1e-22


def pursue(
    parts: Features, target: Array, weight: Array, rng: np.random.Generator, sharpness: float
) -> Iterator[tuple[tuple[Feature, ...], Array]]:
    """Yield the features chosen so far and the solution, constant first, after each term.

    Parameters
    ----------
    parts : Features
        M features on N rows.
    target : ndarray of shape (N,)
        Rows where it is not finite count for nothing.
    weight : ndarray of shape (N,)
        Of the residuals before squaring.
    rng : numpy.random.Generator
    sharpness : float
        How strongly features of high merit are preferred.
    """
    target, weight = without_holes(target, weight)
    target = target * weight
    if not weight.any():
        return
    squares = parts.values**2
    columns = [weight]
    chosen: list[Feature] = []
    for _ in range(PURSUED):
        q = basis(np.stack(columns, axis=1))
        residual = target - q @ (q.T @ target)
        left = float(residual @ residual)
        if left <= _EXACT * float(target @ target):
            return
        gain, _ = closed_form(parts.values, squares, weight[None, :], residual, q)
        merit = -np.log(np.clip(1 - gain[:, 0] / left, 1e-12, 1.0)) / (parts.symbols + 3)
        top = np.argsort(-merit)[:TOP]
        drawn = draw(merit[top].tolist(), sharpness, 1, rng)
        if not drawn:
            return
        m = int(top[drawn[0]])
        columns.append(weight * parts.values[m])
        chosen.append(parts.recipe(m))
        yield tuple(chosen), least_squares(np.stack(columns, axis=1), target)


def without_holes(target: Array, weight: Array) -> tuple[Array, Array]:
    """Return target and weight (N,), both zero where either is not finite."""
    sound = np.isfinite(target) & np.isfinite(weight)
    return np.where(sound, target, 0.0), np.where(sound, weight, 0.0)


def weighted(inner: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Return h (N,) as a target, and the weights (N,) of its residuals, whose squares are then those of y = f(h).

    Both are zero where h does not exist. `weight` is that of squares of residuals of y.
    """
    slope = np.ones_like(inner) if inner is y else slope_along(inner, y)
    return without_holes(inner, slope * np.sqrt(weight))


def slope_along(inner: Array, y: Array) -> Array:
    """Return |dy/dh| (N,) along sorted h: weights that make squares of h those of y, to first order."""
    if len(y) < 2:  # one row, or the same row again and again, has no slope
        return np.zeros_like(y)
    order = np.argsort(inner)
    with np.errstate(all="ignore"):
        slope = np.empty_like(y)
        slope[order] = np.abs(np.gradient(y[order], inner[order]))
    return np.where(np.isfinite(slope), slope, 0.0)


def draw(merits: Sequence[float], sharpness: float, most: int, rng: np.random.Generator) -> list[int]:
    """Draw up to `most` different places with chances in proportion to merit to the power `sharpness`."""
    with np.errstate(all="ignore"):
        weights = np.array(merits) ** sharpness
    weights[~np.isfinite(weights) | (weights < 0)] = 0.0
    if not weights.sum() > 0:
        return []
    count = min(most, int((weights > 0).sum()))
    return [int(k) for k in rng.choice(len(weights), count, replace=False, p=weights / weights.sum())]
