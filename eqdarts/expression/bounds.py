"""The range of a compiled expression over many boxes at once, by interval arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eqdarts.expression.program import Program, run
from eqdarts.primitives.functions import EXP, FUNCTIONS
from eqdarts.primitives.intervals import OUTWARDS, Interval, absolute, add, logarithm, multiply, outwards, reciprocal

__all__ = ["Interval", "ranges"]


def ranges(program: Program, boxes: Mapping[str, Interval]) -> Interval:
    """Return bounds (B,) of the values of a program over boxes."""
    with np.errstate(all="ignore"):
        return _interval(run(program, _OPERATIONS, boxes)[-1])


def _interval(u: Any) -> Interval:
    return u if isinstance(u, Interval) else Interval(u, u)


def _power(p: float, u: Any) -> Interval:
    u = _interval(u)
    if p < 0:
        return reciprocal(_power(-p, u))
    if p != int(p):
        u = Interval(np.maximum(u.low, 0.0), np.maximum(u.high, 0.0))
    elif int(p) % 2 == 0:
        u = absolute(u)
    return outwards(np.power(u.low, p), np.power(u.high, p))


def _pow(_: Any, u: Any, v: Any) -> Interval:
    return EXP.bounds(multiply(logarithm(_interval(u)), _interval(v)))


def _logistic(a: float, minus_u: Any) -> Interval:
    u = _interval(minus_u)
    return outwards(1.0 / (a + np.exp(-u.low)), 1.0 / (a + np.exp(-u.high)))


def _softplus(a: float, u: Any) -> Interval:
    u = _interval(u)
    size = OUTWARDS * (1 + abs(math.log(a)))
    low, high = (np.logaddexp(math.log(a), end) for end in u)
    return Interval(low - size * (1 + np.abs(low)), high + size * (1 + np.abs(high)))


_OPERATIONS: dict[str, Callable[..., Interval]] = {
    "add": lambda _, *terms: add(*map(_interval, terms)),
    "mul": lambda _, *factors: multiply(*map(_interval, factors)),
    "power": _power,
    "pow": _pow,
    "softplus": _softplus,
    "logistic": _logistic,
    "call": lambda name, u: FUNCTIONS[name].bounds(_interval(u)),
    "max": lambda _, *u: Interval(
        np.maximum.reduce(np.broadcast_arrays(*(_interval(v).low for v in u))),
        np.maximum.reduce(np.broadcast_arrays(*(_interval(v).high for v in u))),
    ),
    "min": lambda _, *u: Interval(
        np.minimum.reduce(np.broadcast_arrays(*(_interval(v).low for v in u))),
        np.minimum.reduce(np.broadcast_arrays(*(_interval(v).high for v in u))),
    ),
}
