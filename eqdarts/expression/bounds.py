"""Interval arithmetic: the range of a compiled expression over many boxes at once.

Every step gives a lower and an upper bound for each of B boxes, rounded outwards by more than the error of the
operation, so that a bound is a proof up to underflow. An undefined value counts for nothing: the range is that of the
points at which the expression is defined, at least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from eqdarts.expression.program import Program, run
from eqdarts.primitives.functions import FUNCTIONS

__all__ = ["Interval", "ranges"]


OUTWARDS = 2e-15  # relative error of an operation, above that of any function of numpy
_RISING = ("exp", "arctan", "sinh", "tanh", "sign", "erf", "asin", "atan")


class Interval(NamedTuple):
    """Lower and upper bounds, each of shape (B,) or a number."""

    low: Any
    high: Any


def ranges(program: Program, boxes: Mapping[str, Interval]) -> Interval:
    """Return bounds (B,) of the values of a program over boxes."""
    with np.errstate(all="ignore"):
        return _interval(run(program, _OPERATIONS, boxes)[-1])


def _interval(u: Any) -> Interval:
    return u if isinstance(u, Interval) else Interval(u, u)


def _outwards(low: Any, high: Any) -> Interval:
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return Interval(low - OUTWARDS * np.abs(low), high + OUTWARDS * np.abs(high))


def _add(_: Any, *terms: Any) -> Interval:
    parts = [_interval(u) for u in terms]
    low = sum(u.low for u in parts) - OUTWARDS * sum(np.abs(u.low) for u in parts)
    high = sum(u.high for u in parts) + OUTWARDS * sum(np.abs(u.high) for u in parts)
    return Interval(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def _mul(_: Any, first: Any, *others: Any) -> Interval:
    u = _interval(first)
    for other in others:
        v = _interval(other)
        ends = [np.where((a == 0) | (b == 0), 0.0, a * b) for a in u for b in v]
        u = _outwards(np.minimum.reduce(ends), np.maximum.reduce(ends))
    return u


def _power(p: float, u: Any) -> Interval:
    u = _interval(u)
    if p < 0:
        return _reciprocal(_power(-p, u))
    if p != int(p):
        u = Interval(np.maximum(u.low, 0.0), np.maximum(u.high, 0.0))
    elif int(p) % 2 == 0:
        u = _abs(u)
    return _outwards(np.power(u.low, p), np.power(u.high, p))


def _abs(u: Interval) -> Interval:
    a, b = np.abs(u.low), np.abs(u.high)
    return Interval(np.where((u.low <= 0) & (u.high >= 0), 0.0, np.minimum(a, b)), np.maximum(a, b))


def _reciprocal(u: Interval) -> Interval:
    inside = (u.low <= 0) & (u.high >= 0)
    low = np.where(inside & ((u.low < 0) | (u.high == 0)), -np.inf, 1 / np.where(u.high == 0, 1.0, u.high))
    high = np.where(inside & ((u.high > 0) | (u.low == 0)), np.inf, 1 / np.where(u.low == 0, 1.0, u.low))
    return _outwards(low, high)


def _pow(_: Any, u: Any, v: Any) -> Interval:
    return _rising(np.exp, _mul(None, _log(_interval(u)), v))


def _log(u: Interval) -> Interval:
    return _outwards(*(np.log(np.maximum(end, 0.0)) for end in u))


def _rising(function: Callable[[Any], Any], u: Interval) -> Interval:
    return _outwards(function(u.low), function(u.high))


def _sin(u: Interval) -> Interval:
    """Return the range of the sine; that of an angle whose quadrant a float no longer tells is [-1, 1]."""
    sine = np.sin(u.low), np.sin(u.high)
    turn = 2 * math.pi
    slack = OUTWARDS * np.maximum(np.abs(u.low), np.abs(u.high)) + OUTWARDS

    def reaches(peak: float) -> Any:
        first = np.ceil((u.low - slack - peak) / turn)
        return first * turn + peak <= u.high + slack

    unknown = ~(slack < 0.1)
    low = np.where(unknown | reaches(-math.pi / 2), -1.0, np.minimum(*sine) - slack)
    high = np.where(unknown | reaches(math.pi / 2), 1.0, np.maximum(*sine) + slack)
    return Interval(np.maximum(low, -1.0), np.minimum(high, 1.0))


def _cos(u: Interval) -> Interval:
    return _sin(_add(None, u, math.pi / 2))


def _call(name: str, u: Any) -> Interval:
    u = _interval(u)
    if name == "log":
        return _log(u)
    if name in ("sin", "cos"):
        return _sin(u) if name == "sin" else _cos(u)
    if name == "tan":
        return _mul(None, _sin(u), _reciprocal(_cos(u)))
    if name == "Abs":
        return _abs(u)
    if name == "cosh":
        return _rising(np.cosh, _abs(u))
    function = FUNCTIONS[name].numpy
    if name in ("asin", "acos"):
        u = Interval(*(np.clip(end, -1.0, 1.0) for end in u))
    return _rising(function, Interval(u.high, u.low) if name == "acos" else u)


def _logistic(a: float, minus_u: Any) -> Interval:
    u = _interval(minus_u)
    return _outwards(1.0 / (a + np.exp(-u.low)), 1.0 / (a + np.exp(-u.high)))


def _softplus(a: float, u: Any) -> Interval:
    u = _interval(u)
    size = OUTWARDS * (1 + abs(math.log(a)))
    low, high = (np.logaddexp(math.log(a), end) for end in u)
    return Interval(low - size * (1 + np.abs(low)), high + size * (1 + np.abs(high)))


_OPERATIONS: dict[str, Callable[..., Interval]] = {
    "add": _add,
    "mul": _mul,
    "power": _power,
    "pow": _pow,
    "softplus": _softplus,
    "logistic": _logistic,
    "call": _call,
    "max": lambda _, *u: Interval(
        np.maximum.reduce(np.broadcast_arrays(*(_interval(v).low for v in u))),
        np.maximum.reduce(np.broadcast_arrays(*(_interval(v).high for v in u))),
    ),
    "min": lambda _, *u: Interval(
        np.minimum.reduce(np.broadcast_arrays(*(_interval(v).low for v in u))),
        np.minimum.reduce(np.broadcast_arrays(*(_interval(v).high for v in u))),
    ),
}
