"""A formula and its slopes in numpy, by one forward and one reverse sweep.

The flow evaluates right-hand sides on a few hundred rows thousands of times, so that the time of a call counts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.expression.program import compile_expression, steps_in_numpy
from eqdarts.primitives.functions import FUNCTIONS

__all__ = ["FormulaSlopes"]


def _product_slopes(_: Any, f: Any, *u: Any) -> tuple[Any, ...]:
    if len(u) == 2:
        return u[1], u[0]
    return tuple(reduce(operator.mul, u[:k] + u[k + 1 :], 1.0) for k in range(len(u)))


def _call_slopes(name: str, f: Any, u: Any) -> tuple[Any, ...]:
    import torch

    # The table of functions has slopes of tensors; these share the memory of the arrays.
    tensors = torch.from_numpy(np.asarray(u, dtype=np.float64)), torch.from_numpy(np.asarray(f, dtype=np.float64))
    return (FUNCTIONS[name].slope(*tensors).numpy(),)


def _pow_slopes(_: Any, f: Any, u: Any, v: Any) -> tuple[Any, ...]:
    log_u = np.log(np.where(np.asarray(u) > 0, u, 1.0))  # u**v log u tends to 0 with u
    return v * np.power(u, v - 1.0), f * log_u


_SLOPES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "add": lambda _, f, *u: (1.0,) * len(u),
    "mul": _product_slopes,
    "power": lambda p, f, u: (2.0 * u,) if p == 2 else (-f * f,) if p == -1 else (p * np.power(u, p - 1.0),),
    "pow": _pow_slopes,
    "softplus": lambda a, f, u: (1.0 / (1.0 + a * np.exp(-u)),),
    "logistic": lambda a, f, m: (f * (1.0 - a * f),),
    "call": _call_slopes,
    "max": lambda _, f, *u: tuple((np.asarray(v) >= f) * 1.0 for v in u),
    "min": lambda _, f, *u: tuple((np.asarray(v) <= f) * 1.0 for v in u),
}


class FormulaSlopes:
    """One formula with its slopes in some of its names.

    Parameters
    ----------
    expr : sympy.Expr
    names : sequence of str
        The names in which slopes are wanted.
    """

    def __init__(self, expr: Expr, names: Sequence[str]) -> None:
        self._program = compile_expression(expr)
        places = {name: k for k, name in enumerate(names)}
        active: list[bool] = []
        self._plan: list[tuple[int, int, str, tuple[int, ...], tuple[bool, ...], Any]] = []
        for k, (operation, arguments, detail) in enumerate(self._program.steps):
            place = places.get(detail, -1) if operation == "name" else -1
            active.append(place >= 0 or any(active[j] for j in arguments))
            if active[k]:
                asked = tuple(active[j] for j in arguments)
                self._plan.append((k, place, operation, arguments, asked, detail))
        self._plan.reverse()

    def value(self, given: Mapping[str, Any]) -> Any:
        """Return the value; a number where the formula has no column."""
        return steps_in_numpy(self._program, given)[-1]

    def into(self, given: Mapping[str, Any], value: Array, slopes: Array) -> None:
        """Write the values (M,) and the slopes (M, K) to arrays of zeros."""
        values = steps_in_numpy(self._program, given)
        value[:] = values[-1]
        adjoints: list[Any] = [None] * len(values)
        adjoints[-1] = 1.0
        for k, place, operation, arguments, asked, detail in self._plan:
            adjoint = adjoints[k]
            if adjoint is None:
                continue
            if place >= 0:
                slopes[:, place] = adjoint
                continue
            found = _SLOPES[operation](detail, values[k], *[values[j] for j in arguments])
            for j, slope, is_asked in zip(arguments, found, asked, strict=True):
                if is_asked:
                    part = adjoint * slope
                    adjoints[j] = part if adjoints[j] is None else adjoints[j] + part
