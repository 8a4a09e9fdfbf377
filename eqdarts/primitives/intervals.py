"""Interval arithmetic: the range of an operation over many boxes at once.

Every operation gives a lower and an upper bound for each of B boxes, rounded outwards by more than its error, so that a
bound is a proof up to underflow. An undefined value counts for nothing: the range is that of the points at which the
operation is defined, at least.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "OUTWARDS",
    "Interval",
    "absolute",
    "add",
    "anything",
    "between",
    "cosine",
    "logarithm",
    "multiply",
    "outwards",
    "reciprocal",
    "rising",
    "sine",
    "tangent",
]

OUTWARDS = 2e-15  # relative error of an operation, above that of any function of numpy


class Interval(NamedTuple):
    """Lower and upper bounds, each of shape (B,) or a number."""

    low: Any
    high: Any


def outwards(low: Any, high: Any) -> Interval:
    """Return the interval moved outwards by the error of one operation; NaN is no bound at all."""
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return Interval(low - OUTWARDS * np.abs(low), high + OUTWARDS * np.abs(high))


# --- operations ---


def add(*terms: Interval) -> Interval:
    """Return the range of a sum."""
    low = sum(u.low for u in terms) - OUTWARDS * sum(np.abs(u.low) for u in terms)
    high = sum(u.high for u in terms) + OUTWARDS * sum(np.abs(u.high) for u in terms)
    return Interval(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def multiply(first: Interval, *others: Interval) -> Interval:
    """Return the range of a product."""
    u = first
    for v in others:
        ends = [np.where((a == 0) | (b == 0), 0.0, a * b) for a in u for b in v]
        u = outwards(np.minimum.reduce(ends), np.maximum.reduce(ends))
    return u


def reciprocal(u: Interval) -> Interval:
    """Return the range of 1/u: all numbers, where u has zero inside."""
    inside = (u.low <= 0) & (u.high >= 0)
    low = np.where(inside & ((u.low < 0) | (u.high == 0)), -np.inf, 1 / np.where(u.high == 0, 1.0, u.high))
    high = np.where(inside & ((u.high > 0) | (u.low == 0)), np.inf, 1 / np.where(u.low == 0, 1.0, u.low))
    return outwards(low, high)


# --- functions ---


def rising(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    """Return the bounds of a function that rises on all of the line."""
    return lambda u: outwards(function(u.low), function(u.high))


def between(low: float, high: float, function: Callable[[Any], Any], falls: bool = False) -> Callable[..., Interval]:
    """Return the bounds of a function that rises, or falls, on its domain from `low` to `high`."""

    def bounds(u: Interval) -> Interval:
        ends = [np.clip(end, low, high) for end in (reversed(u) if falls else u)]
        return outwards(function(ends[0]), function(ends[1]))

    return bounds


def anything(u: Interval) -> Interval:
    """Return bounds that hold for every function: none."""
    return Interval(np.full(np.shape(u.low), -np.inf), np.full(np.shape(u.high), np.inf))


def absolute(u: Interval) -> Interval:
    """Return the range of abs(u)."""
    a, b = np.abs(u.low), np.abs(u.high)
    return Interval(np.where((u.low <= 0) & (u.high >= 0), 0.0, np.minimum(a, b)), np.maximum(a, b))


def logarithm(u: Interval) -> Interval:
    """Return the range of log(u) where u is positive."""
    return outwards(*(np.log(np.maximum(end, 0.0)) for end in u))


def sine(u: Interval) -> Interval:
    """Return the range of the sine, which is [-1, 1] for an angle whose quadrant a float cannot resolve."""
    ends = np.sin(u.low), np.sin(u.high)
    turn = 2 * math.pi
    slack = OUTWARDS * np.maximum(np.abs(u.low), np.abs(u.high)) + OUTWARDS

    def reaches(peak: float) -> Any:
        first = np.ceil((u.low - slack - peak) / turn)
        return first * turn + peak <= u.high + slack

    unknown = ~(slack < 0.1)
    low = np.where(unknown | reaches(-math.pi / 2), -1.0, np.minimum(*ends) - slack)
    high = np.where(unknown | reaches(math.pi / 2), 1.0, np.maximum(*ends) + slack)
    return Interval(np.maximum(low, -1.0), np.minimum(high, 1.0))


def cosine(u: Interval) -> Interval:
    """Return the range of the cosine, the sine of an angle larger by a right one."""
    return sine(add(u, Interval(math.pi / 2, math.pi / 2)))


def tangent(u: Interval) -> Interval:
    """Return the range of the tangent, that of sine over cosine."""
    return multiply(sine(u), reciprocal(cosine(u)))
